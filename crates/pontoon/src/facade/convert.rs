//! Async values to facades and back, inside whatever holds them.

use super::{Bound, bound::Facade, items::BlockingItems};
use crate::{Iter, Runner};
use futures_core::Stream;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

/// As it is: nothing in there is wrapped.
#[derive(Debug)]
pub struct Same(());

/// The facade `F` of what is there.
#[derive(Debug)]
pub struct Wrap<F: ?Sized>(PhantomData<F>);

/// What a container with one type argument holds, by `How`.
#[derive(Debug)]
pub struct Inside<How>(PhantomData<How>);

/// What a container with two type arguments holds: the first by `First`, the second by `Second`.
#[derive(Debug)]
pub struct Both<First, Second>(PhantomData<(First, Second)>);

/// A stream that becomes an iterator.
#[derive(Debug)]
pub struct Items(());

/// A stream that becomes an iterator, and whose items become what `How` says.
#[derive(Debug)]
pub struct ItemsBy<How>(PhantomData<How>);

/// Turns what an async method gave into what its blocking form gives.
///
/// See the [module](mod@crate::facade) for how, and for containers of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds a wrapped type, and has no blocking form",
    label = "has no blocking form",
    note = "implement `pontoon::IntoBlocking<pontoon::facade::Inside<How>>` for it, or convert by hand: \
            `#[blocking(returns = Type, with = function)]` on the method"
)]
pub trait IntoBlocking<How> {
    /// The blocking form.
    type Blocking;

    /// Makes it; what is bound in it is bound to `runner`.
    fn into_blocking(self, runner: &Runner) -> Self::Blocking;
}

/// Turns an argument of a blocking method into what the async method takes.
///
/// See the [module](mod@crate::facade) for how, and for containers of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds a facade, and has no async form",
    label = "has no async form",
    note = "implement `pontoon::IntoAsync<pontoon::facade::Inside<How>>` for it, or mark the method `#[blocking(skip)]`"
)]
pub trait IntoAsync<How> {
    /// The async form.
    type Async;

    /// Makes it; what was bound in it belongs to nobody then.
    fn into_async(self) -> Self::Async;
}

/// Applies [`IntoBlocking`].
#[inline]
pub fn blocking<How, T: IntoBlocking<How>>(value: T, runner: &Runner) -> T::Blocking {
    value.into_blocking(runner)
}

/// Applies [`IntoAsync`].
#[inline]
pub fn unblocking<How, T: IntoAsync<How>>(value: T) -> T::Async {
    value.into_async()
}

impl<T> IntoBlocking<Same> for T {
    type Blocking = T;

    #[inline]
    fn into_blocking(self, _: &Runner) -> T {
        self
    }
}

impl<T> IntoAsync<Same> for T {
    type Async = T;

    #[inline]
    fn into_async(self) -> T {
        self
    }
}

impl<F: Facade> IntoBlocking<Wrap<F>> for F::Async {
    type Blocking = F;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> F {
        F::bind(Bound::new(self, runner.clone()))
    }
}

impl<F: Facade> IntoAsync<Wrap<F>> for F {
    type Async = F::Async;

    #[inline]
    fn into_async(mut self) -> F::Async {
        self.take().0
    }
}

impl<'a, F: Facade> IntoAsync<Wrap<F>> for &'a F {
    type Async = &'a F::Async;

    #[inline]
    fn into_async(self) -> &'a F::Async {
        self.split().0
    }
}

impl<'a, F: Facade> IntoAsync<Wrap<F>> for &'a mut F {
    type Async = &'a mut F::Async;

    #[inline]
    fn into_async(self) -> &'a mut F::Async {
        self.split_mut().0
    }
}

impl<S: Stream> IntoBlocking<Items> for S {
    type Blocking = Iter<S>;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> Iter<S> {
        runner.wrap_iter(self)
    }
}

impl<S: Stream, How> IntoBlocking<ItemsBy<How>> for S
where
    S::Item: IntoBlocking<How>,
{
    type Blocking = Iter<BlockingItems<S, How>>;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        runner.wrap_iter(BlockingItems::new(self, runner.clone()))
    }
}

impl<T: IntoBlocking<How>, E, How> IntoBlocking<Inside<How>> for Result<T, E> {
    type Blocking = Result<T::Blocking, E>;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        self.map(|value| value.into_blocking(runner))
    }
}

impl<T: IntoAsync<How>, E, How> IntoAsync<Inside<How>> for Result<T, E> {
    type Async = Result<T::Async, E>;

    fn into_async(self) -> Self::Async {
        self.map(IntoAsync::into_async)
    }
}

impl<T, E, First, Second> IntoBlocking<Both<First, Second>> for Result<T, E>
where
    T: IntoBlocking<First>,
    E: IntoBlocking<Second>,
{
    type Blocking = Result<T::Blocking, E::Blocking>;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        match self {
            Ok(value) => Ok(value.into_blocking(runner)),
            Err(error) => Err(error.into_blocking(runner)),
        }
    }
}

impl<T: IntoBlocking<How>, How> IntoBlocking<Inside<How>> for Option<T> {
    type Blocking = Option<T::Blocking>;

    #[inline]
    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        self.map(|value| value.into_blocking(runner))
    }
}

impl<T: IntoAsync<How>, How> IntoAsync<Inside<How>> for Option<T> {
    type Async = Option<T::Async>;

    fn into_async(self) -> Self::Async {
        self.map(IntoAsync::into_async)
    }
}

impl<T: IntoBlocking<How>, How> IntoBlocking<Inside<How>> for Box<T> {
    type Blocking = Box<T::Blocking>;

    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        Box::new((*self).into_blocking(runner))
    }
}

impl<T: IntoAsync<How>, How> IntoAsync<Inside<How>> for Box<T> {
    type Async = Box<T::Async>;

    fn into_async(self) -> Self::Async {
        Box::new((*self).into_async())
    }
}

impl<T: IntoBlocking<How>, How, const N: usize> IntoBlocking<Inside<How>> for [T; N] {
    type Blocking = [T::Blocking; N];

    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        self.map(|value| value.into_blocking(runner))
    }
}

impl<T: IntoAsync<How>, How, const N: usize> IntoAsync<Inside<How>> for [T; N] {
    type Async = [T::Async; N];

    fn into_async(self) -> Self::Async {
        self.map(IntoAsync::into_async)
    }
}

macro_rules! sequences {
    ($($name:ident)*) => {$(
        impl<T: IntoBlocking<How>, How> IntoBlocking<Inside<How>> for $name<T> {
            type Blocking = $name<T::Blocking>;

            fn into_blocking(self, runner: &Runner) -> Self::Blocking {
                self.into_iter().map(|value| value.into_blocking(runner)).collect()
            }
        }

        impl<T: IntoAsync<How>, How> IntoAsync<Inside<How>> for $name<T> {
            type Async = $name<T::Async>;

            fn into_async(self) -> Self::Async {
                self.into_iter().map(IntoAsync::into_async).collect()
            }
        }
    )*};
}

sequences!(Vec VecDeque);

impl<K: Eq + Hash, V: IntoBlocking<How>, S: BuildHasher + Default, How> IntoBlocking<Both<Same, How>>
    for HashMap<K, V, S>
{
    type Blocking = HashMap<K, V::Blocking, S>;

    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        self.into_iter().map(|(key, value)| (key, value.into_blocking(runner))).collect()
    }
}

impl<K: Ord, V: IntoBlocking<How>, How> IntoBlocking<Both<Same, How>> for BTreeMap<K, V> {
    type Blocking = BTreeMap<K, V::Blocking>;

    fn into_blocking(self, runner: &Runner) -> Self::Blocking {
        self.into_iter().map(|(key, value)| (key, value.into_blocking(runner))).collect()
    }
}

macro_rules! tuples {
    ($($($value:ident: $type:ident by $how:ident)*;)*) => {$(
        impl<$($type: IntoBlocking<$how>, $how,)*> IntoBlocking<($($how,)*)> for ($($type,)*) {
            type Blocking = ($($type::Blocking,)*);

            #[inline]
            fn into_blocking(self, runner: &Runner) -> Self::Blocking {
                let ($($value,)*) = self;
                ($($value.into_blocking(runner),)*)
            }
        }

        impl<$($type: IntoAsync<$how>, $how,)*> IntoAsync<($($how,)*)> for ($($type,)*) {
            type Async = ($($type::Async,)*);

            #[inline]
            fn into_async(self) -> Self::Async {
                let ($($value,)*) = self;
                ($($value.into_async(),)*)
            }
        }
    )*};
}

tuples! {
    a: A by HowA;
    a: A by HowA b: B by HowB;
    a: A by HowA b: B by HowB c: C by HowC;
    a: A by HowA b: B by HowB c: C by HowC d: D by HowD;
    a: A by HowA b: B by HowB c: C by HowC d: D by HowD e: E by HowE;
    a: A by HowA b: B by HowB c: C by HowC d: D by HowD e: E by HowE f: F by HowF;
}

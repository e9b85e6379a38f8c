//! A value and the runner that it belongs to.

use super::guard;
use crate::Runner;
use std::{
    fmt,
    ops::{Deref, DerefMut},
};

/// An async value and the runner that its calls run on.
///
/// It derefs to the value. The value is dropped in its runtime's context, wherever the `Bound` is dropped: on a plain
/// thread, inside another runtime, while unwinding, after the runner was closed, in a forked process, on a thread that
/// ends.
///
/// # Panics
///
/// Dropping panics with the panic of the value's own `Drop`, unless the thread is unwinding already; it adds none.
///
/// # Examples
///
/// ```
/// use pontoon::Bound;
///
/// struct Counter(u32);
///
/// impl Counter {
///     async fn next(&mut self) -> u32 {
///         self.0 += 1;
///         self.0
///     }
/// }
///
/// let mut counter = Bound::new(Counter(0), pontoon::runner());
/// let runner = counter.runner().clone();
/// assert_eq!(runner.run(counter.next()), 1);
/// assert_eq!(counter.into_inner().0, 1);
/// ```
pub struct Bound<T> {
    /// Present until it is taken out, by those who own the `Bound`.
    value: Option<T>,
    runner: Runner,
}

impl<T> Bound<T> {
    /// Binds `value` to `runner`.
    #[inline]
    pub fn new(value: T, runner: Runner) -> Self {
        Self { value: Some(value), runner }
    }

    /// The runner that the value belongs to.
    #[inline]
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Gives the value back, unbound.
    #[inline]
    pub fn into_inner(mut self) -> T {
        self.take().0
    }

    /// The value and the runner, side by side.
    #[inline]
    fn split(&self) -> (&T, &Runner) {
        match &self.value {
            Some(value) => (value, &self.runner),
            None => taken(),
        }
    }

    #[inline]
    fn split_mut(&mut self) -> (&mut T, &Runner) {
        match &mut self.value {
            Some(value) => (value, &self.runner),
            None => taken(),
        }
    }

    #[inline]
    fn take(&mut self) -> (T, &Runner) {
        match self.value.take() {
            Some(value) => (value, &self.runner),
            None => taken(),
        }
    }
}

/// Only owners take the value out, and nobody can ask them afterwards.
#[cold]
fn taken() -> ! {
    unreachable!("the value was taken out by the owner of its facade")
}

impl<T> Deref for Bound<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.split().0
    }
}

impl<T> DerefMut for Bound<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.split_mut().0
    }
}

/// Clones the value in its runtime's context; both belong to the same runner.
impl<T: Clone> Clone for Bound<T> {
    fn clone(&self) -> Self {
        let (value, runner) = self.split();
        Self::new(runner.enter(|| value.clone()), runner.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Bound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("value", self.split().0).field("runner", &self.runner).finish()
    }
}

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        guard::discard(&self.runner, &mut self.value);
    }
}

/// A facade, as generated code sees it.
pub trait Facade {
    /// What it is a facade of.
    type Async;

    /// A facade of the value.
    fn bind(bound: Bound<Self::Async>) -> Self
    where
        Self: Sized;

    /// What it consists of.
    fn bound(&self) -> &Bound<Self::Async>;

    /// What it consists of.
    fn bound_mut(&mut self) -> &mut Bound<Self::Async>;

    /// The value and the runner.
    #[inline]
    fn split(&self) -> (&Self::Async, &Runner) {
        self.bound().split()
    }

    /// The value and the runner.
    #[inline]
    fn split_mut(&mut self) -> (&mut Self::Async, &Runner) {
        self.bound_mut().split_mut()
    }

    /// The value, for good, and the runner. What is left has nothing to drop or close.
    #[inline]
    fn take(&mut self) -> (Self::Async, &Runner) {
        self.bound_mut().take()
    }

    /// The same, unless the value was taken before.
    #[inline]
    fn try_take(&mut self) -> Option<(Self::Async, &Runner)> {
        let bound = self.bound_mut();
        Some((bound.value.take()?, &bound.runner))
    }
}

//! What the code that `#[anysync]` writes calls. Nobody else should.

use crate::Runner;
use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, LazyLock},
};

/// Never gives a value, and so decides a type without having one.
#[inline(always)]
pub fn never<T>() -> Option<T> {
    None
}

/// Calls `body`, as the function that it was.
#[inline(always)]
pub fn call<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// The runner that an option names.
#[inline]
pub fn home(place: &(impl Home + ?Sized)) -> Runner {
    place.runner()
}

/// What the option `runner` may give.
#[diagnostic::on_unimplemented(
    message = "the option `runner` takes a `Runner` or a `&Runner`, not `{Self}`",
    label = "this is no runner"
)]
pub trait Home {
    /// A handle of its own.
    fn runner(&self) -> Runner;
}

impl Home for Runner {
    fn runner(&self) -> Runner {
        self.clone()
    }
}

impl<H: Home> Home for &H {
    fn runner(&self) -> Runner {
        (**self).runner()
    }
}

impl<H: Home> Home for Arc<H> {
    fn runner(&self) -> Runner {
        (**self).runner()
    }
}

impl<H: Home> Home for LazyLock<H> {
    fn runner(&self) -> Runner {
        (**self).runner()
    }
}

/// A context function that cannot fail.
///
/// # Errors
///
/// None.
pub async fn infallible(body: impl Future<Output = ()>) -> Result<(), Infallible> {
    body.await;
    Ok(())
}

/// What a context function may return.
#[diagnostic::on_unimplemented(
    message = "a context function returns nothing or a `Result<(), E>`, not `{Self}`",
    label = "what the context gives is handed over: `hand.over(value).await`"
)]
pub trait Ends {
    /// What may go wrong.
    type Error;
}

impl<E> Ends for Result<(), E> {
    type Error = E;
}

//! A context from two async closures.

use super::{AsyncContext, Outcome};
use std::{fmt, marker::PhantomData};

/// An [`AsyncContext`] from two async closures, made by [`context`].
pub struct Closures<En, Ex, V, E> {
    enter: En,
    exit: Ex,
    types: PhantomData<fn() -> (V, E)>,
}

/// Makes an [`AsyncContext`] from two async closures.
///
/// # Examples
///
/// ```
/// use pontoon_core::{Outcome, context};
/// use std::io;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let session = context(async || Ok::<_, io::Error>("open"), async |_: &str, _: Outcome<'_>| Ok(()));
/// runner.wrap_context(session)?.close()?;
/// # Ok::<(), io::Error>(())
/// ```
pub fn context<En, Ex, V, E>(enter: En, exit: Ex) -> Closures<En, Ex, V, E>
where
    En: AsyncFnMut() -> Result<V, E>,
    Ex: AsyncFnOnce(V, Outcome<'_>) -> Result<(), E>,
{
    Closures { enter, exit, types: PhantomData }
}

impl<En, Ex, V, E> AsyncContext for Closures<En, Ex, V, E>
where
    En: AsyncFnMut() -> Result<V, E>,
    Ex: AsyncFnOnce(V, Outcome<'_>) -> Result<(), E>,
{
    type Value = V;
    type Error = E;

    async fn enter(&mut self) -> Result<V, E> {
        (self.enter)().await
    }

    async fn exit(self, value: V, outcome: Outcome<'_>) -> Result<(), E> {
        (self.exit)(value, outcome).await
    }
}

impl<En, Ex, V, E> fmt::Debug for Closures<En, Ex, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closures").finish_non_exhaustive()
    }
}

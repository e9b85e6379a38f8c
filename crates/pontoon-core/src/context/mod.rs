//! Async contexts: what is opened async and must be closed async.

mod closures;
mod generator;
mod guard;

pub use closures::{Closures, context};
pub use generator::{Ending, Generator, Hand, generator};
pub use guard::Context;
pub(crate) use guard::{keep, with};

use std::{error::Error, future::Future};

/// How the time between entering and exiting a context ended.
///
/// # Examples
///
/// ```
/// use pontoon_core::Outcome;
///
/// fn last_word(outcome: Outcome<'_>) -> &'static str {
///     match outcome {
///         Outcome::Success => "COMMIT",
///         _ => "ROLLBACK",
///     }
/// }
/// assert_eq!(last_word(Outcome::Success), "COMMIT");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Without an error.
    Success,
    /// With this error.
    Failure(&'a (dyn Error + 'static)),
    /// By a panic that is unwinding the thread.
    Unwinding,
}

impl Outcome<'_> {
    /// What a guard that is dropped now should tell.
    pub(crate) fn of_drop() -> Self {
        if std::thread::panicking() { Self::Unwinding } else { Self::Success }
    }
}

/// The async counterpart of RAII: something that is entered and exited by async code.
///
/// Python has `async with` for it. Enter one from sync code with [`Runner::wrap_context`](crate::Runner::wrap_context),
/// [`with_context`](crate::Runner::with_context) or [`enter_context`](crate::Runner::enter_context); from async code call
/// the methods.
///
/// Besides by implementing the trait, contexts are made from two async closures ([`context`]) and from one async function
/// that hands a value over in its middle ([`generator`]).
///
/// # Examples
///
/// ```
/// use pontoon_core::{AsyncContext, Outcome};
/// use std::io;
///
/// struct Transaction;
///
/// impl AsyncContext for Transaction {
///     type Value = u32;
///     type Error = io::Error;
///
///     async fn enter(&mut self) -> io::Result<u32> {
///         Ok(7) // begin
///     }
///
///     async fn exit(self, _value: u32, outcome: Outcome<'_>) -> io::Result<()> {
///         match outcome {
///             Outcome::Success => Ok(()), // commit
///             _ => Ok(()),                // roll back
///         }
///     }
/// }
///
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let transaction = runner.wrap_context(Transaction)?;
/// assert_eq!(*transaction, 7);
/// transaction.close()?;
/// # Ok::<(), io::Error>(())
/// ```
pub trait AsyncContext {
    /// What the time between entering and exiting works with.
    type Value;
    /// What may go wrong.
    type Error;

    /// Enters. If it fails, nothing is exited.
    fn enter(&mut self) -> impl Future<Output = Result<Self::Value, Self::Error>>;

    /// Exits, with the value that `enter` gave.
    fn exit(self, value: Self::Value, outcome: Outcome<'_>) -> impl Future<Output = Result<(), Self::Error>>;
}

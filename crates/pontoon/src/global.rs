//! The runner that belongs to nobody in particular, and the backend that the features chose.
#![cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]

use crate::{Runner, Task};
use std::{future::Future, sync::OnceLock};

#[cfg(all(feature = "async-std", not(feature = "tokio")))]
use crate::AsyncStd as Default;
#[cfg(not(any(feature = "tokio", feature = "async-std")))]
use crate::Smol as Default;
#[cfg(feature = "tokio")]
use crate::Tokio as Default;

static CHOSEN: OnceLock<Runner> = OnceLock::new();

/// The global runner: the one that [`set_global`] chose, or else the shared runner of the default backend.
///
/// It is made on first use and never dropped; the process may end without closing it.
///
/// # Examples
///
/// ```
/// assert_eq!(pontoon::global().run(async { 1 }), 1);
/// ```
pub fn global() -> &'static Runner {
    CHOSEN.get_or_init(|| Default::shared().clone())
}

/// Chooses the global runner, before anybody has used it.
///
/// # Errors
///
/// Gives the runner back if the global one is in use already, or was chosen before.
///
/// # Examples
///
/// ```
/// let mine = pontoon::runner();
/// assert!(pontoon::set_global(mine).is_ok());
/// let second = pontoon::runner();
/// assert!(pontoon::set_global(second).is_err());
/// ```
pub fn set_global(runner: Runner) -> Result<(), Runner> {
    CHOSEN.set(runner)
}

/// A new runner on the backend that the features chose.
///
/// # Examples
///
/// ```
/// let runner = pontoon::runner();
/// assert_eq!(runner.run(async { 1 }), 1);
/// ```
pub fn runner() -> Runner {
    Runner::new(Default::new())
}

/// Runs `future` to its end on this thread, on the global runner.
///
/// # Blocking
///
/// As [`Runner::run`].
///
/// # Panics
///
/// As [`Runner::run`].
///
/// # Examples
///
/// ```
/// assert_eq!(pontoon::run(async { 6 * 7 }), 42);
/// ```
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    global().run(future)
}

/// Starts a task on the global runner.
///
/// # Examples
///
/// ```
/// assert_eq!(pontoon::spawn(async { 4 }).join().unwrap(), 4);
/// ```
#[cfg_attr(feature = "tracing", track_caller)]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    global().spawn(future)
}

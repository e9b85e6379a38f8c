//! How a guest can end otherwise than with its main's output.

use crate::error::Payload;
use std::{
    error::Error,
    fmt, io,
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread::ThreadId,
};

/// Why a guest ended without an output.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, GuestError, GuestScope};
///
/// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async {
///     GuestScope::current().unwrap().cancel();
///     std::future::pending::<()>().await;
/// })?;
/// assert!(matches!(futures_lite::future::block_on(guest), Err(GuestError::Cancelled)));
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum GuestError {
    /// It was cancelled, or its [`GuestRun`](super::GuestRun) was dropped.
    Cancelled,
    /// Its main panicked.
    Panicked(Panic),
    /// The host gave its tick up, so nobody polled it any more.
    Abandoned(Abandoned),
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the guest was cancelled"),
            Self::Panicked(panic) => panic.fmt(f),
            Self::Abandoned(abandoned) => abandoned.fmt(f),
        }
    }
}

impl Error for GuestError {}

/// What the main future of a guest panicked with.
pub struct Panic(Mutex<Payload>);

impl Panic {
    pub(super) fn new(payload: Payload) -> Self {
        Self(Mutex::new(payload))
    }

    /// The payload, as [`catch_unwind`](std::panic::catch_unwind) gives it.
    pub fn into_payload(self) -> Box<dyn std::any::Any + Send> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the panic go on here.
    ///
    /// # Panics
    ///
    /// Always, with the payload.
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }

    fn message(&self) -> String {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&str>().copied();
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a value").to_owned()
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message()).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest's main panicked with {}", self.message())
    }
}

/// Why a guest did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The runtime did not start.
    Runtime(io::Error),
    /// The thread that waits for I/O did not start.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runtime(error) => write!(f, "the guest's runtime did not start: {error}"),
            Self::Thread(error) => write!(f, "the guest's worker thread did not start: {error}; free some threads"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Runtime(error) | Self::Thread(error) => Some(error),
        }
    }
}

/// Why nobody polls a guest any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbandonReason {
    /// The host dropped a tick instead of running it: its loop has ended, most likely.
    TickDropped,
    /// The host ran a tick on a thread that is not the guest's.
    WrongThread,
    /// The guest's thread ended before the guest.
    ThreadEnded,
}

/// A report: the host gave a guest up before the guest had ended.
///
/// Where the host drops a tick that it had, on the guest's own thread, the guest's tasks are dropped at once and `done` gets
/// the report as an error. On another thread they cannot be, and inside a waker, which asks for a tick, they must not: then
/// the tasks that may move are dropped on the worker, and the others stay where they are until the
/// [`GuestRun`](super::GuestRun) is dropped or the thread ends.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{AbandonReason, Guest, queue};
/// use std::sync::mpsc;
///
/// let (host, ticks) = queue(|| {});
/// let (sender, reports) = mpsc::channel();
/// let run = Guest::new(pontoon_smol::Smol::new())
///     .on_abandoned(move |report| sender.send(report).unwrap())
///     .start(host, std::future::pending::<()>(), |result| assert!(result.is_err()))?;
/// drop(ticks);                             // with the guest's first tick in it
/// assert_eq!(reports.recv().unwrap().reason(), AbandonReason::TickDropped);
/// assert!(run.is_finished());
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandoned {
    pub(super) reason: AbandonReason,
    pub(super) tasks: usize,
    pub(super) thread: ThreadId,
}

impl Abandoned {
    /// What the host did.
    pub fn reason(&self) -> AbandonReason {
        self.reason
    }

    /// How many tasks the guest had, its main among them.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The thread on which it happened.
    pub fn thread(&self) -> ThreadId {
        self.thread
    }
}

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, remedy) = match self.reason {
            AbandonReason::TickDropped => (
                "dropped its tick",
                "end the guest before the host's loop ends: drop its `GuestRun`, or call `finish_blocking`",
            ),
            AbandonReason::WrongThread => (
                "ran its tick on another thread",
                "let `Host::schedule` send ticks to the thread that called `Guest::start`",
            ),
            AbandonReason::ThreadEnded => {
                ("ended its thread", "keep the `GuestRun` and drop it before the thread ends")
            }
        };
        write!(f, "a guest with {} task(s) was abandoned, because the host {what}; {remedy}", self.tasks)
    }
}

impl Error for Abandoned {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_does_not_start_says_why() {
        for make in [StartError::Runtime, StartError::Thread] {
            let error = make(io::Error::other("no more threads"));
            assert!(error.to_string().contains("no more threads"), "{error}");
            assert_eq!(error.source().expect("why").to_string(), "no more threads");
        }
    }
}

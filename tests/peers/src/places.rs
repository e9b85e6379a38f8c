//! The places in a program from which sync code calls.

use std::fmt;
use tokio::runtime::{Builder, Runtime};

/// What is done in a place.
pub type Body = Box<dyn FnOnce() + Send>;

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A thread without a runtime.
    Plain,
    /// A task of a current-thread tokio runtime.
    TokioCurrent,
    /// A task on a worker of a multi-thread tokio runtime.
    TokioWorker,
    /// A task of a `LocalSet`.
    LocalSet,
    /// A thread of tokio's blocking pool.
    SpawnBlocking,
    /// A task inside `smol::block_on`.
    Smol,
    /// A task inside `async_std::task::block_on`.
    AsyncStd,
    /// The peer's own callback.
    Callback,
    /// A child that was forked after the peer had been used.
    Fork,
}

use Place::*;

impl Place {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Plain, TokioCurrent, TokioWorker, LocalSet, SpawnBlocking, Smol, AsyncStd, Callback, Fork];

    /// Those of a quick run.
    pub const QUICK: [Self; 4] = [Plain, TokioCurrent, TokioWorker, Fork];

    /// As in the table.
    pub fn title(self) -> &'static str {
        match self {
            Plain => "plain thread",
            TokioCurrent => "tokio current_thread task",
            TokioWorker => "tokio worker",
            LocalSet => "`LocalSet` task",
            SpawnBlocking => "`spawn_blocking`",
            Smol => "smol task",
            AsyncStd => "async-std task",
            Callback => "its own callback",
            Fork => "child after fork",
        }
    }

    /// Runs the body there, and returns when that has returned. A callback belongs to a peer, and a child to a process:
    /// see [`cell`](crate::cell).
    ///
    /// # Panics
    ///
    /// If there is no runtime to be had.
    pub fn stand(self, body: Body) {
        match self {
            Plain | Callback | Fork => body(),
            TokioCurrent => current_thread().block_on(async { tokio::spawn(async { body() }).await }).expect("a task"),
            TokioWorker => workers().block_on(async { tokio::spawn(async { body() }).await }).expect("a task"),
            LocalSet => {
                let task = async { tokio::task::spawn_local(async { body() }).await };
                tokio::task::LocalSet::new().block_on(&current_thread(), task).expect("a task");
            }
            SpawnBlocking => {
                workers().block_on(async { tokio::task::spawn_blocking(body).await }).expect("a job");
            }
            Smol => {
                let executor = smol::Executor::new();
                smol::block_on(executor.run(executor.spawn(async { body() })));
            }
            AsyncStd => async_std::task::block_on(async_std::task::spawn(async { body() })),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.title())
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

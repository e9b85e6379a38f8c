//! The places from which the clients are called.

use pontoon::{AsyncStd, Runner, Smol, Tokio};
use std::{env, fmt};
use tokio::runtime;

/// The backend that a client needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// async-io's reactor.
    Smol,
    /// async-std, on the same reactor.
    AsyncStd,
    /// tokio.
    Tokio,
}

impl Backend {
    /// A new runner; with the worker threads that `PONTOON_CLIENTS_WORKERS` asks for, where the backend can have some.
    ///
    /// # Panics
    ///
    /// If that is not a number.
    pub fn runner(self) -> Runner {
        let workers =
            env::var("PONTOON_CLIENTS_WORKERS").map_or(0, |count| count.parse().expect("a number of workers"));
        match self {
            Self::Smol => Runner::new(Smol::with_workers(workers)),
            Self::AsyncStd => Runner::new(AsyncStd::new()),
            Self::Tokio if workers > 0 => Runner::new(Tokio::multi_thread(workers)),
            Self::Tokio => Runner::new(Tokio::new()),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Smol => "smol",
            Self::AsyncStd => "async-std",
            Self::Tokio => "tokio",
        })
    }
}

/// A place in a program.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// As in the names of trials.
    pub name: &'static str,
    /// As in the table.
    pub title: &'static str,
    /// Runs the body there, and returns when it has returned.
    pub stand: fn(Body),
}

/// What is done in a place.
pub type Body = Box<dyn FnOnce() + Send>;

/// All of them.
pub const PLACES: [Place; 4] = [
    Place { name: "plain", title: "plain thread", stand: |body| body() },
    Place { name: "tokio_current", title: "tokio current_thread task", stand: |body| in_tokio(&mut current(), body) },
    Place { name: "tokio_worker", title: "tokio worker", stand: |body| in_tokio(&mut workers(), body) },
    Place { name: "smol", title: "smol task", stand: in_smol },
];

fn current() -> runtime::Builder {
    runtime::Builder::new_current_thread()
}

fn workers() -> runtime::Builder {
    let mut builder = runtime::Builder::new_multi_thread();
    builder.worker_threads(2);
    builder
}

/// A task of a runtime that has nothing to do with ours.
fn in_tokio(builder: &mut runtime::Builder, body: Body) {
    let runtime = builder.enable_all().build().expect("a runtime");
    let task = runtime.spawn(async { body() });
    if let Err(error) = runtime.block_on(task) {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// A task of an executor inside `smol::block_on`.
fn in_smol(body: Body) {
    let executor = smol::Executor::new();
    smol::block_on(executor.run(executor.spawn(async { body() })));
}

//! The ways to call async code from sync code. Each is a type, so that one workload fits all.

pub mod async_std;
pub mod futures;
pub mod guest;
pub mod ours;
pub mod smol;
pub mod tokio;

use crate::io::Io;
use futures_core::Stream;
use futures_lite::StreamExt as _;
use std::{future::Future, hint::black_box, iter};

/// Whose way it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Pontoon's.
    Ours,
    /// The same runtime, driven in place, with nobody hosting: background work rests between calls.
    Ideal,
    /// What people use today.
    Peer,
    /// No async at all: what the operating system allows.
    Limit,
}

impl Role {
    /// Its name in `results.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Ideal => "ideal",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// Which runtime is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// smol's parts: async-io, async-executor.
    Smol,
    /// async-std.
    AsyncStd,
    /// tokio.
    Tokio,
    /// None.
    None,
}

impl Backend {
    /// Its name in `results.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smol => "smol",
            Self::AsyncStd => "async-std",
            Self::Tokio => "tokio",
            Self::None => "none",
        }
    }
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// A name that says how the call is made.
    pub name: &'static str,
    /// The runtime below.
    pub backend: Backend,
    /// Whose way it is.
    pub role: Role,
}

/// A way to call async code from sync code. Dropping it ends whatever it started.
pub trait Subject: Sized + 'static {
    /// Who it is.
    const WHO: Who;

    /// Starts what a call needs: runtime and threads.
    fn start() -> Self;

    /// Calls from this thread.
    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

/// A subject that polls its calls on the thread that makes them.
pub trait Direct: Sized + 'static {
    /// [`Subject::WHO`].
    const WHO: Who;

    /// [`Subject::start`].
    fn start() -> Self;

    /// Polls `future` on this thread until it is ready.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

impl<D: Direct> Subject for D {
    const WHO: Who = D::WHO;

    fn start() -> Self {
        D::start()
    }

    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.block_on(future)
    }
}

/// What runs tasks.
pub trait Spawn {
    /// A task that can be joined.
    type Task<T: Send + 'static>;

    /// Starts a task.
    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Lets a task go on that nobody waits for.
    fn detach<T: Send + 'static>(task: Self::Task<T>);
}

/// A subject with background tasks.
pub trait Loop: Subject {
    /// The sockets and timers that fit its runtime.
    type Io: Io;
    /// Where its tasks run.
    type Tasks: Spawn;

    /// Where its tasks run.
    fn tasks(&self) -> &Self::Tasks;

    /// Waits for a task, from sync code.
    fn join<T: Send + 'static>(&self, task: <Self::Tasks as Spawn>::Task<T>) -> T;

    /// Starts a task.
    fn spawn<F>(&self, future: F) -> <Self::Tasks as Spawn>::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks().spawn(future)
    }

    /// Starts a task that nobody waits for.
    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        Self::Tasks::detach(self.spawn(future));
    }
}

/// A subject that can be called from inside its own call.
pub trait Nest: Direct {
    /// Makes one call that makes `ops` calls, each of the future that `make` gives.
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        self.block_on(async {
            for _ in 0..ops {
                black_box(self.block_on(make()));
            }
        });
    }
}

/// A subject that turns a stream into an iterator and polls it on the thread that iterates.
pub trait Items: Direct {
    /// The iterator.
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, mut stream: S) -> impl Iterator<Item = u64> {
        iter::from_fn(move || self.block_on(stream.next()))
    }
}

/// A subject whose loop has a task that polls a stream, at most [`AHEAD`] items ahead of the thread that iterates.
pub trait Pump: Subject {
    /// The iterator.
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64>;
}

/// How far a task may be ahead of the thread that takes its items: the bound of every peer's channel.
pub const AHEAD: usize = 64;

/// A task of `subject` that sends the items of `stream` into the channel whose other end this is.
fn by_channel<S>(subject: &impl Loop, mut stream: S) -> async_channel::Receiver<u64>
where
    S: Stream<Item = u64> + Send + Unpin + 'static,
{
    let (sender, receiver) = async_channel::bounded(AHEAD);
    subject.background(async move {
        while let Some(item) = stream.next().await {
            if sender.send(item).await.is_err() {
                return;
            }
        }
    });
    receiver
}

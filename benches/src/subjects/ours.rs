//! Pontoon, on each backend.

use super::{AHEAD, Backend, Direct, Items, Loop, Nest, Pump, Role, Spawn, Who, by_channel};
use crate::io;
use futures_core::Stream;
use pontoon::{AsyncStd, Runner, Smol, Task, Tokio};
use std::{future::Future, marker::PhantomData};
use tokio::task::JoinHandle;

/// One backend, or one way to set it up.
pub trait Flavour: Send + Sync + 'static {
    /// How it is listed.
    const NAME: &'static str;
    /// The runtime below.
    const BACKEND: Backend;
    /// The sockets and timers that fit.
    type Io: io::Io;

    /// A runner; its first call that has to wait starts it.
    fn runner() -> Runner;
}

macro_rules! flavours {
    ($($(#[$doc:meta])* $flavour:ident: $name:literal, $backend:ident, $io:ident, $builder:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $flavour;

        impl Flavour for $flavour {
            const NAME: &'static str = $name;
            const BACKEND: Backend = Backend::$backend;
            type Io = io::$io;

            fn runner() -> Runner {
                $builder.build()
            }
        }
    )*};
}

flavours! {
    /// The smol backend.
    OnSmol: "pontoon smol", Smol, Smol, Runner::builder(Smol::new());
    /// The async-std backend.
    OnAsyncStd: "pontoon async-std", AsyncStd, AsyncStd, Runner::builder(AsyncStd::new());
    /// The tokio backend: current_thread, driven by whoever waits.
    OnTokio: "pontoon tokio", Tokio, Tokio, Runner::builder(Tokio::new());
    /// The tokio backend on a multi_thread runtime with one worker.
    OnTokioMulti: "pontoon tokio multi_thread(1)", Tokio, Tokio, Runner::builder(Tokio::multi_thread(1));
    /// The smol backend without a thread: the caller alone drives.
    InlineSmol: "pontoon smol inline", Smol, Smol, Runner::builder(Smol::new()).without_thread();
    /// The tokio backend without a thread: the caller alone drives.
    InlineTokio: "pontoon tokio inline", Tokio, Tokio, Runner::builder(Tokio::new()).without_thread();
}

/// A runner of one flavour.
#[derive(Debug)]
pub struct Pontoon<F> {
    runner: Runner,
    flavour: PhantomData<F>,
}

impl Spawn for Runner {
    type Task<T: Send + 'static> = Task<T>;

    fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Runner::spawn(self, future)
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        task.detach();
    }
}

impl<F: Flavour> Direct for Pontoon<F> {
    const WHO: Who = Who { name: F::NAME, backend: F::BACKEND, role: Role::Ours };

    fn start() -> Self {
        Self { runner: F::runner(), flavour: PhantomData }
    }

    fn block_on<Fut: Future>(&self, future: Fut) -> Fut::Output {
        self.runner.run(future)
    }
}

impl<F: Flavour> Loop for Pontoon<F> {
    type Io = F::Io;
    type Tasks = Runner;

    fn tasks(&self) -> &Runner {
        &self.runner
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        task.join().expect("the task ends")
    }
}

impl<F: Flavour> Nest for Pontoon<F> {}

impl<F: Flavour> Items for Pontoon<F> {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        self.runner.wrap_iter(stream)
    }
}

impl<F: Flavour> Pump for Pontoon<F> {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        self.runner.wrap_iter(stream).prefetch(AHEAD)
    }
}

/// Pontoon as [`Pontoon`], but a channel of the user's own lies between the task and the iterator.
#[derive(Debug)]
pub struct ByChannel<F>(Pontoon<F>);

impl<F: Flavour> Direct for ByChannel<F> {
    const WHO: Who = Who {
        name: match F::BACKEND {
            Backend::Smol => "pontoon smol, own channel",
            Backend::AsyncStd => "pontoon async-std, own channel",
            Backend::Tokio => "pontoon tokio, own channel",
            Backend::None => "",
        },
        backend: F::BACKEND,
        role: Role::Ours,
    };

    fn start() -> Self {
        Self(Direct::start())
    }

    fn block_on<Fut: Future>(&self, future: Fut) -> Fut::Output {
        self.0.block_on(future)
    }
}

impl<F: Flavour> Pump for ByChannel<F> {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        self.0.runner.wrap_iter(by_channel(&self.0, stream))
    }
}

/// Pontoon on tokio, where the library starts its background tasks with `tokio::spawn`.
#[derive(Debug)]
pub struct TokioSpawn(Spawner);

/// `tokio::spawn`, inside the runner's context.
#[derive(Debug)]
pub struct Spawner(Runner);

impl Spawn for Spawner {
    type Task<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.enter(|| tokio::spawn(future))
    }

    fn detach<T: Send + 'static>(task: JoinHandle<T>) {
        drop(task);
    }
}

impl Direct for TokioSpawn {
    const WHO: Who = Who { name: "pontoon tokio, tokio::spawn", backend: Backend::Tokio, role: Role::Ours };

    fn start() -> Self {
        Self(Spawner(OnTokio::runner()))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.0.run(future)
    }
}

impl Loop for TokioSpawn {
    type Io = io::Tokio;
    type Tasks = Spawner;

    fn tasks(&self) -> &Spawner {
        &self.0
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.block_on(task).expect("the task ends")
    }
}

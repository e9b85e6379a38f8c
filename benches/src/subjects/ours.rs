//! Pontoon, on each backend.

use super::{AHEAD, Backend, Items, Loop, Nest, Pump, Role, Subject, Who};
use crate::io;
use futures_core::Stream;
use futures_lite::StreamExt as _;
use pontoon::{AsyncStd, Runner, Smol, Tokio};
use std::{future::Future, marker::PhantomData};

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

impl<F: Flavour> Subject for Pontoon<F> {
    const WHO: Who = Who { name: F::NAME, backend: F::BACKEND, role: Role::Ours };

    fn start() -> Self {
        Self { runner: F::runner(), flavour: PhantomData }
    }

    fn call<Fut>(&self, future: Fut) -> Fut::Output
    where
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        self.runner.run(future)
    }
}

impl<F: Flavour> Loop for Pontoon<F> {
    type Io = F::Io;
    type Task<T: Send + 'static> = pontoon::Task<T>;

    fn spawn<Fut>(&self, future: Fut) -> Self::Task<Fut::Output>
    where
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        self.runner.spawn(future)
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        task.join().expect("the task ends")
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.runner.spawn(future).detach();
    }
}

impl<F: Flavour> Nest for Pontoon<F> {
    fn nest<Fut>(&self, ops: u32, make: fn() -> Fut)
    where
        Fut: Future<Output = u32> + Send + 'static,
    {
        let inner = &self.runner;
        self.runner.run(async move {
            for _ in 0..ops {
                std::hint::black_box(inner.run(make()));
            }
        });
    }
}

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

impl<F: Flavour> Subject for ByChannel<F> {
    const WHO: Who = Who {
        name: match F::BACKEND {
            Backend::Smol => "pontoon smol, own channel",
            Backend::AsyncStd => "pontoon async-std, own channel",
            Backend::Tokio => "pontoon tokio, own channel",
            Backend::None => "",
        },
        ..Pontoon::<F>::WHO
    };

    fn start() -> Self {
        Self(Pontoon::start())
    }

    fn call<Fut>(&self, future: Fut) -> Fut::Output
    where
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        self.0.call(future)
    }
}

impl<F: Flavour> Pump for ByChannel<F> {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, mut stream: S) -> impl Iterator<Item = u64> {
        let (sender, receiver) = async_channel::bounded(AHEAD);
        self.0.background(async move {
            while let Some(item) = stream.next().await {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        self.0.runner.wrap_iter(receiver)
    }
}

/// Pontoon on tokio, where the library starts its background tasks with `tokio::spawn`.
#[derive(Debug)]
pub struct TokioSpawn(Pontoon<OnTokio>);

impl Subject for TokioSpawn {
    const WHO: Who = Who { name: "pontoon tokio, tokio::spawn", backend: Backend::Tokio, role: Role::Ours };

    fn start() -> Self {
        Self(Pontoon::start())
    }

    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.call(future)
    }
}

impl Loop for TokioSpawn {
    type Io = io::Tokio;
    type Task<T: Send + 'static> = tokio::task::JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.runner.enter(|| tokio::spawn(future))
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        self.call(task).expect("the task ends")
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn(future));
    }
}

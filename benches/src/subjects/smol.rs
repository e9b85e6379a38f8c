//! smol's parts, as they are used from sync code today.

use super::{AHEAD, Backend, Items, Loop, Nest, Pump, Role, Subject, Who};
use crate::io;
use async_executor::{Executor, LocalExecutor};
use futures_core::Stream;
use futures_lite::{StreamExt as _, stream};
use std::{future::Future, iter, sync::Arc, thread};

const fn who(name: &'static str, role: Role) -> Who {
    Who { name, backend: Backend::Smol, role }
}

/// `async_io::block_on` around a local executor: what a call costs if nobody cares about the time between calls.
#[derive(Debug)]
pub struct InPlace(LocalExecutor<'static>);

impl Subject for InPlace {
    const WHO: Who = who("smol executor + async_io::block_on in place", Role::Ideal);

    fn start() -> Self {
        Self(LocalExecutor::new())
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(self.0.run(future))
    }
}

impl Loop for InPlace {
    type Io = io::Smol;
    type Task<T: Send + 'static> = async_executor::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        self.call(task)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(future).detach();
    }
}

/// `smol::block_on`, with tasks on smol's global thread.
#[derive(Debug)]
pub struct BlockOn;

impl Subject for BlockOn {
    const WHO: Who = who("smol::block_on", Role::Peer);

    fn start() -> Self {
        Self
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }
}

impl Loop for BlockOn {
    type Io = io::Smol;
    type Task<T: Send + 'static> = smol::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        smol::spawn(future)
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        smol::block_on(task)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
}

impl Nest for BlockOn {
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        smol::block_on(async {
            for _ in 0..ops {
                std::hint::black_box(smol::block_on(make()));
            }
        });
    }
}

impl Items for BlockOn {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, mut stream: S) -> impl Iterator<Item = u64> {
        iter::from_fn(move || smol::block_on(stream.next()))
    }
}

impl Pump for BlockOn {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, mut stream: S) -> impl Iterator<Item = u64> {
        let (sender, receiver) = async_channel::bounded(AHEAD);
        self.background(async move {
            while let Some(item) = stream.next().await {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        iter::from_fn(move || receiver.recv_blocking().ok())
    }
}

/// Each call a task of smol's global thread, and `smol::block_on` for its end.
#[derive(Debug)]
pub struct SpawnJoin;

impl Subject for SpawnJoin {
    const WHO: Who = who("smol::spawn + block_on", Role::Peer);

    fn start() -> Self {
        Self
    }

    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        smol::block_on(smol::spawn(future))
    }
}

impl Loop for SpawnJoin {
    type Io = io::Smol;
    type Task<T: Send + 'static> = smol::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        smol::spawn(future)
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        smol::block_on(task)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
}

/// A raw thread that drives an executor, and `async_io::block_on` beside it.
#[derive(Debug)]
pub struct HostedBlockOn {
    executor: Arc<Executor<'static>>,
    stop: async_channel::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Subject for HostedBlockOn {
    const WHO: Who = who("smol thread + executor, async_io::block_on", Role::Peer);

    fn start() -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = async_channel::bounded(1);
        let hosted = executor.clone();
        let thread = thread::spawn(move || {
            // It is stopped by closing the channel.
            let _ = async_io::block_on(hosted.run(stopped.recv()));
        });
        Self { executor, stop, thread: Some(thread) }
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(future)
    }
}

impl Loop for HostedBlockOn {
    type Io = io::Smol;
    type Task<T: Send + 'static> = async_executor::Task<T>;

    fn spawn<F>(&self, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.executor.spawn(future)
    }

    fn join<T: Send + 'static>(&self, task: Self::Task<T>) -> T {
        self.call(task)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(future).detach();
    }
}

impl Drop for HostedBlockOn {
    fn drop(&mut self) {
        self.stop.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `futures_lite::stream::block_on` and `futures_lite::future::block_on`, which know no reactor.
#[derive(Debug)]
pub struct Lite;

impl Subject for Lite {
    const WHO: Who = Who { name: "futures_lite block_on", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }
}

impl Nest for Lite {
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        futures_lite::future::block_on(async {
            for _ in 0..ops {
                std::hint::black_box(futures_lite::future::block_on(make()));
            }
        });
    }
}

impl Items for Lite {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        stream::block_on(stream)
    }
}

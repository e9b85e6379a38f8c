//! smol's parts, as they are used from sync code today.

use super::{Backend, Direct, Items, Loop, Nest, Pump, Role, Spawn, Subject, Who, by_channel};
use crate::io;
use async_executor::{Executor, LocalExecutor, Task};
use futures_core::Stream;
use futures_lite::stream;
use std::{future::Future, iter, sync::Arc, thread};

const fn who(name: &'static str, role: Role) -> Who {
    Who { name, backend: Backend::Smol, role }
}

/// smol's global thread.
#[derive(Debug)]
pub struct Global;

impl Global {
    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        smol::spawn(future)
    }
}

macro_rules! spawn {
    ($($executor:ty),*) => {$(
        impl Spawn for $executor {
            type Task<T: Send + 'static> = Task<T>;

            fn spawn<F>(&self, future: F) -> Task<F::Output>
            where
                F: Future + Send + 'static,
                F::Output: Send + 'static,
            {
                <$executor>::spawn(self, future)
            }

            fn detach<T: Send + 'static>(task: Task<T>) {
                task.detach();
            }
        }
    )*};
}
spawn!(Global, Executor<'static>, LocalExecutor<'static>);

/// `async_io::block_on` around a local executor: what a call costs if nobody cares about the time between calls.
#[derive(Debug)]
pub struct InPlace(LocalExecutor<'static>);

impl Direct for InPlace {
    const WHO: Who = who("smol executor + async_io::block_on in place", Role::Ideal);

    fn start() -> Self {
        Self(LocalExecutor::new())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(self.0.run(future))
    }
}

impl Loop for InPlace {
    type Io = io::Smol;
    type Tasks = LocalExecutor<'static>;

    fn tasks(&self) -> &Self::Tasks {
        &self.0
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        self.block_on(task)
    }
}

/// `smol::block_on`, with tasks on smol's global thread.
#[derive(Debug)]
pub struct BlockOn;

impl Direct for BlockOn {
    const WHO: Who = who("smol::block_on", Role::Peer);

    fn start() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }
}

impl Loop for BlockOn {
    type Io = io::Smol;
    type Tasks = Global;

    fn tasks(&self) -> &Global {
        &Global
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        self.block_on(task)
    }
}

impl Nest for BlockOn {}

impl Items for BlockOn {}

impl Pump for BlockOn {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        let items = by_channel(self, stream);
        iter::from_fn(move || items.recv_blocking().ok())
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
    type Tasks = Global;

    fn tasks(&self) -> &Global {
        &Global
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        smol::block_on(task)
    }
}

/// A raw thread that drives an executor, and `async_io::block_on` beside it.
#[derive(Debug)]
pub struct HostedBlockOn {
    executor: Arc<Executor<'static>>,
    stop: async_channel::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Direct for HostedBlockOn {
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

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(future)
    }
}

impl Loop for HostedBlockOn {
    type Io = io::Smol;
    type Tasks = Executor<'static>;

    fn tasks(&self) -> &Self::Tasks {
        &self.executor
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        self.block_on(task)
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

impl Direct for Lite {
    const WHO: Who = Who { name: "futures_lite block_on", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_lite::future::block_on(future)
    }
}

impl Nest for Lite {}

impl Items for Lite {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        stream::block_on(stream)
    }
}

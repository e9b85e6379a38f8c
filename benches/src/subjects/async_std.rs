//! async-std, as it is used from sync code today.

use super::{Backend, Direct, Items, Loop, Nest, Pump, Role, Spawn, Who, by_channel, smol};
use crate::io;
use async_executor::LocalExecutor;
use async_std::task::{self, JoinHandle};
use futures_core::Stream;
use std::{future::Future, iter};

const fn who(name: &'static str, role: Role) -> Who {
    Who { name, backend: Backend::AsyncStd, role }
}

/// async-std's sockets and timers, driven in place: it shares async-io's reactor.
#[derive(Debug)]
pub struct InPlace(smol::InPlace);

impl Direct for InPlace {
    const WHO: Who = who("async-std sockets, async_io::block_on in place", Role::Ideal);

    fn start() -> Self {
        Self(Direct::start())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Loop for InPlace {
    type Io = io::AsyncStd;
    type Tasks = LocalExecutor<'static>;

    fn tasks(&self) -> &Self::Tasks {
        self.0.tasks()
    }

    fn join<T: Send + 'static>(&self, task: async_executor::Task<T>) -> T {
        self.block_on(task)
    }
}

/// async-std's global threads.
#[derive(Debug)]
pub struct Global;

impl Spawn for Global {
    type Task<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(future)
    }

    fn detach<T: Send + 'static>(task: JoinHandle<T>) {
        drop(task);
    }
}

/// `async_std::task::block_on`, with tasks on async-std's global threads.
#[derive(Debug)]
pub struct BlockOn;

impl Direct for BlockOn {
    const WHO: Who = who("async_std::task::block_on", Role::Peer);

    fn start() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        task::block_on(future)
    }
}

impl Loop for BlockOn {
    type Io = io::AsyncStd;
    type Tasks = Global;

    fn tasks(&self) -> &Global {
        &Global
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
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

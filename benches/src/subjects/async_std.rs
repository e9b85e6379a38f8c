//! async-std, as it is used from sync code today.

use super::{AHEAD, Backend, Items, Loop, Nest, Pump, Role, Subject, Who};
use crate::io;
use async_executor::LocalExecutor;
use async_std::task::{self, JoinHandle};
use futures_core::Stream;
use futures_lite::StreamExt as _;
use std::{future::Future, iter};

const fn who(name: &'static str, role: Role) -> Who {
    Who { name, backend: Backend::AsyncStd, role }
}

/// async-std's sockets and timers, driven in place: it shares async-io's reactor.
#[derive(Debug)]
pub struct InPlace(LocalExecutor<'static>);

impl Subject for InPlace {
    const WHO: Who = who("async-std sockets, async_io::block_on in place", Role::Ideal);

    fn start() -> Self {
        Self(LocalExecutor::new())
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(self.0.run(future))
    }
}

impl Loop for InPlace {
    type Io = io::AsyncStd;
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

/// `async_std::task::block_on`, with tasks on async-std's global threads.
#[derive(Debug)]
pub struct BlockOn;

impl Subject for BlockOn {
    const WHO: Who = who("async_std::task::block_on", Role::Peer);

    fn start() -> Self {
        Self
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        task::block_on(future)
    }
}

impl Loop for BlockOn {
    type Io = io::AsyncStd;
    type Task<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(future)
    }

    fn join<T: Send + 'static>(&self, handle: JoinHandle<T>) -> T {
        task::block_on(handle)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(task::spawn(future));
    }
}

impl Nest for BlockOn {
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        task::block_on(async {
            for _ in 0..ops {
                std::hint::black_box(task::block_on(make()));
            }
        });
    }
}

impl Items for BlockOn {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, mut stream: S) -> impl Iterator<Item = u64> {
        iter::from_fn(move || task::block_on(stream.next()))
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

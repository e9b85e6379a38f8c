//! Ways to block that know no runtime. With sockets and timers, async-io's own thread and smol's do the rest.

use super::{Backend, Items, Loop, Nest, Role, Subject, Who};
use crate::io;
use futures_core::Stream;
use std::future::Future;

/// `pollster::block_on`.
#[derive(Debug)]
pub struct Pollster;

impl Subject for Pollster {
    const WHO: Who = Who { name: "pollster", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}

impl Loop for Pollster {
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
        pollster::block_on(task)
    }

    fn background(&self, future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
}

impl Nest for Pollster {
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        pollster::block_on(async {
            for _ in 0..ops {
                std::hint::black_box(pollster::block_on(make()));
            }
        });
    }
}

/// `futures::executor::block_on` and `block_on_stream`. Nested, it panics.
#[derive(Debug)]
pub struct Futures;

impl Subject for Futures {
    const WHO: Who = Who { name: "futures block_on", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn call<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }
}

impl Items for Futures {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        futures_executor::block_on_stream(stream)
    }
}

//! Ways to block that know no runtime. With sockets and timers, async-io's own thread and smol's do the rest.

use super::{Backend, Direct, Items, Loop, Nest, Role, Who, smol::Global};
use crate::io;
use async_executor::Task;
use futures_core::Stream;
use std::future::Future;

/// `pollster::block_on`.
#[derive(Debug)]
pub struct Pollster;

impl Direct for Pollster {
    const WHO: Who = Who { name: "pollster", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}

impl Loop for Pollster {
    type Io = io::Smol;
    type Tasks = Global;

    fn tasks(&self) -> &Global {
        &Global
    }

    fn join<T: Send + 'static>(&self, task: Task<T>) -> T {
        self.block_on(task)
    }
}

impl Nest for Pollster {}

/// `futures::executor::block_on` and `block_on_stream`. Nested, it panics.
#[derive(Debug)]
pub struct Futures;

impl Direct for Futures {
    const WHO: Who = Who { name: "futures block_on", backend: Backend::None, role: Role::Peer };

    fn start() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }
}

impl Items for Futures {
    fn items<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        futures_executor::block_on_stream(stream)
    }
}

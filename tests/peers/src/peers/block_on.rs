//! The ways to block on a future, each with the same small client on the sockets that it can drive.

use crate::{
    echo::Echo,
    peer::{ITEMS, Peer, Result, expect},
    places::Body,
    servers::Addresses,
};
use futures_lite::{Stream, StreamExt as _};
use pontoon::{Runner, Smol, Tokio};
use std::{future::Future, pin::pin, sync::LazyLock};
use tokio::runtime::{Builder, Handle, Runtime};

/// A way to block.
pub(crate) trait Block: Send + Sized + 'static {
    /// What a program that blocks in this way has.
    fn start() -> Result<Self>;

    /// Blocks.
    fn block_on<F: Future>(&self, future: F) -> Result<F::Output>;

    /// Iterates: an item at a time, unless there is something better.
    fn collect(&self, stream: impl Stream<Item = Result> + Send) -> Result<usize> {
        let mut stream = pin!(stream.take(ITEMS));
        let mut count = 0;
        while let Some(item) = self.block_on(stream.next())? {
            item?;
            count += 1;
        }
        Ok(count)
    }
}

/// A client, and how its caller blocks on it.
#[derive(Debug)]
pub(crate) struct Via<B, E> {
    // The client goes first: its socket belongs to the runtime of the other.
    echo: E,
    block: B,
}

impl<B: Block, E: Echo> Peer for Via<B, E> {
    const CALLBACK: Option<&'static str> = Some("a future that is blocked on in the same way");

    fn new(at: &Addresses) -> Result<Self> {
        let block = B::start()?;
        let echo = block.block_on(E::connect(at))??;
        Ok(Self { echo, block })
    }

    fn call(&mut self) -> Result {
        self.block.block_on(self.echo.ask())?
    }

    fn iterate(&mut self) -> Result {
        expect(self.block.collect(self.echo.answers())?, ITEMS)
    }

    fn inside(_: &Addresses, body: Body) -> Result {
        B::start()?.block_on(async { body() })
    }
}

fn workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// The runtime of a program that has one for its sync code.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(workers);

/// `Handle::block_on` of such a runtime.
#[derive(Debug)]
pub(crate) struct ByHandle;

impl Block for ByHandle {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(RUNTIME.handle().block_on(future))
    }
}

/// `block_in_place` around `Handle::block_on` where there is a runtime already, else the program's own.
#[derive(Debug)]
pub(crate) struct InPlace;

impl Block for InPlace {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(match Handle::try_current() {
            Ok(handle) => tokio::task::block_in_place(|| handle.block_on(future)),
            Err(_) => RUNTIME.block_on(future),
        })
    }
}

/// A current-thread runtime per client, as `postgres` has it.
#[derive(Debug)]
pub(crate) struct PerClient(Runtime);

impl Block for PerClient {
    fn start() -> Result<Self> {
        Ok(Self(Builder::new_current_thread().enable_all().build()?))
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(self.0.block_on(future))
    }
}

/// `futures::executor::block_on`, and its `block_on_stream`.
#[derive(Debug)]
pub(crate) struct Futures;

impl Block for Futures {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(futures_executor::block_on(future))
    }

    fn collect(&self, stream: impl Stream<Item = Result> + Send) -> Result<usize> {
        let stream = pin!(stream);
        futures_executor::block_on_stream(stream).take(ITEMS).try_fold(0, |count, item| item.map(|()| count + 1))
    }
}

/// `smol::block_on`.
#[derive(Debug)]
pub(crate) struct BySmol;

impl Block for BySmol {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(smol::block_on(future))
    }
}

/// `async_std::task::block_on`.
#[derive(Debug)]
pub(crate) struct ByAsyncStd;

impl Block for ByAsyncStd {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(async_std::task::block_on(future))
    }
}

/// `smol::block_on` of a future in async-compat's wrapper.
#[cfg(feature = "async-compat")]
#[derive(Debug)]
pub(crate) struct Compat;

#[cfg(feature = "async-compat")]
impl Block for Compat {
    fn start() -> Result<Self> {
        Ok(Self)
    }

    fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        Ok(smol::block_on(async_compat::Compat::new(future)))
    }
}

/// A runner of its own, on a backend.
macro_rules! ours {
    ($($name:ident: $backend:expr;)*) => {$(
        /// A runner of its own.
        #[derive(Debug)]
        pub(crate) struct $name(Runner);

        impl Block for $name {
            fn start() -> Result<Self> {
                Ok(Self(Runner::new($backend)))
            }

            fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
                Ok(self.0.try_run(future)?)
            }

            fn collect(&self, stream: impl Stream<Item = Result> + Send) -> Result<usize> {
                let mut items = self.0.wrap_iter(stream.take(ITEMS));
                let mut count = 0;
                while let Some(item) = items.try_next()? {
                    item?;
                    count += 1;
                }
                Ok(count)
            }
        }
    )*};
}

ours! {
    OnTokio: Tokio::new();
    OnTokioWorkers: Tokio::multi_thread(2);
    OnSmol: Smol::new();
}

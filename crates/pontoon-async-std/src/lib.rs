//! The async-std backend of pontoon, for clients that still need async-std.
//!
//! async-std is discontinued (RUSTSEC-2025-0052); new code should use the smol backend, which shares its reactor. Users
//! depend on the crate `pontoon`; its feature `async-std` gives `pontoon::AsyncStd`.
//!
//! # Examples
//!
//! ```
//! use pontoon_async_std::AsyncStd;
//! use pontoon_core::Runner;
//!
//! let runner = Runner::new(AsyncStd::new());
//! assert_eq!(runner.run(async { 6 * 7 }), 42);
//! ```
#![forbid(unsafe_code)]

use pontoon_core::{ASYNC_IO, BoxFuture, Executor, Job, Runner};
use std::{future::Future, io, pin::Pin, sync::OnceLock, time::Duration};

/// async-std as a backend: futures that use `async_std::net`, `fs`, `task` and the like.
///
/// Its reactor is async-io's, which the whole process shares. Threads are driven by `async_io::block_on`, never by
/// `async_std::task::block_on`: that one ignores local tasks when nested, and a panic out of it breaks its thread.
#[derive(Debug, Default)]
pub struct AsyncStd(());

impl AsyncStd {
    /// A backend on async-std's global runtime.
    pub fn new() -> Self {
        Self::default()
    }

    /// The runner that everybody in the process shares, made on first use. It is never dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon_async_std::AsyncStd::shared().run(async { 1 }), 1);
    /// ```
    pub fn shared() -> &'static Runner {
        static SHARED: OnceLock<Runner> = OnceLock::new();
        SHARED.get_or_init(|| Runner::builder(Self::new()).thread_name("pontoon-async-std").build())
    }
}

impl Executor for AsyncStd {
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        async_io::block_on(future);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async_std::task::sleep(duration))
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        drop(async_std::task::spawn_blocking(job));
        Ok(())
    }

    fn start(&self) -> io::Result<()> {
        ASYNC_IO.enter()
    }

    fn name(&self) -> &'static str {
        "async-std"
    }
}

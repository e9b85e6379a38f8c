//! The smol backend of pontoon: async-io's reactor, the `blocking` pool, and worker threads if asked for.
//!
//! Users depend on the crate `pontoon`; its feature `smol` (the default) gives `pontoon::Smol`.
//!
//! # Examples
//!
//! ```
//! use pontoon_core::Runner;
//! use pontoon_smol::Smol;
//!
//! let runner = Runner::new(Smol::new());
//! assert_eq!(runner.run(async { 6 * 7 }), 42);
//! ```
#![forbid(unsafe_code)]

mod workers;

use pontoon_core::{ASYNC_IO, BoxFuture, Executor, Job, Runner};
use std::{future::Future, io, pin::Pin, sync::OnceLock, time::Duration};
use workers::Workers;

/// The smol family as a backend: futures that use async-io, async-net, async-fs, async-process and the like.
///
/// The reactor is async-io's, which the whole process shares: whoever waits in a call turns it, and its own thread does
/// while nobody waits.
#[derive(Debug, Default)]
pub struct Smol {
    workers: Option<Workers>,
}

impl Smol {
    /// A backend without threads of its own; the runner's thread and its callers do the work.
    pub fn new() -> Self {
        Self::default()
    }

    /// A backend with `count` worker threads that run the runner's tasks in parallel, beside its own thread and its
    /// callers. Zero is the same as [`new`](Self::new).
    pub fn with_workers(count: usize) -> Self {
        Self { workers: (count > 0).then(|| Workers::new(count)) }
    }

    /// The runner that everybody in the process shares, made on first use. It is never dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon_smol::Smol::shared().run(async { 1 }), 1);
    /// ```
    pub fn shared() -> &'static Runner {
        static SHARED: OnceLock<Runner> = OnceLock::new();
        SHARED.get_or_init(|| Runner::builder(Self::new()).thread_name("pontoon-smol").build())
    }
}

impl Executor for Smol {
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        async_io::block_on(future);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            async_io::Timer::after(duration).await;
        })
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        blocking::unblock(job).detach();
        Ok(())
    }

    fn start(&self) -> io::Result<()> {
        ASYNC_IO.enter()?;
        self.workers.as_ref().map_or(Ok(()), Workers::start)
    }

    fn workers(&self) -> usize {
        self.workers.as_ref().map_or(0, Workers::count)
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match &self.workers {
            Some(workers) => workers.spawn(future),
            None => Err(future),
        }
    }

    fn shutdown(&self, wait: Duration) {
        if let Some(workers) = &self.workers {
            workers.stop(wait);
        }
    }

    fn name(&self) -> &'static str {
        "smol"
    }
}

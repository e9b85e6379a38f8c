//! The backends that know nothing of tokio. With the feature `tokio` on, they are told when they stand inside it.
#![cfg(any(feature = "smol", feature = "async-std"))]

use pontoon_core::{
    BoxFuture, Executor, Job, Place, Runner, WouldBlock,
    guest::{Engine, Pump},
};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    time::Duration,
};

/// Polls a future out of the budget of a tokio task around it.
struct OutOfBudget<'a, 'b>(Pin<&'a mut (dyn Future<Output = ()> + 'b)>);

impl Future for OutOfBudget<'_, '_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut polled = Poll::Pending;
        enter(&mut || polled = self.0.as_mut().poll(cx));
        polled
    }
}

#[inline]
fn enter(f: &mut dyn FnMut()) {
    #[cfg(feature = "tokio")]
    pontoon_tokio::surroundings::enter(f);
    #[cfg(not(feature = "tokio"))]
    f();
}

fn place() -> Place {
    #[cfg(feature = "tokio")]
    return pontoon_tokio::surroundings::place();
    #[cfg(not(feature = "tokio"))]
    Place::Free
}

fn blocking(wait: &mut dyn FnMut()) {
    #[cfg(feature = "tokio")]
    pontoon_tokio::surroundings::blocking(wait);
    #[cfg(not(feature = "tokio"))]
    wait();
}

macro_rules! executor {
    ($backend:ident) => {
        impl Executor for $backend {
            fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
                let mut future = OutOfBudget(future);
                let future: Pin<&mut OutOfBudget<'_, '_>> = Pin::new(&mut future);
                self.0.block_on(future);
            }

            fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
                self.0.sleep(duration)
            }

            fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
                self.0.spawn_blocking(job)
            }

            fn start(&self) -> io::Result<()> {
                self.0.start()
            }

            fn workers(&self) -> usize {
                self.0.workers()
            }

            fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
                self.0.spawn(future)
            }

            #[inline]
            fn enter(&self, f: &mut dyn FnMut()) {
                enter(f);
            }

            fn can_block(&self) -> Result<(), WouldBlock> {
                self.0.can_block()
            }

            fn place(&self) -> Place {
                place()
            }

            fn is_overshadowed(&self) -> bool {
                #[cfg(feature = "tokio")]
                return pontoon_tokio::surroundings::is_inside();
                #[cfg(not(feature = "tokio"))]
                false
            }

            fn blocking(&self, wait: &mut dyn FnMut()) {
                blocking(wait);
            }

            fn driven_tasks(&self) -> Option<usize> {
                self.0.driven_tasks()
            }

            fn shutdown(&self, wait: Duration) {
                self.0.shutdown(wait);
            }

            fn engine(&self, pump: Pump) -> Box<dyn Engine> {
                self.0.engine(pump)
            }

            fn name(&self) -> &'static str {
                self.0.name()
            }
        }
    };
}

/// The smol family as a backend: futures that use async-io, async-net, async-fs, async-process and the like.
///
/// The reactor is async-io's, which the whole process shares: whoever waits in a call turns it, and its own thread does
/// while nobody waits.
///
/// # Examples
///
/// ```
/// use pontoon::{Runner, Smol};
///
/// let runner = Runner::new(Smol::new());
/// assert_eq!(runner.run(async { 42 }), 42);
/// ```
#[cfg(feature = "smol")]
#[derive(Debug, Default)]
pub struct Smol(pontoon_smol::Smol);

#[cfg(feature = "smol")]
impl Smol {
    /// A backend without threads of its own; the runner's thread and its callers do the work.
    pub fn new() -> Self {
        Self::default()
    }

    /// A backend with `count` worker threads that run the runner's tasks in parallel, beside its own thread and its
    /// callers. Zero is the same as [`new`](Self::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon::{Runner, Smol};
    ///
    /// let runner = Runner::new(Smol::with_workers(2));
    /// assert_eq!(runner.spawn(async { 42 }).join().unwrap(), 42);
    /// ```
    pub fn with_workers(count: usize) -> Self {
        Self(pontoon_smol::Smol::with_workers(count))
    }

    /// The runner that everybody in the process shares, made on first use. It is never dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon::Smol::shared().run(async { 1 }), 1);
    /// ```
    pub fn shared() -> &'static Runner {
        static SHARED: OnceLock<Runner> = OnceLock::new();
        SHARED.get_or_init(|| Runner::builder(Self::new()).thread_name("pontoon-smol").build())
    }
}

#[cfg(feature = "smol")]
executor!(Smol);

/// async-std as a backend: futures that use `async_std::net`, `fs`, `task` and the like.
///
/// async-std is discontinued (RUSTSEC-2025-0052): this is for clients that still need it, new code should use `Smol`. Its
/// reactor is async-io's, which the whole process shares.
///
/// # Examples
///
/// ```
/// use pontoon::{Runner, AsyncStd};
///
/// let runner = Runner::new(AsyncStd::new());
/// assert_eq!(runner.run(async { 42 }), 42);
/// ```
#[cfg(feature = "async-std")]
#[derive(Debug, Default)]
pub struct AsyncStd(pontoon_async_std::AsyncStd);

#[cfg(feature = "async-std")]
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
    /// assert_eq!(pontoon::AsyncStd::shared().run(async { 1 }), 1);
    /// ```
    pub fn shared() -> &'static Runner {
        static SHARED: OnceLock<Runner> = OnceLock::new();
        SHARED.get_or_init(|| Runner::builder(Self::new()).thread_name("pontoon-async-std").build())
    }
}

#[cfg(feature = "async-std")]
executor!(AsyncStd);

//! The tokio backend of pontoon.
//!
//! Users depend on the crate `pontoon`; its feature `tokio` gives `pontoon::Tokio`.
//!
//! # Examples
//!
//! ```
//! use pontoon_core::Runner;
//! use pontoon_tokio::Tokio;
//!
//! let runner = Runner::new(Tokio::new());
//! assert_eq!(runner.run(async { 6 * 7 }), 42);
//! ```
#![forbid(unsafe_code)]

mod guest;
mod park;
mod place;
pub mod surroundings;
mod users;
mod worker;

use pontoon_core::{
    BoxFuture, Executor, Job, Place, Runner, WouldBlock,
    guest::{Engine, Pump},
};
use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::Context,
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Handle, Runtime, RuntimeFlavor, RuntimeMetrics},
    task::unconstrained,
};
use users::Users;

/// tokio as a backend: a runtime of our own, or one adopted by its handle.
///
/// Code runs under tokio's `enter` guard only, never inside its `block_on`: that is what lets calls nest, and runtimes be
/// dropped, anywhere. A current-thread runtime is driven by whoever waits.
///
/// # Examples
///
/// ```
/// use pontoon_core::Runner;
/// use pontoon_tokio::Tokio;
///
/// let runner = Runner::new(Tokio::new());
/// runner.run(tokio::task::yield_now());
/// ```
pub struct Tokio {
    kind: Kind,
    ready: OnceLock<Ready>,
}

#[derive(Clone, Debug)]
enum Kind {
    Current,
    Multi(usize),
    Adopted(Handle),
}

/// A runtime that has been started.
struct Ready {
    handle: Handle,
    /// Ours to stop, unless it was adopted or has been stopped.
    owned: Mutex<Option<Arc<Runtime>>>,
    /// Threads that are in the runtime's context, for the one who stops it to wait for: timers that are polled
    /// afterwards panic.
    users: Users,
    /// Of a current-thread runtime of ours: counts its tasks.
    driven: Option<RuntimeMetrics>,
}

impl Ready {
    fn owned(&self) -> MutexGuard<'_, Option<Arc<Runtime>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokio {
    /// A current-thread runtime, started on first use and driven by whoever waits.
    ///
    /// Tasks that libraries start with `tokio::spawn` run inside the runtime's own loop: a blocking call from one of
    /// *those* would wait for the very thread that it blocks, and gives [`RunError::WouldDeadlock`]. Use
    /// [`multi_thread`](Self::multi_thread) where that is needed.
    ///
    /// [`RunError::WouldDeadlock`]: pontoon_core::RunError::WouldDeadlock
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::new(pontoon_tokio::Tokio::new());
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// ```
    pub fn new() -> Self {
        Self::of(Kind::Current)
    }

    /// A multi-thread runtime with `workers` threads, started on first use; zero counts as one.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::Runner;
    /// use pontoon_tokio::Tokio;
    ///
    /// // A blocking call inside a task that tokio schedules by itself:
    /// let runner = Runner::new(Tokio::multi_thread(1));
    /// let inner = runner.clone();
    /// let task = runner.enter(|| tokio::spawn(async move { inner.run(async { 42 }) }));
    /// assert_eq!(runner.run(task).unwrap(), 42);
    /// ```
    pub fn multi_thread(workers: usize) -> Self {
        Self::of(Kind::Multi(workers.max(1)))
    }

    /// Adopts a runtime that somebody else runs and stops. Close the runner before that one stops: its timers panic
    /// afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::Runner;
    /// use pontoon_tokio::Tokio;
    ///
    /// let runtime = tokio::runtime::Runtime::new()?;
    /// let runner = Runner::new(Tokio::from_handle(runtime.handle().clone()));
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// runner.close().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_handle(handle: Handle) -> Self {
        Self::of(Kind::Adopted(handle))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, ready: OnceLock::new() }
    }

    /// The runner that everybody in the process shares, made on first use. It is never dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon_tokio::Tokio::shared().run(async { 1 }), 1);
    /// ```
    pub fn shared() -> &'static Runner {
        static SHARED: OnceLock<Runner> = OnceLock::new();
        SHARED.get_or_init(|| Runner::builder(Self::new()).thread_name("pontoon-tokio").build())
    }

    fn ready(&self) -> &Ready {
        self.ready.get().expect("the core calls `start` before anything else")
    }

    fn handle(&self) -> &Handle {
        &self.ready().handle
    }

    fn is_multi_thread(&self) -> bool {
        self.handle().runtime_flavor() != RuntimeFlavor::CurrentThread
    }

    /// The runtime, where waiting threads drive it.
    fn driven(&self) -> Option<Arc<Runtime>> {
        if matches!(self.kind, Kind::Current) { self.ready().owned().clone() } else { None }
    }
}

impl Default for Tokio {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokio").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Executor for Tokio {
    fn block_on(&self, mut future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        let signal = park::signal();
        let runtime = self.driven();
        loop {
            let mut ready = false;
            self.enter(&mut || ready = future.as_mut().poll(&mut Context::from_waker(signal.waker())).is_ready());
            if ready {
                return;
            }
            match &runtime {
                Some(runtime) => place::inside(runtime.handle(), || signal.wait_in(runtime)),
                None => signal.wait(),
            }
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let _context = self.handle().enter();
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        if !matches!(self.kind, Kind::Adopted(_)) && self.ready().owned().is_none() {
            return Err(job);
        }
        drop(self.handle().spawn_blocking(job));
        Ok(())
    }

    fn start(&self) -> io::Result<()> {
        if self.ready.get().is_some() {
            return Ok(());
        }
        let mut builder = match self.kind {
            Kind::Current => tokio::runtime::Builder::new_current_thread(),
            Kind::Multi(workers) => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                builder.worker_threads(workers).thread_name("pontoon-tokio");
                builder
            }
            Kind::Adopted(ref handle) => {
                let (handle, owned) = (handle.clone(), Mutex::new(None));
                let _ = self.ready.set(Ready { handle, owned, users: Users::default(), driven: None });
                return Ok(());
            }
        };
        let runtime = builder.enable_all().build()?;
        let handle = runtime.handle().clone();
        let driven = matches!(self.kind, Kind::Current).then(|| handle.metrics());
        let ready = Ready { handle, owned: Mutex::new(Some(Arc::new(runtime))), users: Users::default(), driven };
        if let Err(second) = self.ready.set(ready) {
            stop(second.owned().take(), Duration::ZERO);
        }
        Ok(())
    }

    fn workers(&self) -> usize {
        if self.is_multi_thread() { self.handle().metrics().num_workers() } else { 0 }
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        if !self.is_multi_thread() {
            return Err(future);
        }
        drop(self.handle().spawn(unconstrained(worker::Seat::new(self.handle().clone(), future))));
        Ok(())
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        let _user = self.ready().users.enter();
        place::enter(self.handle(), f);
    }

    fn can_block(&self) -> Result<(), WouldBlock> {
        place::can_block(self.handle(), matches!(self.kind, Kind::Adopted(_)))
    }

    fn place(&self) -> Place {
        place::below(self.handle())
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        place::blocking(place::below(self.handle()), wait);
    }

    fn driven_tasks(&self) -> Option<usize> {
        self.ready().driven.as_ref().map(RuntimeMetrics::num_alive_tasks)
    }

    fn shutdown(&self, wait: Duration) {
        if let Some(ready) = self.ready.get() {
            let start = Instant::now();
            ready.users.wait(wait);
            stop(ready.owned().take(), wait.saturating_sub(start.elapsed()));
        }
    }

    fn engine(&self, pump: Pump) -> Box<dyn Engine> {
        Box::new(guest::Local::new(pump))
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Current => "tokio",
            Kind::Multi(_) => "tokio multi_thread",
            Kind::Adopted(_) => "tokio from_handle",
        }
    }
}

/// Stops a runtime, waiting for its blocking jobs where that is allowed.
fn stop(runtime: Option<Arc<Runtime>>, wait: Duration) {
    let Some(runtime) = runtime.and_then(Arc::into_inner) else { return };
    if Handle::try_current().is_ok() {
        // Inside some tokio runtime, where waiting for another one panics.
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(wait);
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.get() {
            stop(ready.owned().take(), Duration::ZERO);
        }
    }
}

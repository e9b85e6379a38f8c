//! Guest mode: an async runtime and a foreign main loop in one thread.
//!
//! A GUI, a game or another runtime has the thread and its main loop: the *host*. A [`Guest`] lives in it. I/O and timers
//! are waited for on a thread of the guest's, which polls nothing; the guest's tasks are polled on the host's thread, in
//! ticks that the host runs between its own events. So tasks and host code share values that are not `Send`, without
//! locks, and the host never blocks for longer than a tick's [`Budget`].
//!
//! The idea is Trio's guest mode, which aioguest brought to asyncio.
//!
//! | your loop | use |
//! |---|---|
//! | takes closures from any thread: glib, GTK, calloop, Qt | [`Guest::start`] with a closure or a [`Host`] |
//! | can only be woken: winit, SDL, egui, win32 | [`Guest::start`] with a [`queue`] |
//! | is an executor: tokio, smol, another guest | [`Guest::into_future`] |
//! | is your own, and sleeps between its frames | [`GuestRun::run_for`] instead of the sleep |
//!
//! # The end
//!
//! A guest ends when main has an output, when it is cancelled, when its [`GuestRun`] is dropped, or when its host gives
//! it up. The order is always the same: main's output is taken; every other task is dropped, on the host's thread and in
//! the runtime's context; the worker and the runtime are told to stop, and waited for elsewhere, for at most
//! [`Guest::end_limit`]; `done` is called, once, on the host's thread.
//!
//! # Blocking
//!
//! A blocking call inside a task blocks the host. [`Runner::run`](crate::Runner::run) works there, for runners of any
//! backend; waiting in it for a task of the same guest is
//! [`RunError::WouldDeadlock`](crate::RunError::WouldDeadlock).
//!
//! # Examples
//!
//! ```
//! use pontoon_core::guest::{Guest, GuestScope, queue};
//! use std::{cell::RefCell, rc::Rc, thread, time::Duration};
//!
//! let main_loop = thread::current();
//! let (host, ticks) = queue(move || main_loop.unpark());
//!
//! // Shared with the tasks, without a lock.
//! let log = Rc::new(RefCell::new(vec!["host"]));
//! let tasks_log = log.clone();
//! let main = async move {
//!     let scope = GuestScope::current().unwrap();
//!     let log = tasks_log.clone();
//!     let task = scope.spawn_local(async move { log.borrow_mut().push("task") });
//!     task.await.unwrap();
//!     tasks_log.borrow_mut().push("main");
//! };
//! let run = Guest::new(pontoon_smol::Smol::new()).start(host, main, |result| result.unwrap()).unwrap();
//! while !run.is_finished() {
//!     if ticks.run() == 0 {
//!         thread::park();
//!     }
//! }
//! assert_eq!(*log.borrow(), ["host", "task", "main"]);
//! ```

mod budget;
mod drive;
mod engine;
mod error;
mod future;
mod host;
mod local;
mod ready;
mod run;
mod shared;
mod slow;
mod task;
mod worker;

pub(crate) use engine::Plain;
pub(crate) use local::Queued;

pub use budget::Budget;
pub use engine::{Engine, Pump};
pub use error::{AbandonReason, Abandoned, GuestError, Panic, StartError};
pub use future::GuestFuture;
pub use host::{Host, QueueHost, Tick, TickQueue, queue};
pub use run::{GuestRemote, GuestRun, GuestScope, GuestStats};
pub use slow::Slow;
pub use task::GuestTask;

use crate::{
    Executor,
    caught::{self, Slot},
    current, trace,
};
use budget::Meter;
use engine::Queue;
use future::{Handle, PollHost};
use local::{Local, Parts};
use shared::Shared;
use slow::Watch;
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    panic::Location,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use worker::Worker;

/// A runtime that is to live in a foreign main loop: see the [module](self).
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Budget, Guest};
/// use std::time::Duration;
///
/// let guest = Guest::new(pontoon_smol::Smol::new())
///     .budget(Budget::new(Duration::from_micros(500), 64))
///     .worker_name("mail-io");
/// let answer = futures_lite::future::block_on(guest.into_future(async { 42 })?);
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
pub struct Guest {
    executor: Arc<dyn Executor>,
    budget: Budget,
    end_limit: Duration,
    worker_name: String,
    on_worker_start: Option<Box<dyn FnOnce() + Send>>,
    on_abandoned: Option<Box<dyn FnOnce(Abandoned) + Send>>,
    watch: Option<Watch>,
}

impl Guest {
    /// A guest on `executor`. Nothing starts yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::Guest;
    ///
    /// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async { 42 })?;
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    pub fn new(executor: impl Executor) -> Self {
        Self {
            executor: Arc::new(executor),
            budget: Budget::default(),
            end_limit: Duration::from_secs(1),
            worker_name: "pontoon-guest".into(),
            on_worker_start: None,
            on_abandoned: None,
            watch: None,
        }
    }

    /// How much of the host's time a tick may take; 1 ms and 256 polls if not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Budget, Guest};
    /// use std::time::Duration;
    ///
    /// let budget = Budget::new(Duration::from_micros(500), 64);
    /// let guest = Guest::new(pontoon_smol::Smol::new()).budget(budget).into_future(async { 42 })?;
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[must_use]
    pub fn budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// How long `done` waits for the worker and the runtime to stop; 1 s if not set. The host is not blocked meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::Guest;
    /// use std::time::Duration;
    ///
    /// let guest = Guest::new(pontoon_smol::Smol::new()).end_limit(Duration::from_millis(200)).into_future(async { 42 })?;
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[must_use]
    pub fn end_limit(self, limit: Duration) -> Self {
        Self { end_limit: limit, ..self }
    }

    /// Names the worker thread; `pontoon-guest` if not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::Guest;
    ///
    /// let guest = Guest::new(pontoon_smol::Smol::new()).worker_name("mail-io").into_future(async { 42 })?;
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[must_use]
    pub fn worker_name(self, name: impl Into<String>) -> Self {
        Self { worker_name: name.into(), ..self }
    }

    /// Calls `f` on the worker thread before anything else happens there: to set its priority or its signal mask.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::Guest;
    /// use std::{sync::mpsc, thread};
    ///
    /// let (sender, started) = mpsc::channel();
    /// let guest = Guest::new(pontoon_smol::Smol::new())
    ///     .worker_name("mail-io")
    ///     .on_worker_start(move || sender.send(thread::current().name().map(str::to_owned)).unwrap())
    ///     .into_future(async { 42 })?;
    /// assert_eq!(started.recv().unwrap().as_deref(), Some("mail-io"));
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[must_use]
    pub fn on_worker_start(self, f: impl FnOnce() + Send + 'static) -> Self {
        Self { on_worker_start: Some(Box::new(f)), ..self }
    }

    /// Calls `f` if the host gives the guest up, on the thread where it does; if not set, the report goes to standard
    /// error.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, queue};
    /// use std::sync::mpsc;
    ///
    /// let (host, ticks) = queue(|| {});
    /// let (sender, reports) = mpsc::channel();
    /// let run = Guest::new(pontoon_smol::Smol::new())
    ///     .on_abandoned(move |report| sender.send(report.to_string()).unwrap())
    ///     .start(host, std::future::pending::<()>(), |result| assert!(result.is_err()))?;
    /// drop(ticks);                             // the loop has gone
    /// assert!(!reports.recv().unwrap().is_empty());
    /// # drop(run);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[must_use]
    pub fn on_abandoned(self, f: impl FnOnce(Abandoned) + Send + 'static) -> Self {
        Self { on_abandoned: Some(Box::new(f)), ..self }
    }

    /// Debug mode: measures every poll and every tick, and calls `report`, on the guest's thread, for polls that take
    /// longer than `limit` and for ticks that overrun their budget by more than `limit`.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, Slow};
    /// use std::{cell::Cell, rc::Rc, time::{Duration, Instant}};
    ///
    /// let slow = Rc::new(Cell::new(0));
    /// let count = slow.clone();
    /// let limit = Duration::from_millis(5);
    /// let guest = Guest::new(pontoon_smol::Smol::new())
    ///     .debug(limit, move |report| {
    ///         if let Slow::Poll { .. } = report {
    ///             count.set(count.get() + 1);
    ///         }
    ///     })
    ///     .into_future(async move {
    ///         let start = Instant::now();
    ///         while start.elapsed() <= limit {}
    ///     })
    ///     .unwrap();
    /// futures_lite::future::block_on(guest).unwrap();
    /// assert_eq!(slow.get(), 1);
    /// ```
    #[must_use]
    pub fn debug(self, limit: Duration, report: impl FnMut(Slow) + 'static) -> Self {
        Self { watch: Some(Watch::new(limit, Box::new(report))), ..self }
    }

    /// Starts the guest in `host`, whose thread this has to be. It returns before `main` is polled for the first time;
    /// tasks may be spawned by [`GuestRun::scope`] at once.
    ///
    /// `done` gets main's output, or the reason why there is none: once, on this thread, after every task is gone.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the runtime or the worker thread does not start; `main` and `done` are dropped.
    ///
    /// # Examples
    ///
    /// More are at [`Host`] and [`queue`].
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, queue};
    /// use std::thread;
    ///
    /// let main_loop = thread::current();
    /// let (host, ticks) = queue(move || main_loop.unpark());
    /// let done = |result: Result<u32, _>| assert_eq!(result.unwrap(), 42);
    /// let run = Guest::new(pontoon_smol::Smol::new()).start(host, async { 42 }, done)?;
    /// while !run.is_finished() {
    ///     if ticks.run() == 0 {
    ///         thread::park();
    ///     }
    /// }
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    #[track_caller]
    pub fn start<H, F, D>(self, host: H, main: F, done: D) -> Result<GuestRun, StartError>
    where
        H: Host,
        F: Future + 'static,
        D: FnOnce(Result<F::Output, GuestError>) + 'static,
    {
        let run = self.start_on(Arc::default(), Arc::new(host), Location::caller(), main, done)?;
        run.settle();
        Ok(run)
    }

    /// Turns the guest into a future for an executor that can poll futures which are not `Send` on this thread: tokio's
    /// `LocalSet` or `block_on`, smol's `LocalExecutor`, another guest, [`Runner::run`](crate::Runner::run).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::Guest;
    ///
    /// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async { 6 * 7 }).unwrap();
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn into_future<F>(self, main: F) -> Result<GuestFuture<F::Output>, StartError>
    where
        F: Future + 'static,
    {
        let worker = Arc::<Worker>::default();
        let host = PollHost::new(worker.clone());
        let result = Rc::new(RefCell::new(None));
        let slot = result.clone();
        let done = move |result| *slot.borrow_mut() = Some(result);
        let run = self.start_on(worker, Arc::new(Handle(host.clone())), Location::caller(), main, done)?;
        Ok(GuestFuture::new(run, host, result))
    }

    fn start_on<F, D>(
        self,
        worker: Arc<Worker>,
        host: Arc<dyn Host>,
        spawned_at: &'static Location<'static>,
        main: F,
        done: D,
    ) -> Result<GuestRun, StartError>
    where
        F: Future + 'static,
        D: FnOnce(Result<F::Output, GuestError>) + 'static,
    {
        let executor = self.executor;
        executor.start().map_err(StartError::Runtime)?;
        let shared = Arc::new(Shared::new(host, worker.clone(), self.on_abandoned));
        let queue = Rc::new(Queue {
            shared: shared.clone(),
            main: RefCell::default(),
            main_ended: Cell::new(false),
            meter: Meter::new(self.budget),
            watch: self.watch,
            ready: RefCell::default(),
        });
        let mut engine = None;
        executor.enter(&mut || {
            current::in_context();
            engine = Some(executor.engine(Pump(queue.clone())));
        });
        let engine = engine.expect("`Executor::enter` calls its closure");
        shared.nudges.store(engine.nudges(), Ordering::Relaxed);
        worker::start(&worker, &shared, &executor, self.worker_name, self.on_worker_start)?;

        let slot = Slot::default();
        let output = slot.clone();
        let done = move |error: Option<GuestError>| {
            done(match (caught::take(&output), error) {
                (Some(Ok(value)), _) => Ok(value),
                (Some(Err(payload)), _) => Err(GuestError::Panicked(Panic::new(payload))),
                (None, error) => Err(error.unwrap_or(GuestError::Cancelled)),
            });
        };
        let local = Local::new(Parts {
            shared: shared.clone(),
            queue: queue.clone(),
            executor,
            engine,
            done: Box::new(done),
            end_limit: self.end_limit,
            slice: self.budget.limit(),
        });
        let run = GuestRun::new(local);
        trace::guest_started(shared.id, spawned_at);
        task::spawn_main(&shared, spawned_at, main, slot, &queue.main);
        Ok(run)
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("executor", &self.executor.name())
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

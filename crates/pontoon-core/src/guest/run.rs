//! What the host and the guest's tasks hold of a guest.

use super::{
    GuestError, GuestTask, drive,
    local::{self, Local},
    shared::{Phase, Shared},
    task,
};
use crate::RunError;
use std::{fmt, future::Future, panic::Location, rc::Rc, sync::Arc, time::Duration};

/// A guest that has been started. It stays on its thread.
///
/// Dropping it ends the guest here and now: its tasks are dropped, and `done` is called with
/// [`GuestError::Cancelled`] before the drop returns. [`detach`](Self::detach) lets the guest run on without it.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, queue};
///
/// let (host, ticks) = queue(|| {});
/// let run = Guest::new(pontoon_smol::Smol::new()).start(host, async { 42 }, |result| assert_eq!(result.unwrap(), 42))?;
/// run.finish_blocking().unwrap();          // the loop has quit: end it without
/// drop(ticks);
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[must_use = "dropping it cancels the guest; call `detach` to let it run on"]
pub struct GuestRun {
    local: Option<Rc<Local>>,
}

impl GuestRun {
    pub(super) fn new(local: Rc<Local>) -> Self {
        Self { local: Some(local) }
    }

    fn local(&self) -> &Rc<Local> {
        self.local.as_ref().expect("present until it is consumed")
    }

    /// The guest has been started in a host that runs at this depth of calls, or has dropped the first tick.
    pub(super) fn settle(&self) {
        let local = self.local();
        local.shared.set_depth();
        if local.shared.phase() == Phase::Abandoned {
            local.tear_down(GuestError::Cancelled);
        }
    }

    /// What spawns local tasks and asks the guest to end, on this thread.
    pub fn scope(&self) -> GuestScope {
        GuestScope(self.local().clone())
    }

    /// What does the same for tasks that may move, from any thread.
    pub fn remote(&self) -> GuestRemote {
        GuestRemote(self.local().shared.clone())
    }

    /// Whether `done` has been called.
    pub fn is_finished(&self) -> bool {
        self.local().shared.phase() == Phase::Gone
    }

    /// Counts what the guest has done so far.
    pub fn stats(&self) -> GuestStats {
        self.scope().stats()
    }

    /// Runs the guest to its end on this thread, without its host: for a host whose loop has ended, or is about to.
    /// `done` is called before this returns.
    ///
    /// # Blocking
    ///
    /// Until main and the worker have ended; [`GuestScope::cancel`] and [`GuestScope::request_stop`] make that sooner.
    ///
    /// # Errors
    ///
    /// [`RunError::WouldDeadlock`] inside one of the guest's own tasks, which could never return, or inside the destructor
    /// of one. The guest lives on, or goes on ending, without a `GuestRun`.
    pub fn finish_blocking(mut self) -> Result<(), RunError> {
        loop {
            match self.run_for(Duration::MAX) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    self.local = None;
                    return Err(error);
                }
            }
        }
    }

    /// Gives the guest this thread for `limit`, instead of sleeping for as long: a loop of one's own does so between its
    /// frames. Says whether the guest has ended.
    ///
    /// The thread polls the guest's tasks, waits in the runtime for their I/O and timers itself, and runs what tasks of its
    /// own the runtime has; the worker stands aside. So I/O costs what it costs without a host: no other thread has to be
    /// woken, nor wakes this one. Where the thread cannot wait in the runtime, as inside another one, the worker goes on
    /// waiting and this thread polls.
    ///
    /// It returns when `limit` has passed, when the guest has ended and `done` was called, or when somebody
    /// [interrupts](GuestRemote::interrupt) it. The host is asked for ticks as before then.
    ///
    /// The idea is that of `CFRunLoopRunInMode` and of the event loops that iterate with a time-out.
    ///
    /// # Blocking
    ///
    /// For `limit`, if nothing ends it sooner, and for what may overrun that: a tick that is under way, and the granularity
    /// of the runtime's timers, a millisecond on tokio. Other guests of this thread wait meanwhile; have the hosts that they
    /// are in interrupt this.
    ///
    /// # Errors
    ///
    /// [`RunError::WouldDeadlock`] inside one of the guest's own tasks, or inside the destructor of one.
    ///
    /// # Panics
    ///
    /// With the panic of `done`, as [`Tick::run`](super::Tick::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, queue};
    /// use std::{cell::Cell, rc::Rc, time::Duration};
    ///
    /// let (host, ticks) = queue(|| {});
    /// let progress = Rc::new(Cell::new(0));
    /// let written = progress.clone();
    /// let main = async move {
    ///     for percent in 1..=100 {
    ///         futures_lite::future::yield_now().await;         // any async code, such as a download
    ///         written.set(percent);
    ///     }
    /// };
    /// let run = Guest::new(pontoon_smol::Smol::new()).start(host, main, |result| result.unwrap())?;
    /// let frame = Duration::from_millis(16);
    /// while !run.run_for(frame).unwrap() {
    ///     // .. draw a frame with `progress.get()` ..
    /// }
    /// assert_eq!(progress.get(), 100);
    /// # drop(ticks);
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    pub fn run_for(&self, limit: Duration) -> Result<bool, RunError> {
        drive::run_for(self.local(), limit)
    }

    /// Lets the guest run on by itself. Where its host goes first, nobody is left who could end it properly.
    pub fn detach(mut self) {
        self.local = None;
    }
}

/// The guest ends here and now, unless its `Drop` runs inside one of its own polls: then it ends with that poll.
impl Drop for GuestRun {
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            local.tear_down(GuestError::Cancelled);
        }
    }
}

impl fmt::Debug for GuestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestRun").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// How much a guest has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestStats {
    /// Ticks that the host has run.
    pub ticks: u64,
    /// Polls that they made.
    pub polls: u64,
    /// Tasks that are alive now, main among them.
    pub tasks: usize,
}

/// A guest as its own tasks and its host see it, on its thread.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, GuestScope};
/// use std::rc::Rc;
///
/// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async {
///     let shared = Rc::new(42);
///     let scope = GuestScope::current().unwrap();
///     scope.spawn_local(async move { *shared }).await.unwrap()
/// })?;
/// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[derive(Clone)]
pub struct GuestScope(Rc<Local>);

impl GuestScope {
    /// The guest whose task is being polled on this thread, the innermost one.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, GuestScope};
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// assert!(GuestScope::current().is_none());
    /// let main = async {
    ///     let shared = Rc::new(Cell::new(1));
    ///     let local = shared.clone();
    ///     let scope = GuestScope::current().unwrap();
    ///     scope.spawn_local(async move { local.set(2) }).await.unwrap();
    ///     shared.get()
    /// };
    /// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(main).unwrap();
    /// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 2);
    /// ```
    pub fn current() -> Option<Self> {
        local::current().map(Self)
    }

    /// Starts a task on the guest's thread. It may hold values of the host's that are not `Send`.
    ///
    /// A guest that is ending takes no tasks: `future` is dropped, and the handle says cancelled.
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(&self, future: F) -> GuestTask<F::Output> {
        let shared = &self.0.shared;
        let new = if shared.is_open() { task::spawn_local(shared, Location::caller(), future) } else { None };
        GuestTask::new(shared, new)
    }

    /// Asks the guest to come to an end by itself: [`stopped`](Self::stopped) is ready from now on. False: it is ending
    /// already.
    pub fn request_stop(&self) -> bool {
        self.0.shared.request_stop()
    }

    /// Whether somebody has asked the guest to come to an end.
    pub fn is_stop_requested(&self) -> bool {
        self.0.shared.is_stop_requested()
    }

    /// Waits until somebody asks the guest to come to an end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = self.0.shared.clone();
        async move { shared.stopped().await }
    }

    /// Ends the guest: main and its other tasks are dropped with the next tick, and `done` gets
    /// [`GuestError::Cancelled`], unless main has an output by then. False: the guest is ending already.
    pub fn cancel(&self) -> bool {
        self.0.shared.cancel()
    }

    /// What spawns tasks and ends the guest from any thread.
    pub fn remote(&self) -> GuestRemote {
        GuestRemote(self.0.shared.clone())
    }

    /// Counts what the guest has done so far; a tick that is under way is not counted yet.
    pub fn stats(&self) -> GuestStats {
        GuestStats { ticks: self.0.ticks.get(), polls: self.0.polls.get(), tasks: self.0.shared.live.len() }
    }
}

impl fmt::Debug for GuestScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestScope").field("tasks", &self.0.shared.live.len()).finish_non_exhaustive()
    }
}

/// A guest as other threads see it. It is a [`Host`](super::Host) for further guests, too.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, GuestScope};
///
/// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async {
///     let remote = GuestScope::current().unwrap().remote();
///     let thread = std::thread::spawn(move || remote.request_stop());
///     GuestScope::current().unwrap().stopped().await;
///     assert!(thread.join().unwrap());
/// })?;
/// futures_lite::future::block_on(guest).unwrap();
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[derive(Clone)]
pub struct GuestRemote(Arc<Shared>);

impl GuestRemote {
    /// Starts a task on the guest's thread, from any thread.
    ///
    /// A guest that is ending takes no tasks: `future` is dropped, and the handle says cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> GuestTask<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let new = if self.0.is_open() { task::spawn(&self.0, Location::caller(), future) } else { None };
        GuestTask::new(&self.0, new)
    }

    /// Asks the guest to come to an end by itself, as [`GuestScope::request_stop`].
    pub fn request_stop(&self) -> bool {
        self.0.request_stop()
    }

    /// Ends the guest, as [`GuestScope::cancel`].
    pub fn cancel(&self) -> bool {
        self.0.cancel()
    }

    /// Has [`GuestRun::run_for`] return, from any thread: something else wants the host. If none is under way, the next
    /// one returns at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::guest::{Guest, queue};
    /// use std::{thread, time::Duration};
    ///
    /// let (host, _ticks) = queue(|| {});
    /// let run = Guest::new(pontoon_smol::Smol::new()).start(host, std::future::pending::<()>(), |_| {})?;
    /// let remote = run.remote();
    /// let event = thread::spawn(move || remote.interrupt());
    /// assert!(!run.run_for(Duration::MAX).unwrap());           // the event, not the end
    /// # event.join().unwrap();
    /// # Ok::<(), pontoon_core::guest::StartError>(())
    /// ```
    pub fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Whether `done` has been called.
    pub fn is_finished(&self) -> bool {
        self.0.phase() == Phase::Gone
    }
}

impl fmt::Debug for GuestRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestRemote").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}

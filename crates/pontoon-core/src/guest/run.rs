//! What the host and the guest's tasks hold of a guest.

use super::{
    GuestError, GuestTask, Host, Tick,
    local::{self, Local},
    shared::{Phase, Shared},
    task,
};
use crate::{RunError, WouldBlock};
use concurrent_queue::ConcurrentQueue;
use parking::{Parker, Unparker};
use std::{fmt, future::Future, panic::Location, rc::Rc, sync::Arc};

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
        let Some(local) = self.local.take() else { return Ok(()) };
        if local.shared.phase() == Phase::Running || local.is_dropping() {
            return Err(RunError::WouldDeadlock(WouldBlock::new(
                "a task of the guest waits for the guest's end",
                "call `finish_blocking` from the host, or let the task return first",
            )));
        }
        let parker = Parker::new();
        let here = Arc::new(Here { ticks: ConcurrentQueue::unbounded(), unparker: parker.unparker() });
        let host = here.clone();
        local.shared.set_host(Some(Arc::new(HereHost(host))));
        if !local.take_over() {
            local.tear_down(GuestError::Cancelled);
        }
        while local.shared.phase() != Phase::Gone {
            match here.ticks.pop() {
                Ok(tick) => tick.run(),
                Err(_) => parker.park(),
            }
        }
        Ok(())
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

/// The thread itself as a host, for [`GuestRun::finish_blocking`].
struct Here {
    ticks: ConcurrentQueue<Tick>,
    unparker: Unparker,
}

struct HereHost(Arc<Here>);

impl Host for HereHost {
    fn schedule(&self, tick: Tick) {
        let _ = self.0.ticks.push(tick);
        self.0.unparker.unpark();
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

/// A guest as other threads see it. It is a [`Host`] for further guests, too.
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

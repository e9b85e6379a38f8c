//! A task of the loop, and the handle to it.

use crate::{
    JoinError, RunError,
    caught::{Caught, Slot, abandon, take},
    current::{self, thread_id},
    run_loop::{Loop, Runnable},
    runner::{call, close},
    sync::holds,
    trace::{self, Origin, TaskKind},
    woken::TaskWaker,
};
use async_task::FallibleTask;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Instead of a thread: the task has ended and its values are gone. Its handle is told a moment later.
const GONE: usize = usize::MAX;

/// What the loop knows of a task.
pub(crate) struct Meta {
    /// Its values belong to the thread that polled it first.
    pub(crate) local: bool,
    /// It once blocked its thread from inside a poll: only the runner's own thread polls it from then on.
    pub(crate) pinned: AtomicBool,
    /// It once kept the runner's own thread for long while a call followed that.
    long: AtomicBool,
    /// Of a local task of an inline runner: a thread has taken it and keeps it.
    pub(crate) bound: AtomicBool,
    /// The thread that polls it right now, or zero, or [`GONE`].
    running: AtomicUsize,
    thread: OnceLock<usize>,
}

impl Meta {
    pub(crate) fn new(local: bool) -> Arc<Self> {
        Arc::new(Self {
            local,
            pinned: AtomicBool::new(false),
            long: AtomicBool::new(false),
            bound: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            thread: OnceLock::new(),
        })
    }

    pub(crate) fn is_host_only(&self) -> bool {
        self.local || self.pinned.load(Ordering::Relaxed)
    }

    pub(crate) fn is_long(&self) -> bool {
        self.long.load(Ordering::Relaxed)
    }

    pub(crate) fn set_long(&self) {
        self.long.store(true, Ordering::Relaxed);
    }

    /// Whether dropping the task here would drop values that belong to another thread.
    pub(crate) fn is_of_other_thread(&self) -> bool {
        self.local && self.thread.get().is_some_and(|thread| *thread != thread_id())
    }

    /// Whether the task is being polled below us on this very stack.
    fn is_below(&self) -> bool {
        self.running.load(Ordering::Relaxed) == thread_id()
    }

    fn is_gone(&self) -> bool {
        self.running.load(Ordering::Acquire) == GONE
    }
}

/// Strikes the task out of the list when its values are gone.
struct Listed {
    lp: Arc<Loop>,
    meta: Arc<Meta>,
    key: usize,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.meta.running.store(GONE, Ordering::Release);
        let bound = self.meta.bound.load(Ordering::Relaxed);
        let last = self.lp.live.remove(self.key, bound);
        if last && self.lp.is_closing() && holds("last-task-wakes") {
            self.lp.wake_all();
        } else if bound {
            // The local tasks that wait may be another thread's now.
            self.lp.parked.notify_all();
        }
    }
}

pin_project! {
    /// A task's future as the loop runs it.
    struct Body<F: Future> {
        #[pin]
        caught: Caught<F>,
        waker: TaskWaker,
        // Dropped between the two: its values are gone, and it still counts.
        trace: trace::Task,
        listed: Listed,
    }
}

impl<F: Future> Future for Body<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let meta = &*this.listed.meta;
        if meta.local && meta.thread.get().is_none() {
            let _ = meta.thread.set(thread_id());
        }
        if this.listed.lp.is_closing() && holds("look-in-poll") {
            // Looked at here, where a wake-up that comes later brings the task back: whoever closes wakes every task
            // after it has changed the state, and that does nothing for one that is queued.
            this.caught.as_mut().discard();
            return Poll::Ready(());
        }
        meta.running.store(thread_id(), Ordering::Relaxed);
        let slow = this.listed.lp.config.slow_poll.map(|limit| (limit, Instant::now()));
        let trace = this.trace.handle();
        let poll = |cx: &mut Context<'_>| trace.poll(|| this.caught.poll(cx, move |how| trace.ended(how)));
        let (polled, blocked) = current::in_task(|| this.waker.poll(cx, poll));
        if slow.is_some_and(|(limit, start)| start.elapsed() > limit) {
            this.listed.lp.slow_polls.fetch_add(1, Ordering::Relaxed);
            this.trace.slow(&this.listed.lp, slow);
        }
        if blocked {
            meta.pinned.store(true, Ordering::Relaxed);
        }
        meta.running.store(0, Ordering::Release);
        polled
    }
}

/// Makes a task; `schedule` is its schedule function.
fn build<F, S>(lp: &Arc<Loop>, kind: TaskKind, origin: Origin, future: F, schedule: S) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Fn(Runnable) + Send + Sync + 'static,
{
    let trace = trace::Task::new(lp, kind, origin);
    let meta = Meta::new(kind == TaskKind::Local);
    let key = lp.live.reserve();
    let listed = Listed { lp: lp.clone(), meta: meta.clone(), key };
    let slot = Slot::default();
    let body = Body { caught: Caught::new(future, slot.clone()), waker: TaskWaker::default(), trace, listed };
    let (runnable, task) = async_task::Builder::new().metadata(meta.clone()).spawn(move |_| body, schedule);
    lp.live.fill(key, runnable.waker());
    runnable.schedule();
    Task(Inner::Live { lp: lp.clone(), meta, slot: Some(slot), task: Some(task.fallible()) })
}

/// Starts a task on the loop.
#[cfg_attr(feature = "tracing", track_caller)]
pub(crate) fn spawn<F>(lp: &Arc<Loop>, local: bool, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if let Err(error) = lp.door().and_then(|()| call::start(lp)) {
        call::discard(lp, future);
        return Task(Inner::Refused(error));
    }
    let seat = lp.clone();
    let kind = if local { TaskKind::Local } else { TaskKind::Any };
    build(lp, kind, Origin::here(), future, move |runnable| seat.schedule(runnable))
}

/// Starts a task on the blocking pool.
#[cfg_attr(feature = "tracing", track_caller)]
pub(crate) fn spawn_blocking<T: Send + 'static>(lp: &Arc<Loop>, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
    if let Err(error) = lp.door().and_then(|()| call::start(lp)) {
        call::discard(lp, f);
        return Task(Inner::Refused(error));
    }
    let pool = lp.clone();
    build(lp, TaskKind::Blocking, Origin::here(), async move { f() }, move |runnable| {
        let lp = pool.clone();
        let job = move || {
            current::job(&lp, || runnable.run());
            if lp.is_closing() {
                close::leave(&lp);
            }
        };
        if let Err(job) = pool.executor.spawn_blocking(Box::new(job)) {
            pool.enter(|| drop(job));
        }
    })
}

/// A handle to a task: a future of its result, and a way to wait for it from sync code.
///
/// Dropping the handle cancels the task, as in smol; [`detach`](Self::detach) lets it run on. The task's values are
/// dropped in its runtime's context, those of [`spawn_local`](crate::Runner::spawn_local) on the runner's thread. If the
/// destructor of a result that nobody takes panics, the panic hook says so, and it goes no further.
///
/// # Cancel safety
///
/// Polling the handle and dropping the future that polled it loses nothing as long as the handle itself lives.
///
/// # Examples
///
/// ```
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let task = runner.spawn(async { 6 * 7 });
/// assert_eq!(task.join().unwrap(), 42);
/// ```
#[must_use = "dropping a task cancels it; call `detach` to let it run on"]
pub struct Task<T>(Inner<T>);

enum Inner<T> {
    Live { lp: Arc<Loop>, meta: Arc<Meta>, slot: Option<Slot<T>>, task: Option<FallibleTask<(), Arc<Meta>>> },
    Refused(RunError),
}

impl<T> Task<T> {
    /// Waits for the task on this thread, which runs the loop's tasks meanwhile, this one among them.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`](crate::Runner::run).
    ///
    /// # Errors
    ///
    /// [`JoinError`] if the task panicked or was cancelled, or if the wait was refused: joining a task from inside its
    /// own poll gives [`RunError::WouldDeadlock`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let error = runner.spawn(async { panic!("inside") }).join().unwrap_err();
    /// assert!(error.is_panic());
    /// ```
    pub fn join(mut self) -> Result<T, JoinError> {
        match self.wait(None) {
            Ok(result) => result,
            Err(error) => Err(JoinError::refuse(error)),
        }
    }

    /// Waits for the task for at most `limit`; `None` if it has not ended by then. The task runs on.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`](crate::Runner::run), for at most `limit`.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let mut task = runner.spawn(std::future::pending::<()>());
    /// assert!(task.join_timeout(Duration::from_millis(1)).is_none());
    /// assert!(!task.is_finished());
    /// ```
    pub fn join_timeout(&mut self, limit: Duration) -> Option<Result<T, JoinError>> {
        match self.wait(Some(limit)) {
            Ok(result) => Some(result),
            Err(RunError::TimedOut) => None,
            Err(error) => Some(Err(JoinError::refuse(error))),
        }
    }

    fn wait(&mut self, limit: Option<Duration>) -> Result<Result<T, JoinError>, RunError> {
        match &self.0 {
            Inner::Refused(error) => Err(error.clone()),
            Inner::Live { meta, .. } if meta.is_below() => Err(RunError::deadlock(
                "the task waits for itself: it is being polled below this call on the same thread",
                "return from its poll first, or await the handle in another task",
            )),
            Inner::Live { lp, .. } => {
                let lp = lp.clone();
                match call::join(&lp, &mut *self, limit) {
                    // It ended before this call came to see that.
                    Err(RunError::Closed) => self.ended().ok_or(RunError::Closed),
                    joined => joined,
                }
            }
        }
    }

    /// What the task has left, if it has ended by itself.
    fn ended(&self) -> Option<Result<T, JoinError>> {
        let Inner::Live { slot: Some(slot), .. } = &self.0 else { return None };
        Some(take(slot)?.map_err(JoinError::panicked))
    }

    /// Cancels the task and waits until its values are gone. Gives its result if it had one already.
    ///
    /// A task that cancels itself cannot wait for its own end: it is then only asked to stop.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`](crate::Runner::run).
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert!(runner.spawn(std::future::pending::<()>()).cancel().is_none());
    /// ```
    pub fn cancel(self) -> Option<T> {
        self.cancel_for(None)
    }

    /// Cancels the task and waits for its end, for at most `limit`.
    pub(crate) fn cancel_within(self, limit: Duration) {
        self.cancel_for(Some(limit));
    }

    fn cancel_for(mut self, limit: Option<Duration>) -> Option<T> {
        let Inner::Live { lp, meta, slot, task } = &mut self.0 else { return None };
        if lp.is_forked() {
            return None;
        }
        let task = task.take()?;
        if meta.is_below() {
            return None;
        }
        let mut cancel = pin!(task.cancel());
        let _ = call::join(lp, &mut cancel, limit);
        take(slot.as_ref()?)?.ok()
    }

    /// Whether the task has ended, in whichever way.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let task = runner.spawn(std::future::pending::<()>());
    /// assert!(!task.is_finished());
    /// ```
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Inner::Live { task, meta, .. } => meta.is_gone() || task.as_ref().is_none_or(FallibleTask::is_finished),
            Inner::Refused(_) => true,
        }
    }

    /// Lets the task run on without a handle, until it ends or its runner closes.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// runner.spawn(async move { sender.send(1).unwrap() }).detach();
    /// assert_eq!(receiver.recv().unwrap(), 1);
    /// ```
    pub fn detach(mut self) {
        if let Inner::Live { task, .. } = &mut self.0 {
            if let Some(task) = task.take() {
                task.detach();
            }
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Refused(error) => Poll::Ready(Err(JoinError::refuse(error.clone()))),
            Inner::Live { meta, task, .. } => {
                let Some(handle) = task else { return Poll::Ready(Err(JoinError::cancelled())) };
                // A close that waited for its values may be faster than what tells the handle.
                if Pin::new(handle).poll(cx).is_pending() && !meta.is_gone() {
                    if meta.is_below() {
                        current::set_waits_below(true);
                    }
                    return Poll::Pending;
                }
                *task = None;
                Poll::Ready(self.ended().unwrap_or_else(|| Err(JoinError::cancelled())))
            }
        }
    }
}

/// A result that nobody took is dropped in the runtime's context, too.
impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Inner::Live { lp, slot, task, .. } = &mut self.0 {
            if lp.is_forked() {
                // The parent's, as is whoever holds its locks.
                return std::mem::forget(task.take());
            }
            drop(task.take());
            // The task may end just now: whoever is the last to let go of the slot drops the result.
            let result = slot.take().and_then(Arc::into_inner);
            if let Some(result) = result.and_then(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)) {
                abandon(|| call::discard(lp, result));
            }
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}

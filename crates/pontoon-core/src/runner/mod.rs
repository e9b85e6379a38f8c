//! The runner: a handle to one loop, and the whole road on top of the water.

mod builder;
pub(crate) mod call;
pub(crate) mod close;
pub(crate) mod host;
mod moved;
mod own;

pub use builder::Builder;

use crate::{
    AsyncContext, BoxFuture, CloseError, Context, Executor, Io, Iter, JoinError, Ready, RunError, Task, UnblockIter,
    context, current, ready,
    run_loop::{Loop, State},
    task,
};
use call::Door;
use send_wrapper::SendWrapper;
use std::{
    error::Error,
    fmt,
    future::Future,
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context as PollContext, Poll},
    time::Duration,
};

/// What a [`Builder`] decides.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) thread_name: String,
    pub(crate) thread: bool,
    pub(crate) callers_drive: bool,
    pub(crate) max_depth: usize,
    pub(crate) close_limit: Duration,
    pub(crate) slow_poll: Option<Duration>,
    pub(crate) stuck_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            thread_name: "pontoon".into(),
            thread: true,
            callers_drive: true,
            max_depth: 128,
            close_limit: Duration::from_secs(30),
            slow_poll: None,
            stuck_after: Duration::from_secs(5),
        }
    }
}

/// The last of them closes the loop.
#[derive(Debug)]
pub(crate) struct Handle {
    lp: Arc<Loop>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.lp.is_forked() {
            // Whatever the parent's threads held when it forked is held for ever here.
            std::mem::forget(self.lp.clone());
            return;
        }
        if let Err(error) = close::close(&self.lp, self.lp.config.close_limit) {
            // Nobody is left who could be given the error, and it must not be lost.
            eprintln!("pontoon: the last handle of a runner on {} was dropped: {error}", self.lp.executor.name());
        }
    }
}

/// How many of what a runner has right now.
///
/// # Examples
///
/// ```
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let stats = runner.stats();
/// assert_eq!((stats.tasks, stats.callers, stats.depth), (0, 0, 0));
/// runner.run(async { assert_eq!(runner.stats().depth, 1) });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that are neither finished nor dropped.
    pub tasks: usize,
    /// Calls that wait, on whichever thread.
    pub callers: usize,
    /// How many calls are nested on the calling thread, of whichever runner.
    pub depth: usize,
    /// How often the runner's thread has stepped aside for callers.
    pub hand_overs: usize,
    /// Polls of tasks that took longer than [`Builder::slow_poll`].
    pub slow_polls: usize,
}

/// A bridge from sync code to one async runtime.
///
/// A runner is a handle: clones share one loop. Nothing starts before the first use, and the first use may come from any
/// number of threads at once. The loop closes with the last handle, or at [`close`](Self::close).
///
/// Calls are polled in place, on the calling thread and inside the runtime's context: futures may borrow from the
/// caller's stack and need not be `Send`. While a call waits, its thread runs the loop's tasks and turns the runtime's
/// reactor. The runner's own thread keeps the tasks going while nobody waits, and steps aside while somebody does.
///
/// # Examples
///
/// ```
/// # let executor = pontoon_smol::Smol::new();
/// let runner = pontoon_core::Runner::new(executor);
/// let text = String::from("borrowed");
/// let length = runner.run(async { text.len() });
/// assert_eq!(length, 8);
/// runner.close().unwrap();
/// ```
#[derive(Clone)]
pub struct Runner {
    handle: Arc<Handle>,
}

/// A panic leaves no runner half done: panics of futures and tasks are caught where they are polled.
impl UnwindSafe for Runner {}
impl RefUnwindSafe for Runner {}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("executor", &self.lp().executor.name())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Making one.
impl Runner {
    /// Makes a runner on `executor`. Nothing starts yet.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// ```
    pub fn new(executor: impl Executor) -> Runner {
        Self::builder(executor).build()
    }

    /// Makes a runner that differs from the default.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).thread_name("mail").build();
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// ```
    pub fn builder(executor: impl Executor) -> Builder {
        Builder::new(executor)
    }

    fn from_parts(executor: Box<dyn Executor>, config: Config) -> Self {
        let lp = Arc::new(Loop::new(executor, config));
        let handle = Arc::new(Handle { lp });
        handle.lp.set_handle(Arc::downgrade(&handle));
        Self { handle }
    }

    /// The runner whose loop is polling this thread, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert!(pontoon_core::Runner::current().is_none());
    /// runner.run(async { assert!(pontoon_core::Runner::current().is_some()) });
    /// ```
    pub fn current() -> Option<Runner> {
        current::handle().map(|handle| Self { handle })
    }

    #[inline]
    pub(crate) fn lp(&self) -> &Arc<Loop> {
        &self.handle.lp
    }
}

/// Calls, in place.
impl Runner {
    /// Runs `future` to its end on this thread and gives its output.
    ///
    /// It is polled once before anything else: a future that is ready touches no queue and no thread.
    ///
    /// # Blocking
    ///
    /// Blocks until the future is done. Meanwhile this thread polls tasks of the loop, so it must not hold a lock that
    /// one of them takes; [`Builder::callers_drive`] turns that off. A task that blocks in its poll delays the return by
    /// that one poll; from then on the runner's own thread polls it.
    ///
    /// # Panics
    ///
    /// Panics where [`try_run`](Self::try_run) would give an error, and with the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.run(async { 6 * 7 }), 42);
    /// ```
    #[inline]
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        match self.try_run(future) {
            Ok(output) => output,
            Err(error) => refuse(&error),
        }
    }

    /// Runs `future` to its end on this thread, or says why that cannot be.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// [`RunError`], when the future has been dropped.
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.try_run(async { 1 }).unwrap(), 1);
    /// runner.close().unwrap();
    /// assert!(matches!(runner.try_run(async { 1 }), Err(pontoon_core::RunError::Closed)));
    /// ```
    #[inline]
    pub fn try_run<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        call::run(self.lp(), Door::Call, future, None)
    }

    /// Runs `future` on this thread for at most `limit`.
    ///
    /// # Cancel safety
    ///
    /// When the limit passes the future is dropped, in the runtime's context, before this returns.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run), for at most `limit`. Zero polls the future and gives it no time to wait.
    ///
    /// # Errors
    ///
    /// [`RunError::TimedOut`], and those of [`try_run`](Self::try_run).
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let never = std::future::pending::<()>();
    /// assert!(matches!(runner.run_timeout(Duration::from_millis(1), never), Err(pontoon_core::RunError::TimedOut)));
    /// ```
    pub fn run_timeout<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, RunError> {
        call::run(self.lp(), Door::Call, future, Some(limit))
    }

    /// Runs a future that may move between threads.
    ///
    /// Like [`run`](Self::run), but where this thread is captive in another runtime (a task of a current-thread tokio
    /// runtime, a `LocalSet`), a future that has to wait is polled on a thread outside of it. A runner on smol or
    /// async-std polls it there from the start wherever tokio is in sight, because libraries that can use either look
    /// for that.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.run_send(async { 2 }), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_send<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        match call::run_send(self.lp(), future) {
            Ok(output) => output,
            Err(error) => refuse(&error),
        }
    }

    /// Calls `f` in the runtime's context, for constructors, sync methods and `Drop` of values that need it.
    ///
    /// # Panics
    ///
    /// Panics if the runtime cannot be started, and in the destructor of a thread-local after the thread has used the
    /// runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.enter(|| 3), 3);
    /// ```
    #[track_caller]
    pub fn enter<T>(&self, f: impl FnOnce() -> T) -> T {
        if let Err(error) = call::start_executor(self.lp()) {
            refuse(&error);
        }
        let value = self.lp().enter(f);
        if self.lp().owes_host() {
            host::start_for_tasks(self.lp());
        }
        value
    }
}

/// Tasks.
impl Runner {
    /// Starts a task that any seat of the loop may poll.
    ///
    /// It runs on while nobody waits. On a runner that is closed or cannot start the task is cancelled from the first,
    /// and [`Task::join`] says why.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.spawn(async { 4 }).join().unwrap(), 4);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(self.lp(), false, future)
    }

    /// Starts a task that lives on the runner's thread: `make` is called there, and its future need not be `Send`.
    ///
    /// The thread of an inline runner is the first one that polls a local task while there are any.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let task = runner.spawn_local(|| {
    ///     let shared = Rc::new(5);
    ///     async move { *shared }
    /// });
    /// assert_eq!(task.join().unwrap(), 5);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn spawn_local<M, F>(&self, make: M) -> Task<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(self.lp(), true, Local::New(make))
    }

    /// Starts a task and waits until it says that it is ready; gives the value that it said so with.
    ///
    /// The idea is anyio's `start_task`.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run), until the task calls [`Ready::set`].
    ///
    /// # Errors
    ///
    /// [`JoinError`] if the task ended first: by a panic, by a cancel, or by giving up its `Ready`
    /// ([`JoinError::is_not_ready`]), which cancels it.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let (port, server) = runner
    ///     .start_task(|ready| async move {
    ///         ready.set(8080);
    ///         std::future::pending::<()>().await;
    ///     })
    ///     .unwrap();
    /// assert_eq!(port, 8080);
    /// drop(server);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn start_task<V, M, F>(&self, make: M) -> Result<(V, Task<F::Output>), JoinError>
    where
        V: Send + 'static,
        M: FnOnce(Ready<V>) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        ready::start(self, make)
    }

    /// Runs blocking code on the runtime's blocking pool: sync seen from async.
    ///
    /// A job that has begun cannot be stopped; cancelling it gives up its result.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.unblock(|| 6).join().unwrap(), 6);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn unblock<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        task::spawn_blocking(self.lp(), f)
    }

    /// Turns a blocking iterator into a stream. It runs on the blocking pool, a bounded number of items ahead.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt as _;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let sum = runner.run(runner.unblock_iter(1..=4).fold(0, |sum, n| sum + n));
    /// assert_eq!(sum, 10);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn unblock_iter<I>(&self, iter: I) -> UnblockIter<I::Item>
    where
        I: IntoIterator + Send + 'static,
        I::IntoIter: Send,
        I::Item: Send + 'static,
    {
        UnblockIter::new(self, iter)
    }

    /// A future that is ready after `duration`, by the runtime's own timer.
    ///
    /// # Panics
    ///
    /// Panics if the runtime cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let start = Instant::now();
    /// runner.run(runner.sleep(Duration::from_millis(2)));
    /// assert!(start.elapsed() >= Duration::from_millis(2));
    /// ```
    #[track_caller]
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if current::context_is_gone() {
            // No call can poll it on a thread that ends, and every call says why.
            return Box::pin(std::future::pending());
        }
        if let Err(error) = call::start_executor(self.lp()) {
            refuse(&error);
        }
        self.lp().sleep(duration)
    }
}

/// Adapters.
impl Runner {
    /// Turns a stream into an iterator. Each item is polled in place.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::stream;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let items: Vec<i32> = runner.wrap_iter(stream::iter([1, 2, 3])).collect();
    /// assert_eq!(items, [1, 2, 3]);
    /// ```
    pub fn wrap_iter<S: futures_core::Stream>(&self, stream: S) -> Iter<S> {
        Iter::new(self.clone(), stream)
    }

    /// Enters an async context and gives a guard that exits it on drop.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run), until the context is entered.
    ///
    /// # Errors
    ///
    /// The context's own, when entering failed.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{Outcome, context};
    /// use std::io;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let session = context(async || Ok::<_, io::Error>(9), async |_: i32, _: Outcome<'_>| Ok(()));
    /// let guard = runner.wrap_context(session)?;
    /// assert_eq!(*guard, 9);
    /// guard.close()?;
    /// # Ok::<(), io::Error>(())
    /// ```
    #[track_caller]
    pub fn wrap_context<C: AsyncContext>(&self, context: C) -> Result<Context<C>, C::Error> {
        Context::enter(self.clone(), context)
    }

    /// Enters an async context for the time of `body`; the exit sees how the body ended.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run), while entering and exiting.
    ///
    /// # Errors
    ///
    /// The body's error; else the context's own, when entering or exiting failed.
    ///
    /// # Panics
    ///
    /// With the panic of the body, after the exit has seen [`Outcome::Unwinding`](crate::Outcome::Unwinding); and as
    /// [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{Outcome, context};
    /// use std::io;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let session = context(async || Ok::<_, io::Error>(9), async |_: i32, _: Outcome<'_>| Ok(()));
    /// let doubled = runner.with_context(session, |value| Ok::<_, io::Error>(*value * 2))?;
    /// assert_eq!(doubled, 18);
    /// # Ok::<(), io::Error>(())
    /// ```
    #[track_caller]
    pub fn with_context<C, T, E>(&self, context: C, body: impl FnOnce(&mut C::Value) -> Result<T, E>) -> Result<T, E>
    where
        C: AsyncContext,
        E: Error + From<C::Error> + 'static,
    {
        context::with(self, context, body)
    }

    /// Enters an async context that [`close`](Self::close) exits, last entered first.
    ///
    /// # Blocking
    ///
    /// As [`run`](Self::run), until the context is entered.
    ///
    /// # Errors
    ///
    /// The context's own, when entering failed; nothing is kept then.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{Outcome, context};
    /// use std::io;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let session = context(async || Ok::<_, io::Error>(9), async |_: i32, _: Outcome<'_>| Ok(()));
    /// assert_eq!(runner.enter_context(session)?, 9);
    /// runner.close().unwrap();
    /// # Ok::<(), io::Error>(())
    /// ```
    #[track_caller]
    pub fn enter_context<C>(&self, context: C) -> Result<C::Value, C::Error>
    where
        C: AsyncContext + Send + 'static,
        C::Value: Clone + Send + 'static,
        C::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        context::keep(self, context)
    }

    /// Turns async I/O of the `futures-io` traits into blocking I/O of the standard library's.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::io::Cursor;
    /// use std::io::BufRead as _;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.wrap_io(Cursor::new(b"one\ntwo\n")).lines().count(), 2);
    /// ```
    pub fn wrap_io<T>(&self, io: T) -> Io<T> {
        Io::new(self.clone(), io)
    }
}

/// Life.
impl Runner {
    /// Closes the loop: runs the exits of entered contexts, last entered first, then ends blocked calls with
    /// [`RunError::Closed`], drops the remaining tasks in context, joins the thread and stops the runtime if it owns it.
    ///
    /// A second close gives `Ok`, and waits for the first if that is still under way. From inside the loop, `close`
    /// begins all this and returns without waiting for the task that it is called from.
    ///
    /// # Blocking
    ///
    /// For at most [`Builder::close_limit`].
    ///
    /// # Errors
    ///
    /// [`CloseError`] with the errors of all failed exits and the number of tasks that had to be left running. The runner
    /// is closed all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let forgotten = runner.spawn(std::future::pending::<()>());
    /// runner.close().unwrap();
    /// assert!(forgotten.join().unwrap_err().is_cancelled());
    /// assert!(runner.close().is_ok());
    /// ```
    pub fn close(&self) -> Result<(), CloseError> {
        self.close_timeout(self.lp().config.close_limit)
    }

    /// Closes the loop as [`close`](Self::close) does, within `limit`.
    ///
    /// # Blocking
    ///
    /// For at most `limit`, and the last poll of an exit that is under way then.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// runner.close_timeout(Duration::from_secs(1)).unwrap();
    /// assert!(runner.is_closed());
    /// ```
    pub fn close_timeout(&self, limit: Duration) -> Result<(), CloseError> {
        close::close(self.lp(), limit)
    }

    /// Whether a close has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert!(!runner.is_closed());
    /// runner.close().unwrap();
    /// assert!(runner.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.lp().state() != State::Open
    }

    /// The backend.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.executor().name(), "smol");
    /// ```
    pub fn executor(&self) -> &dyn Executor {
        &*self.lp().executor
    }

    /// How many of what there is right now.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let task = runner.spawn(std::future::pending::<()>());
    /// assert_eq!(runner.stats().tasks, 1);
    /// assert!(task.cancel().is_none());
    /// assert_eq!(runner.stats().tasks, 0);
    /// ```
    pub fn stats(&self) -> Stats {
        let lp = self.lp();
        Stats {
            tasks: lp.live.len(),
            callers: lp.blocked_calls(),
            depth: current::depth_here(),
            hand_overs: lp.hand_overs.load(Ordering::Relaxed),
            slow_polls: lp.slow_polls.load(Ordering::Relaxed),
        }
    }
}

#[cold]
#[track_caller]
pub(crate) fn refuse(error: &RunError) -> ! {
    panic!("{error}")
}

enum Local<M, F> {
    New(M),
    Made(SendWrapper<Pin<Box<F>>>),
    Done,
}

/// Nothing in it is pinned in place: the closure is moved out, the future lies in a box.
impl<M, F> Unpin for Local<M, F> {}

/// The future of a local task: made where it is first polled, and at home there.
impl<M, F> Future for Local<M, F>
where
    M: FnOnce() -> F,
    F: Future,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut PollContext<'_>) -> Poll<F::Output> {
        if let Self::New(_) = &*self {
            if let Self::New(make) = std::mem::replace(&mut *self, Self::Done) {
                *self = Self::Made(SendWrapper::new(Box::pin(make())));
            }
        }
        match &mut *self {
            Self::Made(future) => future.as_mut().poll(cx),
            _ => Poll::Pending,
        }
    }
}

//! A future that sync code can run.

use crate::Runner;
#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
use crate::{RunError, Task, global};
use pin_project_lite::pin_project;
#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
use std::time::Duration;
use std::{
    borrow::Borrow,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The value of a call from both sides: a future for async code, [`run`](Self::run) for sync code.
    ///
    /// `#[anysync]` makes them of functions, [`new`](Self::new) of any future. Nothing runs before it is awaited, run or
    /// spawned.
    ///
    /// A blocking use runs on the runner that the value was given with [`on`](Self::on), and else on the global one. The
    /// loop that may be polling the calling thread makes no difference to that: inside of it `run` works, as a nested
    /// call. Awaiting uses no runner.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "macros", feature = "smol"))] {
    /// #[pontoon::anysync]
    /// async fn answer() -> u32 {
    ///     42
    /// }
    ///
    /// assert_eq!(answer().run(), 42);
    /// pontoon::run(async {
    ///     assert_eq!(answer().await, 42);
    ///     assert_eq!(answer().run(), 42); // inside the loop
    /// });
    /// # }
    /// ```
    #[derive(Clone)]
    #[must_use = "it does nothing before it is awaited, run or spawned"]
    pub struct Any<F> {
        #[pin]
        future: F,
        runner: Option<Runner>,
    }
}

impl<F> Any<F> {
    /// Makes a future one for both sides.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")]
    /// assert_eq!(pontoon::Any::new(async { 1 }).run(), 1);
    /// ```
    #[inline]
    pub fn new(future: F) -> Self {
        Self { future, runner: None }
    }

    /// Chooses the runner for a blocking use, in place of the global one.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// let runner = pontoon::runner();
    /// let task = pontoon::Any::new(async { 1 }).on(&runner).spawn();
    /// assert_eq!(task.join().unwrap(), 1);
    /// # }
    /// ```
    #[inline]
    pub fn on(self, runner: impl Borrow<Runner>) -> Self {
        Self { runner: Some(runner.borrow().clone()), ..self }
    }

    /// Gives the future back.
    #[inline]
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Any<F> {
    /// Runs the future to its end on this thread, on `runner`.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Panics
    ///
    /// As [`Runner::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// let runner = pontoon::runner();
    /// assert_eq!(pontoon::Any::new(async { 1 }).run_on(&runner), 1);
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_on(self, runner: &Runner) -> F::Output {
        runner.run(self.future)
    }
}

/// These use the runner that the value was given, or the global one.
#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
impl<F: Future> Any<F> {
    /// Runs the future to its end on this thread and gives its output.
    ///
    /// It is polled in place: it may borrow, and need not be `Send`.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Panics
    ///
    /// As [`Runner::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon::Any::new(async { 6 * 7 }).run(), 42);
    /// ```
    #[inline]
    #[track_caller]
    pub fn run(self) -> F::Output {
        let Self { future, runner } = self;
        chosen(&runner).run(future)
    }

    /// Runs the future to its end on this thread, or says why that cannot be.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Errors
    ///
    /// As [`Runner::try_run`].
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon::runner();
    /// runner.close().unwrap();
    /// let refused = pontoon::Any::new(async { 1 }).on(&runner).try_run();
    /// assert!(matches!(refused, Err(pontoon::RunError::Closed)));
    /// ```
    #[inline]
    pub fn try_run(self) -> Result<F::Output, RunError> {
        let Self { future, runner } = self;
        chosen(&runner).try_run(future)
    }

    /// Runs the future on this thread for at most `limit`.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run_timeout`].
    ///
    /// # Cancel safety
    ///
    /// When the limit passes the future is dropped, in the runtime's context, before this returns.
    ///
    /// # Errors
    ///
    /// As [`Runner::run_timeout`].
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let never = pontoon::Any::new(std::future::pending::<()>());
    /// assert!(matches!(never.run_timeout(Duration::from_millis(1)), Err(pontoon::RunError::TimedOut)));
    /// ```
    pub fn run_timeout(self, limit: Duration) -> Result<F::Output, RunError> {
        let Self { future, runner } = self;
        chosen(&runner).run_timeout(limit, future)
    }

    /// Runs a future that may move between threads: what to call in a task of a current-thread tokio runtime.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run_send`].
    ///
    /// # Panics
    ///
    /// As [`Runner::run_send`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon::Any::new(async { 2 }).run_send(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn run_send(self) -> F::Output
    where
        F: Send,
        F::Output: Send,
    {
        let Self { future, runner } = self;
        chosen(&runner).run_send(future)
    }

    /// Starts the future as a task.
    ///
    /// # Cancel safety
    ///
    /// Dropping the handle cancels the task; see [`Task`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(pontoon::Any::new(async { 4 }).spawn().join().unwrap(), 4);
    /// ```
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn spawn(self) -> Task<F::Output>
    where
        F: Send + 'static,
        F::Output: Send + 'static,
    {
        let Self { future, runner } = self;
        chosen(&runner).spawn(future)
    }
}

#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
#[inline]
pub(super) fn chosen(runner: &Option<Runner>) -> &Runner {
    runner.as_ref().unwrap_or_else(|| global())
}

impl<F: Future> Future for Any<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl<F> From<F> for Any<F> {
    fn from(future: F) -> Self {
        Self::new(future)
    }
}

impl<F> fmt::Debug for Any<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Any").field("runner", &self.runner).finish_non_exhaustive()
    }
}

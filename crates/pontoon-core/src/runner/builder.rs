//! How a runner is made.

use super::{Config, Runner, host};
use crate::{Executor, RunError};
use std::{fmt, time::Duration};

/// The most calls that may be nested on one thread, whatever [`Builder::max_depth`] asks for.
const MAX_DEPTH: usize = 1 << 16;

/// Makes a [`Runner`] that differs from the default.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # let executor = pontoon_smol::Smol::new();
/// let runner = pontoon_core::Runner::builder(executor)
///     .thread_name("database")
///     .close_limit(Duration::from_secs(5))
///     .build();
/// assert_eq!(runner.run(async { 1 }), 1);
/// ```
#[must_use = "a builder does nothing until `build` or `start`"]
pub struct Builder {
    executor: Box<dyn Executor>,
    config: Config,
}

impl Builder {
    pub(super) fn new(executor: impl Executor) -> Self {
        Self { executor: Box::new(executor), config: Config::default() }
    }

    /// Names the runner's own thread; `"pontoon"` unless told otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).thread_name("database").build();
    /// let name = runner.spawn_local(|| async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(name.join().unwrap().as_deref(), Some("database"));
    /// ```
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.thread_name = name.into().replace('\0', "");
        self
    }

    /// Makes an inline runner: no thread of its own, its callers alone drive.
    ///
    /// It is the cheapest kind, and on `Tokio::new` a fresh one works in a forked child, too. Background tasks rest between calls, and the thread
    /// that first polls a [`spawn_local`](Runner::spawn_local) task keeps all of them. Callers always drive, whatever
    /// [`callers_drive`](Self::callers_drive) says.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).without_thread().build();
    /// let task = runner.spawn(async { 42 });
    /// assert!(!task.is_finished());           // nobody drives between calls
    /// assert_eq!(task.join().unwrap(), 42);
    /// ```
    pub fn without_thread(mut self) -> Self {
        self.config.thread = false;
        self
    }

    /// Whether threads that wait in a call run the loop's tasks meanwhile; yes unless told otherwise.
    ///
    /// Say no if callers hold locks that tasks take. A call then costs a thread hop whenever it has to wait. A task that
    /// wants such a lock blocks the runner's own thread until the caller lets go; where nobody else turns the reactor, as on
    /// `Tokio::new`, a caller that holds it must not wait for a timer or for I/O.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).callers_drive(false).build();
    /// let task = runner.spawn(async { thread::current().id() });
    /// assert_ne!(task.join().unwrap(), thread::current().id());
    /// ```
    pub fn callers_drive(mut self, drive: bool) -> Self {
        self.config.callers_drive = drive;
        self
    }

    /// How many calls may be nested on one thread before the next one is [`RunError::TooDeep`]; 128 unless told
    /// otherwise, at least 1. A thread whose stack runs short refuses earlier.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{RunError, Runner};
    /// let runner = Runner::builder(pontoon_smol::Smol::new()).max_depth(1).build();
    /// runner.run(async {
    ///     assert!(matches!(runner.try_run(async {}), Err(RunError::TooDeep(_))));
    /// });
    /// ```
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.config.max_depth = depth.clamp(1, MAX_DEPTH);
        self
    }

    /// How long [`Runner::close`] and the drop of the last handle may take; 30 seconds unless told otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).close_limit(Duration::from_secs(1)).build();
    /// runner.close().unwrap();
    /// ```
    pub fn close_limit(mut self, limit: Duration) -> Self {
        self.config.close_limit = limit;
        self
    }

    /// Counts polls of tasks that take longer than `limit` in [`Stats::slow_polls`](crate::Stats::slow_polls).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// let limit = Duration::from_millis(1);
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).slow_poll(limit).build();
    /// let busy = async move {
    ///     let start = Instant::now();
    ///     while start.elapsed() <= limit {}
    /// };
    /// runner.spawn(busy).join().unwrap();
    /// assert_eq!(runner.stats().slow_polls, 1);
    /// ```
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.config.slow_poll = Some(limit);
        self
    }

    /// How long a nested call may sit idle on top of a call or a task that could go on if it returned, before it ends with
    /// [`RunError::WouldDeadlock`]; 5 seconds unless told otherwise, and never for zero.
    ///
    /// Nesting on one thread is last in, first out: a call cannot return before those above it on the stack have. If the
    /// upper one waits for the lower one, both wait for ever; this limit turns that into an error. Inside a guest's task it
    /// is also how long the call may keep other tasks of the guest waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).stuck_after(Duration::from_secs(60)).build();
    /// assert_eq!(runner.run(async { runner.run(async { 42 }) }), 42);
    /// ```
    pub fn stuck_after(mut self, limit: Duration) -> Self {
        self.config.stuck_after = limit;
        self
    }

    /// Makes the runner. Nothing is started before its first use.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).build();
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// ```
    pub fn build(mut self) -> Runner {
        self.config.callers_drive |= !self.config.thread;
        Runner::from_parts(self.executor, self.config)
    }

    /// Makes the runner and starts its runtime and thread now.
    ///
    /// # Errors
    ///
    /// [`RunError::Start`] if the runtime or the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// let runner = pontoon_core::Runner::builder(pontoon_smol::Smol::new()).start()?;
    /// assert_eq!(runner.run(async { 42 }), 42);
    /// # Ok::<(), pontoon_core::RunError>(())
    /// ```
    pub fn start(self) -> Result<Runner, RunError> {
        let runner = self.build();
        let lp = runner.lp();
        lp.start_executor()?;
        host::ensure(lp)?;
        Ok(runner)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("executor", &self.executor.name()).field("config", &self.config).finish()
    }
}

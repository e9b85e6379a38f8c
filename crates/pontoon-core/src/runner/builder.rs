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
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.thread_name = name.into().replace('\0', "");
        self
    }

    /// Makes an inline runner: no thread of its own, its callers alone drive.
    ///
    /// It is the cheapest kind, and on `Tokio::new` a fresh one works in a forked child, too. Background tasks rest between calls, and the thread
    /// that first polls a [`spawn_local`](Runner::spawn_local) task keeps all of them. Callers always drive, whatever
    /// [`callers_drive`](Self::callers_drive) says.
    pub fn without_thread(mut self) -> Self {
        self.config.thread = false;
        self
    }

    /// Whether threads that wait in a call run the loop's tasks meanwhile; yes unless told otherwise.
    ///
    /// Say no if callers hold locks that tasks take. A call then costs a thread hop whenever it has to wait.
    pub fn callers_drive(mut self, drive: bool) -> Self {
        self.config.callers_drive = drive;
        self
    }

    /// How many calls may be nested on one thread before the next one is [`RunError::TooDeep`]; 128 unless told
    /// otherwise, at least 1. A thread whose stack runs short refuses earlier.
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.config.max_depth = depth.clamp(1, MAX_DEPTH);
        self
    }

    /// How long [`Runner::close`] and the drop of the last handle may take; 30 seconds unless told otherwise.
    pub fn close_limit(mut self, limit: Duration) -> Self {
        self.config.close_limit = limit;
        self
    }

    /// Counts polls of tasks that take longer than `limit` in [`Stats::slow_polls`](crate::Stats::slow_polls).
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.config.slow_poll = Some(limit);
        self
    }

    /// How long a nested call may sit idle on top of a call that could go on if it returned, before it ends with
    /// [`RunError::WouldDeadlock`]; 5 seconds unless told otherwise, and never for zero.
    ///
    /// Nesting on one thread is last in, first out: a call cannot return before those above it on the stack have. If the
    /// upper one waits for the lower one, both wait for ever; this limit turns that into an error.
    pub fn stuck_after(mut self, limit: Duration) -> Self {
        self.config.stuck_after = limit;
        self
    }

    /// Makes the runner. Nothing is started before its first use.
    pub fn build(mut self) -> Runner {
        self.config.callers_drive |= !self.config.thread;
        Runner::from_parts(self.executor, self.config)
    }

    /// Makes the runner and starts its runtime and thread now.
    ///
    /// # Errors
    ///
    /// [`RunError::Start`] if the runtime or the thread cannot be started.
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

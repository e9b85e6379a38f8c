//! Closing: exits LIFO, calls woken, tasks dropped, the thread joined, a report of what was left.

use super::call::{self, Door};
use crate::{
    CloseError, RunError,
    error::panic_text,
    run_loop::{Loop, State},
    sync::{AtomicBool, Condvar, Instant, Mutex, holds},
    trace,
};
use std::{
    error::Error,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

pub(crate) type ExitError = Box<dyn Error + Send + Sync + 'static>;
/// How often a `close` without a thread looks for tasks that other threads have let go of.
const RECHECK: Duration = Duration::from_millis(5);

type ExitFuture = Pin<Box<dyn Future<Output = Result<(), ExitError>>>>;

/// Makes the future that exits one entered context. It is called and polled where `close` is.
pub(crate) type Exit = Box<dyn FnOnce() -> ExitFuture + Send>;

/// The contexts entered with [`Runner::enter_context`](crate::Runner::enter_context), and who closes.
#[derive(Default)]
pub(crate) struct Exits {
    stack: Mutex<Vec<Exit>>,
    deadline: Mutex<Option<Instant>>,
    closed: Mutex<bool>,
    closes: Condvar,
    /// The host ends by itself, and nobody has waited for it yet.
    unjoined: AtomicBool,
    /// An inline runner was closed from inside: the last one who leaves it stops the runtime.
    unfinished: AtomicBool,
}

impl Exits {
    /// Keeps an exit for `close`; gives it back if that has come too far.
    pub(crate) fn push(&self, lp: &Loop, exit: Exit) -> Result<(), Exit> {
        let mut stack = self.stack.lock().unwrap_or_else(PoisonError::into_inner);
        if lp.is_closing() {
            return Err(exit);
        }
        stack.push(exit);
        Ok(())
    }

    fn pop(&self) -> Option<Exit> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Drops the exits that a loop which closed itself has left: one error for each. After any other close there are none.
    fn give_up(&self) -> Vec<ExitError> {
        let mut errors = Vec::new();
        while let Some(exit) = self.pop() {
            drop(exit);
            errors.push("an exit could not run: the backend panicked on the runner's own thread before".into());
        }
        errors
    }

    fn set_closed(&self) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.closes.notify_all();
    }

    /// Waits until another thread's `close` is through.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        while !*closed {
            let left = left(deadline).unwrap_or(Duration::from_secs(3600));
            if left.is_zero() {
                return false;
            }
            closed = self.closes.wait_timeout(closed, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Closes the loop, once; everybody else waits for the one who does.
pub(crate) fn close(lp: &Arc<Loop>, limit: Duration) -> Result<(), CloseError> {
    if lp.is_forked() {
        // The parent's threads, locks and tasks are not ours to end.
        return Ok(());
    }
    let deadline = Instant::now().checked_add(limit);
    // Inside the loop, the one who closes may be waiting for this very thread.
    let inside = lp.is_current() || lp.host.is_this_thread();
    if !lp.advance(State::Open, State::Exiting) {
        // A close from inside the loop leaves all the rest to whoever closes from outside.
        if inside {
            leave(lp);
            return Ok(());
        }
        if !lp.exits.wait(deadline) {
            return Err(CloseError { exits: Vec::new(), abandoned: lp.live.len(), limit: Some(limit) });
        }
        leave(lp);
        if lp.exits.unjoined.swap(false, Ordering::SeqCst) {
            lp.host.join(deadline);
        }
        return told(CloseError { exits: lp.exits.give_up(), abandoned: 0, limit: None });
    }
    *lp.exits.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    let trace = trace::close(lp, limit);
    let phase = trace::exits();
    let mut error = CloseError { exits: Vec::new(), abandoned: 0, limit: None };
    let mut in_time = run_exits(lp, deadline, &mut error.exits);
    lp.advance(State::Exiting, State::Closing);
    // An exit may have been added between the last look and the change of state.
    in_time &= run_exits(lp, deadline, &mut error.exits);
    if !in_time {
        error.limit = Some(limit);
    }
    phase.end();
    let phase = trace::cancel();
    if holds("close-wakes-tasks") {
        lp.live.wake_all();
    }
    if holds("close-wakes-calls") {
        lp.wake_all();
    }
    phase.end();
    let phase = trace::join();
    // A thread that was being started when the state changed is known once its slot can be had.
    let started = lp.host.settle();
    if inside {
        // The caller's own task, and perhaps the thread it runs on, end after this returns.
        if started {
            lp.exits.unjoined.store(true, Ordering::SeqCst);
        } else {
            drop_queued(lp);
            lp.exits.unfinished.store(true, Ordering::SeqCst);
        }
    } else if started {
        if !lp.host.join(deadline) {
            error.limit = Some(limit);
            error.abandoned = lp.live.len();
        }
    } else {
        let dropped = drop_all(lp, deadline);
        let in_time = lp.wait_for_calls(deadline);
        if !dropped || !in_time {
            error.abandoned = lp.live.len();
            if left(deadline).is_some_and(|left| left.is_zero()) {
                error.limit = Some(limit);
            }
        }
        if in_time {
            finish(lp);
        } else {
            // Whoever leaves last does it.
            lp.exits.unfinished.store(true, Ordering::SeqCst);
        }
    }
    end(lp);
    phase.end();
    trace.end(&error);
    told(error)
}

/// What a close says: it is an error only if something went wrong.
fn told(error: CloseError) -> Result<(), CloseError> {
    if error.exits.is_empty() && error.abandoned == 0 && error.limit.is_none() { Ok(()) } else { Err(error) }
}

/// Runs the exits on the live loop, last entered first; one that fails stops none of the others, and one that does not
/// end leaves them an eighth of the time. Says whether all of them ended in time.
fn run_exits(lp: &Arc<Loop>, deadline: Option<Instant>, errors: &mut Vec<ExitError>) -> bool {
    let mut in_time = true;
    while let Some(exit) = lp.exits.pop() {
        let limit = left(deadline).map(|left| left - left / 8);
        if let Err(error) = run_exit(lp, exit, limit) {
            in_time &= !error.is::<ExitTimedOut>();
            errors.push(error);
        }
    }
    in_time
}

/// An exit did not end in its time.
#[derive(Debug)]
struct ExitTimedOut;

impl fmt::Display for ExitTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exit did not end within the limit of `close` and was cancelled")
    }
}

impl Error for ExitTimedOut {}

/// Runs one exit on this thread, within `limit`.
pub(crate) fn run_exit(lp: &Arc<Loop>, exit: Exit, limit: Option<Duration>) -> Result<(), ExitError> {
    let ran = catch_unwind(AssertUnwindSafe(|| call::run(lp, Door::Exit, async { exit().await }, limit)));
    match ran {
        Ok(Ok(result)) => result,
        Ok(Err(RunError::TimedOut)) => Err(ExitTimedOut.into()),
        Ok(Err(error)) => Err(error.into()),
        Err(payload) => Err(format!("an exit panicked: {}", panic_text(&*payload)).into()),
    }
}

/// Drops the tasks that are queued. Says how many had to be leaked because their thread never came back to the loop.
fn drop_queued(lp: &Loop) -> usize {
    let mut leaked = 0;
    while let Some(runnable) = lp.next_any() {
        if runnable.metadata().is_of_other_thread() {
            std::mem::forget(runnable);
            leaked += 1;
        } else {
            lp.enter(|| drop(runnable));
        }
    }
    leaked
}

/// Of a loop that nobody drives: drops every task, waiting for those that other threads poll right now.
pub(super) fn drop_all(lp: &Arc<Loop>, deadline: Option<Instant>) -> bool {
    let mut leaked = 0;
    loop {
        leaked += drop_queued(lp);
        if lp.live.len() <= leaked {
            return leaked == 0;
        }
        if left(deadline).is_some_and(|left| left.is_zero()) {
            return false;
        }
        lp.live.wait(left(deadline).unwrap_or(RECHECK).min(RECHECK));
    }
}

/// This thread may be the last one on a loop that was closed from inside.
#[cold]
pub(crate) fn leave(lp: &Loop) {
    if !lp.is_current() && lp.blocked_calls() == 0 && lp.exits.unfinished.swap(false, Ordering::SeqCst) {
        finish(lp);
    }
}

/// The host has ended without a `close`: the next one finds the loop closed, and has only the thread to join.
pub(super) fn closed_itself(lp: &Loop) {
    lp.exits.unjoined.store(true, Ordering::SeqCst);
    end(lp);
}

/// The loop is closed: those who wait for that go on.
fn end(lp: &Loop) {
    lp.advance(State::Closing, State::Closed);
    lp.exits.set_closed();
}

/// The last step: nothing is queued any more, the runtime may stop.
pub(crate) fn finish(lp: &Loop) {
    lp.shut_queues();
    drop_queued(lp);
    if lp.has_started() {
        let deadline = *lp.exits.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let phase = trace::stop(lp);
        // A loop that closed itself has no deadline, and neither has a close without end.
        lp.executor.shutdown(left(deadline).unwrap_or(lp.config.close_limit));
        phase.end();
    }
}

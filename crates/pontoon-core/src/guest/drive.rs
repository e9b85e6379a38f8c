//! The host's thread in the worker's place, for a while: [`GuestRun::run_for`](super::GuestRun::run_for).
//!
//! The guest is taken from its host and gets one that is this thread, inside the runtime. The order is what keeps ticks:
//! the worker stands aside before this thread enters the runtime, because async-io has one thread at a time at its
//! reactor and no queue for others; and at the end the host is put back first, and the queue closed second, so that a
//! waker that still has the other host finds it closed and goes to the real one.

use super::{
    GuestError, Host, Tick,
    local::Local,
    shared::{Phase, Shared},
};
use crate::{BoxFuture, Executor, Place, RunError};
use concurrent_queue::ConcurrentQueue;
use parking::Parker;
use std::{
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// Runs the guest on this thread for `limit`. Says whether it has ended.
pub(super) fn run_for(local: &Rc<Local>, limit: Duration) -> Result<bool, RunError> {
    if local.shared.phase() == Phase::Running || local.is_dropping() {
        return Err(RunError::deadlock(
            "a task of the guest waits for the guest",
            "call `run_for` and `finish_blocking` from the host, or let the task return first",
        ));
    }
    let deadline = Instant::now().checked_add(limit);
    let Some(here) = Here::take_over(local) else { return Ok(true) };
    let mut is_over = false;
    if let Some(aside) = Aside::new(local, limit) {
        let sleep = deadline.map(|_| aside.executor.sleep(limit));
        let mut last = Turn::Again;
        aside.executor.block_on(pin!(InRuntime { here: &here, deadline, sleep, last: &mut last }));
        is_over = last == Turn::Over;
    }
    if !is_over {
        here.wait_outside(deadline);
    }
    Ok(local.shared.phase() == Phase::Gone)
}

/// What this thread asks of its queue of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There is another.
    Again,
    /// There is none.
    Wait,
    /// The time is up, somebody wants the thread, or the guest has ended.
    Over,
}

/// This thread as the guest's host, until dropped.
struct Here<'a> {
    local: &'a Rc<Local>,
    ticks: Arc<Ticks>,
}

struct Ticks {
    queue: ConcurrentQueue<Tick>,
    shared: Arc<Shared>,
    /// Who gets what comes too late.
    host: Arc<dyn Host>,
}

struct TicksHost(Arc<Ticks>);

impl Host for TicksHost {
    fn schedule(&self, tick: Tick) {
        match self.0.queue.push(tick) {
            Ok(()) => self.0.shared.driver.wake(),
            Err(closed) => self.0.host.schedule(closed.into_inner()),
        }
    }
}

impl<'a> Here<'a> {
    /// Takes the guest from its host. None: it has ended.
    fn take_over(local: &'a Rc<Local>) -> Option<Self> {
        let shared = &local.shared;
        let host = shared.host().clone()?;
        let ticks = Arc::new(Ticks { queue: ConcurrentQueue::unbounded(), shared: shared.clone(), host });
        let here = Self { local, ticks };
        shared.set_host(Some(Arc::new(TicksHost(here.ticks.clone()))));
        if !local.take_over() {
            match shared.phase() {
                Phase::Ending => {
                    // The last tick may be on its way to the other host: it is stale from here on. Whoever has not sent it
                    // yet will send one of the new generation.
                    shared.move_on(Phase::Ending);
                    if shared.is_seen_off() {
                        local.finish();
                    }
                }
                _ => local.tear_down(GuestError::Cancelled),
            }
        }
        Some(here)
    }

    /// Runs the next tick, if there is one.
    fn turn(&self, deadline: Option<Instant>) -> Turn {
        let shared = &self.local.shared;
        if shared.phase() == Phase::Gone || shared.take_interrupt() {
            return Turn::Over;
        }
        if let Ok(tick) = self.ticks.queue.pop() {
            tick.run();
        }
        if shared.phase() == Phase::Gone || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Turn::Over;
        }
        if self.ticks.queue.is_empty() { Turn::Wait } else { Turn::Again }
    }

    /// Goes on outside of the runtime: where this thread may not be in there, and once the runtime is to stop.
    fn wait_outside(&self, deadline: Option<Instant>) {
        let parker = Parker::new();
        let waker = Waker::from(parker.unparker());
        loop {
            self.local.shared.driver.register(&waker);
            match self.turn(deadline) {
                Turn::Over => return,
                Turn::Again => {}
                Turn::Wait => match deadline {
                    Some(deadline) => drop(parker.park_deadline(deadline)),
                    None => parker.park(),
                },
            }
        }
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        let shared = &self.local.shared;
        if shared.phase() != Phase::Gone {
            shared.set_host(Some(self.ticks.host.clone()));
        }
        drop(shared.driver.take());
        self.ticks.queue.close();
        while let Ok(tick) = self.ticks.queue.pop() {
            self.ticks.host.schedule_local(tick);
        }
    }
}

/// The worker stands aside, until dropped.
struct Aside<'a> {
    local: &'a Rc<Local>,
    executor: Arc<dyn Executor>,
}

impl<'a> Aside<'a> {
    /// None: this thread is not to wait in the runtime.
    fn new(local: &'a Rc<Local>, limit: Duration) -> Option<Self> {
        let executor = local.executor()?;
        if executor.is_thread_bound() || executor.can_block().is_err() || executor.place() != Place::Free {
            return None;
        }
        // Dropped again where the worker does not make it in time.
        let aside = Self { local, executor };
        local.shared.worker.step_aside(limit).then_some(aside)
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.local.shared.worker.come_back();
    }
}

/// Runs ticks inside the runtime, one for each turn of the reactor. Ready when that is over, or the guest ends: the
/// runtime stops then.
struct InRuntime<'a> {
    here: &'a Here<'a>,
    deadline: Option<Instant>,
    sleep: Option<BoxFuture<'static, ()>>,
    last: &'a mut Turn,
}

impl Future for InRuntime<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let shared = &self.here.local.shared;
        shared.driver.register(cx.waker());
        let turn = self.here.turn(self.deadline);
        *self.last = turn;
        if turn == Turn::Over || shared.phase() >= Phase::Ending {
            return Poll::Ready(());
        }
        if turn == Turn::Again {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.sleep.as_mut().map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}

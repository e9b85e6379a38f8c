//! What polls a guest's tasks on the host's thread, in the way that its runtime needs.

use super::{
    budget::Meter,
    ready::{self, Ready},
    shared::{Runnable, Shared},
    slow::Watch,
};
use async_task::FallibleTask;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    sync::Arc,
    task::Context,
};

/// How a runtime wants a guest's tasks to be polled; an [`Executor`](crate::Executor) makes one for each guest.
///
/// It lives on the host's thread, is called in the runtime's context, and is dropped there.
pub trait Engine {
    /// Called before each turn, in the same context: what it does to the waker of the last one asks for nothing.
    fn prepare(&mut self) {}

    /// One tick: calls [`Pump::step`] until that says false, and polls what tasks the runtime keeps for this thread
    /// itself. `cx` asks for another tick.
    fn turn(&mut self, cx: &mut Context<'_>);

    /// Whether the thread that turns the reactor has to be woken with each tick that another thread asks for. async-io
    /// needs that: a thread that it takes for idle gives the reactor up.
    fn nudges(&self) -> bool {
        true
    }
}

/// A guest's queue as an [`Engine`] sees it.
#[derive(Clone)]
pub struct Pump(pub(super) Rc<Queue>);

impl Pump {
    /// Polls the next task. False: there is none, or the tick's budget is spent.
    #[inline]
    pub fn step(&self) -> bool {
        self.0.step()
    }
}

impl fmt::Debug for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").finish_non_exhaustive()
    }
}

/// The engine of a runtime that has no wishes.
pub(crate) struct Plain(pub(crate) Pump);

impl Engine for Plain {
    fn turn(&mut self, _: &mut Context<'_>) {
        while self.0.step() {}
    }
}

/// The host thread's side of the queue.
pub(super) struct Queue {
    pub(super) shared: Arc<Shared>,
    pub(super) main: RefCell<Option<FallibleTask<(), super::task::Meta>>>,
    pub(super) main_ended: Cell<bool>,
    pub(super) meter: Meter,
    pub(super) watch: Option<Watch>,
    /// Between ticks: the tasks that the last one woke and did not poll.
    pub(super) ready: Ready,
}

impl Queue {
    /// Main has ended, or somebody wants it to: no task is polled any more.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.main_ended.get() || self.shared.is_cancelled()
    }

    /// The next task, in turn from those that the tick itself has woken and from the others.
    #[inline]
    fn next(&self) -> Option<Runnable> {
        if self.meter.polls() % 2 == 0 {
            ready::pop().or_else(|| self.shared.pop())
        } else {
            self.shared.pop().or_else(ready::pop)
        }
    }

    #[inline]
    fn step(&self) -> bool {
        if self.meter.is_over() || self.is_done() {
            return false;
        }
        let Some(runnable) = self.next() else { return false };
        self.meter.poll();
        let is_main = runnable.metadata().main;
        match &self.watch {
            None => drop(runnable.run()),
            Some(watch) => watch.poll(runnable),
        }
        if is_main {
            self.main_ended.set(self.main.borrow().as_ref().is_none_or(FallibleTask::is_finished));
        }
        true
    }
}

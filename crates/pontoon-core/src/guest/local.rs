//! A guest on its own thread: its ticks and its end.

use super::{
    AbandonReason, Abandoned, GuestError,
    engine::{Engine, Queue},
    error::Panic,
    ready,
    shared::{Ask, EngineWaker, Phase, Shared},
    worker,
};
use crate::{Executor, current, trace, woken};
use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{Arc, PoisonError},
    task::{Context, Waker},
    thread,
    time::Duration,
};

/// Gives `done` the output of main, or the reason why there is none.
type Done = Box<dyn FnOnce(Option<GuestError>)>;

/// What belongs to a guest on its own thread.
pub(super) struct Local {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Rc<Queue>,
    executor: RefCell<Option<Arc<dyn Executor>>>,
    engine: RefCell<Option<Box<dyn Engine>>>,
    engine_waker: Waker,
    done: RefCell<Option<Done>>,
    /// Why the guest ended; none if main has an output.
    error: RefCell<Option<GuestError>>,
    /// The tasks are being dropped, below us on this stack.
    dropping: Cell<bool>,
    end_limit: Duration,
    slice: Duration,
    pub(super) ticks: Cell<u64>,
    pub(super) polls: Cell<u64>,
}

thread_local! {
    /// The guests of this thread that have not ended, and the threads' own end.
    static GUESTS: RefCell<Guests> = const { RefCell::new(Guests(Vec::new())) };
    /// The guests whose tasks are being polled on this thread's stack, outermost first.
    static CURRENT: RefCell<Vec<Rc<Local>>> = const { RefCell::new(Vec::new()) };
    /// A host is being asked for a tick by a waker, below us on this stack.
    static WAKING: Cell<bool> = const { Cell::new(false) };
}

struct Guests(Vec<Rc<Local>>);

/// The thread ends, and guests are left.
impl Drop for Guests {
    fn drop(&mut self) {
        for local in self.0.drain(..) {
            local.abandon(AbandonReason::ThreadEnded);
        }
    }
}

fn find(shared: &Shared) -> Option<Rc<Local>> {
    let find = |guests: &RefCell<Guests>| guests.borrow().0.iter().find(|local| local.shared.id == shared.id).cloned();
    GUESTS.try_with(find).ok()?
}

/// The guest whose task is being polled.
pub(super) fn current() -> Option<Rc<Local>> {
    CURRENT.try_with(|current| current.borrow().last().cloned()).ok()?
}

/// Calls `f` as the guest's.
fn as_current<R>(local: &Rc<Local>, f: impl FnOnce() -> R) -> R {
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            if self.0 {
                let popped = CURRENT.with_borrow_mut(Vec::pop);
                drop(popped);
            }
        }
    }
    let entered = CURRENT.try_with(|current| current.borrow_mut().push(local.clone())).is_ok();
    let _leave = Leave(entered);
    f()
}

/// A tick, on the guest's thread.
pub(super) fn tick(shared: &Arc<Shared>) {
    let Some(local) = find(shared) else { return };
    match shared.phase() {
        Phase::Scheduled => local.tick(),
        Phase::Ending => local.finish(),
        _ => {}
    }
}

/// The host has given a tick up, on whichever thread.
pub(super) fn abandon(shared: &Arc<Shared>, generation: usize, reason: AbandonReason) {
    // A waker may be called under a lock that destructors of tasks want, too.
    let local = if shared.is_home() && !WAKING.get() { find(shared) } else { None };
    if let Some(local) = local {
        return local.abandon(reason);
    }
    let report = Abandoned { reason, tasks: shared.live.len(), thread: thread::current().id() };
    if shared.move_on_from(generation, Phase::Abandoned) {
        shared.report(report);
        // It drops what may move, so that whoever waits for that hears of it.
        shared.worker.stop();
        if shared.worker.has_left() {
            shared.drop_what_may_move();
        }
    }
}

/// Calls `f`, which gives a host a tick, as a waker.
pub(super) fn waking(f: impl FnOnce()) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            WAKING.set(self.0);
        }
    }
    let _restore = Restore(WAKING.replace(true));
    f();
}

/// The tasks of a guest that ask to be polled, as whoever keeps its tick from going on sees them.
#[derive(Clone)]
pub(crate) struct Queued(Arc<Shared>);

impl Queued {
    pub(crate) fn is_any(&self) -> bool {
        self.0.has_tasks() || self.0.is_home() && ready::is_any()
    }
}

/// What a guest is made of.
pub(super) struct Parts {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Rc<Queue>,
    pub(super) executor: Arc<dyn Executor>,
    pub(super) engine: Box<dyn Engine>,
    pub(super) done: Done,
    pub(super) end_limit: Duration,
    pub(super) slice: Duration,
}

impl Local {
    /// Puts a guest among those of this thread.
    pub(super) fn new(parts: Parts) -> Rc<Self> {
        let Parts { shared, queue, executor, engine, done, end_limit, slice } = parts;
        let local = Rc::new(Self {
            engine_waker: Waker::from(Arc::new(EngineWaker(shared.clone()))),
            shared,
            queue,
            executor: RefCell::new(Some(executor)),
            engine: RefCell::new(Some(engine)),
            done: RefCell::new(Some(done)),
            error: RefCell::new(None),
            dropping: Cell::new(false),
            end_limit,
            slice,
            ticks: Cell::new(0),
            polls: Cell::new(0),
        });
        GUESTS.with_borrow_mut(|guests| guests.0.push(local.clone()));
        local
    }

    fn enter(&self, mut f: impl FnMut()) {
        match self.executor() {
            Some(executor) if !current::context_is_gone() => executor.enter(&mut || {
                current::in_context();
                f();
            }),
            _ => f(),
        }
    }

    fn tick(self: &Rc<Self>) {
        self.shared.set_phase(Phase::Running);
        self.shared.set_depth();
        let trace = trace::tick(self.shared.id);
        let meter = &self.queue.meter;
        meter.start();
        let turned = catch_unwind(AssertUnwindSafe(|| {
            self.turn();
            if let Some(watch) = &self.queue.watch {
                watch.tick(meter.elapsed(), self.slice, meter.polls());
            }
        }));
        self.ticks.set(self.ticks.get() + 1);
        self.polls.set(self.polls.get() + meter.polls() as u64);
        trace.end(|| (meter.polls(), meter.elapsed(), self.slice));
        let failure = turned.err().or_else(|| self.shared.take_failure());
        if failure.is_none() && !self.queue.is_done() {
            let ready = !self.queue.ready.borrow().is_empty();
            return self.shared.rest(ready, (ready || self.shared.has_tasks()) && meter.is_over());
        }
        let error = failure.map(|payload| GuestError::Panicked(Panic::new(payload)));
        self.end(error.or_else(|| self.shared.is_cancelled().then_some(GuestError::Cancelled)), true);
    }

    fn turn(self: &Rc<Self>) {
        as_current(self, || {
            self.enter(|| {
                if let Some(engine) = &mut *self.engine.borrow_mut() {
                    engine.prepare();
                    // Whoever wakes the engine from here on finds it polled, or has it polled again.
                    self.shared.take_engine();
                    let cx = &mut Context::from_waker(&self.engine_waker);
                    let turn = || woken::tick(Queued(self.shared.clone()), || engine.turn(cx));
                    ready::ticking(self.shared.id, &self.queue.ready, turn);
                }
            });
        });
    }

    /// Drops every task, in context, and sees the worker off. With `ticks` the host gets a last tick once that has
    /// stopped, which calls `done`.
    fn end(self: &Rc<Self>, error: Option<GuestError>, ticks: bool) {
        self.shared.move_on(Phase::Ending);
        let first = self.error.take().or(error);
        *self.error.borrow_mut() = first;
        self.dropping.set(true);
        as_current(self, || {
            self.enter(|| {
                drop(self.queue.main.borrow_mut().take());
                let engine = self.engine.take();
                drop(engine);
                loop {
                    let mut tasks = self.shared.take_tasks(|_| true);
                    tasks.extend(self.queue.ready.take());
                    if tasks.is_empty() {
                        break;
                    }
                    tasks.into_iter().for_each(drop);
                }
            });
        });
        self.dropping.set(false);
        if let Some(executor) = self.executor.take() {
            let last = ticks.then(|| self.shared.clone());
            worker::see_off(&self.shared.worker, executor, self.end_limit, last);
        }
    }

    /// Calls `done`. Every task is gone.
    pub(super) fn finish(self: &Rc<Self>) {
        self.shared.move_on(Phase::Gone);
        let _ = GUESTS.try_with(|guests| guests.borrow_mut().0.retain(|other| !Rc::ptr_eq(other, self)));
        self.shared.shut_queue();
        self.shared.set_host(None);
        let done = self.done.take();
        if let Some(done) = done {
            let error = self.error.take();
            trace::guest_ended(self.shared.id, || match &error {
                None => "done",
                Some(GuestError::Cancelled) => "cancelled",
                Some(GuestError::Abandoned(_)) => "abandoned",
                Some(GuestError::Panicked(_)) => "panicked",
            });
            done(error);
        }
    }

    fn abandon(self: &Rc<Self>, reason: AbandonReason) {
        match self.shared.phase() {
            Phase::Gone | Phase::Running => {}
            // Main had ended: its output is what `done` gets.
            Phase::Ending if self.dropping.get() => {}
            Phase::Ending => self.finish(),
            // It has been reported.
            Phase::Abandoned => self.tear_down(GuestError::Cancelled),
            _ => {
                let report = Abandoned { reason, tasks: self.shared.live.len(), thread: thread::current().id() };
                self.shared.report(report.clone());
                self.tear_down(GuestError::Abandoned(report));
            }
        }
    }

    /// Ends the guest here and now.
    pub(super) fn tear_down(self: &Rc<Self>, error: GuestError) {
        match self.shared.phase() {
            Phase::Gone => {}
            Phase::Running => drop(self.shared.cancel()),
            Phase::Ending if self.dropping.get() => {}
            Phase::Ending => self.finish(),
            phase => {
                let report = self.shared.report.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let abandoned = report.filter(|_| phase == Phase::Abandoned).map(GuestError::Abandoned);
                self.end(Some(abandoned.unwrap_or(error)), false);
                self.finish();
            }
        }
    }

    /// The runtime, until the guest ends.
    pub(super) fn executor(&self) -> Option<Arc<dyn Executor>> {
        self.executor.borrow().clone()
    }

    /// Whether the end is dropping the tasks, below us on this stack.
    pub(super) fn is_dropping(&self) -> bool {
        self.dropping.get()
    }

    /// Takes the guest from its host, whose tick is stale from now on, and asks the new one for the next. False: the
    /// guest has ended, or is about to.
    pub(super) fn take_over(&self) -> bool {
        let taken = self.shared.take_turn_from_host();
        if let Some(generation) = taken {
            self.shared.schedule(Ask::Here, generation);
        }
        taken.is_some()
    }
}

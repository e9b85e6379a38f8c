//! What a guest's wakers, remotes and worker know of it, on whichever thread they are.
//!
//! # The rule of ticks
//!
//! 1. A waker pushes its task first and looks at the phase second. The end of a tick sets the phase to idle first and
//!    looks at the queue second. Both sides are sequentially consistent, the queue's push and its look among them, so one
//!    of them sees the other.
//! 2. Only the step from idle to scheduled asks the host for a tick. So there is one tick at most, and any number of
//!    wake-ups before it runs cost it nothing.
//! 3. While a tick runs nobody asks: a host loop that is entered again inside a poll (a modal dialog) finds no tick of
//!    this guest, and the tick asks for the next one when it ends.
//! 4. A tick of another generation is stale and does nothing: the guest ended, or was taken from the host, meanwhile.

use super::{Abandoned, Host, Tick, local, ready, task::Meta, worker::Worker};
use crate::{current, error::Payload, run_loop::live::Live};
use atomic_waker::AtomicWaker;
use concurrent_queue::ConcurrentQueue;
use event_listener::Event;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Wake,
};

pub(super) type Runnable = async_task::Runnable<Meta>;

/// Where a guest is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing to do: every task waits.
    Idle,
    /// The host has a tick.
    Scheduled,
    /// The tick runs.
    Running,
    /// The tasks are gone or going; the worker is stopping.
    Ending,
    /// The host gave the guest up.
    Abandoned,
    /// `done` has been called.
    Gone,
}

/// Who asks for a tick.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Anywhere,
    Here,
    HereLater,
}

const PHASES: [Phase; 6] =
    [Phase::Idle, Phase::Scheduled, Phase::Running, Phase::Ending, Phase::Abandoned, Phase::Gone];
const PHASE_BITS: u32 = 3;
const PHASE_MASK: usize = (1 << PHASE_BITS) - 1;

fn pack(generation: usize, phase: Phase) -> usize {
    generation << PHASE_BITS | phase as usize
}

type OnAbandoned = Box<dyn FnOnce(Abandoned) + Send>;

pub(super) struct Shared {
    pub(super) id: usize,
    home: usize,
    queue: ConcurrentQueue<Runnable>,
    /// The phase, and the generation above it.
    state: AtomicUsize,
    host: Mutex<Option<Arc<dyn Host>>>,
    /// The engine has tasks of its own to poll.
    engine: AtomicBool,
    cancelled: AtomicBool,
    stop: AtomicBool,
    pub(super) stops: Event,
    pub(super) live: Live,
    pub(super) worker: Arc<Worker>,
    pub(super) nudges: AtomicBool,
    on_abandoned: Mutex<Option<OnAbandoned>>,
    pub(super) report: Mutex<Option<Abandoned>>,
    /// How deep calls were nested when the last tick began.
    depth: AtomicUsize,
    failure: Mutex<Option<Payload>>,
    /// Held by the thread that takes tasks out of the queue to drop them.
    taking: Mutex<()>,
    /// The worker and the runtime have been seen off: the last tick is on its way.
    seen_off: AtomicBool,
    /// The thread that runs the guest for a while wants, or is to want, its other business back.
    interrupted: AtomicBool,
    /// Wakes that thread.
    pub(super) driver: AtomicWaker,
}

impl Shared {
    pub(super) fn new(host: Arc<dyn Host>, worker: Arc<Worker>, on_abandoned: Option<OnAbandoned>) -> Self {
        static IDS: AtomicUsize = AtomicUsize::new(1);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            home: current::thread_id(),
            queue: ConcurrentQueue::unbounded(),
            state: AtomicUsize::new(pack(0, Phase::Idle)),
            host: Mutex::new(Some(host)),
            engine: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            stops: Event::new(),
            live: Live::default(),
            worker,
            nudges: AtomicBool::new(true),
            on_abandoned: Mutex::new(on_abandoned),
            report: Mutex::new(None),
            depth: AtomicUsize::new(usize::MAX),
            failure: Mutex::new(None),
            taking: Mutex::new(()),
            seen_off: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            driver: AtomicWaker::new(),
        }
    }

    /// Whether this is the thread that the guest lives on.
    #[inline]
    pub(super) fn is_home(&self) -> bool {
        self.home == current::thread_id()
    }

    /// The phase, and the generation that it is of.
    fn state(&self) -> (usize, Phase) {
        let state = self.state.load(Ordering::SeqCst);
        (state >> PHASE_BITS, PHASES[state & PHASE_MASK])
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().1
    }

    pub(super) fn generation(&self) -> usize {
        self.state().0
    }

    /// Another phase of the same generation.
    pub(super) fn set_phase(&self, phase: Phase) {
        self.state.store(pack(self.generation(), phase), Ordering::SeqCst);
    }

    /// Another phase, of the next generation: the tick that the host may have is stale from now on.
    pub(super) fn move_on(&self, phase: Phase) {
        let next = |state: usize| Some(pack((state >> PHASE_BITS) + 1, phase));
        let _ = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
    }

    /// The same, if `generation` is still the one and its phase is before `phase`.
    pub(super) fn move_on_from(&self, generation: usize, phase: Phase) -> bool {
        let (current, before) = self.state();
        current == generation && before < phase && {
            let (from, to) = (pack(generation, before), pack(generation + 1, phase));
            self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        }
    }

    /// From idle or scheduled to scheduled in the next generation, which it gives: the tick that the host may have is
    /// stale from now on.
    pub(super) fn take_turn_from_host(&self) -> Option<usize> {
        let next = |state: usize| {
            let lives = matches!(PHASES[state & PHASE_MASK], Phase::Idle | Phase::Scheduled);
            lives.then(|| pack((state >> PHASE_BITS) + 1, Phase::Scheduled))
        };
        let before = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).ok()?;
        Some((before >> PHASE_BITS) + 1)
    }

    /// From idle to scheduled: gives the generation of the tick that is to be.
    fn take_turn(&self) -> Option<usize> {
        let (generation, phase) = self.state();
        let (from, to) = (pack(generation, Phase::Idle), pack(generation, Phase::Scheduled));
        let turn = || self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        (phase == Phase::Idle && turn()).then_some(generation)
    }

    /// Queues a task that was woken. This is the schedule function of every task of the guest: it runs nothing.
    #[inline]
    pub(super) fn push(self: &Arc<Self>, runnable: Runnable) {
        let Some(runnable) = ready::put(self.id, runnable) else { return };
        if let Err(error) = self.queue.push(runnable) {
            return self.too_late(error.into_inner());
        }
        self.ask();
    }

    /// Takes the next task that wants a poll.
    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        // To find nothing costs `pop` a memory barrier.
        if self.queue.is_empty() { None } else { self.queue.pop().ok() }
    }

    /// The guest is gone: the task is dropped where it stands, unless its values belong to the guest's thread.
    #[cold]
    fn too_late(&self, runnable: Runnable) {
        if runnable.metadata().local && !self.is_home() { std::mem::forget(runnable) } else { drop(runnable) }
    }

    /// There is something to do: the host is asked for a tick, unless it has been asked already.
    #[inline]
    pub(super) fn ask(self: &Arc<Self>) {
        let Some(generation) = self.take_turn() else { return };
        if self.is_home() {
            return local::waking(|| self.schedule(Ask::Here, generation));
        }
        local::waking(|| self.schedule(Ask::Anywhere, generation));
        if self.nudges.load(Ordering::Relaxed) {
            self.worker.nudge();
        }
    }

    /// Gives the host a tick.
    pub(super) fn schedule(self: &Arc<Self>, ask: Ask, generation: usize) {
        // Not under the lock: a host may do whatever it likes in there, short of running the tick.
        let Some(host) = self.host().clone() else { return };
        let tick = Tick::new(self, generation);
        match ask {
            Ask::Anywhere => host.schedule(tick),
            Ask::Here => host.schedule_local(tick),
            Ask::HereLater => host.schedule_yield(tick),
        }
    }

    pub(super) fn see_off(&self) {
        self.seen_off.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_seen_off(&self) -> bool {
        self.seen_off.load(Ordering::SeqCst)
    }

    /// Has the thread that runs the guest for a while return from that; if there is none, the next.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        self.driver.wake();
    }

    pub(super) fn take_interrupt(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) && self.interrupted.swap(false, Ordering::SeqCst)
    }

    pub(super) fn host(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn Host>>> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_host(&self, host: Option<Arc<dyn Host>>) {
        let old = std::mem::replace(&mut *self.host(), host);
        drop(old);
    }

    /// A tick has ended. `ready`: and has left tasks of its own; `spent`: with its budget used up.
    pub(super) fn rest(self: &Arc<Self>, ready: bool, spent: bool) {
        self.set_phase(Phase::Idle);
        if !ready && !self.has_work() {
            return;
        }
        if let Some(generation) = self.take_turn() {
            self.schedule(if spent { Ask::HereLater } else { Ask::Here }, generation);
        }
    }

    pub(super) fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.engine.load(Ordering::SeqCst) || self.is_cancelled()
    }

    pub(super) fn has_tasks(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes the wish of the engine to be polled.
    pub(super) fn take_engine(&self) -> bool {
        self.engine.swap(false, Ordering::SeqCst)
    }

    /// May a task come in?
    pub(super) fn is_open(&self) -> bool {
        self.phase() < Phase::Ending
    }

    /// No task will be queued from now on; those that are left are dropped, or given up off the guest's thread.
    pub(super) fn shut_queue(&self) {
        self.queue.close();
        while let Some(runnable) = self.pop() {
            self.too_late(runnable);
        }
    }

    /// Takes every task that is alive and `wanted`. Nobody polls them any more.
    pub(super) fn take_tasks(&self, wanted: impl Fn(&Meta) -> bool) -> Vec<Runnable> {
        // Two threads may do this: none is to see the queue without those that the other puts back.
        let _one = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        self.live.wake_all();
        let queued: Vec<_> = std::iter::from_fn(|| self.pop()).collect();
        let (taken, left): (Vec<_>, Vec<_>) = queued.into_iter().partition(|runnable| wanted(runnable.metadata()));
        for runnable in left {
            if let Err(error) = self.queue.push(runnable) {
                self.too_late(error.into_inner());
            }
        }
        taken
    }

    /// Off the guest's thread: drops the tasks that may be dropped here, so that whoever waits for them hears of it.
    pub(super) fn drop_what_may_move(&self) {
        self.take_tasks(|meta| !meta.local).into_iter().for_each(drop);
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn cancel(self: &Arc<Self>) -> bool {
        // Its own thread may have ended it by the time that it has been asked.
        let open = self.is_open();
        self.cancelled.store(true, Ordering::SeqCst);
        self.request_stop();
        self.ask();
        open
    }

    /// The worker has panicked: the guest ends with that.
    pub(super) fn fail(self: &Arc<Self>, payload: Payload) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
        self.cancel();
    }

    pub(super) fn take_failure(&self) -> Option<Payload> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn is_stop_requested(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(super) fn request_stop(&self) -> bool {
        let open = self.is_open();
        self.stop.store(true, Ordering::SeqCst);
        self.stops.notify(usize::MAX);
        open
    }

    pub(super) async fn stopped(&self) {
        while !self.is_stop_requested() {
            let listener = self.stops.listen();
            if !self.is_stop_requested() {
                listener.await;
            }
        }
    }

    /// Tells whoever wants to know that the host gave the guest up.
    pub(super) fn report(&self, abandoned: Abandoned) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(abandoned.clone());
        let on_abandoned = self.on_abandoned.lock().unwrap_or_else(PoisonError::into_inner).take();
        match on_abandoned {
            Some(on_abandoned) => on_abandoned(abandoned),
            None => eprintln!("pontoon: {abandoned}"),
        }
    }

    pub(super) fn set_depth(&self) {
        self.depth.store(current::depth(), Ordering::Relaxed);
    }

    /// Whether this thread is the guest's and is inside a blocking call that keeps the host from running ticks.
    pub(super) fn is_blocked_here(&self) -> bool {
        self.is_home() && current::depth() > self.depth.load(Ordering::Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shut_queue();
    }
}

/// The engine's waker: the runtime has tasks of its own for this thread.
pub(super) struct EngineWaker(pub(super) Arc<Shared>);

impl Wake for EngineWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.engine.store(true, Ordering::SeqCst);
        self.0.ask();
    }
}

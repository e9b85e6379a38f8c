//! The runner's own thread: start handshake, drive, step aside, take over.

use super::close;
use crate::{
    RunError,
    current::{self, DRAINS, Depth, HOST},
    error::panic_text,
    run_loop::{
        Loop, Runnable, State,
        drive::{BATCH, Drive, End},
        seat::{self, Kind, Parked, Seat},
        start_error,
    },
    sync::{
        AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Builder, Condvar, Instant, JoinHandle, Mutex, MutexGuard, Parker,
        SyncSender, holds, sync_channel,
    },
    trace,
};
use std::{
    future::{Future as _, poll_fn},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{Arc, OnceLock, PoisonError, atomic::Ordering},
    task::{Context, Waker},
    time::Duration,
};

/// How long the host stays aside after the last caller parked.
const WINDOW: Duration = Duration::from_millis(1);

/// How long the host leaves the queue alone after a wake-up that found nothing; doubles while that goes on.
const DROWSY: Duration = Duration::from_micros(100);

/// The stack of the runner's own thread, on which nested calls pile up. It is reserved, not used.
const STACK: usize = 16 << 20;
const STACK_BUDGET: usize = 12 << 20;

/// What the host does.
#[repr(u8)]
enum Phase {
    /// It does not exist, yet or any more.
    Absent,
    /// It is in the backend, or on its way there.
    Driving,
    /// It stands aside and comes back when its window passes without callers.
    Aside,
    /// It stands aside until the driving callers leave: they tell it.
    Deep,
    /// It stands aside and runs tasks that are its alone.
    Busy,
}

/// What others see of the host.
#[derive(Default)]
pub(crate) struct HostState {
    phase: AtomicU8,
    aside: AtomicBool,
    /// When a caller last parked while the host was driving, in microseconds since `born`.
    last_call: AtomicU64,
    born: OnceLock<Instant>,
    running: AtomicBool,
    /// The host's thread, by [`current::thread_id`].
    id: AtomicUsize,
    seat: OnceLock<Arc<Seat>>,
    /// It runs a task that may take long.
    engaged: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
    ended: Mutex<bool>,
    ends: Condvar,
}

impl HostState {
    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::SeqCst) == phase as u8
    }

    /// A caller that drives has parked: the host need not, if callers keep coming. A lone call is cheaper when it leaves
    /// the host where it is: to send it aside and have it come back costs more than the thread hop that it saves.
    pub(crate) fn ask_aside(&self, parked: &Parked) {
        if !self.is_driving() {
            return;
        }
        let now = self.now();
        let before = self.last_call.swap(now, Ordering::Relaxed);
        if !is_alone(now, before) && !self.aside.swap(true, Ordering::SeqCst) {
            parked.notify_host();
        }
    }

    /// Whether a call that is about to wait leaves the work to the host: it is the only one for a while, and the host sits
    /// in the backend. Two threads that drive would only wake each other.
    pub(crate) fn is_followed(&self) -> bool {
        if !self.is_driving() || !self.is_parked() {
            return false;
        }
        let now = self.now();
        let lone = is_alone(now, self.last_call.load(Ordering::Relaxed));
        if lone {
            self.last_call.store(now, Ordering::Relaxed);
        }
        lone
    }

    /// Whether who is in the list as a follower may wait there. The host changes what this looks at before it looks at the
    /// list.
    pub(crate) fn leads(&self, has_work: bool) -> bool {
        self.is_driving() && !self.engaged.load(Ordering::SeqCst) && (!has_work || self.is_parked())
    }

    fn is_parked(&self) -> bool {
        self.seat.get().is_some_and(|seat| seat.is_parked())
    }

    /// Runs a task on the host. One that may take long, because it is the host's alone or once took long, is followed by
    /// nobody; any other may keep who follows, as it would keep who drives, but only once.
    pub(crate) fn run(&self, runnable: Runnable, parked: &Parked) {
        let meta = runnable.metadata();
        if meta.is_host_only() || meta.is_long() {
            let outer = self.engaged.swap(true, Ordering::SeqCst);
            if holds("engaged-alone") {
                parked.release_followers();
            }
            runnable.run();
            self.engaged.store(outer, Ordering::SeqCst);
        } else if parked.has_followers() {
            let (meta, start) = (meta.clone(), Instant::now());
            runnable.run();
            if start.elapsed() > WINDOW {
                meta.set_long();
            }
        } else {
            runnable.run();
        }
    }

    fn is_driving(&self) -> bool {
        self.is(Phase::Driving) && !self.is_asked_aside()
    }

    /// In microseconds since `born`.
    fn now(&self) -> u64 {
        self.born.get_or_init(Instant::now).elapsed().as_micros() as u64
    }

    pub(crate) fn is_asked_aside(&self) -> bool {
        self.aside.load(Ordering::SeqCst)
    }

    /// A caller that drove has left the backend.
    pub(crate) fn driver_left(&self, parked: &Parked) {
        if self.is(Phase::Deep) && holds("driver-left") && parked.drivers() == 0 {
            parked.notify_host();
        }
    }

    /// There is work, this thread may not come to it soon, and the host is not idle. Aside, it looks by itself every now
    /// and then, but not if it has left the waking to callers. Elsewhere it may be in a task that takes long.
    pub(crate) fn call_back(&self, parked: &Parked) {
        if self.is(Phase::Deep) {
            parked.notify_host();
        } else if !self.is(Phase::Aside) && holds("busy-host") {
            parked.notify_one();
        }
    }

    /// Whether this thread is the host.
    pub(crate) fn is_this_thread(&self) -> bool {
        self.id.load(Ordering::Relaxed) == current::thread_id()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a start that is under way, if any. Says whether there is a host to join.
    pub(crate) fn settle(&self) -> bool {
        let _slot = holds("settle").then(|| self.thread());
        self.is_running()
    }

    fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ends.notify_all();
    }

    /// Waits until the host has ended, until `deadline` at the latest, and joins its thread.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            let Some(deadline) = deadline else {
                ended = self.ends.wait(ended).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            ended = self.ends.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(ended);
        let thread = self.thread().take();
        if let Some(thread) = thread {
            // It has said that it ends; its panics were caught.
            let _ = thread.join();
        }
        true
    }
}

/// Whether the call before was long ago. Times are in microseconds.
fn is_alone(now: u64, before: u64) -> bool {
    now.saturating_sub(before) >= WINDOW.as_micros() as u64
}

/// Starts the host if nobody has; once, however many threads ask.
#[inline]
pub(crate) fn ensure(lp: &Arc<Loop>) -> Result<(), RunError> {
    if lp.host.is_running() || !lp.config.thread { Ok(()) } else { start(lp) }
}

/// Starts the host if the call that ends now has left the runtime tasks of its own, which nobody would drive.
#[cold]
pub(crate) fn start_for_tasks(lp: &Arc<Loop>) {
    // Mostly there are none; a forked child, whose parent's tasks they are, is not ready.
    if lp.executor.driven_tasks().is_some_and(|count| count > 0) && lp.is_ready() {
        // The call itself is done. Where there is no thread to be had, the next one that waits says so.
        let _ = ensure(lp);
    }
}

#[cold]
fn start(lp: &Arc<Loop>) -> Result<(), RunError> {
    let mut slot = lp.host.thread();
    if lp.host.is_running() {
        return Ok(());
    }
    if lp.is_closing() && holds("no-late-host") {
        return Err(RunError::Closed);
    }
    let (sender, receiver) = sync_channel(1);
    let host = lp.clone();
    let name = lp.config.thread_name.clone();
    let thread =
        Builder::new().name(name).stack_size(STACK).spawn(move || main(&host, &sender)).map_err(start_error)?;
    match receiver.recv() {
        Ok(Ok(())) => {
            *slot = Some(thread);
            lp.host.running.store(true, Ordering::Release);
            lp.set_owes_host(false);
            Ok(())
        }
        failed => {
            let _ = thread.join();
            let error = failed.ok().and_then(Result::err);
            Err(start_error(error.unwrap_or_else(|| io::Error::other("the runner's thread ended before it was ready"))))
        }
    }
}

fn main(lp: &Arc<Loop>, ready: &SyncSender<io::Result<()>>) {
    current::set_stack_budget(STACK_BUDGET);
    let (mut started, mut broken) = (false, false);
    let worked = catch_unwind(AssertUnwindSafe(|| work(lp, ready, &mut started)));
    if let Err(payload) = worked {
        let text = format!("the backend {} panicked in `block_on`: {}", lp.executor.name(), panic_text(&*payload));
        if !started {
            let _ = ready.send(Err(io::Error::other(text)));
            return;
        }
        // The backend is broken: nobody can drive this loop any more. Callers get `Closed` instead of waiting.
        broken = lp.advance(State::Open, State::Closing);
        lp.advance(State::Exiting, State::Closing);
        lp.wake_all();
        lp.live.wake_all();
        // Tasks that other threads poll right now end there: whoever is told `Closed` finds all of them gone.
        close::drop_all(lp, None);
    }
    // Callers that were told may still be on their way out, with values of the runtime's in their hands.
    lp.wait_for_calls(None);
    close::finish(lp);
    if broken {
        close::closed_itself(lp);
    }
    lp.host.set(Phase::Absent);
    lp.host.end();
}

fn work(lp: &Arc<Loop>, ready: &SyncSender<io::Result<()>>, started: &mut bool) {
    let Ok(_depth) = Depth::enter(usize::MAX) else { return };
    current::is_base_level();
    let parker = Parker::new();
    let unparker = Waker::from(parker.unparker());
    let (seat, waker) = &seat::take();
    let _ = lp.host.seat.set(seat.clone());
    let stays = lp.executor.is_thread_bound();
    let mut futile = 0;
    let mut life = trace::Host::NONE;
    let mut drive = || {
        loop {
            // Only a host that drives is asked aside.
            if !stays {
                lp.host.set(Phase::Driving);
            }
            let mut driving = trace::Driving::NONE;
            let mut drive = Drive::new(lp, seat, waker, Kind::Host);
            let mut level = pin!(poll_fn(|cx: &mut Context<'_>| {
                if !*started {
                    *started = true;
                    lp.host.id.store(current::thread_id(), Ordering::Relaxed);
                    let _ = ready.send(Ok(()));
                    // Not before: whoever starts the host holds its slot until it is ready.
                    life.begin(lp);
                }
                driving.begin(lp);
                Pin::new(&mut drive).poll(cx)
            }));
            lp.executor.block_on(level.as_mut());
            let (end, ran) = (drive.end(), drive.ran());
            drop(drive);
            driving.end();
            if end == Some(End::Finished) {
                return;
            }
            if stays {
                continue;
            }
            futile = if end == Some(End::Futile) && ran == 0 { futile + 1 } else { 0 };
            let trace = trace::aside(lp, futile > 0);
            stand_aside(&Aside { lp, seat, parker: &parker, unparker: &unparker }, futile);
            trace.end(lp);
        }
    };
    current::seated(lp, seat, DRAINS | HOST, false, &mut drive);
}

/// What the host needs while it stands aside.
struct Aside<'a> {
    lp: &'a Arc<Loop>,
    seat: &'a Arc<Seat>,
    parker: &'a Parker,
    unparker: &'a Waker,
}

/// Stands aside until no caller drives any more. Tasks that are the host's alone are run meanwhile.
///
/// `futile` counts the wake-ups in a row that found nothing: callers run their tasks themselves, faster than this
/// thread comes, so it stays out of their way for a moment.
fn stand_aside(aside: &Aside<'_>, futile: u32) {
    let Aside { lp, seat, parker, unparker } = *aside;
    let (host, parked) = (&lp.host, &lp.parked);
    lp.hand_overs.fetch_add(1, Ordering::Relaxed);
    let mut kind = if futile > 0 { Kind::Drowsy } else { Kind::Standby };
    host.set(Phase::Aside);
    parked.release_followers();
    host.aside.store(false, Ordering::SeqCst);
    let mut idle_windows = 0;
    loop {
        let epoch = parked.epoch();
        seat.register(unparker);
        seat.set_parked(true);
        parked.insert(kind, seat);
        let driven = parked.drivers() > 0;
        let work = lp.has_host_work(kind) || kind == Kind::Standby && !driven && lp.has_work(kind) || lp.is_closing();
        let mut timed_out = false;
        if !work {
            let deep = driven && idle_windows > 0;
            if deep {
                host.set(Phase::Deep);
                // The last driver may have left just before it could see that, or somebody may have had work.
                let work = lp.has_work(kind) && holds("deep-sees-work");
                if parked.drivers() > 0 && !work || !holds("deep-recheck") {
                    parker.park();
                }
                host.set(Phase::Aside);
            } else {
                let window = if kind == Kind::Drowsy { (DROWSY * (1 << futile.min(4))).min(WINDOW) } else { WINDOW };
                timed_out = !parker.park_timeout(window);
            }
        }
        seat.set_parked(false);
        let notified = parked.remove(kind, seat);
        if lp.is_closing() {
            return;
        }
        run_own(lp);
        let driven = parked.drivers() > 0;
        if lp.has_work(kind) {
            if !driven {
                return;
            }
            lp.hand_on();
        } else if notified && !driven {
            return;
        }
        if timed_out {
            kind = Kind::Standby;
            let quiet = parked.epoch() == epoch;
            if quiet && !driven {
                return;
            }
            idle_windows = if quiet { idle_windows + 1 } else { 0 };
        } else {
            idle_windows = 0;
        }
    }
}

/// Runs the tasks that are the host's alone.
fn run_own(lp: &Loop) {
    if !lp.has_host_work(Kind::Host) {
        return;
    }
    // They may take long: what else is queued is for others.
    if holds("busy-aside") {
        lp.host.set(Phase::Busy);
        lp.hand_on();
    }
    lp.enter(|| {
        for _ in 0..BATCH {
            let Some(runnable) = lp.next_of_host(Kind::Host) else { break };
            runnable.run();
        }
    });
    lp.host.set(Phase::Aside);
}

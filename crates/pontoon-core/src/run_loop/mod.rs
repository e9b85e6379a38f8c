//! The queue and the loop rule.
//!
//! # The loop rule
//!
//! Any number of threads may be on the loop at once, and each of them at any depth. One level of one thread is a
//! [`Seat`](seat::Seat), and its work is a [`Drive`](drive::Drive):
//!
//! 1. A level registers its backend's waker, then polls its own future if that asked for it, then runs queued tasks,
//!    and looks at its own future again after each of them.
//! 2. A level parks only after it has said that it is parked and has then found its own future unwoken, the queue empty
//!    and the state unchanged. Whoever wakes or pushes does so first and looks for parked seats second.
//! 3. A schedule function pushes and wakes; it never runs a task: async-io calls wakers under its reactor's lock.
//! 4. Each level has a seat of its own; two levels of one thread share no flag.
//! 5. A turn makes at most [`BATCH`](drive::BATCH) polls before the backend sees its reactor again.
//! 6. A level that leaves hands on what it may have been woken for: if tasks are queued, it wakes another seat.
//! 7. A schedule that happens on a seat's own thread wakes nobody but an idle host, because that seat runs the queue
//!    before it parks; the host sees to it that a long poll of the seat's own holds nothing up. One that sleeps while
//!    callers drive is called back for that, and where the host is at work itself, another caller is woken.
//! 8. A lone call follows the host instead of driving beside it: two threads that drive would only wake each other. It
//!    drives as soon as it is notified: because nobody else is free for a task, because the host stands aside, or because
//!    it is about to run a task that may take long.
//!
//! `host_queue` holds what only the runner's own thread may poll: `spawn_local` tasks, and tasks that once blocked their
//! thread from inside a poll.

pub(crate) mod drive;
pub(crate) mod first;
pub(crate) mod live;
pub(crate) mod seat;

use crate::{
    BoxFuture, Executor, RunError,
    current::{self, DRAINS, HOST, PARKED},
    runner::{Config, Handle, close::Exits, host::HostState},
    sync::{AtomicBool, AtomicU8, ConcurrentQueue, Condvar, Instant, Mutex, MutexGuard, holds},
    task::Meta,
};
use live::Live;
use seat::{Kind, Parked, Seat};
use slab::Slab;
use std::{
    fmt, io,
    sync::{
        Arc, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub(crate) type Runnable = async_task::Runnable<Arc<Meta>>;

#[derive(Default)]
struct Calls {
    seats: Slab<Arc<Seat>>,
    /// How many threads wait until none is left: a notification that nobody waits for is a system call, too.
    awaited: usize,
}

/// The life of a loop, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum State {
    /// Calls and tasks are welcome.
    Open,
    /// `close` runs the entered exits; only they and the loop's own tasks may call.
    Exiting,
    /// Blocked calls end, tasks are dropped instead of polled.
    Closing,
    /// Nothing is left.
    Closed,
}

pub(crate) struct Loop {
    id: usize,
    handle: OnceLock<Weak<Handle>>,
    pub(crate) executor: Box<dyn Executor>,
    pub(crate) config: Config,
    queue: ConcurrentQueue<Runnable>,
    host_queue: ConcurrentQueue<Runnable>,
    pub(crate) parked: Parked,
    pub(crate) live: Live,
    /// The seats of blocked calls, parked or not, for `close` to wake.
    calls: Mutex<Calls>,
    call_ends: Condvar,
    state: AtomicU8,
    started: AtomicBool,
    /// Open and started: what most calls need to know, in one look.
    ready: AtomicBool,
    workers: AtomicBool,
    /// The host has not been started, and the runtime may come to have tasks that it would have to drive.
    owes_host: AtomicBool,
    starting: Mutex<()>,
    fork: forkguard::Guard,
    pub(crate) host: HostState,
    pub(crate) exits: Exits,
    /// Of an inline runner: the thread that polls its local tasks.
    home: Mutex<Option<usize>>,
    pub(crate) hand_overs: AtomicUsize,
    pub(crate) slow_polls: AtomicUsize,
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop")
            .field("executor", &self.executor.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl Loop {
    pub(crate) fn new(executor: Box<dyn Executor>, config: Config) -> Self {
        static IDS: AtomicUsize = AtomicUsize::new(1);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            handle: OnceLock::new(),
            executor,
            config,
            queue: ConcurrentQueue::unbounded(),
            host_queue: ConcurrentQueue::unbounded(),
            parked: Parked::default(),
            live: Live::default(),
            calls: Mutex::default(),
            call_ends: Condvar::new(),
            state: AtomicU8::new(State::Open as u8),
            started: AtomicBool::new(false),
            ready: AtomicBool::new(false),
            workers: AtomicBool::new(false),
            owes_host: AtomicBool::new(false),
            starting: Mutex::new(()),
            fork: forkguard::new(),
            host: HostState::default(),
            exits: Exits::default(),
            home: Mutex::new(None),
            hand_overs: AtomicUsize::new(0),
            slow_polls: AtomicUsize::new(0),
        }
    }

    /// Tells this loop from every other one, and is never zero.
    #[inline]
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// The handle that the users' runners share, while there is one.
    pub(crate) fn handle(&self) -> Weak<Handle> {
        self.handle.get().cloned().unwrap_or_default()
    }

    pub(crate) fn set_handle(&self, handle: Weak<Handle>) {
        let _ = self.handle.set(handle);
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::SeqCst) {
            0 => State::Open,
            1 => State::Exiting,
            2 => State::Closing,
            _ => State::Closed,
        }
    }

    /// Moves the state on from `from`; false if it was not there.
    pub(crate) fn advance(&self, from: State, to: State) -> bool {
        let moved = self.state.compare_exchange(from as u8, to as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        self.ready.store(false, Ordering::SeqCst);
        moved
    }

    /// Open, started, and not in a forked child: a call may go ahead without further questions.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.is_forked()
    }

    #[inline]
    pub(crate) fn is_closing(&self) -> bool {
        self.state.load(Ordering::SeqCst) >= State::Closing as u8
    }

    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.fork.clone().detected_fork()
    }

    /// Whether this thread is inside one of the loop's polls.
    pub(crate) fn is_current(&self) -> bool {
        current::is_current(self)
    }

    /// May a call or a task come in?
    #[inline]
    pub(crate) fn door(&self) -> Result<(), RunError> {
        if self.is_forked() {
            return Err(RunError::Forked);
        }
        match self.state() {
            State::Open => Ok(()),
            State::Exiting if self.is_current() => Ok(()),
            _ => Err(RunError::Closed),
        }
    }

    /// Starts the runtime if nobody has; once, however many threads ask.
    #[inline]
    pub(crate) fn start_executor(self: &Arc<Self>) -> Result<(), RunError> {
        if self.started.load(Ordering::Acquire) { Ok(()) } else { self.start_executor_once() }
    }

    #[cold]
    fn start_executor_once(self: &Arc<Self>) -> Result<(), RunError> {
        let _one = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.started.load(Ordering::Acquire) {
            self.executor.start().map_err(start_error)?;
            self.set_owes_host(self.config.thread && self.executor.driven_tasks().is_some());
            self.started.store(true, Ordering::Release);
            self.ready.store(true, Ordering::SeqCst);
            if self.state() != State::Open {
                self.ready.store(false, Ordering::SeqCst);
            }
            self.seat_workers();
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn owes_host(&self) -> bool {
        self.owes_host.load(Ordering::Relaxed)
    }

    pub(crate) fn set_owes_host(&self, owes: bool) {
        self.owes_host.store(owes, Ordering::Relaxed);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Queues a task that was woken. This is the schedule function of every task of the loop: it runs nothing.
    pub(crate) fn schedule(&self, runnable: Runnable) {
        if self.is_forked() {
            // The task is the parent's, and threads that are not here may hold the locks on the way to its end.
            return std::mem::forget(runnable);
        }
        let meta = runnable.metadata();
        if meta.is_host_only() {
            if let Err(error) = self.host_queue.push(runnable) {
                return self.too_late(error.into_inner());
            }
            if current::pushed_here(self, DRAINS | HOST).is_none() && holds("notify-host") {
                self.notify_host();
            }
        } else {
            if !holds("push-order") {
                self.tell();
            }
            if let Err(error) = self.queue.push(runnable) {
                return self.too_late(error.into_inner());
            }
            if holds("push-order") {
                self.tell();
            }
        }
    }

    /// Sees to it that somebody looks at the queue.
    #[inline]
    fn tell(&self) {
        match current::pushed_here(self, DRAINS) {
            Some(level) if level & HOST != 0 => {}
            // A caller that is busy in a long poll must not keep the task from an idle host.
            Some(level) => {
                let told = !holds("idle-host") || self.parked.notify_idle_host();
                // A level that is parked, in a turn of its reactor, comes at once.
                if !told && self.config.thread && level & PARKED == 0 && holds("call-back") {
                    self.host.call_back(&self.parked);
                }
            }
            None if holds("notify") => self.parked.notify_one(),
            None => {}
        }
    }

    /// The loop is gone: the task is dropped where it stands, unless its values belong to another thread.
    #[cold]
    fn too_late(&self, runnable: Runnable) {
        if runnable.metadata().is_of_other_thread() || !holds("too-late") {
            std::mem::forget(runnable);
        } else {
            self.enter(|| drop(runnable));
        }
    }

    fn notify_host(&self) {
        if self.config.thread {
            self.parked.notify_host();
        } else {
            // Any of the callers may be the one at home.
            self.parked.notify_all();
        }
    }

    /// Takes the next task that a seat of this kind may run. `turn` keeps the two queues fair.
    pub(crate) fn next(&self, kind: Kind, turn: usize) -> Option<Runnable> {
        if turn % 2 == 0 {
            if let Some(runnable) = self.next_of_host(kind) {
                return Some(runnable);
            }
        }
        self.queue.pop().ok().or_else(|| self.next_of_host(kind))
    }

    /// Takes the next task, whoever may run it.
    pub(crate) fn next_any(&self) -> Option<Runnable> {
        self.queue.pop().or_else(|_| self.host_queue.pop()).ok()
    }

    pub(crate) fn next_of_host(&self, kind: Kind) -> Option<Runnable> {
        if kind.is_host() {
            return self.host_queue.pop().ok();
        }
        if self.config.thread || kind != Kind::Caller || self.host_queue.is_empty() {
            return None;
        }
        // Of an inline runner: the first thread that polls a local task keeps them all while there are any.
        let mut home = self.home();
        let me = current::thread_id();
        if self.live.locals() > 0 && home.is_some_and(|thread| thread != me) {
            return None;
        }
        let runnable = self.host_queue.pop().ok()?;
        let meta = runnable.metadata();
        if meta.local {
            *home = Some(me);
            if !meta.bound.swap(true, Ordering::Relaxed) {
                self.live.bind_local();
            }
        }
        Some(runnable)
    }

    pub(crate) fn has_work(&self, kind: Kind) -> bool {
        !self.queue.is_empty() || self.has_host_work(kind)
    }

    pub(crate) fn has_host_work(&self, kind: Kind) -> bool {
        if self.host_queue.is_empty() {
            return false;
        }
        if self.config.thread {
            return kind.is_host();
        }
        kind == Kind::Caller
            && (self.live.locals() == 0 || self.home().is_none_or(|thread| thread == current::thread_id()))
    }

    fn home(&self) -> MutexGuard<'_, Option<usize>> {
        let mut home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        if self.live.locals() == 0 {
            *home = None;
        }
        home
    }

    /// Whether the runtime has workers of its own that run tasks beside the loop's seats.
    #[inline]
    pub(crate) fn has_workers(&self) -> bool {
        self.workers.load(Ordering::Relaxed)
    }

    /// Gives the runtime's own workers, if it has any, a seat each.
    fn seat_workers(self: &Arc<Self>) {
        for _ in 0..self.executor.workers() {
            if self.executor.spawn(Box::pin(drive::Worker::new(self.clone()))).is_ok() {
                self.workers.store(true, Ordering::Relaxed);
            }
        }
    }

    /// No task will be queued from now on.
    pub(crate) fn shut_queues(&self) {
        self.queue.close();
        self.host_queue.close();
    }

    /// A seat leaves: somebody else looks at what is queued.
    #[inline]
    pub(crate) fn hand_on(&self) {
        if !self.queue.is_empty() {
            self.parked.notify_one();
        }
    }

    /// Calls `f` in the runtime's context.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut f = Some(f);
        let mut result = None;
        self.executor.enter(&mut || {
            if let Some(f) = f.take() {
                result = Some(f());
            }
        });
        result.expect("`Executor::enter` calls its closure")
    }

    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.executor.sleep(duration)
    }

    /// Lists a blocked call until the guard is dropped.
    pub(crate) fn list_call(&self, seat: &Arc<Seat>) -> Listed<'_> {
        let key = self.calls().seats.insert(seat.clone());
        Listed { lp: self, key }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls are blocked, on whichever threads.
    pub(crate) fn blocked_calls(&self) -> usize {
        self.calls().seats.len()
    }

    /// Waits until no call is blocked any more, until `deadline` at the latest.
    pub(crate) fn wait_for_calls(&self, deadline: Option<Instant>) -> bool {
        let mut calls = self.calls();
        calls.awaited += 1;
        while !calls.seats.is_empty() {
            let Some(deadline) = deadline else {
                calls = self.call_ends.wait(calls).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            calls = self.call_ends.wait_timeout(calls, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        calls.awaited -= 1;
        calls.seats.is_empty()
    }

    /// Wakes every blocked call and every parked seat, to look at the state again.
    pub(crate) fn wake_all(&self) {
        let seats: Vec<_> = self.calls().seats.iter().map(|(_, seat)| seat.clone()).collect();
        for seat in seats {
            seat.nudge();
        }
        self.parked.notify_all();
    }
}

pub(crate) fn start_error(error: io::Error) -> RunError {
    RunError::Start(Arc::new(error))
}

/// A call that `close` can wake, until dropped.
pub(crate) struct Listed<'a> {
    lp: &'a Loop,
    key: usize,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut calls = self.lp.calls();
        calls.seats.remove(self.key);
        if calls.awaited > 0 && calls.seats.is_empty() && holds("calls-end") {
            self.lp.call_ends.notify_all();
        }
    }
}

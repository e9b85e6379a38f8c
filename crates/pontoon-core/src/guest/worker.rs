//! The guest's own thread: it waits for I/O and timers, and polls none of the guest's tasks.

use super::{
    StartError,
    shared::{Ask, Phase, Shared},
};
use crate::Executor;
use atomic_waker::AtomicWaker;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

/// How long a guest that has spent its budget leaves an executor host alone: a task that wakes itself at once would be
/// polled again before the host's other tasks, timers and I/O, on most executors.
const LATER: Duration = Duration::from_micros(50);

/// A guest's worker as the others see it.
#[derive(Default)]
pub(super) struct Worker {
    waker: AtomicWaker,
    stop: AtomicBool,
    later: Mutex<Option<Later>>,
    state: Mutex<State>,
    changed: Condvar,
}

/// Where the worker is, and where the host wants it to be.
#[derive(Debug, Default)]
struct State {
    /// The host's thread is in the runtime itself.
    aside_wanted: bool,
    /// The worker waits outside of the runtime until that is over.
    aside: bool,
    /// It has ended.
    left: bool,
}

type Later = Box<dyn FnOnce() + Send>;

impl Worker {
    /// Has the worker turn its reactor anew.
    pub(super) fn nudge(&self) {
        self.waker.wake();
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        // Who is aside has looked and waits, or will look.
        drop(self.state());
        self.changed.notify_all();
        self.nudge();
    }

    /// Has the worker call `f` in a moment.
    pub(super) fn later(&self, f: impl FnOnce() + Send + 'static) {
        *self.later.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(f));
        self.nudge();
        if self.has_left() {
            self.call_later();
        }
    }

    fn call_later(&self) {
        if let Some(later) = self.take_later() {
            later();
        }
    }

    fn take_later(&self) -> Option<Later> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nobody waits for the guest's I/O.
    fn leave(&self) {
        self.state().left = true;
        self.changed.notify_all();
        self.call_later();
    }

    pub(super) fn has_left(&self) -> bool {
        self.state().left
    }

    fn wait_left(&self, limit: Duration) {
        drop(self.changed.wait_timeout_while(self.state(), limit, |state| !state.left));
    }

    /// Has the worker leave the runtime to this thread, until [`come_back`](Self::come_back). False: it has not within
    /// `limit`, or has ended.
    pub(super) fn step_aside(&self, limit: Duration) -> bool {
        self.state().aside_wanted = true;
        self.nudge();
        let waited = self.changed.wait_timeout_while(self.state(), limit, |state| !state.aside && !state.left);
        waited.unwrap_or_else(PoisonError::into_inner).0.aside
    }

    pub(super) fn come_back(&self) {
        self.state().aside_wanted = false;
        self.changed.notify_all();
    }

    /// The worker waits for as long as it is to stay aside. False: it is to stop.
    fn stay_aside(&self) -> bool {
        let is_stopped = || self.stop.load(Ordering::SeqCst);
        let mut state = self.state();
        while state.aside_wanted && !is_stopped() {
            if !state.aside {
                state.aside = true;
                self.changed.notify_all();
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.aside = false;
        !is_stopped()
    }
}

/// What the worker waits for in the runtime: to be told to stop, or to step aside.
struct Wait<'a>(&'a Worker);

impl Future for Wait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.waker.register(cx.waker());
        if self.0.stop.load(Ordering::SeqCst) || self.0.state().aside_wanted {
            return Poll::Ready(());
        }
        if let Some(later) = self.0.take_later() {
            // Returning early does no harm.
            thread::park_timeout(LATER);
            later();
        }
        Poll::Pending
    }
}

/// Starts the worker of a guest; it calls `on_start` first.
pub(super) fn start(
    worker: &Arc<Worker>,
    shared: &Arc<Shared>,
    executor: &Arc<dyn Executor>,
    name: String,
    on_start: Option<Box<dyn FnOnce() + Send>>,
) -> Result<(), StartError> {
    let (worker, executor, shared) = (worker.clone(), executor.clone(), Arc::downgrade(shared));
    let body = move || {
        let waited = catch_unwind(AssertUnwindSafe(|| {
            if let Some(on_start) = on_start {
                on_start();
            }
            loop {
                executor.block_on(pin!(Wait(&worker)));
                if !worker.stay_aside() {
                    break;
                }
            }
        }));
        let abandoned = || shared.upgrade().filter(|shared| shared.phase() == Phase::Abandoned);
        if let Some(shared) = abandoned() {
            executor.enter(&mut || shared.drop_what_may_move());
        }
        drop(executor);
        worker.leave();
        // Whoever abandons the guest after this looks at the worker, and drops its tasks himself.
        if let Some(shared) = abandoned() {
            shared.drop_what_may_move();
        }
        if let (Err(payload), Some(shared)) = (waited, shared.upgrade()) {
            shared.fail(payload);
        }
    };
    thread::Builder::new().name(name).spawn(body).map(drop).map_err(StartError::Thread)
}

/// Sees the worker and the runtime off without keeping the host: waits for both on a thread of its own, for at most
/// `limit`, and then brings the host the guest's last tick if there is a `shared` that wants one.
pub(super) fn see_off(worker: &Arc<Worker>, executor: Arc<dyn Executor>, limit: Duration, shared: Option<Arc<Shared>>) {
    worker.stop();
    let (worker, last) = (worker.clone(), shared.clone());
    let body = move || {
        let start = Instant::now();
        worker.wait_left(limit);
        executor.shutdown(limit.saturating_sub(start.elapsed()));
        drop(executor);
        if let Some(shared) = last {
            shared.see_off();
            shared.schedule(Ask::Anywhere, shared.generation());
        }
    };
    let spawned = thread::Builder::new().name("pontoon-guest-end".into()).spawn(body);
    if let (Err(_), Some(shared)) = (spawned, shared) {
        // Out of threads: the worker ends by itself, the host need not wait for it.
        shared.see_off();
        shared.schedule(Ask::Here, shared.generation());
    }
}

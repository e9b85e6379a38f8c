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
    left: Mutex<bool>,
    leaves: Condvar,
}

type Later = Box<dyn FnOnce() + Send>;

impl Worker {
    /// Has the worker turn its reactor anew.
    pub(super) fn nudge(&self) {
        self.waker.wake();
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
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

    fn left(&self) -> MutexGuard<'_, bool> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nobody waits for the guest's I/O.
    fn leave(&self) {
        *self.left() = true;
        self.leaves.notify_all();
        self.call_later();
    }

    pub(super) fn has_left(&self) -> bool {
        *self.left()
    }

    fn wait_left(&self, limit: Duration) {
        drop(self.leaves.wait_timeout_while(self.left(), limit, |left| !*left));
    }
}

/// What the worker waits for in the runtime: to be told to stop.
struct Wait(Arc<Worker>);

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.waker.register(cx.waker());
        if self.0.stop.load(Ordering::SeqCst) {
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
            executor.block_on(pin!(Wait(worker.clone())));
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
            shared.schedule(Ask::Anywhere, shared.generation());
        }
    };
    let spawned = thread::Builder::new().name("pontoon-guest-end".into()).spawn(body);
    if let (Err(_), Some(shared)) = (spawned, shared) {
        // Out of threads: the worker ends by itself, the host need not wait for it.
        shared.schedule(Ask::Here, shared.generation());
    }
}

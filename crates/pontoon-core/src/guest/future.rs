//! The poll form: a guest as a future, for hosts that have a spawner of their own.

use super::{GuestError, GuestRun, Host, Tick, worker::Worker};
use atomic_waker::AtomicWaker;
use concurrent_queue::ConcurrentQueue;
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

/// The future's waker as a host: a tick wakes the future, and its poll runs the tick.
pub(super) struct PollHost {
    tick: ConcurrentQueue<Tick>,
    waker: AtomicWaker,
    worker: Arc<Worker>,
}

impl PollHost {
    pub(super) fn new(worker: Arc<Worker>) -> Arc<Self> {
        Arc::new(Self { tick: ConcurrentQueue::bounded(1), waker: AtomicWaker::new(), worker })
    }

    fn put(&self, tick: Tick) {
        // One that is there already is stale.
        let _ = self.tick.force_push(tick);
        self.waker.wake();
    }
}

/// The part of a [`PollHost`] that the guest holds.
pub(super) struct Handle(pub(super) Arc<PollHost>);

impl Host for Handle {
    fn schedule(&self, tick: Tick) {
        self.0.put(tick);
    }

    fn schedule_yield(&self, tick: Tick) {
        let host = self.0.clone();
        self.0.worker.later(move || host.put(tick));
    }
}

/// What [`Guest::into_future`](super::Guest::into_future) gives: the guest as a future of main's output. Each poll is a
/// tick; after one that spends its budget the next comes about 50 µs later, so that the host's other tasks have their
/// turn.
///
/// # Cancel safety
///
/// Dropping it ends the guest here and now, as [`GuestRun`] does.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::Guest;
///
/// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async { 42 })?;
/// assert_eq!(futures_lite::future::block_on(guest).unwrap(), 42);
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[must_use = "a guest that is not polled does nothing"]
pub struct GuestFuture<T> {
    // Dropped first: the ticks that the host still has are stale then.
    run: GuestRun,
    host: Arc<PollHost>,
    result: Rc<RefCell<Option<Result<T, GuestError>>>>,
}

impl<T> GuestFuture<T> {
    pub(super) fn new(run: GuestRun, host: Arc<PollHost>, result: Rc<RefCell<Option<Result<T, GuestError>>>>) -> Self {
        Self { run, host, result }
    }

    /// The guest behind the future: its scope, its remote and its counts.
    pub fn guest(&self) -> &GuestRun {
        &self.run
    }
}

impl<T> Future for GuestFuture<T> {
    type Output = Result<T, GuestError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The host may have another waker each time.
        self.host.waker.register(cx.waker());
        if let Ok(tick) = self.host.tick.pop() {
            tick.run();
        }
        match self.result.take() {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for GuestFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestFuture").field("run", &self.run).finish_non_exhaustive()
    }
}

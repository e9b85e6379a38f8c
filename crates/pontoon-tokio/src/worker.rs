//! A seat of the loop on a worker of the runtime.
//!
//! What a worker wakes comes into a slot of that worker's own, from which no other one takes it: a seat that a busy seat
//! has woken would stand still there until the poll under way is over. Whatever comes into the slot next pushes the seat
//! out, into the queue that the other workers steal from.

use pontoon_core::BoxFuture;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};
use tokio::runtime::{Handle, worker_index};

/// The future of a seat, as a task of the runtime's.
pub(crate) struct Seat {
    future: BoxFuture<'static, ()>,
    handle: Handle,
    waker: Option<(Arc<Movable>, Waker)>,
}

impl Seat {
    pub(crate) fn new(handle: Handle, future: BoxFuture<'static, ()>) -> Self {
        Self { future, handle, waker: None }
    }
}

impl Future for Seat {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // A task's waker stays the same.
        let (movable, waker) = this.waker.get_or_insert_with(|| {
            let (task, handle) = (cx.waker().clone(), this.handle.clone());
            let movable = Arc::new(Movable { task, handle, polled: AtomicBool::new(false) });
            (movable.clone(), Waker::from(movable))
        });
        movable.polled.store(true, Ordering::Relaxed);
        let polled = this.future.as_mut().poll(&mut Context::from_waker(waker));
        movable.polled.store(false, Ordering::Relaxed);
        polled
    }
}

/// Wakes a seat so that any worker may take it.
struct Movable {
    task: Waker,
    handle: Handle,
    /// The seat is at work: it comes back to the queue of its worker by itself.
    polled: AtomicBool,
}

impl Wake for Movable {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.task.wake_by_ref();
        if worker_index().is_some() && !self.polled.load(Ordering::Relaxed) {
            drop(self.handle.spawn(async {}));
        }
    }
}

//! A task's future with its panics kept in, and the place where its result is left: what tasks of a loop and of a guest
//! have in common.

use crate::{error::Payload, trace::Ended};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

/// What became of a task. It is there before the task counts as ended, so that a cancel cannot lose it.
pub(crate) type Slot<T> = Arc<Mutex<Option<Result<T, Payload>>>>;

pub(crate) fn take<T>(slot: &Slot<T>) -> Option<Result<T, Payload>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Drops a result that nobody takes. A panic of its destructor has been reported by the panic hook and goes no further:
/// whether it struck the task or whoever lets go of its handle would be a matter of which comes last.
pub(crate) fn abandon(drop: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drop));
}

pin_project! {
    /// Panics become the task's result, and its values are dropped where it is polled. No panic leaves it: async-task
    /// aborts the process where a destructor of a task's panics.
    pub(crate) struct Caught<F: Future> {
        #[pin]
        future: Option<F>,
        slot: Option<Slot<F::Output>>,
    }

    impl<F: Future> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this;
            this.as_mut().discard();
            let slot = this.project().slot.take();
            abandon(|| drop(slot));
        }
    }
}

impl<F: Future> Caught<F> {
    pub(crate) fn new(future: F, slot: Slot<F::Output>) -> Self {
        Self { future: Some(future), slot: Some(slot) }
    }

    fn put(self: Pin<&mut Self>, result: Result<F::Output, Payload>) {
        if let Some(slot) = self.project().slot {
            slot.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(result);
        }
    }

    /// Drops the future. A panic of its destructor is kept for whoever joins the task, if it has no result yet.
    pub(crate) fn discard(mut self: Pin<&mut Self>) {
        let dropped = catch_unwind(AssertUnwindSafe(|| self.as_mut().project().future.set(None)));
        if let Err(payload) = dropped {
            self.put(Err(payload));
        }
    }

    /// Polls the future, and calls `ended` when its result is there and its values are gone.
    #[inline]
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, ended: impl FnOnce(Ended)) -> Poll<()> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let mut future = self.as_mut().project().future;
            let polled = future.as_mut().as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx));
            if polled.is_ready() {
                future.set(None);
            }
            polled
        }));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(payload),
        };
        let how = if result.is_ok() { Ended::Completed } else { Ended::Panicked };
        self.as_mut().put(result);
        self.discard();
        ended(how);
        Poll::Ready(())
    }
}

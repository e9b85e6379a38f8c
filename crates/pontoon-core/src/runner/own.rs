//! What a call waits for: a future on the caller's stack, or the next item of a stream.

use crate::{error::Payload, run_loop::drive::Own};
use futures_core::Stream;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// A future on the caller's stack, and what came of it.
pub(super) struct InPlace<'a, F: Future> {
    future: Pin<&'a mut Option<F>>,
    pub(super) result: Option<Result<F::Output, Payload>>,
}

impl<'a, F: Future> InPlace<'a, F> {
    #[inline]
    pub(super) fn new(future: Pin<&'a mut Option<F>>) -> Self {
        Self { future, result: None }
    }

    /// Polls the future and drops it once it is done: here, in the runtime's context, and not where the caller stands.
    #[inline]
    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(future) = self.future.as_mut().as_pin_mut() else { return false };
        let Poll::Ready(value) = future.poll(cx) else { return false };
        self.result = Some(Ok(value));
        self.future.set(None);
        true
    }
}

impl<F: Future> Own for InPlace<'_, F> {
    #[inline]
    fn first_poll(&mut self, cx: &mut Context<'_>) -> bool {
        struct OnPanic<'a, 'b, F: Future>(&'a mut InPlace<'b, F>);
        impl<F: Future> Drop for OnPanic<'_, '_, F> {
            fn drop(&mut self) {
                self.0.discard();
            }
        }
        let own = OnPanic(self);
        let done = own.0.step(cx);
        std::mem::forget(own);
        done
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        match catch_unwind(AssertUnwindSafe(|| self.step(cx))) {
            Ok(done) => done,
            Err(payload) => {
                self.result = Some(Err(payload));
                self.discard();
                true
            }
        }
    }

    fn discard(&mut self) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.future.set(None))) {
            self.result.get_or_insert(Err(payload));
        }
    }
}

/// The next item of a stream that stays where it is.
pub(super) struct Next<'a, S: Stream> {
    stream: Pin<&'a mut S>,
    pub(super) result: Option<Result<Option<S::Item>, Payload>>,
}

impl<'a, S: Stream> Next<'a, S> {
    #[inline]
    pub(super) fn new(stream: Pin<&'a mut S>) -> Self {
        Self { stream, result: None }
    }

    #[inline]
    pub(super) fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(item) = self.stream.as_mut().poll_next(cx) else { return false };
        self.result = Some(Ok(item));
        true
    }
}

impl<S: Stream> Own for Next<'_, S> {
    fn first_poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.step(cx)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        match catch_unwind(AssertUnwindSafe(|| self.step(cx))) {
            Ok(done) => done,
            Err(payload) => {
                self.result = Some(Err(payload));
                true
            }
        }
    }

    /// The stream outlives the call.
    fn discard(&mut self) {}
}

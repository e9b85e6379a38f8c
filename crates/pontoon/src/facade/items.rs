//! A stream of wrapped types as a stream of facades.

use super::IntoBlocking;
use crate::Runner;
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A stream whose items are made blocking, as [`ItemsBy`](super::ItemsBy) says.
    pub struct BlockingItems<S, How> {
        #[pin]
        stream: S,
        runner: Runner,
        how: PhantomData<fn() -> How>,
    }
}

impl<S, How> BlockingItems<S, How> {
    pub(super) fn new(stream: S, runner: Runner) -> Self {
        Self { stream, runner, how: PhantomData }
    }
}

impl<S: Stream, How> Stream for BlockingItems<S, How>
where
    S::Item: IntoBlocking<How>,
{
    type Item = <S::Item as IntoBlocking<How>>::Blocking;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let item = ready!(this.stream.poll_next(cx));
        Poll::Ready(item.map(|item| item.into_blocking(this.runner)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S, How> fmt::Debug for BlockingItems<S, How> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingItems").field("runner", &self.runner).finish_non_exhaustive()
    }
}

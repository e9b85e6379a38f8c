//! A stream as an iterator.

mod prefetch;

pub use prefetch::Prefetch;

use crate::{
    RunError, Runner,
    runner::{call, refuse},
};
use futures_core::Stream;
use std::{
    fmt,
    future::poll_fn,
    iter::FusedIterator,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
};

/// A stream as an iterator, made by [`Runner::wrap_iter`].
///
/// Every item is polled in place, on the thread that asks for it. After the last item, and after a panic of the stream,
/// it gives `None` for ever. The stream is dropped in its runtime's context: with its last item, or with the iterator.
///
/// # Blocking
///
/// [`next`](Iterator::next) blocks as [`Runner::run`] does.
///
/// # Panics
///
/// [`next`](Iterator::next) panics with the panic of the stream, and where [`try_next`](Self::try_next) would give an
/// error.
///
/// # Examples
///
/// ```
/// use futures_lite::stream;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// for (expected, item) in runner.wrap_iter(stream::iter([0, 1, 2])).enumerate() {
///     assert_eq!(item, expected);
/// }
/// ```
pub struct Iter<S: Stream> {
    runner: Runner,
    stream: Option<Pin<Box<S>>>,
}

impl<S: Stream> Iter<S> {
    pub(crate) fn new(runner: Runner, stream: S) -> Self {
        Self { runner, stream: Some(Box::pin(stream)) }
    }

    /// The next item, or `None` after the last.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Errors
    ///
    /// As [`Runner::try_run`]; the stream stays as it was.
    ///
    /// # Panics
    ///
    /// With the panic of the stream.
    pub fn try_next(&mut self) -> Result<Option<S::Item>, RunError> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let next = poll_fn(|cx| stream.as_mut().poll_next(cx));
        match catch_unwind(AssertUnwindSafe(|| self.runner.try_run(next))) {
            Ok(Ok(None)) => {
                self.end();
                Ok(None)
            }
            Ok(result) => result,
            Err(payload) => {
                self.end();
                resume_unwind(payload)
            }
        }
    }

    /// Lets a task of the loop fetch up to `ahead` items before they are asked for. Zero counts as one.
    ///
    /// Producer and consumer then overlap, and items come in batches; the producer waits while `ahead` items are
    /// untaken. Dropping the iterator drops the stream, in context, before the drop returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::stream;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// assert_eq!(runner.wrap_iter(stream::iter(0..1000)).prefetch(64).count(), 1000);
    /// ```
    pub fn prefetch(mut self, ahead: usize) -> Prefetch<S::Item>
    where
        S: Send + 'static,
        S::Item: Send + 'static,
    {
        Prefetch::new(self.runner.clone(), self.stream.take(), ahead)
    }

    fn end(&mut self) {
        if let Some(stream) = self.stream.take() {
            call::discard(self.runner.lp(), stream);
        }
    }
}

impl<S: Stream> Iterator for Iter<S> {
    type Item = S::Item;

    #[track_caller]
    fn next(&mut self) -> Option<S::Item> {
        match self.try_next() {
            Ok(item) => item,
            Err(error) => refuse(&error),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), |stream| stream.size_hint())
    }
}

impl<S: Stream> FusedIterator for Iter<S> {}

impl<S: Stream> Drop for Iter<S> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<S: Stream> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("ended", &self.stream.is_none()).finish_non_exhaustive()
    }
}

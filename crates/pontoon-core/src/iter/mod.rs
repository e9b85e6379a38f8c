//! A stream as an iterator.

mod prefetch;

pub use prefetch::Prefetch;

use crate::{
    RunError, Runner,
    caught::abandon,
    run_loop::seat::{Pair, new_pair},
    runner::{
        call::{self, Door},
        refuse,
    },
    trace,
};
use futures_core::Stream;
use std::{fmt, iter::FusedIterator, pin::Pin, task::Poll};

/// How many ready items [`fold`](Iterator::fold) and those that build on it take at a time.
const BATCH: usize = 32;

/// A stream as an iterator, made by [`Runner::wrap_iter`].
///
/// Every item is polled in place, on the thread that asks for it. Methods that consume the iterator whole, such as
/// `for_each`, `collect` and `sum`, take ready items in batches. After the last item, and after a panic of the stream,
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
    /// The stream keeps its waker from one item to the next.
    seat: Pair,
}

impl<S: Stream> Iter<S> {
    pub(crate) fn new(runner: Runner, stream: S) -> Self {
        Self { runner, stream: Some(Box::pin(stream)), seat: new_pair() }
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
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::stream;
    /// use pontoon_core::RunError;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let mut items = runner.wrap_iter(stream::repeat(1));
    /// assert_eq!(items.try_next()?, Some(1));
    /// runner.close().unwrap();
    /// assert!(matches!(items.try_next(), Err(RunError::Closed)));
    /// # Ok::<(), RunError>(())
    /// ```
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<S::Item>, RunError> {
        let fuse = Fuse(self);
        let item = fuse.0.poll_or_wait();
        if !matches!(item, Ok(None)) {
            fuse.keep();
        }
        item
    }

    /// The next item: without a call if it is ready.
    #[inline]
    fn poll_or_wait(&mut self) -> Result<Option<S::Item>, RunError> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        call::next(self.runner.lp(), &self.seat, stream.as_mut())
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
    #[cfg_attr(feature = "tracing", track_caller)]
    pub fn prefetch(mut self, ahead: usize) -> Prefetch<S::Item>
    where
        S: Send + 'static,
        S::Item: Send + 'static,
    {
        Prefetch::new(self.runner.clone(), self.stream.take(), ahead)
    }

    /// Fills the batch with items that are ready.
    fn fill(&mut self, batch: &mut Vec<S::Item>) {
        let fuse = Fuse(self);
        let Some(stream) = &mut fuse.0.stream else { return };
        let _trace = trace::call(fuse.0.runner.lp(), "next");
        let ended = call::first_poll(fuse.0.runner.lp(), Door::Call, &fuse.0.seat, |cx| {
            while batch.len() < BATCH {
                match stream.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => batch.push(item),
                    Poll::Ready(None) => return true,
                    Poll::Pending => return false,
                }
            }
            false
        });
        call::pass_on(fuse.0.runner.lp());
        if !matches!(ended, Ok(true)) {
            fuse.keep();
        }
    }

    fn end(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        let discard = || call::discard(self.runner.lp(), stream);
        if std::thread::panicking() {
            // A second panic would abort the process; the first one is the news.
            abandon(discard);
        } else {
            discard();
        }
    }
}

impl<S: Stream> Iterator for Iter<S> {
    type Item = S::Item;

    #[inline]
    #[track_caller]
    fn next(&mut self) -> Option<S::Item> {
        match self.try_next() {
            Ok(item) => item,
            Err(error) => refuse(&error),
        }
    }

    /// Consumes the items in batches of those that are ready, so that the context is entered once for many.
    fn fold<B, F>(mut self, init: B, mut f: F) -> B
    where
        F: FnMut(B, S::Item) -> B,
    {
        let mut result = init;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(item) = self.next() {
            result = f(result, item);
            self.fill(&mut batch);
            for item in batch.drain(..) {
                result = f(result, item);
            }
        }
        result
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), |stream| stream.size_hint())
    }
}

/// Ends the iterator when dropped: after its last item, and when the stream panics.
struct Fuse<'a, S: Stream>(&'a mut Iter<S>);

impl<S: Stream> Fuse<'_, S> {
    #[inline]
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl<S: Stream> Drop for Fuse<'_, S> {
    fn drop(&mut self) {
        self.0.end();
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

//! Sync seen from async: a blocking iterator as a stream.

use crate::{JoinError, Runner, Task};
use async_channel::Receiver;
use futures_core::Stream;
use std::{
    fmt,
    future::{Future, pending},
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

/// How many items wait between the iterator and the stream.
const CAPACITY: usize = 16;

/// A blocking iterator as a stream, made by [`Runner::unblock_iter`].
///
/// The iterator runs on the blocking pool. It is at most 17 items ahead: 16 that wait, and one in its hand. Dropping the
/// stream stops it before its next item.
///
/// # Panics
///
/// The stream panics with the iterator's panic, after the items before it; and if the runner closed or could not run the
/// iterator, because a stream of items has no other way to say that some are missing.
///
/// # Examples
///
/// ```
/// use futures_lite::StreamExt as _;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let lines: Vec<_> = runner.run(runner.unblock_iter("one two".split(' ')).collect());
/// assert_eq!(lines, ["one", "two"]);
/// ```
pub struct UnblockIter<T> {
    items: Pin<Box<Receiver<T>>>,
    /// Says whether the iterator ran to its end.
    job: Option<Task<bool>>,
    /// Lives as long as the loop: its end releases an iterator that waits for room.
    _release: Task<()>,
}

/// Closes the channel when the loop drops its tasks.
struct Release<T>(Receiver<T>);

impl<T> Drop for Release<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T: Send + 'static> UnblockIter<T> {
    #[cfg_attr(feature = "tracing", track_caller)]
    pub(crate) fn new<I>(runner: &Runner, iter: I) -> Self
    where
        I: IntoIterator<Item = T> + Send + 'static,
    {
        let (sender, receiver) = async_channel::bounded(CAPACITY);
        let job = runner.unblock(move || {
            for item in iter {
                if sender.send_blocking(item).is_err() {
                    return false;
                }
            }
            true
        });
        let release = Release(receiver.clone());
        let release = runner.spawn(async move {
            let _release = release;
            pending::<()>().await;
        });
        Self { items: Box::pin(receiver), job: Some(job), _release: release }
    }
}

impl<T> Stream for UnblockIter<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Poll::Ready(Some(item)) = self.items.as_mut().poll_next(cx) {
            return Poll::Ready(Some(item));
        }
        if !self.items.is_closed() {
            return Poll::Pending;
        }
        let Some(job) = &mut self.job else { return Poll::Ready(None) };
        let Poll::Ready(ended) = Pin::new(job).poll(cx) else { return Poll::Pending };
        self.job = None;
        match ended {
            Ok(true) => Poll::Ready(None),
            Ok(false) => incomplete(&JoinError::cancelled()),
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => incomplete(&error),
        }
    }
}

#[cold]
fn incomplete(error: &JoinError) -> ! {
    panic!("the blocking iterator did not run to its end: {error}; its runner must not be closed before")
}

impl<T> Drop for UnblockIter<T> {
    fn drop(&mut self) {
        self.items.close();
        if let Some(job) = self.job.take() {
            job.detach();
        }
    }
}

impl<T> fmt::Debug for UnblockIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnblockIter").field("waiting", &self.items.len()).finish_non_exhaustive()
    }
}

//! Items fetched ahead by a task of the loop.

use crate::{RunError, Runner, Task, runner::refuse};
use futures_core::Stream;
use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    iter::FusedIterator,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// How many items the task fetches in one poll before others get their turn.
const BATCH: usize = 64;

/// An iterator over items that a task fetches ahead, made by [`Iter::prefetch`](crate::Iter::prefetch).
///
/// # Panics
///
/// [`next`](Iterator::next) panics with the panic of the stream, after the items before it, and if the runner closes
/// before the stream has ended.
///
/// # Examples
///
/// ```
/// use futures_lite::stream;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let items: Vec<u32> = runner.wrap_iter(stream::iter(0..5)).prefetch(2).collect();
/// assert_eq!(items, [0, 1, 2, 3, 4]);
/// ```
pub struct Prefetch<T> {
    runner: Runner,
    buffer: Arc<Buffer<T>>,
    /// What came with the last wake-up.
    batch: VecDeque<T>,
    task: Option<Task<()>>,
}

struct Buffer<T> {
    shared: Mutex<Shared<T>>,
    /// Items fetched and not yet given out.
    ahead: AtomicUsize,
    limit: usize,
}

struct Shared<T> {
    items: VecDeque<T>,
    ended: bool,
    producer: Option<Waker>,
    consumer: Option<Waker>,
}

impl<T> Buffer<T> {
    fn lock(&self) -> MutexGuard<'_, Shared<T>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the producer must wait; it is woken when it need not any more.
    fn is_full(&self, cx: &mut Context<'_>) -> bool {
        if self.ahead.load(Ordering::SeqCst) < self.limit {
            return false;
        }
        self.lock().producer = Some(cx.waker().clone());
        self.ahead.load(Ordering::SeqCst) >= self.limit
    }

    fn push(&self, item: T) {
        self.ahead.fetch_add(1, Ordering::SeqCst);
        let mut shared = self.lock();
        shared.items.push_back(item);
        let consumer = shared.consumer.take();
        drop(shared);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
    }

    fn end(&self) {
        let mut shared = self.lock();
        shared.ended = true;
        let consumer = shared.consumer.take();
        drop(shared);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
    }

    /// An item was given out: the producer goes on once half of its room is free.
    fn took_one(&self) {
        let before = self.ahead.fetch_sub(1, Ordering::SeqCst);
        if before - 1 == self.limit / 2 {
            let producer = self.lock().producer.take();
            if let Some(producer) = producer {
                producer.wake();
            }
        }
    }

    /// Everything that is there; `None` after the end.
    fn poll_batch(&self, cx: &mut Context<'_>) -> Poll<Option<VecDeque<T>>> {
        let mut shared = self.lock();
        if !shared.items.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut shared.items)));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        shared.consumer = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The task's future. However it ends, the consumer hears of it.
struct Pump<S: Stream> {
    stream: Pin<Box<S>>,
    buffer: Arc<Buffer<S::Item>>,
}

impl<S: Stream> Future for Pump<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BATCH {
            if self.buffer.is_full(cx) {
                return Poll::Pending;
            }
            match self.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => self.buffer.push(item),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream> Drop for Pump<S> {
    fn drop(&mut self) {
        self.buffer.end();
    }
}

impl<T: Send + 'static> Prefetch<T> {
    #[cfg_attr(feature = "tracing", track_caller)]
    pub(crate) fn new<S>(runner: Runner, stream: Option<Pin<Box<S>>>, ahead: usize) -> Self
    where
        S: Stream<Item = T> + Send + 'static,
    {
        let shared = Shared { items: VecDeque::new(), ended: stream.is_none(), producer: None, consumer: None };
        let buffer = Arc::new(Buffer { shared: Mutex::new(shared), ahead: AtomicUsize::new(0), limit: ahead.max(1) });
        let mut task = None;
        // No closure: a trace is to say where the caller stands.
        if let Some(stream) = stream {
            task = Some(runner.spawn(Pump { stream, buffer: buffer.clone() }));
        }
        Self { runner, buffer, batch: VecDeque::new(), task }
    }
}

impl<T> Prefetch<T> {
    /// The next item, or `None` after the last.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Errors
    ///
    /// As [`Runner::try_run`]. [`RunError::Closed`] also if the runner closed before the stream had ended.
    ///
    /// # Panics
    ///
    /// With the panic of the stream.
    pub fn try_next(&mut self) -> Result<Option<T>, RunError> {
        loop {
            let forked = self.runner.lp().is_forked();
            if let Some(item) = self.batch.pop_front() {
                if !forked {
                    self.buffer.took_one();
                }
                return Ok(Some(item));
            }
            if forked {
                // The producer is not in this process, and may have held the buffer when it was forked.
                return Err(RunError::Forked);
            }
            let buffer = &self.buffer;
            let ready = buffer.poll_batch(&mut Context::from_waker(Waker::noop()));
            let batch = match ready {
                Poll::Ready(batch) => batch,
                Poll::Pending => self.runner.try_run(poll_fn(|cx| buffer.poll_batch(cx)))?,
            };
            if let Some(batch) = batch {
                self.batch = batch;
                continue;
            }
            let Some(task) = self.task.take() else { return Ok(None) };
            return match task.join() {
                Ok(()) => Ok(None),
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                Err(error) => Err(error.refused().cloned().unwrap_or(RunError::Closed)),
            };
        }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        match self.try_next() {
            Ok(item) => item,
            Err(error) => refuse(&error),
        }
    }
}

impl<T> FusedIterator for Prefetch<T> {}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.cancel_within(self.runner.lp().config.close_limit);
        }
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("ahead", &self.buffer.ahead.load(Ordering::Relaxed))
            .field("limit", &self.buffer.limit)
            .finish_non_exhaustive()
    }
}

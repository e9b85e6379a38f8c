//! The queues of the loop.

use super::atomic::AtomicUsize;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

/// Each operation takes one step of the model, which is an access to `changes`: between that and what follows it no other
/// thread runs. So the items may lie behind a lock that the model knows nothing of.
#[derive(Debug)]
pub(crate) struct ConcurrentQueue<T> {
    changes: AtomicUsize,
    items: Mutex<Items<T>>,
}

#[derive(Debug)]
struct Items<T> {
    queue: VecDeque<T>,
    closed: bool,
}

/// The queue is closed.
#[derive(Debug)]
pub(crate) struct PushError<T>(T);

impl<T> PushError<T> {
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// The queue is empty.
#[derive(Debug)]
pub(crate) struct PopError;

impl<T> ConcurrentQueue<T> {
    pub(crate) fn unbounded() -> Self {
        let items = Items { queue: VecDeque::new(), closed: false };
        Self { changes: AtomicUsize::new(0), items: Mutex::new(items) }
    }

    fn items(&self) -> MutexGuard<'_, Items<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn change(&self) -> MutexGuard<'_, Items<T>> {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.items()
    }

    #[track_caller]
    pub(crate) fn push(&self, item: T) -> Result<(), PushError<T>> {
        let mut items = self.change();
        if items.closed {
            return Err(PushError(item));
        }
        items.queue.push_back(item);
        Ok(())
    }

    #[track_caller]
    pub(crate) fn pop(&self) -> Result<T, PopError> {
        if self.is_empty() {
            return Err(PopError);
        }
        self.change().queue.pop_front().ok_or(PopError)
    }

    #[track_caller]
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.load(Ordering::SeqCst);
        self.items().queue.is_empty()
    }

    #[track_caller]
    pub(crate) fn close(&self) {
        self.change().closed = true;
    }
}

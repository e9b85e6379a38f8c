//! The tasks alive, for closing and counting.

use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard};
use slab::Slab;
use std::{
    sync::{PoisonError, atomic::Ordering},
    task::Waker,
    time::Duration,
};

/// Every task that is neither finished nor dropped, with the waker that brings it to the queue.
#[derive(Default)]
pub(crate) struct Live {
    tasks: Mutex<Slab<Option<Waker>>>,
    len: AtomicUsize,
    /// How many of them an inline runner's thread has polled and must keep.
    locals: AtomicUsize,
    ends: Condvar,
    /// How many wait for a task to end: a notification that nobody waits for is a system call, too.
    awaited: AtomicUsize,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Slab<Option<Waker>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a task that is about to exist; its waker follows.
    pub(crate) fn reserve(&self) -> usize {
        let key = self.lock().insert(None);
        self.len.fetch_add(1, Ordering::SeqCst);
        key
    }

    /// A local task is bound to the thread that polls it.
    pub(crate) fn bind_local(&self) {
        self.locals.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn fill(&self, key: usize, waker: Waker) {
        self.lock()[key] = Some(waker);
    }

    /// Strikes a task out. Says whether it was the last one.
    pub(crate) fn remove(&self, key: usize, bound: bool) -> bool {
        let waker = self.lock().remove(key);
        if bound {
            self.locals.fetch_sub(1, Ordering::SeqCst);
        }
        let last = self.len.fetch_sub(1, Ordering::SeqCst) == 1;
        // The waker may hold the last reference to a task: it must not go under the lock.
        drop(waker);
        if self.awaited.load(Ordering::SeqCst) > 0 {
            self.ends.notify_all();
        }
        last
    }

    /// Waits until a task ends, for at most `limit`.
    pub(crate) fn wait(&self, limit: Duration) {
        let tasks = self.lock();
        self.awaited.fetch_add(1, Ordering::SeqCst);
        drop(self.ends.wait_timeout(tasks, limit));
        self.awaited.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    pub(crate) fn locals(&self) -> usize {
        self.locals.load(Ordering::SeqCst)
    }

    /// Brings every task to the queue.
    pub(crate) fn wake_all(&self) {
        let wakers: Vec<_> = self.lock().iter().filter_map(|(_, waker)| waker.clone()).collect();
        for waker in wakers {
            waker.wake();
        }
    }
}

//! Who is in the runtime's context right now.

use std::{
    cell::Cell,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

thread_local! {
    /// How often this thread is in some runtime's context.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

/// Counts the threads in a runtime's context.
#[derive(Default)]
pub(crate) struct Users {
    count: AtomicUsize,
    /// Somebody waits for the count to fall.
    awaited: AtomicBool,
    lock: Mutex<()>,
    falls: Condvar,
}

/// In the context until dropped.
pub(crate) struct User<'a>(&'a Users);

impl Users {
    #[inline]
    pub(crate) fn enter(&self) -> User<'_> {
        self.count.fetch_add(1, Ordering::SeqCst);
        MINE.set(MINE.get() + 1);
        User(self)
    }

    /// Waits until no other thread is in the context, for at most `limit`.
    pub(crate) fn wait(&self, limit: Duration) {
        let start = Instant::now();
        self.awaited.store(true, Ordering::SeqCst);
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.count.load(Ordering::SeqCst) > MINE.get() {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            lock = self.falls.wait_timeout(lock, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for User<'_> {
    #[inline]
    fn drop(&mut self) {
        MINE.set(MINE.get() - 1);
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        if self.0.awaited.load(Ordering::SeqCst) {
            self.0.fell();
        }
    }
}

impl Users {
    #[cold]
    fn fell(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.falls.notify_all();
    }
}

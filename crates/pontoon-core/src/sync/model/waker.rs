//! The cell that a waker lies in.

use loom::sync::{Mutex, MutexGuard};
use std::{sync::PoisonError, task::Waker};

#[derive(Debug, Default)]
pub(crate) struct AtomicWaker(Mutex<Option<Waker>>);

impl AtomicWaker {
    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub(crate) fn register(&self, waker: &Waker) {
        let old = self.lock().replace(waker.clone());
        drop(old);
    }

    #[track_caller]
    pub(crate) fn wake(&self) {
        let waker = self.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

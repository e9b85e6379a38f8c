//! Where a thread sleeps outside of the backend.

use super::LONG;
use loom::sync::{Condvar, Mutex, MutexGuard};
use std::{
    sync::{Arc, PoisonError},
    task::Wake,
    time::Duration,
};

#[derive(Debug, Default)]
pub(crate) struct Token {
    given: Mutex<bool>,
    gives: Condvar,
}

impl Token {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.lock() = true;
        self.gives.notify_all();
    }
}

#[derive(Debug, Default)]
pub(crate) struct Parker(Arc<Token>);

impl Parker {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn unparker(&self) -> Arc<Token> {
        self.0.clone()
    }

    pub(crate) fn park(&self) {
        let mut given = self.0.lock();
        while !*given {
            given = self.0.gives.wait(given).unwrap_or_else(PoisonError::into_inner);
        }
        *given = false;
    }

    /// Says whether it was unparked.
    pub(crate) fn park_timeout(&self, limit: Duration) -> bool {
        if limit >= LONG {
            self.park();
            return true;
        }
        if std::mem::take(&mut *self.0.lock()) {
            return true;
        }
        loom::thread::yield_now();
        std::mem::take(&mut *self.0.lock())
    }
}

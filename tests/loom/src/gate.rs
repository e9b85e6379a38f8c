//! What the models wait for and count.

use crate::Reactor;
use loom::sync::{Condvar, Mutex, MutexGuard};
use std::{
    future::{Future, poll_fn},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shut at first, and once open for good. One future at a time may wait for it, and threads may block on it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    opens: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: bool,
    waker: Option<Waker>,
    blocked: usize,
}

impl Gate {
    fn set_open(&self) -> Option<Waker> {
        let mut state = lock(&self.0.state);
        state.open = true;
        if state.blocked > 0 {
            self.0.opens.notify_all();
        }
        state.waker.take()
    }

    /// Opens it, and wakes who waits.
    pub fn open(&self) {
        if let Some(waker) = self.set_open() {
            waker.wake();
        }
    }

    /// Opens it, and leaves the waking to whoever turns the reactor.
    pub fn open_by(&self, reactor: &Reactor) {
        if let Some(waker) = self.set_open() {
            reactor.fire(waker);
        }
    }

    /// Waits in a future.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        let inner = self.0.clone();
        poll_fn(move |cx| {
            let mut state = lock(&inner.state);
            if state.open {
                return Poll::Ready(());
            }
            let old = state.waker.replace(cx.waker().clone());
            drop(state);
            drop(old);
            Poll::Pending
        })
    }

    /// Waits on this thread, with nothing of the runner's.
    pub fn block(&self) {
        let mut state = lock(&self.0.state);
        state.blocked += 1;
        while !state.open {
            state = self.0.opens.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.blocked -= 1;
    }
}

/// Counts how often a value was dropped.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    /// A value whose drop counts.
    pub fn counted(&self) -> Counted {
        Counted(self.0.clone())
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A value whose drop is counted.
#[derive(Debug)]
pub struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

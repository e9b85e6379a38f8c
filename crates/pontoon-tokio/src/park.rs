//! How a thread waits: inside a current-thread runtime that it drives, or on a parker of its own.

use atomic_waker::AtomicWaker;
use parking::{Parker, Unparker};
use std::{
    cell::Cell,
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Wake, Waker},
};
use tokio::runtime::Runtime;

/// What the waker of a waiting thread sets.
struct Flag {
    woken: AtomicBool,
    /// Wakes the thread while it drives a runtime.
    driving: AtomicWaker,
    /// Wakes the thread while it is merely parked.
    unparker: Unparker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.driving.wake();
            self.unparker.unpark();
        }
    }
}

/// One level's way to wait and to be woken.
pub(crate) struct Signal {
    flag: Arc<Flag>,
    parker: Parker,
    waker: Waker,
}

impl Signal {
    fn new() -> Self {
        let parker = Parker::new();
        let flag =
            Arc::new(Flag { woken: AtomicBool::new(false), driving: AtomicWaker::new(), unparker: parker.unparker() });
        let waker = Waker::from(flag.clone());
        Self { flag, parker, waker }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    fn take(&self) -> bool {
        self.flag.woken.swap(false, Ordering::SeqCst)
    }

    /// Waits for the waker while driving `runtime`.
    pub(crate) fn wait_in(&self, runtime: &Runtime) {
        let mut first = true;
        runtime.block_on(poll_fn(|cx| {
            self.flag.driving.register(cx.waker());
            // The first poll is always pending when it can be: the reactor gets its turn even if we were woken at once.
            if self.flag.woken.load(Ordering::SeqCst) && !std::mem::take(&mut first) {
                self.take();
                return Poll::Ready(());
            }
            if self.flag.woken.load(Ordering::SeqCst) {
                cx.waker().wake_by_ref();
            }
            first = false;
            Poll::Pending
        }));
        // This waker is the runtime's, which it would keep half alive until the thread waits again.
        drop(self.flag.driving.take());
    }

    /// Waits for the waker; somebody else drives.
    pub(crate) fn wait(&self) {
        while !self.take() {
            self.parker.park();
        }
    }
}

thread_local! {
    static SPARE: Cell<Option<Signal>> = const { Cell::new(None) };
}

/// A signal, kept for this thread's next wait when dropped.
pub(crate) struct Spare(Option<Signal>);

/// This thread's signal; a new one for every nested level.
pub(crate) fn signal() -> Spare {
    Spare(Some(SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(Signal::new)))
}

impl std::ops::Deref for Spare {
    type Target = Signal;

    fn deref(&self) -> &Signal {
        self.0.as_ref().expect("present until dropped")
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(signal) = self.0.take() {
            let _ = SPARE.try_with(|spare| spare.set(Some(signal)));
        }
    }
}

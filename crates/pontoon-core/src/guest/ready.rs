//! The tasks that a tick wakes on its own thread: they need no queue that other threads can see.

use super::shared::Runnable;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

pub(super) type Ready = RefCell<VecDeque<Runnable>>;

thread_local! {
    /// The guest whose tick runs on this thread, the innermost one, by its id; zero for none.
    static TICKING: Cell<usize> = const { Cell::new(0) };
    static READY: Ready = const { RefCell::new(VecDeque::new()) };
}

/// Calls `f` as the tick of guest `id`, whose tasks that are ready are in `ready` before and after.
pub(super) fn ticking<R>(id: usize, ready: &Ready, f: impl FnOnce() -> R) -> R {
    struct Leave<'a> {
        outer: usize,
        below: VecDeque<Runnable>,
        ready: &'a Ready,
    }
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            TICKING.set(self.outer);
            let mine = READY.replace(std::mem::take(&mut self.below));
            self.ready.replace(mine);
        }
    }
    let _leave = Leave { below: READY.replace(ready.take()), outer: TICKING.replace(id), ready };
    f()
}

/// Keeps a task that was woken, if guest `id` is ticking here; gives it back otherwise.
#[inline]
pub(super) fn put(id: usize, runnable: Runnable) -> Option<Runnable> {
    if TICKING.get() != id || !runnable.metadata().local {
        return Some(runnable);
    }
    READY.with_borrow_mut(|ready| ready.push_back(runnable));
    None
}

/// Takes the next task of the guest that is ticking here.
#[inline]
pub(super) fn pop() -> Option<Runnable> {
    READY.with_borrow_mut(VecDeque::pop_front)
}

/// Whether the guest that is ticking here has a next task.
pub(super) fn is_any() -> bool {
    READY.with_borrow(|ready| !ready.is_empty())
}

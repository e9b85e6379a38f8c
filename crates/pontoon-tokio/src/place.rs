//! Where a thread stands among tokio's runtimes.
//!
//! tokio tells only what is on top: a runtime that runs on this thread, or a mere guard. Our own guards would hide what
//! is below them, so each of them remembers it.

use pontoon_core::{Place, WouldBlock};
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};
use tokio::{
    runtime::{Handle, Id, RuntimeFlavor, worker_index},
    task::unconstrained,
};

thread_local! {
    /// The current-thread runtime of ours that this thread drives right now: what runs then are its own tasks.
    static INSIDE: Cell<Option<Id>> = const { Cell::new(None) };
    /// The runtime of our topmost guard, and where the thread stood below all of them.
    static BELOW: Cell<Option<(Id, Place)>> = const { Cell::new(None) };
    /// A `LocalSet` of ours polls this thread, which no runtime does: there is a budget all the same.
    static IN_BUDGET: Cell<bool> = const { Cell::new(false) };
}

/// Puts both back when dropped.
struct Restore {
    inside: Option<Id>,
    below: Option<(Id, Place)>,
}

impl Restore {
    #[inline]
    fn set(inside: Option<Id>, below: Option<(Id, Place)>) -> Self {
        Self { inside: INSIDE.replace(inside), below: BELOW.replace(below) }
    }
}

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        INSIDE.set(self.inside);
        BELOW.set(self.below);
    }
}

/// Calls `f`, which drives the runtime of `handle` on this thread.
pub(crate) fn inside(handle: &Handle, f: impl FnOnce()) {
    let _restore = Restore::set(Some(handle.id()), None);
    f();
}

/// Calls `f` under a guard of the runtime of `handle`.
#[inline]
pub(crate) fn enter(handle: &Handle, f: &mut dyn FnMut()) {
    let below = below(handle);
    let _restore = Restore::set(INSIDE.get(), Some((handle.id(), below)));
    let _context = handle.enter();
    if below == Place::Free && !IN_BUDGET.get() {
        return f();
    }
    out_of_budget(f);
}

/// Whether another runtime runs on this thread, below our topmost guard. One that has spent its budget is woken by that
/// runtime then, and not before what it runs here has returned.
pub(crate) fn is_inside_another() -> bool {
    BELOW.get().is_some_and(|(_, below)| below != Place::Free)
}

/// Calls `f`, which polls tasks that have a budget each.
pub(crate) fn in_budget(f: impl FnOnce()) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            IN_BUDGET.set(self.0);
        }
    }
    let _restore = Restore(IN_BUDGET.replace(true));
    f();
}

/// Where this thread stands, for a runner on the runtime of `handle`.
pub(crate) fn below(handle: &Handle) -> Place {
    let Ok(current) = Handle::try_current() else { return Place::Free };
    match BELOW.get() {
        Some((top, below)) if top == current.id() => below,
        _ if current.runtime_flavor() != RuntimeFlavor::CurrentThread && worker_index().is_some() => {
            if current.id() == handle.id() { Place::OwnWorker } else { Place::Worker }
        }
        // A guard or a blocking job of our own runtime: nobody there minds a wait.
        _ if current.id() == handle.id() => Place::Free,
        _ => Place::Captive,
    }
}

/// Where this thread stands, for a runner that is not on tokio at all.
pub(crate) fn of_stranger() -> Place {
    let Ok(current) = Handle::try_current() else { return Place::Free };
    match BELOW.get() {
        Some((top, Place::Free)) if top == current.id() => Place::Free,
        Some((top, Place::Captive)) if top == current.id() => Place::Inside,
        Some((top, _)) if top == current.id() => Place::Worker,
        _ if current.runtime_flavor() != RuntimeFlavor::CurrentThread && worker_index().is_some() => Place::Worker,
        _ => Place::Inside,
    }
}

/// Calls `f` out of the budget of the tokio task around us: nobody would refill it while we block that task.
pub(crate) fn out_of_budget(f: &mut dyn FnMut()) {
    let free = pin!(unconstrained(poll_fn(|_| {
        f();
        Poll::Ready(())
    })));
    let _ = free.poll(&mut Context::from_waker(Waker::noop()));
}

/// Would a wait for the runtime of `handle` block the thread that drives it?
#[inline]
pub(crate) fn can_block(handle: &Handle, adopted: bool) -> Result<(), WouldBlock> {
    if INSIDE.get().is_none() && !adopted { Ok(()) } else { can_block_here(handle, adopted) }
}

fn can_block_here(handle: &Handle, adopted: bool) -> Result<(), WouldBlock> {
    let inside = INSIDE.get() == Some(handle.id());
    let in_task = || {
        adopted
            && handle.runtime_flavor() == RuntimeFlavor::CurrentThread
            && worker_index().is_some()
            && Handle::try_current().is_ok_and(|current| current.id() == handle.id())
    };
    if inside || in_task() {
        return Err(WouldBlock::new(
            "this is a task of a current-thread tokio runtime, which only this thread can drive",
            "make the runner with `Tokio::multi_thread`, or await instead of calling `run`",
        ));
    }
    Ok(())
}

/// Calls `wait` on a worker so that the runtime around this thread can go on without it, where it can.
pub(crate) fn blocking(place: Place, wait: &mut dyn FnMut()) {
    if !matches!(place, Place::Worker | Place::OwnWorker) {
        return wait();
    }
    let mut began = false;
    let result = catch_unwind(AssertUnwindSafe(|| {
        tokio::task::block_in_place(|| {
            began = true;
            wait();
        });
    }));
    match result {
        // Inside a `LocalSet` on a worker: it refuses before it begins.
        Err(_) if !began => wait(),
        Err(payload) => resume_unwind(payload),
        Ok(()) => {}
    }
}

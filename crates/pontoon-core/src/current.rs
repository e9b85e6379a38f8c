//! Where am I: whose loop is polling this thread, how deep, and on whose behalf.
//!
//! A call leaves a [`Frame`] on its stack and points the thread at it while user code runs. Everything that must know
//! "am I on a seat of this loop" asks here, keyed by the loop: a thread that sits in one loop is a stranger to every
//! other, even when it fires their wakers.

use crate::{
    error::{RunError, TooDeep},
    run_loop::{Loop, seat::Seat},
    task::Meta,
};
use std::{
    cell::{Cell, RefCell},
    sync::{Arc, atomic::Ordering},
};

scoped_tls::scoped_thread_local!(static LOOP: Loop);
scoped_tls::scoped_thread_local!(static FRAME: Frame);
scoped_tls::scoped_thread_local!(static TASK: Meta);

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Where the stack stood when this thread made its outermost call, and how far it may grow from there.
    static STACK_BASE: Cell<usize> = const { Cell::new(0) };
    static STACK_BUDGET: Cell<usize> = const { Cell::new(FOREIGN_STACK) };
    static BASE_LEVEL: Cell<usize> = const { Cell::new(0) };
    static TOKEN: u8 = const { 0 };
    /// The seats of the calls blocked on this thread, outermost first.
    static BURIED: RefCell<Vec<Arc<Seat>>> = const { RefCell::new(Vec::new()) };
}

/// How much stack nested calls may use on a thread that is not ours: threads have 2 MiB unless told otherwise.
const FOREIGN_STACK: usize = 1 << 20;

/// What one level of a loop on this thread's stack has to say to those above it.
pub(crate) struct Frame {
    loop_id: usize,
    /// This level drains the queue before it parks or leaves, so pushes from its own thread need to wake nobody.
    drains: bool,
    /// This level belongs to the runner's own thread.
    pub(crate) host: bool,
    /// Something was pushed from this thread and nobody else was told.
    pub(crate) pushed: Cell<bool>,
    /// The last poll of the level's future waited for a task that is below it on this very stack.
    pub(crate) waits_below: Cell<bool>,
    pub(crate) seat: Option<Arc<Seat>>,
}

impl Frame {
    pub(crate) fn new(lp: &Loop, drains: bool, host: bool, seat: Option<Arc<Seat>>) -> Self {
        Self { loop_id: lp.id(), drains, host, pushed: Cell::new(false), waits_below: Cell::new(false), seat }
    }

    /// Points this thread at the frame while `f` runs.
    pub(crate) fn enter<R>(&self, lp: &Loop, f: impl FnOnce() -> R) -> R {
        LOOP.set(lp, || FRAME.set(self, f))
    }
}

/// Calls `f` with the innermost frame if it belongs to `lp`.
pub(crate) fn own_frame<R>(lp: &Loop, f: impl FnOnce(&Frame) -> R) -> Option<R> {
    if !FRAME.is_set() {
        return None;
    }
    FRAME.with(|frame| (frame.loop_id == lp.id()).then(|| f(frame)))
}

/// The innermost frame of `lp` on this thread, if it is a seat that will look at the queue by itself.
pub(crate) fn draining_frame<R>(lp: &Loop, f: impl FnOnce(&Frame) -> R) -> Option<R> {
    own_frame(lp, |frame| frame.drains.then(|| f(frame))).flatten()
}

/// Says whose loop is polling this thread.
pub(crate) fn with_loop<R>(f: impl FnOnce(&Loop) -> R) -> Option<R> {
    LOOP.is_set().then(|| LOOP.with(f))
}

/// Polls a task: `meta` is the task that this thread works for until `f` returns.
pub(crate) fn in_task<R>(meta: &Meta, f: impl FnOnce() -> R) -> R {
    TASK.set(meta, f)
}

/// The innermost task on this thread is about to block it: from now on only the runner's own thread polls it.
pub(crate) fn task_blocks() {
    if TASK.is_set() {
        TASK.with(|meta| meta.pinned.store(true, Ordering::Relaxed));
    }
}

/// A number that tells this thread from every other live one; never zero.
pub(crate) fn thread_token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token) as usize)
}

/// How many levels are on this thread's stack, of whichever loop.
pub(crate) fn depth() -> usize {
    DEPTH.get()
}

/// How many calls are nested on this thread; the base level of a runner's own thread is none.
pub(crate) fn depth_here() -> usize {
    DEPTH.get() - BASE_LEVEL.get()
}

/// This thread is a runner's own: its outermost level is not a call.
pub(crate) fn is_base_level() {
    BASE_LEVEL.set(1);
}

/// One more level on this thread's stack, until dropped.
pub(crate) struct Depth(());

impl Depth {
    #[inline]
    pub(crate) fn enter(limit: usize) -> Result<Self, RunError> {
        let depth = DEPTH.get();
        let here = stack_pointer();
        if depth == 0 {
            STACK_BASE.set(here);
        } else {
            let stack = STACK_BASE.get().abs_diff(here) > STACK_BUDGET.get();
            if stack || depth >= limit {
                return Err(RunError::TooDeep(TooDeep { depth, limit, stack }));
            }
        }
        DEPTH.set(depth + 1);
        Ok(Self(()))
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Tells the depth check how large this thread's stack is; the runner's own threads know.
pub(crate) fn set_stack_budget(bytes: usize) {
    STACK_BASE.set(stack_pointer());
    STACK_BUDGET.set(bytes);
}

#[inline]
fn stack_pointer() -> usize {
    let local = 0_u8;
    std::hint::black_box(std::ptr::from_ref(&local)) as usize
}

/// A blocked call's seat lies on this thread's stack until the guard is dropped.
pub(crate) struct Buried(());

impl Buried {
    pub(crate) fn push(seat: &Arc<Seat>) -> Self {
        let _ = BURIED.try_with(|stack| stack.borrow_mut().push(seat.clone()));
        Self(())
    }
}

impl Drop for Buried {
    fn drop(&mut self) {
        let _ = BURIED.try_with(|stack| stack.borrow_mut().pop());
    }
}

/// Whether a call below the innermost one on this thread could go on if only the innermost one returned.
pub(crate) fn buried_is_ready() -> bool {
    BURIED
        .try_with(|stack| {
            let stack = stack.borrow();
            stack.split_last().is_some_and(|(_, below)| below.iter().any(|seat| seat.is_woken()))
        })
        .unwrap_or(false)
}

/// Tells the innermost level that its future waits for a task below it on this stack.
pub(crate) fn waits_below() {
    if FRAME.is_set() {
        FRAME.with(|frame| frame.waits_below.set(true));
    }
}

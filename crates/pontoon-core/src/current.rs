//! Where am I: whose loop is polling this thread, how deep, and on whose behalf.
//!
//! A level of a loop points the thread at its loop, and at its seat if it has one, while user code runs. Everything that
//! must know "am I on a seat of this loop" asks here, keyed by the loop: a thread that sits in one loop is a stranger to
//! every other, even when it fires their wakers.

use crate::{
    error::{RunError, TooDeep},
    run_loop::{
        Loop,
        first::{self, First},
        seat::Seat,
    },
    runner::Handle,
    sync::{LocalKey, holds, thread_local},
    woken,
};
use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

thread_local! {
    /// The loop that polls this thread, by its id; zero for none.
    static LOOP: Cell<usize> = const { Cell::new(0) };
    /// What the innermost level says of itself.
    static LEVEL: Cell<u8> = const { Cell::new(0) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Where the stack stood when this thread made its outermost call, and how far it may grow from there.
    static STACK_BASE: Cell<usize> = const { Cell::new(0) };
    static STACK_BUDGET: Cell<usize> = const { Cell::new(FOREIGN_STACK) };
    static MEASURED: Cell<bool> = const { Cell::new(false) };
    static BASE_LEVEL: Cell<usize> = const { Cell::new(0) };
    /// Whether the innermost task on this thread's stack has blocked it.
    static BLOCKED: Cell<bool> = const { Cell::new(false) };
    /// The loops that have polled this thread, and the last of them.
    static KNOWN: RefCell<Vec<(usize, Weak<Handle>)>> = const { RefCell::new(Vec::new()) };
    static LAST: Cell<usize> = const { Cell::new(0) };
    static THREAD: Cell<usize> = const { Cell::new(0) };
    /// The seats on this thread's stack, outermost first, and whether a call waits on them.
    static SEATS: RefCell<Vec<(Arc<Seat>, bool)>> = const { RefCell::new(Vec::new()) };
}

/// Lets [`handle`] find the loop while it polls this thread.
#[inline]
fn know(lp: &Loop) {
    if LAST.get() != lp.id() {
        know_anew(lp);
    }
}

#[cold]
fn know_anew(lp: &Loop) {
    LAST.set(lp.id());
    let _ = KNOWN.try_with(|known| {
        let mut known = known.borrow_mut();
        if !known.iter().any(|(id, _)| *id == lp.id()) {
            known.retain(|(_, handle)| handle.strong_count() > 0);
            known.push((lp.id(), lp.handle()));
        }
    });
}

/// The handle of the loop that polls this thread.
pub(crate) fn handle() -> Option<Arc<Handle>> {
    let current = LOOP.get();
    KNOWN.try_with(|known| known.borrow().iter().find(|(id, _)| *id == current)?.1.upgrade()).ok()?
}

/// How much stack nested calls may use on a thread that is not ours: threads have 2 MiB unless told otherwise.
const FOREIGN_STACK: usize = 1 << 20;

/// How deep calls are nested when a thread finds out how large its stack really is.
const MEASURE_AT: usize = 8;

/// The level runs the queue before it parks or leaves, so pushes from its own thread need to wake nobody.
pub(crate) const DRAINS: u8 = 1;
/// The level belongs to the runner's own thread.
pub(crate) const HOST: u8 = 2;
/// The level has a seat and may be parked on it: what runs then are wakers in its reactor's turn.
const SEATED: u8 = 4;
/// Something was pushed from this thread and nobody else was told.
const PUSHED: u8 = 8;
/// The last poll of the level's future waited for a task that is below it on this very stack.
const WAITS_BELOW: u8 = 16;
/// The level is parked on its seat.
pub(crate) const PARKED: u8 = 32;

/// Puts the level below back when dropped.
struct Below {
    lp: usize,
    level: u8,
}

impl Below {
    #[inline]
    fn set(lp: &Loop, level: u8) -> Self {
        know(lp);
        Self { lp: LOOP.with(|below| below.replace(lp.id())), level: LEVEL.with(|below| below.replace(level)) }
    }
}

impl Drop for Below {
    #[inline]
    fn drop(&mut self) {
        LOOP.set(self.lp);
        LEVEL.set(self.level);
    }
}

/// Calls `f` as the first poll of a call that may come to wait on `seat`. Says whether something was pushed meanwhile.
#[inline]
pub(crate) fn first_poll(lp: &Loop, seat: &Seat, f: impl FnOnce()) -> bool {
    let _below = Below::set(lp, if lp.config.callers_drive { DRAINS } else { 0 });
    let _first = First::enter(seat);
    f();
    LEVEL.get() & PUSHED != 0
}

/// Calls `f`, a job on the blocking pool or a destructor, as one of the loop's.
pub(crate) fn job<R>(lp: &Loop, f: impl FnOnce() -> R) -> R {
    let _below = Below::set(lp, 0);
    f()
}

/// Calls `f` as a level that sits on `seat`; `waits` says whether a call waits there.
pub(crate) fn seated<R>(lp: &Loop, seat: &Arc<Seat>, level: u8, waits: bool, f: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = SEATS.try_with(|seats| seats.borrow_mut().pop());
        }
    }
    let listed = SEATS.try_with(|seats| seats.borrow_mut().push((seat.clone(), waits)));
    let _leave = listed.is_ok().then_some(Leave);
    let _below = Below::set(lp, if listed.is_ok() { level | SEATED } else { level & !DRAINS });
    f()
}

/// Whether `lp` polls this thread.
#[inline]
pub(crate) fn is_current(lp: &Loop) -> bool {
    LOOP.get() == lp.id()
}

/// Notes that this thread has pushed a task for a level with all of `wanted`. Gives that level, if it is the innermost
/// one and will look at the queue by itself; otherwise somebody has to be told.
pub(crate) fn pushed_here(lp: &Loop, wanted: u8) -> Option<u8> {
    let level = LEVEL.get();
    if !is_current(lp) || level & wanted != wanted {
        return None;
    }
    LEVEL.set(level | PUSHED);
    if level & SEATED != 0 && holds("nudge-here") {
        let parked = SEATS.try_with(|seats| seats.borrow().last().map(|(seat, _)| seat.nudge())).ok()??;
        return Some(if parked { level | PARKED } else { level });
    }
    Some(level)
}

/// Tells the innermost level that its future waits for a task below it on this stack.
pub(crate) fn set_waits_below(waits: bool) {
    let level = LEVEL.get();
    LEVEL.set(if waits { level | WAITS_BELOW } else { level & !WAITS_BELOW });
}

pub(crate) fn waits_below() -> bool {
    LEVEL.get() & WAITS_BELOW != 0
}

/// Calls `f`, the poll of a task. Says whether it blocked this thread meanwhile.
#[inline]
pub(crate) fn in_task<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let outer = BLOCKED.replace(false);
    let result = f();
    (result, BLOCKED.replace(outer))
}

/// The innermost task on this thread is about to block it: from now on only the runner's own thread polls it.
pub(crate) fn task_blocks() {
    BLOCKED.set(true);
}

/// A number that tells this thread from every other one that ever was; never zero. It works while the thread ends, too.
pub(crate) fn thread_id() -> usize {
    static IDS: AtomicUsize = AtomicUsize::new(1);
    match THREAD.get() {
        0 => {
            let id = IDS.fetch_add(1, Ordering::Relaxed);
            THREAD.set(id);
            id
        }
        id => id,
    }
}

/// Runtimes keep thread-locals, which a thread that ends destroys in the reverse order of their first use. A canary that
/// was first used after them is gone before them.
struct Canary(&'static LocalKey<Cell<Life>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Unborn,
    Alive,
    Gone,
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.0.set(Life::Gone);
    }
}

thread_local! {
    /// After the first use of the runtime's context.
    static CONTEXT: Cell<Life> = const { Cell::new(Life::Unborn) };
    static CONTEXT_CANARY: Canary = const { Canary(&CONTEXT) };
    /// After the first wait in the runtime.
    static WAITING: Cell<Life> = const { Cell::new(Life::Unborn) };
    static WAITING_CANARY: Canary = const { Canary(&WAITING) };
}

fn live(life: &'static LocalKey<Cell<Life>>, canary: &'static LocalKey<Canary>) {
    if life.get() == Life::Unborn && canary.try_with(|_| ()).is_ok() {
        life.set(Life::Alive);
    }
}

/// This thread is in a runtime's context.
#[inline]
pub(crate) fn in_context() {
    if CONTEXT.get() == Life::Unborn {
        live(&CONTEXT, &CONTEXT_CANARY);
    }
}

/// This thread waits in a runtime.
pub(crate) fn in_wait() {
    live(&WAITING, &WAITING_CANARY);
}

/// Whether this thread is ending and can no longer be in a runtime's context.
#[inline]
pub(crate) fn context_is_gone() -> bool {
    CONTEXT.get() == Life::Gone
}

/// Whether this thread is ending and can no longer wait in a runtime.
pub(crate) fn waiting_is_gone() -> bool {
    WAITING.get() == Life::Gone
}

/// Whether the innermost call on this thread was made inside another call or a task.
pub(crate) fn is_nested() -> bool {
    DEPTH.get() > 1 || woken::is_polling()
}

/// How many calls are nested on this thread; the base level of a runner's own thread is none.
pub(crate) fn depth_here() -> usize {
    // A runner's own thread has left its base level when it stops the runtime, which drops what others wrote.
    DEPTH.get().saturating_sub(BASE_LEVEL.get())
}

/// How many calls are nested on this thread, with the base level of a runner's own thread as one.
pub(crate) fn depth() -> usize {
    DEPTH.get()
}

/// This thread is a runner's own: its outermost level is not a call.
pub(crate) fn is_base_level() {
    BASE_LEVEL.set(1);
}

/// One more level on this thread's stack, until dropped.
pub(crate) struct Depth(());

impl Depth {
    #[inline(always)]
    pub(crate) fn enter(limit: usize) -> Result<Self, Box<RunError>> {
        let here = stack_pointer();
        DEPTH.with(|depth| {
            if depth.get() == 0 {
                STACK_BASE.set(here);
            } else {
                Self::deeper(depth.get(), here, limit)?;
            }
            depth.set(depth.get() + 1);
            Ok(Self(()))
        })
    }

    #[inline(never)]
    fn deeper(depth: usize, here: usize, limit: usize) -> Result<(), Box<RunError>> {
        if depth >= MEASURE_AT {
            measure_stack(here);
        }
        let stack = STACK_BASE.get().abs_diff(here) > STACK_BUDGET.get();
        if !stack && depth < limit {
            return Ok(());
        }
        Err(Box::new(RunError::TooDeep(TooDeep { depth, limit, stack })))
    }
}

impl Drop for Depth {
    #[inline(always)]
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Finds out how large the stack of a thread that is not ours is, once: the lower end of the mapping that it lies in.
/// The main thread's grows, and other systems have no such list; the default serves there.
#[cold]
fn measure_stack(here: usize) {
    if MEASURED.replace(true) {
        return;
    }
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    let lower_end = maps.lines().find_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let end = rest.split(' ').next()?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        ((start..end).contains(&here) && !line.ends_with("[stack]")).then_some(start)
    });
    if let Some(lower_end) = lower_end {
        let size = STACK_BASE.get().saturating_sub(lower_end);
        STACK_BUDGET.set(size - size / 3);
    }
}

/// Tells the depth check how large this thread's stack is; the runner's own threads know.
pub(crate) fn set_stack_budget(bytes: usize) {
    STACK_BASE.set(stack_pointer());
    STACK_BUDGET.set(bytes);
    MEASURED.set(true);
}

#[inline]
fn stack_pointer() -> usize {
    let local = 0_u8;
    std::hint::black_box(std::ptr::from_ref(&local)) as usize
}

/// What is on this thread's stack, for a thread that carries its innermost call on.
pub(crate) struct Stack {
    seats: Vec<(Arc<Seat>, bool)>,
    first: usize,
    polled: woken::Below,
    depth: usize,
    base_level: usize,
}

impl Stack {
    pub(crate) fn of_this_thread() -> Self {
        Self {
            seats: SEATS.try_with(|seats| seats.borrow().clone()).unwrap_or_default(),
            first: first::innermost(),
            polled: woken::Below::here(),
            depth: DEPTH.get(),
            base_level: BASE_LEVEL.get(),
        }
    }

    /// This thread, a new one, carries on: what lies below the call lies below this thread's.
    pub(crate) fn carry_on(self) {
        let _ = SEATS.try_with(|seats| seats.replace(self.seats));
        first::set_innermost(self.first);
        self.polled.carry_on();
        DEPTH.set(self.depth);
        BASE_LEVEL.set(self.base_level);
        STACK_BASE.set(stack_pointer());
    }
}

/// Whether a call or a task below the innermost call on this thread could go on if only that returned.
pub(crate) fn buried_is_ready() -> bool {
    let ready = |seats: &RefCell<Vec<(Arc<Seat>, bool)>>| {
        let seats = seats.borrow();
        seats.split_last().is_some_and(|(_, below)| below.iter().any(|(seat, waits)| *waits && seat.is_woken()))
    };
    SEATS.try_with(ready).unwrap_or(false) || first::is_woken() || woken::is_any()
}

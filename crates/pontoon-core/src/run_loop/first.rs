//! The calls that are in their first poll, for those that are nested in it.
//!
//! Most calls end with their first poll, and a place in the list of the thread's seats would cost more than all the rest of
//! such a call. So a seat has a number, the thread keeps the number of the innermost one, and each seat that of the one
//! around it: a nested call that has waited for long finds them all.

use super::seat::Seat;
use crate::sync::thread_local;
use slab::Slab;
use std::{
    cell::Cell,
    iter,
    sync::{
        Arc, Mutex, MutexGuard, TryLockError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// All seats that have a number, at the place before it: zero is none.
static SEATS: Mutex<Slab<Weak<Seat>>> = Mutex::new(Slab::new());

thread_local! {
    static INNERMOST: Cell<usize> = const { Cell::new(0) };
}

/// How often a thread tries to get at the seats before it does without.
const TRIES: usize = 100;

/// It is nobody's for long, but for one case: the parent of a forked child may have held it, on a thread that is not here.
fn seats() -> Option<MutexGuard<'static, Slab<Weak<Seat>>>> {
    (0..TRIES).find_map(|_| match SEATS.try_lock() {
        Ok(seats) => Some(seats),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            None
        }
    })
}

/// Where a seat is found, and the number of the seat around it while it is in a first poll.
#[derive(Default)]
pub(super) struct Number {
    own: usize,
    around: AtomicUsize,
}

impl Drop for Number {
    fn drop(&mut self) {
        let Some(place) = self.own.checked_sub(1) else { return };
        if let Some(mut seats) = seats() {
            seats.try_remove(place);
        }
    }
}

/// Makes a seat for calls; it has a number unless there is no getting at the others.
pub(super) fn seat(make: impl FnOnce(Number) -> Seat) -> Arc<Seat> {
    let Some(mut seats) = seats() else { return Arc::new(make(Number::default())) };
    let entry = seats.vacant_entry();
    let seat = Arc::new(make(Number { own: entry.key() + 1, around: AtomicUsize::new(0) }));
    entry.insert(Arc::downgrade(&seat));
    seat
}

/// The call on a seat is in its first poll, until dropped.
pub(crate) struct First {
    around: usize,
}

impl First {
    #[inline]
    pub(crate) fn enter(seat: &Seat) -> Self {
        let around = INNERMOST.replace(seat.number.own);
        seat.number.around.store(around, Ordering::Relaxed);
        Self { around }
    }
}

impl Drop for First {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.set(self.around);
    }
}

/// The number of the seat that is innermost in a first poll on this thread.
pub(crate) fn innermost() -> usize {
    INNERMOST.get()
}

/// This thread carries another's calls on.
pub(crate) fn set_innermost(number: usize) {
    INNERMOST.set(number);
}

/// Whether a call that is in its first poll on this thread asks to be polled again.
pub(crate) fn is_woken() -> bool {
    let find = |number: usize| seats()?.get(number.checked_sub(1)?)?.upgrade();
    let mut seats = iter::successors(find(INNERMOST.get()), |seat| find(seat.number.around.load(Ordering::Relaxed)));
    seats.any(|seat| seat.is_woken())
}

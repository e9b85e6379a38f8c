//! For backends that are not on tokio and may find themselves inside it: where the thread stands, and how to behave.
//!
//! What a foreign tokio task polls counts against its budget, and `tokio::task::yield_now` leaves its waker with a
//! scheduler that a blocking call keeps from running. The crate `pontoon` gives these to its smol and async-std backends
//! when its feature `tokio` is on.

use crate::place;
use pontoon_core::Place;
use tokio::runtime::Handle;

/// For [`Executor::place`](pontoon_core::Executor::place).
pub fn place() -> Place {
    place::of_stranger()
}

/// For [`Executor::enter`](pontoon_core::Executor::enter): calls `f`, out of the budget of a tokio task around it.
#[inline]
pub fn enter(f: &mut dyn FnMut()) {
    if Handle::try_current().is_err() { f() } else { place::out_of_budget(f) }
}

/// For [`Executor::blocking`](pontoon_core::Executor::blocking): calls `wait`, inside `block_in_place` on a worker.
pub fn blocking(wait: &mut dyn FnMut()) {
    place::blocking(place::of_stranger(), wait);
}

/// For [`Executor::is_overshadowed`](pontoon_core::Executor::is_overshadowed): libraries that can use several runtimes
/// take tokio's where they find one.
pub fn is_inside() -> bool {
    Handle::try_current().is_ok()
}

//! What the run loop's protocol is made of, and the only place that knows the model checker.
//!
//! With `cfg(pontoon_loom)` these are loom's, so that the models in `tests/loom` run the real loop; `docs/model.md` says
//! what that shows. Without it they are what they are called, and [`holds`] is a constant.

#[cfg(pontoon_loom)]
pub(crate) mod model;

#[cfg(pontoon_loom)]
pub(crate) use model::{
    atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize},
    holds,
    local::{LocalKey, thread_local},
    lock::{Condvar, Mutex, MutexGuard},
    park::Parker,
    queue::ConcurrentQueue,
    start::{Builder, JoinHandle, SyncSender, sync_channel},
    time::Instant,
    waker::AtomicWaker,
};

#[cfg(not(pontoon_loom))]
pub(crate) use {
    atomic_waker::AtomicWaker,
    concurrent_queue::ConcurrentQueue,
    parking::Parker,
    std::{
        sync::{
            Condvar, Mutex, MutexGuard,
            atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize},
            mpsc::{SyncSender, sync_channel},
        },
        thread::{Builder, JoinHandle, LocalKey},
        thread_local,
        time::Instant,
    },
};

/// Whether a rule of the loop holds. It does, but under the model checker, which breaks one rule after the other to see
/// that it is missed.
#[cfg(not(pontoon_loom))]
#[inline(always)]
pub(crate) const fn holds(_rule: &str) -> bool {
    true
}

//! Atomics whose `SeqCst` is that of the memory model.

use super::holds;
use loom::sync::atomic::fence;
use std::sync::atomic::Ordering;

/// Makes an access with `order`; `weaker` is what loom makes of `SeqCst`.
#[track_caller]
fn access<R>(order: Ordering, weaker: Ordering, access: impl FnOnce(Ordering) -> R) -> R {
    if order != Ordering::SeqCst {
        return access(order);
    }
    if !holds("seq-cst") {
        return access(weaker);
    }
    fence(Ordering::SeqCst);
    let result = access(weaker);
    fence(Ordering::SeqCst);
    result
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl Default for $name {
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }

        #[allow(dead_code, reason = "not every type needs every operation")]
        impl $name {
            /// A new atomic is handed to other threads by what loom does not see, such as a waker in a task of async-task,
            /// which does it in order. Here the fence does, together with that of the first access over there.
            pub(crate) fn new(value: $value) -> Self {
                let new = Self(loom::sync::atomic::$name::new(value));
                fence(Ordering::SeqCst);
                new
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                access(order, Ordering::Acquire, |order| self.0.load(order))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                access(order, Ordering::Release, |order| self.0.store(value, order));
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                access(order, Ordering::AcqRel, |order| self.0.swap(value, order))
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU8, u8);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);

impl AtomicU8 {
    #[track_caller]
    pub(crate) fn compare_exchange(&self, from: u8, to: u8, order: Ordering, failure: Ordering) -> Result<u8, u8> {
        access(order, Ordering::AcqRel, |order| {
            let failure = if failure == Ordering::SeqCst { Ordering::Acquire } else { failure };
            self.0.compare_exchange(from, to, order, failure)
        })
    }
}

impl AtomicUsize {
    #[track_caller]
    pub(crate) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        access(order, Ordering::AcqRel, |order| self.0.fetch_add(value, order))
    }

    #[track_caller]
    pub(crate) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        access(order, Ordering::AcqRel, |order| self.0.fetch_sub(value, order))
    }
}

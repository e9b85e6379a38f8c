//! The debug mode: reports what keeps the host waiting.

use super::shared::Runnable;
use crate::trace;
use std::{
    cell::RefCell,
    panic::Location,
    time::{Duration, Instant},
};

/// Something that kept the host waiting for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slow {
    /// One poll of one task.
    Poll {
        /// How long it took.
        took: Duration,
        /// Where the task was spawned; for main, where the guest was started.
        spawned_at: &'static Location<'static>,
    },
    /// A whole tick, which took longer than its [`Budget`](super::Budget) and the limit together.
    Tick {
        /// How long it took.
        took: Duration,
        /// How many polls it made.
        polls: usize,
    },
}

/// Measures polls and ticks against the limit.
pub(super) struct Watch {
    limit: Duration,
    report: RefCell<Box<dyn FnMut(Slow)>>,
}

impl Watch {
    pub(super) fn new(limit: Duration, report: Box<dyn FnMut(Slow)>) -> Self {
        Self { limit, report: RefCell::new(report) }
    }

    fn report(&self, slow: Slow) {
        // A report that leads to another one is not reported itself.
        if let Ok(mut report) = self.report.try_borrow_mut() {
            report(slow);
        }
    }

    pub(super) fn poll(&self, runnable: Runnable) {
        let spawned_at = runnable.metadata().spawned_at;
        let start = Instant::now();
        runnable.run();
        let took = start.elapsed();
        if took > self.limit {
            trace::slow_guest_poll(took, self.limit, spawned_at);
            self.report(Slow::Poll { took, spawned_at });
        }
    }

    pub(super) fn tick(&self, took: Duration, slice: Duration, polls: usize) {
        if took > slice.saturating_add(self.limit) {
            trace::slow_tick(took, self.limit, polls);
            self.report(Slow::Tick { took, polls });
        }
    }
}

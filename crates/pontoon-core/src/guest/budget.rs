//! How much of the host's time a tick may take.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How long a tick may run before the host gets its thread back: until the slice is over or so many polls are made,
/// whichever comes first.
///
/// A poll that is under way is never interrupted, so a tick takes at most the slice and one poll, or a few where polls
/// that were short grow long all at once: the clock is read between polls, and less often while they are short.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::Budget;
/// use std::time::Duration;
///
/// let budget = Budget::default().slice(Duration::from_millis(4));
/// assert_eq!(budget, Budget::new(Duration::from_millis(4), 256));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    slice: Duration,
    polls: usize,
}

impl Budget {
    /// A budget of `slice` and `polls`. A tick always makes one poll, even where one of them is zero.
    pub fn new(slice: Duration, polls: usize) -> Self {
        Self { slice, polls }
    }

    /// The same budget with another slice.
    #[must_use]
    pub fn slice(self, slice: Duration) -> Self {
        Self { slice, ..self }
    }

    /// The same budget with another number of polls.
    #[must_use]
    pub fn polls(self, polls: usize) -> Self {
        Self { polls, ..self }
    }

    pub(super) fn limit(&self) -> Duration {
        self.slice
    }
}

/// 1 ms and 256 polls: at 60 frames a second a frame lasts 16 ms.
impl Default for Budget {
    fn default() -> Self {
        Self::new(Duration::from_millis(1), 256)
    }
}

/// How many polls may pass between two looks at the clock.
const STRIDE: u128 = 16;

/// Measures one tick after the other against the budget.
pub(super) struct Meter {
    budget: Budget,
    start: Cell<Instant>,
    polls: Cell<usize>,
    /// When the clock was read last, at which poll, and at which it is read next.
    looked: Cell<(Duration, usize)>,
    next_look: Cell<usize>,
    over: Cell<bool>,
}

impl Meter {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            budget,
            start: Cell::new(Instant::now()),
            polls: Cell::new(0),
            looked: Cell::new((Duration::ZERO, 0)),
            next_look: Cell::new(1),
            over: Cell::new(false),
        }
    }

    /// A tick starts.
    pub(super) fn start(&self) {
        self.start.set(Instant::now());
        self.polls.set(0);
        self.looked.set((Duration::ZERO, 0));
        self.next_look.set(1);
        self.over.set(false);
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.get().elapsed()
    }

    /// How many polls the tick has made.
    pub(super) fn polls(&self) -> usize {
        self.polls.get()
    }

    /// Whether the tick has used its budget up.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        let polls = self.polls.get();
        if !self.over.get() && polls > 0 {
            self.over.set(polls >= self.budget.polls || polls >= self.next_look.get() && self.look(polls));
        }
        self.over.get()
    }

    /// Another poll is about to be made.
    #[inline]
    pub(super) fn poll(&self) {
        self.polls.set(self.polls.get() + 1);
    }

    /// Reads the clock, and plans the next look so that polls as long as the last ones overrun the slice by little.
    fn look(&self, polls: usize) -> bool {
        let elapsed = self.elapsed();
        let (before, since) = self.looked.replace((elapsed, polls));
        let per_poll = (elapsed.saturating_sub(before).as_nanos() / (polls - since).max(1) as u128).max(1);
        let stride = (self.budget.slice.as_nanos() / STRIDE / per_poll).clamp(1, STRIDE);
        self.next_look.set(polls + stride as usize);
        elapsed >= self.budget.slice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls_until_over(meter: &Meter, mut poll: impl FnMut()) -> usize {
        meter.start();
        while !meter.is_over() {
            meter.poll();
            poll();
        }
        meter.polls()
    }

    #[test]
    fn polls_end_a_tick() {
        let meter = Meter::new(Budget::new(Duration::MAX, 7));
        assert_eq!(polls_until_over(&meter, || {}), 7);
        assert_eq!(polls_until_over(&meter, || {}), 7);
    }

    #[test]
    fn time_ends_a_tick() {
        let meter = Meter::new(Budget::new(Duration::from_micros(500), usize::MAX));
        let start = Instant::now();
        assert!(polls_until_over(&meter, || {}) > 1);
        assert!(start.elapsed() >= Duration::from_micros(500));
    }

    #[test]
    fn an_empty_budget_still_makes_one_poll() {
        assert_eq!(polls_until_over(&Meter::new(Budget::new(Duration::ZERO, 0)), || {}), 1);
    }
}

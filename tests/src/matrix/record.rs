//! What is expected after each step, and what was not.

use super::{
    Cell,
    probe::{IN_DROP, IN_POLL, Probe, Seen},
};
use pontoon::{JoinError, RunError};
use pontoon_conformance::tools::text_of;
use std::{any::Any, fmt, ops::RangeInclusive, thread::ThreadId};

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// The value.
    Value,
    /// A panic of the poll, or of the destructor.
    Panic(&'static str),
    /// The task was cancelled.
    Cancelled,
    /// The runner is closed.
    Closed,
    /// The limit passed.
    Late,
    /// Nothing, and nobody expected anything.
    Nothing,
    /// What no cell expects.
    Other(String),
}

impl Out {
    pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Out {
        let text = text_of(payload);
        match text.as_str() {
            IN_POLL => Out::Panic(IN_POLL),
            IN_DROP => Out::Panic(IN_DROP),
            // a method that has no error panics with the text of the refusal
            _ if text == RunError::Closed.to_string() => Out::Closed,
            _ => Out::Other(text),
        }
    }

    pub(super) fn of_error(error: &RunError) -> Out {
        match error {
            RunError::Closed => Out::Closed,
            RunError::TimedOut => Out::Late,
            error => Out::Other(error.to_string()),
        }
    }

    pub(super) fn of_join<T>(joined: Result<T, JoinError>) -> Out {
        match joined {
            Ok(_) => Out::Value,
            Err(error) if error.is_panic() => Out::of_panic(&*error.into_panic()),
            Err(error) if error.is_cancelled() => Out::Cancelled,
            Err(error) => Out::Other(error.to_string()),
        }
    }
}

/// Compares.
pub(super) struct Record {
    probe: Probe,
    faults: Vec<String>,
}

impl Record {
    pub(super) fn new(cell: &Cell) -> (Record, Probe) {
        let probe = Probe::new(cell.flavour, cell.fussy);
        (Record { probe: probe.clone(), faults: Vec::new() }, probe)
    }

    pub(super) fn fault(&mut self, text: impl fmt::Display) {
        self.faults.push(text.to_string());
    }

    /// After `step` there should have been so many polls and drops.
    pub(super) fn counts(&mut self, step: &str, polls: RangeInclusive<usize>, drops: usize) {
        let seen = self.probe.seen();
        if !polls.contains(&seen.polls.len()) || seen.drops.len() != drops {
            self.fault(format_args!("after {step}: expected {polls:?} polls and {drops} drops, have {seen:?}"));
        }
    }

    pub(super) fn wakes(&mut self, wakes: usize) {
        let seen = self.probe.seen();
        if seen.wakes != wakes {
            self.fault(format_args!("expected {wakes} wakes, have {seen:?}"));
        }
    }

    pub(super) fn out(&mut self, out: &Out, expected: &Out) {
        if out != expected {
            self.fault(format_args!("expected {expected:?}, it gave {out:?}"));
        }
    }

    /// It was polled and dropped on these threads only.
    pub(super) fn threads(&mut self, polls: &[ThreadId], drops: &[ThreadId]) {
        let seen = self.probe.seen();
        if seen.polls.iter().any(|thread| !polls.contains(thread)) {
            self.fault(format_args!("expected polls on {polls:?}, have {seen:?}"));
        }
        if seen.drops.iter().any(|thread| !drops.contains(thread)) {
            self.fault(format_args!("expected the drop on one of {drops:?}, have {seen:?}"));
        }
    }

    /// Nothing follows: every output has gone where it should, once.
    pub(super) fn end(mut self) -> Vec<String> {
        let Seen { values, value_drops, faults, .. } = self.probe.seen();
        if values != value_drops.len() {
            self.fault(format_args!("{values} values were made and {} dropped", value_drops.len()));
        }
        self.faults.extend(faults);
        self.faults
    }
}

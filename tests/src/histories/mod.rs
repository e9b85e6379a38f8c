//! Random histories: several threads do to one runner whatever its users may, and a plain model says what each step may
//! give.
//!
//! [`script`] makes a history out of a seed, as data. [`play`] plays it: the order of a thread's steps is fixed, the rest
//! is the scheduler's. [`model`] knows no loop; it knows what was promised: who may refuse and when, what ends and how,
//! that every value is dropped once, in context, on a thread that may do so, and that nothing runs after a close.

pub mod model;
pub mod play;
pub mod script;

use crate::contexts::Flavour;
use pontoon_conformance::{Fault, deadline};
use script::History;
use std::time::{Duration, Instant};

/// How long a history may take before it counts as hung; those that work take milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Plays `history` on `flavour`.
///
/// # Errors
///
/// What the model did not allow.
pub fn check(history: &History, flavour: &'static Flavour, limit: Duration) -> Result<(), String> {
    let steps = play::Steps::new(history.threads());
    let (theirs, history) = (steps.clone(), history.clone());
    match deadline(flavour.name, limit, move || play::play(&history, flavour, &theirs)) {
        Ok(faults) if faults.is_empty() => Ok(()),
        Ok(faults) => Err(faults.join("\n")),
        Err(Fault::Panicked(text)) => Err(format!("a step panicked: {text}; the threads were at {steps:?}")),
        Err(Fault::Hung) => Err(format!("HANG: the threads are at {steps:?}")),
    }
}

/// Looks for a shorter history that fails as well: first a prefix, then one with steps left out. What fails only now and
/// then gets a few tries each time.
pub fn shrink(history: &History, flavour: &'static Flavour) -> (History, Option<String>) {
    const TRIES: usize = 12;
    let start = Instant::now();
    let fails = |history: &History| {
        let tries = (0..TRIES).take_while(|_| start.elapsed() < DEADLINE);
        tries.map(|_| check(history, flavour, DEADLINE / 10)).find_map(Result::err)
    };
    let (mut best, mut text) = (history.clone(), None);
    let mut piece = best.steps.len() / 2;
    while piece > 0 {
        let mut end = best.steps.len();
        while end >= piece {
            let mut shorter = best.clone();
            shorter.steps.drain(end - piece..end);
            if let Some(failed) = fails(&shorter) {
                (best, text) = (shorter, Some(failed));
            }
            end = end.saturating_sub(piece).min(best.steps.len());
            if end == 0 {
                break;
            }
        }
        piece /= 2;
    }
    (best, text)
}

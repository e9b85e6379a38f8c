//! The same names on loom.
//!
//! What loom cannot do is put here in terms of what it can:
//!
//! - It treats `SeqCst` accesses as `AcqRel` ones, but knows `SeqCst` fences: each such access has one on either side.
//! - It has no clock. Time passes when a thread that waits for it has let another one take a step, and never for limits of
//!   [`LONG`] and more.
//! - The queues and the waker cells are other crates'. They are models of their own, each operation of which is atomic.

pub(crate) mod atomic;
pub(crate) mod local;
pub(crate) mod lock;
pub(crate) mod park;
pub(crate) mod queue;
pub(crate) mod start;
pub(crate) mod time;
pub(crate) mod waker;

use std::{env, sync::OnceLock, time::Duration};

/// A limit that never passes.
pub(crate) const LONG: Duration = Duration::from_secs(1);

/// The variable that names the rule to break.
const VARIABLE: &str = "PONTOON_BROKEN_RULE";

/// The rules of the loop that can be broken, one at a time.
pub const RULES: &[&str] = &[
    "register",
    "say-parked",
    "recheck-queue",
    "recheck-woken",
    "recheck-closing",
    "wake-order",
    "push-order",
    "notify",
    "seq-cst",
    "take-before-poll",
    "own-seat",
    "batch",
    "nudge-here",
    "idle-host",
    "call-back",
    "busy-host",
    "busy-aside",
    "notify-host",
    "hand-on-leaving",
    "hand-on-notified",
    "deep-recheck",
    "deep-sees-work",
    "driver-left",
    "follow-recheck",
    "notify-follower",
    "rest-to-follower",
    "engaged-alone",
    "look-after-listing",
    "close-wakes-calls",
    "close-wakes-tasks",
    "look-in-poll",
    "last-task-wakes",
    "calls-end",
    "settle",
    "no-late-host",
    "too-late",
];

/// Whether `rule` holds: all do but the one that is to be broken.
pub(crate) fn holds(rule: &str) -> bool {
    static BROKEN: OnceLock<Option<String>> = OnceLock::new();
    assert!(RULES.contains(&rule), "the rule {rule} is not listed");
    let broken = BROKEN.get_or_init(|| {
        let broken = env::var(VARIABLE).ok();
        assert!(broken.as_deref().is_none_or(|broken| RULES.contains(&broken)), "there is no rule {broken:?}");
        broken
    });
    broken.as_deref() != Some(rule)
}

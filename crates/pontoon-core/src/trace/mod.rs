//! What the feature `tracing` shows of the loop: spans and events, named in `docs/tracing.md`.
//!
//! The call sites carry no condition. With the feature off, `off` gives them types without a field and functions
//! without a body; with it on, `on` asks tracing's maximum level before it does anything.
//!
//! # The rule of traces
//!
//! A subscriber may call anything, this runner among it. Therefore:
//!
//! 1. Nothing is emitted under a lock of the core, nor while a seat stands in the list of those that are parked, nor
//!    inside a waker or a schedule function: those may be called under locks of others.
//! 2. The runner's own thread emits nothing before whoever starts it knows that it runs.
//! 3. A child of `fork` emits nothing: the subscriber's locks may be held by threads that are not there.

#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod on;

#[cfg(not(feature = "tracing"))]
pub(crate) use off::*;
#[cfg(feature = "tracing")]
pub(crate) use on::*;

/// Where a task is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskKind {
    /// On any seat.
    Any,
    /// On one thread.
    Local,
    /// On the blocking pool.
    Blocking,
}

/// How a task ended, unless it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Completed,
    Panicked,
}

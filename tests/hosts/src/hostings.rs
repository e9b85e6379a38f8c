//! The recipes in a table, for the cases.

use crate::{Ended, Events, Main, calloop, channel, guest, queue, runner, smol, tokio};
use pontoon::guest::{AbandonReason, Guest, GuestError};

/// A recipe.
#[derive(Clone, Copy, Debug)]
pub struct Hosting {
    /// What it is called in reports.
    pub name: &'static str,
    /// Runs a guest in a loop of the host's, until the guest has ended or an event has the host quit.
    pub run: fn(Guest, Main, Events) -> Ended,
    /// What becomes of a guest whose host quits.
    pub orphan: Orphan,
}

/// How a guest hears that its host has quit, with a tick of it at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// The loop drops the tick, and the guest is told.
    Abandoned,
    /// The loop keeps the tick; the guest ends with its `GuestRun`.
    Cancelled,
    /// The host had the guest as a future, and drops it.
    Dropped,
}

impl Orphan {
    /// Whether this is what became of it.
    pub fn is(self, ended: &Ended) -> bool {
        match (self, ended) {
            (Self::Abandoned, Some(Err(GuestError::Abandoned(report)))) => {
                report.reason() == AbandonReason::TickDropped
            }
            (Self::Cancelled, Some(Err(GuestError::Cancelled))) | (Self::Dropped, None) => true,
            _ => false,
        }
    }
}

/// Those that run on any thread.
pub const HOSTINGS: &[Hosting] = &[
    Hosting { name: "queue", run: queue::run, orphan: Orphan::Abandoned },
    Hosting { name: "channel", run: channel::run, orphan: Orphan::Abandoned },
    Hosting { name: "calloop", run: calloop::run, orphan: Orphan::Abandoned },
    Hosting { name: "calloop_executor", run: calloop::run_future, orphan: Orphan::Dropped },
    #[cfg(feature = "glib")]
    Hosting { name: "glib", run: crate::glib::run, orphan: Orphan::Cancelled },
    #[cfg(feature = "glib")]
    Hosting { name: "glib_spawn_local", run: crate::glib::run_future, orphan: Orphan::Dropped },
    Hosting { name: "tokio_block_on", run: tokio::run, orphan: Orphan::Dropped },
    Hosting { name: "queue_inside_tokio", run: tokio::run_queue_inside, orphan: Orphan::Abandoned },
    Hosting { name: "tokio_local_set", run: tokio::run_local_set, orphan: Orphan::Dropped },
    Hosting { name: "smol_block_on", run: smol::run, orphan: Orphan::Dropped },
    Hosting { name: "smol_local_executor", run: smol::run_executor, orphan: Orphan::Dropped },
    Hosting { name: "runner_on_smol", run: runner::run_smol, orphan: Orphan::Dropped },
    Hosting { name: "runner_on_async_std", run: runner::run_async_std, orphan: Orphan::Dropped },
    Hosting { name: "runner_on_tokio", run: runner::run_tokio, orphan: Orphan::Dropped },
    Hosting { name: "guest", run: guest::run, orphan: Orphan::Dropped },
    Hosting { name: "guest_future", run: guest::run_future, orphan: Orphan::Dropped },
];

/// winit's, which needs the main thread.
#[cfg(feature = "winit")]
pub const WINIT: Hosting = Hosting { name: "winit", run: crate::winit::run, orphan: Orphan::Abandoned };

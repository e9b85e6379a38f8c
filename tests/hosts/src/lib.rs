//! Guests in the main loops of others: a recipe per host, and the cases that each host runs on each engine.
//!
//! A recipe is a module with the host, where one is needed, and with `run`: a small program of that host's, which does
//! something of its own all the time and ends when the guest does. Copy what you need.
//!
//! | module | host | form |
//! |---|---|---|
//! | [`queue`] | a loop that can be woken | callback |
//! | [`channel`] | a loop that takes events from a channel | callback |
//! | [`calloop`] | calloop's event loop; its executor | callback; poll |
//! | `glib` (feature `glib`) | the main loop of GLib and GTK; its `spawn_local` | callback; poll |
//! | `winit` (feature `winit`) | winit's event loop, with a window | callback |
//! | [`tokio`] | tokio's `block_on`; a `LocalSet` | poll |
//! | [`smol`] | async-io's `block_on`; a `LocalExecutor` | poll |
//! | [`runner`] | [`Runner::run`](pontoon::Runner::run) | poll |
//! | [`guest`] | another guest | callback, poll |
#![forbid(unsafe_code)]

pub mod calloop;
pub mod cases;
pub mod channel;
pub mod engines;
#[cfg(feature = "glib")]
pub mod glib;
pub mod guest;
pub mod hostings;
pub mod queue;
pub mod runner;
pub mod smol;
pub mod tokio;
pub mod trial;
#[cfg(feature = "winit")]
pub mod winit;

use pontoon::guest::GuestError;
use std::{cell::RefCell, fmt, future::Future, ops::ControlFlow, pin::Pin, rc::Rc, time::Duration};

/// What a recipe runs as the guest's main. It need not be `Send`: it stays on the host's thread.
pub type Main = Pin<Box<dyn Future<Output = u64>>>;

/// What becomes of a guest; none if the host took the future and dropped it.
pub type Ended = Option<Result<u64, GuestError>>;

/// What the host does by itself, again and again: it draws a frame, say. It may use what the guest's tasks use, and it may
/// have the host quit, whether the guest has ended or not.
pub struct Events {
    pace: Duration,
    event: Box<dyn FnMut() -> ControlFlow<()>>,
}

impl Events {
    /// One event each `pace`.
    pub fn new(pace: Duration, event: impl FnMut() -> ControlFlow<()> + 'static) -> Self {
        Self { pace, event: Box::new(event) }
    }

    /// How long from one to the next.
    pub fn pace(&self) -> Duration {
        self.pace
    }

    /// An event. Says whether the host is to quit.
    pub fn happen(&mut self) -> bool {
        (self.event)().is_break()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("pace", &self.pace).finish_non_exhaustive()
    }
}

/// Where `done` leaves what it gets, for the program around the loop.
#[derive(Clone, Debug, Default)]
pub struct Slot(Rc<RefCell<Ended>>);

impl Slot {
    /// Leaves it.
    pub fn put(&self, result: Result<u64, GuestError>) {
        *self.0.borrow_mut() = Some(result);
    }

    /// Takes it.
    pub fn take(&self) -> Ended {
        self.0.borrow_mut().take()
    }
}

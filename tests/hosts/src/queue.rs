//! A loop that can only be woken: SDL, win32, a game's frame loop. Here it is a thread that parks.

use crate::{Ended, Events, Main, Slot};
use pontoon::guest::{Guest, queue};
use std::{
    thread,
    time::{Duration, Instant},
};

/// A loop that has an event of its own each so often, and sleeps in between.
///
/// # Panics
///
/// If the guest does not start.
pub fn run(guest: Guest, main: Main, mut events: Events) -> Ended {
    // `wake` is all that another thread has to be able to do: `unpark` here, SDL's user event, win32's `PostMessage`.
    let main_loop = thread::current();
    let (host, ticks) = queue(move || main_loop.unpark());
    let slot = Slot::default();
    let done = slot.clone();
    let run = guest.start(host, main, move |result| done.put(result)).expect("the guest starts");

    let mut next = Instant::now() + events.pace();
    while !run.is_finished() {
        // Each turn runs the ticks that wait now. One that was busy asks for the next, which runs in the next turn.
        ticks.run();
        let wait = next.saturating_duration_since(Instant::now());
        if wait == Duration::ZERO {
            next += events.pace();
            if events.happen() {
                break;
            }
        } else if ticks.is_empty() {
            thread::park_timeout(wait);
        }
    }
    // A loop that quits before the guest has ended drops a tick, or will refuse one: the guest is told either way.
    drop(ticks);
    drop(run);
    slot.take()
}

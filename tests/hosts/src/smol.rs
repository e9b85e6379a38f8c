//! smol as the host: guests of any runtime as futures under async-io's `block_on`, or on a `LocalExecutor`.

use crate::{Ended, Events, Main};
use async_executor::LocalExecutor;
use async_io::{Timer, block_on};
use futures_lite::future;
use pontoon::guest::Guest;

async fn happen(mut events: Events) -> Ended {
    while !events.happen() {
        Timer::after(events.pace()).await;
    }
    None
}

/// The guest is what the thread blocks on.
///
/// # Panics
///
/// If the guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    let guest = guest.into_future(main).expect("the guest starts");
    block_on(future::or(async { Some(guest.await) }, happen(events)))
}

/// The guest is a task among others.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_executor(guest: Guest, main: Main, events: Events) -> Ended {
    let guest = guest.into_future(main).expect("the guest starts");
    let executor = LocalExecutor::new();
    let guest = executor.spawn(async { Some(guest.await) });
    let events = executor.spawn(happen(events));
    block_on(executor.run(future::or(guest, events)))
}

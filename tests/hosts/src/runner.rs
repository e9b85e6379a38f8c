//! A [`Runner`] as the host: sync code waits for a guest, as it waits for any other future.

use crate::{Ended, Events, Main};
use futures_lite::future;
use pontoon::{AsyncStd, Runner, Smol, Tokio, guest::Guest};

async fn happen(runner: &Runner, mut events: Events) -> Ended {
    while !events.happen() {
        runner.sleep(events.pace()).await;
    }
    None
}

fn run(runner: &Runner, guest: Guest, main: Main, events: Events) -> Ended {
    let guest = guest.into_future(main).expect("the guest starts");
    runner.run(future::or(async { Some(guest.await) }, happen(runner, events)))
}

/// A guest in a call on smol.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_smol(guest: Guest, main: Main, events: Events) -> Ended {
    run(&Runner::new(Smol::new()), guest, main, events)
}

/// A guest in a call on async-std.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_async_std(guest: Guest, main: Main, events: Events) -> Ended {
    run(&Runner::new(AsyncStd::new()), guest, main, events)
}

/// A guest in a call on tokio.
///
/// # Panics
///
/// If the guest does not start.
pub fn run_tokio(guest: Guest, main: Main, events: Events) -> Ended {
    run(&Runner::new(Tokio::new()), guest, main, events)
}

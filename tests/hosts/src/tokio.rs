//! tokio as the host: guests of any runtime as futures on its current-thread runtime, or in a `LocalSet` anywhere.

use crate::{Ended, Events, Main};
use ::tokio::{
    runtime::{Builder, Runtime},
    select,
    task::{LocalSet, spawn_local},
    time::interval,
};
use pontoon::guest::Guest;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn happen(mut events: Events) {
    let mut frames = interval(events.pace());
    while !events.happen() {
        frames.tick().await;
    }
}

/// The guest is a part of what the runtime blocks on, which need not be `Send`.
///
/// # Panics
///
/// If the runtime or the guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    let guest = guest.into_future(main).expect("the guest starts");
    runtime().block_on(async {
        select! {
            result = guest => Some(result),
            () = happen(events) => None,
        }
    })
}

/// A main loop of another kind inside an `async fn main`, as `#[tokio::main]` invites one to write: the loop is all one poll
/// of tokio's, whose budget nobody refills.
///
/// # Panics
///
/// If the runtime or the guest does not start.
pub fn run_queue_inside(guest: Guest, main: Main, events: Events) -> Ended {
    runtime().block_on(async { crate::queue::run(guest, main, events) })
}

/// The guest is a local task among others. Each task has a budget of tokio's own in each of its polls; the guest's counts
/// as one task, and its tasks do without: pontoon's [`Budget`](pontoon::guest::Budget) is theirs.
///
/// # Panics
///
/// If the runtime or the guest does not start.
pub fn run_local_set(guest: Guest, main: Main, events: Events) -> Ended {
    let guest = guest.into_future(main).expect("the guest starts");
    LocalSet::new().block_on(&runtime(), async {
        let guest = spawn_local(guest);
        select! {
            result = guest => Some(result.expect("the guest's task")),
            quit = spawn_local(happen(events)) => {
                quit.expect("the host's task");
                None
            }
        }
    })
}

//! A guest as the host of another one: two runtimes, one thread, and neither waits for the other.

use crate::{Ended, Events, Main};
use async_io::Timer;
use futures_lite::future;
use pontoon::{
    Smol,
    guest::{Guest, GuestScope},
};

async fn happen(mut events: Events) -> Ended {
    while !events.happen() {
        Timer::after(events.pace()).await;
    }
    None
}

/// The inner guest's ticks are tasks of the outer one.
///
/// # Panics
///
/// If a guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    outer(async {
        let scope = GuestScope::current().expect("inside the outer guest");
        let (sender, ended) = async_channel::bounded(1);
        let done = move |result| drop(sender.try_send(result));
        let run = guest.start(scope.remote(), main, done).expect("the inner guest starts");
        let ended = future::or(async { ended.recv().await.ok() }, happen(events)).await;
        drop(run);
        ended
    })
}

/// The inner guest is a task of the outer one.
///
/// # Panics
///
/// If a guest does not start.
pub fn run_future(guest: Guest, main: Main, events: Events) -> Ended {
    outer(async {
        let scope = GuestScope::current().expect("inside the outer guest");
        let guest = scope.spawn_local(guest.into_future(main).expect("the inner guest starts"));
        future::or(async { Some(guest.await.expect("the inner guest's task")) }, happen(events)).await
    })
}

fn outer(main: impl Future<Output = Ended> + 'static) -> Ended {
    let outer = Guest::new(Smol::new()).into_future(main).expect("the outer guest starts");
    async_io::block_on(outer).expect("the outer guest ends by itself")
}

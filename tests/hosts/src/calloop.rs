//! calloop, the event loop of Wayland programs.
//!
//! Not with calloop's own channel: it hands out up to 1024 messages before any other source has its turn, those that a
//! message causes among them, so a busy guest would keep the loop for a second. A ping with a [`queue`] behind it runs the
//! ticks that wait, and the next ones in the loop's next turn.

use crate::{Ended, Events, Main, Slot};
use ::calloop::{
    EventLoop, LoopHandle, LoopSignal, futures,
    ping::make_ping,
    timer::{TimeoutAction, Timer},
};
use pontoon::guest::{Guest, QueueHost, queue};

/// Makes a host of the loop. Its source lives as long as the loop; with the loop goes the queue, and the guest is told.
///
/// # Errors
///
/// Those of calloop.
pub fn host<D>(main_loop: &LoopHandle<'_, D>) -> ::calloop::Result<QueueHost> {
    let (ping, source) = make_ping()?;
    let (host, ticks) = queue(move || ping.ping());
    main_loop.insert_source(source, move |(), (), _| {
        ticks.run();
    })?;
    Ok(host)
}

/// What the loop's callbacks share.
struct Data {
    events: Events,
    signal: LoopSignal,
}

fn animate(main_loop: &EventLoop<'static, Data>, pace: std::time::Duration) {
    let timer = Timer::from_duration(pace);
    let timer = main_loop.handle().insert_source(timer, move |_, (), data| {
        if data.events.happen() {
            data.signal.stop();
        }
        TimeoutAction::ToDuration(pace)
    });
    timer.expect("a timer");
}

/// A loop with a timer.
///
/// # Panics
///
/// If the loop or the guest does not start.
pub fn run(guest: Guest, main: Main, events: Events) -> Ended {
    let mut main_loop = EventLoop::try_new().expect("an event loop");
    animate(&main_loop, events.pace());
    let signal = main_loop.get_signal();
    let slot = Slot::default();
    let (done, quit) = (slot.clone(), signal.clone());
    let done = move |result| {
        done.put(result);
        quit.stop();
    };
    let host = host(&main_loop.handle()).expect("a host");
    let run = guest.start(host, main, done).expect("the guest starts");
    main_loop.run(None, &mut Data { events, signal }, |_| {}).expect("the loop runs");
    drop(main_loop);
    drop(run);
    slot.take()
}

/// The same loop with calloop's executor as the host, and the guest as one of its futures.
///
/// # Panics
///
/// If the loop or the guest does not start.
pub fn run_future(guest: Guest, main: Main, events: Events) -> Ended {
    let mut main_loop = EventLoop::try_new().expect("an event loop");
    animate(&main_loop, events.pace());
    let signal = main_loop.get_signal();
    let (executor, scheduler) = futures::executor().expect("an executor");
    let slot = Slot::default();
    let done = slot.clone();
    let inserted = main_loop.handle().insert_source(executor, move |result, (), data: &mut Data| {
        done.put(result);
        data.signal.stop();
    });
    inserted.expect("a source");
    scheduler.schedule(guest.into_future(main).expect("the guest starts")).expect("the executor takes it");
    main_loop.run(None, &mut Data { events, signal }, |_| {}).expect("the loop runs");
    // The executor goes with the loop, and drops the future.
    drop(main_loop);
    slot.take()
}

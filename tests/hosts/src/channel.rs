//! A loop that takes events of its own type from a channel, as many programs have one: ticks become one more event.

use crate::{Ended, Events, Main, Slot};
use pontoon::guest::{Guest, Host, Tick};
use std::{
    sync::mpsc::{Sender, channel},
    thread,
};

/// What the loop gets. A tick stands among the program's own events.
#[derive(Debug)]
pub enum Event {
    /// Time for whatever the program does.
    Frame,
    /// Time for the guest.
    Tick(Tick),
}

/// The loop's channel as a host. The queue is fair: a tick waits behind the events that came before it, so a busy guest's
/// next tick does, too, and `schedule_yield` needs nothing of its own.
#[derive(Clone, Debug)]
pub struct ChannelHost(pub Sender<Event>);

impl Host for ChannelHost {
    fn schedule(&self, tick: Tick) {
        // A channel without a receiver gives the tick back, and its drop tells the guest that the loop is gone.
        let _ = self.0.send(Event::Tick(tick));
    }
}

/// A loop whose own events come from another thread.
///
/// # Panics
///
/// If the guest does not start.
pub fn run(guest: Guest, main: Main, mut events: Events) -> Ended {
    let (sender, receiver) = channel();
    let (frames, pace) = (sender.clone(), events.pace());
    thread::spawn(move || {
        while frames.send(Event::Frame).is_ok() {
            thread::park_timeout(pace);
        }
    });
    let slot = Slot::default();
    let done = slot.clone();
    let run = guest.start(ChannelHost(sender), main, move |result| done.put(result)).expect("the guest starts");
    while !run.is_finished() {
        match receiver.recv().expect("the guest has a sender") {
            Event::Tick(tick) => tick.run(),
            Event::Frame if events.happen() => break,
            Event::Frame => {}
        }
    }
    drop(receiver);
    drop(run);
    slot.take()
}

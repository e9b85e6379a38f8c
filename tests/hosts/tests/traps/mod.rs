//! What goes wrong in a host without its recipe, and goes right with it.

use futures_lite::future;
use pontoon::{
    Smol,
    guest::{Guest, GuestScope, Host},
};
use pontoon_hosts::Slot;
use pontoon_hosts::trial::Steps;
use std::{cell::Cell, rc::Rc};

type Trap = fn(&Steps);

/// By name.
pub(crate) const TRAPS: &[(&str, Trap)] = &[
    ("calloop_ping_gives_each_tick_a_turn", calloop_ping_gives_each_tick_a_turn),
    ("calloop_channel_gives_many_ticks_one_turn", calloop_channel_gives_many_ticks_one_turn),
    #[cfg(feature = "glib")]
    ("glib_yield_at_idle_leaves_redraws_their_turns", glib::yield_at_idle_leaves_redraws_their_turns),
    #[cfg(feature = "glib")]
    ("glib_yield_at_default_starves_redraws", glib::yield_at_default_starves_redraws),
    #[cfg(feature = "glib")]
    ("glib_invoke_runs_the_tick_in_place", glib::invoke_runs_the_tick_in_place),
];

/// How many ticks a busy guest gets before the count of turns is read.
const TICKS: u64 = 50;

/// How many turns of a calloop loop fifty ticks of a busy guest take.
fn calloop_turns<H: Host>(host: impl FnOnce(&calloop::LoopHandle<'static, ()>) -> H) -> u64 {
    let mut main_loop = calloop::EventLoop::try_new().unwrap();
    let turns = Rc::new(Cell::new(0));
    let seen = turns.clone();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        while scope.stats().ticks < TICKS {
            future::yield_now().await;
        }
        seen.get()
    };
    let (slot, quit) = (Slot::default(), main_loop.get_signal());
    let done = slot.clone();
    let done = move |result| {
        done.put(result);
        quit.stop();
    };
    let host = host(&main_loop.handle());
    let run = Guest::new(Smol::new()).start(host, main, done).unwrap();
    main_loop.run(None, &mut (), |()| turns.set(turns.get() + 1)).unwrap();
    drop(run);
    slot.take().unwrap().unwrap()
}

fn calloop_ping_gives_each_tick_a_turn(steps: &Steps) {
    steps.at("ticks through a ping");
    let turns = calloop_turns(|main_loop| pontoon_hosts::calloop::host(main_loop).unwrap());
    assert!(turns >= TICKS, "{turns} turns for {TICKS} ticks");
}

fn calloop_channel_gives_many_ticks_one_turn(steps: &Steps) {
    steps.at("ticks through a channel");
    let turns = calloop_turns(|main_loop| {
        let (sender, channel) = calloop::channel::channel();
        let source = main_loop.insert_source(channel, |event, (), ()| {
            if let calloop::channel::Event::Msg(tick) = event {
                pontoon::guest::Tick::run(tick);
            }
        });
        source.unwrap();
        move |tick| drop(sender.send(tick))
    });
    assert!(turns <= 1, "{turns} turns: the recipe need not step around calloop's channel any more");
}

#[cfg(feature = "glib")]
mod glib {
    use super::*;
    use ::glib::{MainContext, Priority};
    use pontoon::guest::Tick;
    use pontoon_hosts::{
        Events,
        glib::{GlibHost, attach, run_on},
    };
    use std::{ops::ControlFlow, time::Duration};

    /// How many frames are drawn while a busy guest sees a timer fire fifty times, or until they are fifty.
    fn frames<H: Host>(host: impl FnOnce(MainContext) -> H) -> u64 {
        let (timers, frames) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (timer, frame) = (timers.clone(), frames.clone());
        let main = async move {
            while timers.get() < TICKS {
                future::yield_now().await;
            }
            frames.get()
        };
        let on_timer = move || timer.set(timer.get() + 1);
        let events = Events::new(Duration::from_millis(1), move || {
            frame.set(frame.get() + 1);
            ControlFlow::Continue(())
        });
        run_on(host, on_timer, Guest::new(Smol::new()), Box::pin(main), events).unwrap().unwrap()
    }

    pub(super) fn yield_at_idle_leaves_redraws_their_turns(steps: &Steps) {
        steps.at("a busy guest at idle");
        let frames = frames(GlibHost);
        // Each timer's redraw comes before the guest's next tick, so only the last can be missing.
        assert!(frames >= TICKS - 1, "{frames} frames");
    }

    pub(super) fn yield_at_default_starves_redraws(steps: &Steps) {
        steps.at("a busy guest at default");
        let frames = frames(|context| move |tick| attach(&context, Priority::DEFAULT, tick));
        assert_eq!(frames, 0, "the recipe need not yield at idle any more");
    }

    /// What `MainContext::invoke` does on the thread that owns the context: it calls, it does not schedule.
    pub(super) fn invoke_runs_the_tick_in_place(steps: &Steps) {
        steps.at("invoke");
        let context = MainContext::new();
        let in_place = context.with_thread_default(|| {
            let (sender, called) = std::sync::mpsc::channel();
            let guest = Guest::new(Smol::new());
            let in_host = context.clone();
            let host = move |tick: Tick| {
                let mut tick = Some(tick);
                in_host.invoke(move || {
                    if let Some(tick) = tick.take() {
                        tick.run();
                    }
                });
                let _ = sender.send(());
            };
            let polled = Rc::new(Cell::new(false));
            let set = polled.clone();
            let run = guest.start(host, async move { set.set(true) }, |_| {}).unwrap();
            called.recv().unwrap();
            drop(run);
            polled.get()
        });
        assert!(in_place.unwrap(), "the recipe may use `invoke` now");
    }
}

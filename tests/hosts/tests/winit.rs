//! Every case on every engine in a window of winit's: one after the other on the main thread, under a deadline each.

use futures_lite::future;
use libtest_mimic::{Arguments, Trial};
use pontoon::{
    Smol,
    guest::{Guest, GuestScope},
};
use pontoon_hosts::trial::{DEADLINE, Steps};
use pontoon_hosts::{
    Events,
    cases::CASES,
    engines::ENGINES,
    hostings::WINIT,
    winit::{Turn, run_in},
};
use std::{
    cell::Cell,
    ops::ControlFlow,
    process::{ExitCode, abort},
    rc::Rc,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // On this thread, which is where winit wants to be.
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    for engine in ENGINES {
        for case in CASES {
            let name = format!("winit::{}::{}", engine.name, case.name);
            trials.push(trial(name, move |steps| (case.run)(WINIT, *engine, steps)));
        }
    }
    trials.push(trial("traps::winit_about_to_wait_gives_each_tick_a_turn".into(), |steps| {
        steps.at("ticks in about_to_wait");
        let turns = turns(Turn::AboutToWait);
        assert!(turns >= TICKS, "{turns} turns for {TICKS} ticks");
    }));
    trials.push(trial("traps::winit_user_event_gives_all_ticks_one_turn".into(), |steps| {
        steps.at("ticks in user_event");
        let turns = turns(Turn::UserEvent);
        assert!(turns <= 1, "{turns} turns: the recipe may run ticks in `user_event` now");
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// How many ticks a busy guest gets before the count of turns is read.
const TICKS: u64 = 50;

/// How many turns of the loop fifty ticks of a busy guest take.
fn turns(turn: Turn) -> u64 {
    let turns = Rc::new(Cell::new(0));
    let seen = turns.clone();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        // The loop may have turned before the first tick.
        let first = seen.get();
        while scope.stats().ticks < TICKS {
            future::yield_now().await;
        }
        seen.get() - first
    };
    let events = Events::new(Duration::from_millis(1), || ControlFlow::Continue(()));
    run_in(turn, turns, Guest::new(Smol::new()), Box::pin(main), events).unwrap().unwrap()
}

fn trial(name: String, f: impl FnOnce(&Steps) + Send + 'static) -> Trial {
    Trial::test(name.clone(), move || {
        let steps = Steps::default();
        let _over = watch(name, steps.clone());
        f(&steps);
        Ok(())
    })
}

/// Ends the process if the value is not dropped in time: nothing else ends a loop that hangs on the main thread.
fn watch(name: String, steps: Steps) -> Sender<()> {
    let (over, deadline) = channel();
    thread::spawn(move || {
        if deadline.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("HANG in {name}, at: {}", steps.last());
            abort();
        }
    });
    over
}

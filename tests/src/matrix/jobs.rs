//! Jobs of the blocking pool.

use super::{
    Cell, Event, State,
    probe::{IN_DROP, IN_POLL, Order},
    record::{Out, Record},
    tasks::{LIMIT, inside_until},
};
use crate::trial::Steps;
use pontoon_conformance::tools::{Gate, HANG};
use std::{thread, time::Instant};

pub(super) fn play(cell: &Cell, name: &str, steps: &Steps) -> Vec<String> {
    let mut runner = Some(cell.flavour.builder().thread_name(name).start().expect("the runner starts"));
    let (mut record, probe) = Record::new(cell);
    let go = Gate::new("the event");
    steps.at("coming to the state");
    let order = if cell.event == Event::Panics { Order::Panic } else { Order::Finish };
    let result = match cell.event {
        Event::Panics => Out::Panic(IN_POLL),
        _ if cell.fussy => Out::Panic(IN_DROP),
        _ => Out::Value,
    };
    probe.order(order);
    let entered = Gate::new("the job");
    if cell.state == State::Polled {
        probe.inside(inside_until(cell.event, entered.clone(), go.clone()));
    }
    let mut task = runner.as_ref().expect("a handle").unblock(probe.job());
    match cell.state {
        State::Polled => entered.wait(),
        _ => probe.gone.wait(),
    }
    let finished = cell.state == State::Finished;
    record.counts("the job began", 1..=1, usize::from(finished));
    let pool = probe.seen().polls[0];
    if pool == thread::current().id() {
        record.fault("the job ran on the thread that asked for it");
    }
    while finished && !task.is_finished() {
        thread::yield_now();
    }
    steps.at("the event");
    match cell.event {
        Event::Completes | Event::Panics => {
            go.open();
            let out = Out::of_join(task.join());
            record.out(&out, &result);
        }
        Event::Dropped => {
            drop(task);
            record.counts("the drop of the handle", 1..=1, usize::from(finished));
            go.open();
        }
        Event::Cancelled => {
            go.open();
            let value = task.cancel();
            record.counts("the cancel", 1..=1, 1);
            if value.is_some() && result != Out::Value || value.is_none() && finished && result == Out::Value {
                record.fault(format_args!("the cancel gave {value:?}"));
            }
        }
        Event::Limit => {
            let timed = task.join_timeout(LIMIT);
            if timed.is_some() != finished {
                record.fault(format_args!("the wait gave {timed:?}"));
            }
            go.open();
            let out = Out::of_join(timed.unwrap_or_else(|| task.join()));
            record.out(&out, &result);
        }
        Event::Closed | Event::LastHandle => {
            go.open();
            if cell.event == Event::LastHandle {
                runner = None;
            } else if let Err(error) = runner.as_ref().expect("a handle").close_timeout(HANG / 3) {
                record.fault(error);
            }
            // a join that comes before the last touch to it would be refused like any other call
            while !task.is_finished() {
                thread::yield_now();
            }
            let out = Out::of_join(task.join());
            record.out(&out, &result);
        }
    }
    steps.at("the end");
    probe.gone.wait();
    record.counts("the end", 1..=1, 1);
    record.threads(&[pool], &[pool]);
    if let Some(Err(error)) = runner.map(|runner| runner.close_timeout(HANG / 3)) {
        record.fault(format_args!("the close at the end: {error}"));
    }
    // what nobody took goes with the job, a moment after its future
    let start = Instant::now();
    while probe.seen().values != probe.seen().value_drops.len() && start.elapsed() < HANG / 3 {
        thread::yield_now();
    }
    record.end()
}

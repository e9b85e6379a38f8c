//! Spawned tasks and local tasks.

use super::{
    Cell, Event, Seat, State, Work,
    probe::{IN_DROP, IN_POLL, Order, Probe, Value},
    record::{Out, Record},
    stage::{Stage, until_closing},
};
use crate::trial::Steps;
use pontoon::{Runner, Task};
use pontoon_conformance::tools::{Gate, HANG};
use std::{ops::RangeInclusive, thread, time::Duration};

/// The limit of a wait that ends by it.
pub(super) const LIMIT: Duration = Duration::from_millis(2);

/// What a poll does while the event strikes.
pub(super) fn inside_until(event: Event, entered: Gate, go: Gate) -> impl FnOnce() + Send + 'static {
    move || {
        let callers = || Runner::current().map_or(usize::MAX, |runner| runner.stats().callers);
        let before = callers();
        entered.open();
        go.wait();
        match event {
            Event::Cancelled => {
                while callers() == before {
                    thread::yield_now();
                }
            }
            Event::Closed => until_closing(),
            // the handle goes while this poll lasts
            Event::LastHandle => {
                while Runner::current().is_some() {
                    thread::yield_now();
                }
            }
            _ => {}
        }
    }
}

struct Play<'a> {
    cell: &'a Cell,
    steps: &'a Steps,
    stage: Stage,
    probe: Probe,
    record: Record,
    /// Opens when the hand may stop driving.
    until: Gate,
    /// Lets a poll go on that the event strikes in.
    go: Gate,
}

pub(super) fn play(cell: &Cell, name: &str, steps: &Steps) -> Vec<String> {
    steps.at("taking the seats");
    let stage = Stage::new(cell.flavour, cell.seat, cell.work == Work::Local, name);
    let (record, probe) = Record::new(cell);
    let (until, go) = (Gate::new("the end of the cell"), Gate::new("the event"));
    let mut play = Play { cell, steps, stage, probe, record, until, go };
    let task = play.come_to_state();
    play.steps.at("the event");
    play.strike(task);
    play.end()
}

impl Play<'_> {
    fn spawn(&self) -> Task<Value> {
        let target = self.probe.target();
        match self.cell.work {
            Work::Local => self.stage.runner().spawn_local(move || target),
            _ => self.stage.runner().spawn(target),
        }
    }

    /// Whether another thread than this one is in the poll.
    fn is_aside(&self) -> bool {
        self.cell.state == State::Polled
    }

    /// What it does when it ends.
    fn last_order(&self) -> Order {
        if self.cell.event == Event::Panics { Order::Panic } else { Order::Finish }
    }

    fn come_to_state(&mut self) -> Task<Value> {
        self.steps.at("coming to the state");
        match self.cell.state {
            State::Fresh => {
                let task = self.spawn();
                self.record.counts("the spawn", 0..=0, 0);
                task
            }
            State::Pending | State::Woken => {
                let task = self.spawn();
                self.stage.drive(&self.probe.polled.clone());
                self.record.counts("the first poll", 1..=1, 0);
                if self.cell.state == State::Woken {
                    self.probe.wake();
                    self.probe.wake();
                    self.record.wakes(2);
                    self.record.counts("two wake-ups", 1..=1, 0);
                }
                task
            }
            State::Polled => {
                let entered = Gate::new("the poll");
                self.probe.inside(inside_until(self.cell.event, entered.clone(), self.go.clone()));
                let until = self.until.clone();
                if self.cell.event == Event::LastHandle {
                    self.stage.drive_without_handle(&until);
                } else {
                    self.stage.drive_aside(&until);
                }
                let task = self.spawn();
                entered.wait();
                self.record.counts("the beginning of the poll", 1..=1, 0);
                task
            }
            State::Finished => {
                self.probe.order(self.last_order());
                let task = self.spawn();
                self.stage.drive(&self.probe.gone.clone());
                self.record.counts("the end", 1..=1, 1);
                task
            }
        }
    }

    /// How often it was polled before the event.
    fn polls(&self) -> usize {
        usize::from(self.cell.state != State::Fresh)
    }

    /// What a join gives of a task that came to its own end.
    fn result(&self) -> Out {
        match self.cell.event {
            Event::Panics => Out::Panic(IN_POLL),
            _ if self.cell.fussy => Out::Panic(IN_DROP),
            _ => Out::Value,
        }
    }

    fn strike(&mut self, task: Task<Value>) {
        match self.cell.event {
            Event::Completes | Event::Panics => self.ends(task),
            Event::Dropped => self.dropped(task),
            Event::Cancelled => self.cancelled(task),
            Event::Limit => self.limit(task),
            Event::Closed | Event::LastHandle => self.closed(task),
        }
    }

    fn ends(&mut self, task: Task<Value>) {
        let seat = [self.stage.polls(self.is_aside())];
        self.probe.order(self.last_order());
        let gone = self.probe.gone.clone();
        let polls = match self.cell.state {
            State::Pending => {
                self.probe.wake();
                self.stage.drive(&gone);
                2
            }
            State::Fresh | State::Woken => {
                self.stage.drive(&gone);
                self.polls() + 1
            }
            State::Polled => {
                self.go.open();
                gone.wait();
                1
            }
            State::Finished => 1,
        };
        self.record.counts("the end", polls..=polls, 1);
        self.steps.at("the join");
        let out = Out::of_join(task.join());
        self.record.out(&out, &self.result());
        self.record.threads(&seat, &seat);
    }

    fn dropped(&mut self, task: Task<Value>) {
        let seat = [self.stage.polls(self.is_aside())];
        let (polls, gone) = (self.polls(), self.probe.gone.clone());
        drop(task);
        match self.cell.state {
            State::Finished => {
                let seen = self.probe.seen();
                if seen.value_drops.len() != seen.values {
                    self.record.fault("the drop of the handle did not drop the value");
                }
            }
            State::Polled => {
                self.record.counts("the drop of the handle", 1..=1, 0);
                self.go.open();
                gone.wait();
            }
            _ => {
                self.record.counts("the drop of the handle", polls..=polls, 0);
                self.stage.drive(&gone);
            }
        }
        self.record.counts("the drop", polls..=polls, 1);
        self.record.threads(&seat, &seat);
    }

    /// Whether only the hand may poll and drop it: a local task of an inline runner that the hand polled first.
    fn is_the_hands(&self) -> bool {
        let hand = self.cell.seat == Seat::Second || self.is_aside();
        self.cell.work == Work::Local && self.cell.flavour.inline && hand
    }

    fn cancelled(&mut self, task: Task<Value>) {
        let here = thread::current().id();
        let seat = self.stage.polls(self.is_aside());
        let polls = self.polls();
        let mut drops = vec![here];
        match self.cell.state {
            State::Finished => drops = vec![seat],
            State::Polled => {
                self.go.open();
                drops = vec![seat];
            }
            // nobody but its own thread may drop it, and that waits for this one
            state if self.cell.work == Work::Local && (self.stage.is_own() || self.is_the_hands()) => {
                let until = self.until.clone();
                self.stage.drive_behind_a_call(&until);
                let is_free = state == State::Fresh && self.cell.flavour.inline;
                drops = if is_free { vec![here, seat] } else { vec![seat] };
            }
            _ => {}
        }
        let value = task.cancel();
        self.record.counts("the cancel", polls..=polls, 1);
        let finished = self.cell.state == State::Finished && !self.cell.fussy;
        if value.is_some() != finished {
            self.record.fault(format_args!("the cancel gave {value:?}"));
        }
        drop(value);
        self.record.threads(&[seat], &drops);
    }

    fn limit(&mut self, mut task: Task<Value>) {
        // a runtime needs its workers for its timers
        let aside = self.is_aside();
        let own = self.stage.is_own();
        if !own && !aside {
            let until = self.until.clone();
            self.stage.drive_aside(&until);
        }
        self.stage.release();
        let timed = task.join_timeout(LIMIT);
        let finished = self.cell.state == State::Finished;
        if timed.is_some() != finished {
            self.record.fault(format_args!("the wait gave {timed:?}"));
        }
        let drops = usize::from(finished);
        self.record.counts("the limit", 0..=2, drops);
        let out = match timed {
            Some(result) => Out::of_join(result),
            None => {
                self.probe.order(Order::Finish);
                self.go.open();
                if !aside {
                    self.probe.wake();
                }
                Out::of_join(task.join())
            }
        };
        let polls: RangeInclusive<usize> = match self.cell.state {
            State::Polled | State::Finished => 1..=1,
            // the first poll may come before and after the order
            State::Fresh => 1..=2,
            State::Pending => 2..=2,
            State::Woken => 2..=3,
        };
        self.record.counts("the join", polls, 1);
        self.record.out(&out, &self.result());
        let all = self.stage.all();
        let home = self.stage.host.filter(|_| self.cell.work == Work::Local).map_or(all, |host| vec![host]);
        self.record.threads(&home, &home);
    }

    fn closed(&mut self, task: Task<Value>) {
        let polls = self.polls();
        let seat = self.stage.polls(self.is_aside());
        let bound = self.cell.state != State::Fresh;
        // its thread is not in the loop any more when a close comes: it is left alone, and the error says so
        let abandoned = self.is_the_hands() && matches!(self.cell.state, State::Pending | State::Woken | State::Polled);
        if self.cell.event == Event::Closed {
            self.stage.release_at_close();
            self.go.open();
            match self.stage.runner().close_timeout(HANG / 3) {
                Ok(()) if !abandoned => {}
                Err(error) if abandoned && error.abandoned() == 1 => {}
                closed => self.record.fault(format_args!("the close gave {closed:?}")),
            }
        } else {
            let queued = matches!(self.cell.state, State::Fresh | State::Woken);
            if queued && !(self.cell.work == Work::Local && self.cell.flavour.inline) {
                self.stage.drop_last();
            } else {
                self.stage.release();
                self.go.open();
                self.stage.runner = None;
            }
            if !abandoned && !self.probe.gone.wait_timeout(HANG / 3) {
                self.record.fault("it is still there after the last handle went");
            }
        }
        self.record.counts("the close", polls..=polls, usize::from(!abandoned));
        self.steps.at("the join after the close");
        while !abandoned && !task.is_finished() {
            thread::yield_now();
        }
        let out = Out::of_join(task.join());
        let queued = matches!(self.cell.state, State::Fresh | State::Woken);
        let expected = match self.cell.state {
            State::Finished => self.result(),
            // the seat that drops it may be in the destructor still, and the join is refused like any other call
            _ if queued && self.cell.event == Event::LastHandle && out == Out::Cancelled => Out::Cancelled,
            _ if self.cell.fussy && !abandoned => Out::Panic(IN_DROP),
            _ => Out::Cancelled,
        };
        self.record.out(&out, &expected);
        let drops = match self.cell.work {
            _ if self.cell.state == State::Finished => vec![seat],
            Work::Local if self.stage.host.is_some() || bound => vec![seat],
            _ => self.stage.all(),
        };
        self.record.threads(&[seat], &drops);
    }

    fn end(mut self) -> Vec<String> {
        self.steps.at("the end");
        self.until.open();
        self.stage.release();
        let runner = self.stage.runner.take();
        if let Some(Err(error)) = runner.as_ref().map(|runner| runner.close_timeout(HANG / 3)) {
            self.record.fault(format_args!("the close at the end: {error}"));
        }
        // the hand may be on its way out of a call that the close has refused
        drop(self.stage);
        if let Some(stats) = runner.map(|runner| runner.stats()) {
            let abandoned = self.probe.seen().drops.is_empty();
            if stats.tasks != usize::from(abandoned) || stats.callers != 0 {
                self.record.fault(format_args!("left at the end: {stats:?}"));
            }
        }
        self.record.end()
    }
}

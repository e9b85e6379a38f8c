//! What is polled where it is called: futures of calls, items of streams, contexts on their way in and out.

use super::{
    Cell, Event, Seat, State, Work,
    probe::{IN_DROP, IN_POLL, Order, Probe},
    record::{Out, Record},
    stage::{Hand, Plug, Stage, plug, until_closing},
    tasks::{LIMIT, inside_until},
};
use crate::trial::Steps;
use pontoon::{
    Outcome, Runner, context,
    guest::{Guest, queue},
};
use pontoon_conformance::tools::{Gate, HANG, hushed};
use std::{
    convert::Infallible,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

/// What the thread that calls reports.
enum Report {
    /// It is about to call.
    Calls(ThreadId),
    /// The call is over: with what, and what its guard did when it was dropped.
    Over(Out, Out),
}

/// How often a call may be polled beyond its wake-ups. A nested call and one with a limit look again when they begin to
/// wait and when a timer of theirs comes; where another runtime may have swallowed a wake-up, calls poll unasked.
fn extra(cell: &Cell) -> usize {
    match (cell.seat, cell.event) {
        (Seat::Guest, _) => 10_000,
        (_, Event::Limit) => 4,
        (Seat::Caller | Seat::Second, _) => 0,
        _ => 1,
    }
}

pub(super) fn play(cell: &Cell, name: &str, steps: &Steps) -> Vec<String> {
    steps.at("taking the seats");
    let mut stage = Stage::new(cell.flavour, cell.seat, false, name);
    let (mut record, probe) = Record::new(cell);
    let runner = stage.runner().clone();
    let (until, go) = (Gate::new("the end of the cell"), Gate::new("the event"));
    let leader = (cell.seat == Seat::Second).then(|| lead(&runner, &until));
    let (report, reports) = mpsc::channel();
    let order = if cell.event == Event::Panics { Order::Panic } else { Order::Finish };
    let limit = (cell.event == Event::Limit).then_some(if cell.state == State::Fresh { Duration::ZERO } else { LIMIT });
    // the runner is closed before the call, or between the enter and the exit of a context
    let closed = cell.state == State::Fresh && cell.event == Event::Closed;
    let between = (closed && cell.work == Work::Exit).then(|| (Gate::new("the enter"), Gate::new("the close")));
    let closed_first = closed && between.is_none();
    if cell.state == State::Fresh {
        match cell.event {
            Event::Closed if between.is_some() => {}
            Event::Closed => {
                stage.release_at_close();
                if let Err(error) = runner.close_timeout(HANG / 3) {
                    record.fault(error);
                }
            }
            Event::Limit => {}
            _ => probe.order(order),
        }
    }
    let entered = Gate::new("the poll");
    if cell.state == State::Polled {
        if cell.event == Event::Limit {
            let (entered, never) = (entered.clone(), Gate::new("the limit"));
            probe.inside(move || {
                entered.open();
                never.wait_timeout(LIMIT);
            });
        } else {
            probe.inside(inside_until(cell.event, entered.clone(), go.clone()));
        }
    }
    steps.at("coming to the state");
    let body = call(*cell, runner.clone(), probe.clone(), (limit, between.clone()), report);
    if closed_first && matches!(cell.seat, Seat::Host | Seat::Worker | Seat::Nested | Seat::Pool) {
        // nothing is on a closed runner: its threads are gone, and a call that is refused needs none
        stage.hand.start(body);
    } else {
        stand(cell.seat, cell, &mut stage, body);
    }
    let caller = caller(&reports);
    if let Some((entered, go)) = between {
        entered.wait();
        stage.release_at_close();
        if let Err(error) = runner.close_timeout(HANG / 3) {
            record.fault(error);
        }
        // those inside of the loop have seen it by themselves
        go.open();
    }
    let (extra, mut plugs) = (extra(cell), Vec::new());
    let mut polls = 0;
    if limit.is_some() {
        // a runtime needs its workers for its timers
        stage.release();
    }
    match cell.state {
        State::Pending | State::Woken => {
            probe.polled.wait();
            polls = 1;
            if cell.state == State::Woken {
                plugs = hold(&runner, cell.seat == Seat::Host, caller);
                record.counts("the hold", 1..=1 + extra, 0);
                let before = probe.seen().polls.len();
                probe.wake();
                probe.wake();
                record.wakes(2);
                record.counts("two wake-ups", before..=before, 0);
            } else if limit.is_none() {
                record.counts("the first poll", 1..=1 + extra, 0);
            }
        }
        State::Polled => {
            entered.wait();
            polls = 1;
            if limit.is_none() {
                record.counts("the beginning of the poll", 1..=1, 0);
            }
        }
        State::Fresh | State::Finished => {}
    }
    steps.at("the event");
    match cell.event {
        _ if cell.state == State::Fresh => polls = usize::from(!closed && !is_unpolled(cell)),
        Event::Closed => {
            stage.release_at_close();
            plugs.drain(..).for_each(|plug| plug.release_with(until_closing));
            go.open();
            if let Err(error) = runner.close_timeout(HANG / 3) {
                record.fault(error);
            }
            // its wake-up came before the close
            polls += usize::from(cell.state == State::Woken);
        }
        Event::Limit => {}
        _ => {
            probe.order(order);
            go.open();
            if cell.state == State::Pending {
                probe.wake();
            }
            polls += usize::from(cell.state != State::Polled);
        }
    }
    plugs.into_iter().for_each(Plug::release);
    steps.at("the return of the call");
    let (out, drop_out) = match reports.recv_timeout(HANG) {
        Ok(Report::Over(out, drop_out)) => (out, drop_out),
        _ => (Out::Other("no report".into()), Out::Nothing),
    };
    let (expected, expected_drop) = expected(cell);
    record.out(&out, &expected);
    record.out(&drop_out, &expected_drop);
    record.counts("the return", polls..=polls + extra, 1);
    record.threads(&[caller], &[caller]);
    steps.at("the end");
    until.open();
    stage.release();
    if let Some(leader) = leader {
        leader.finish();
    }
    if let Err(error) = runner.close_timeout(HANG / 3) {
        record.fault(format_args!("the close at the end: {error}"));
    }
    // the hand may be on its way out of a call that the close has refused
    drop(stage);
    let stats = runner.stats();
    if stats.tasks != 0 || stats.callers != 0 {
        record.fault(format_args!("left at the end: {stats:?}"));
    }
    record.end()
}

/// An iterator that is dropped before its first item is never polled.
fn is_unpolled(cell: &Cell) -> bool {
    cell.work == Work::Item && cell.event == Event::Dropped
}

/// What comes out of the call, and of the drop of what it left.
fn expected(cell: &Cell) -> (Out, Out) {
    let item = cell.work == Work::Item;
    let out = match cell.event {
        Event::Panics => Out::Panic(IN_POLL),
        // the stream outlives its item
        _ if cell.fussy && !item => Out::Panic(IN_DROP),
        Event::Completes => Out::Value,
        Event::Closed => Out::Closed,
        Event::Limit => Out::Late,
        _ => Out::Nothing,
    };
    // a panic has taken the stream with it
    let drops = item && cell.fussy && cell.event != Event::Panics;
    (out, if drops { Out::Panic(IN_DROP) } else { Out::Nothing })
}

fn caller(reports: &Receiver<Report>) -> ThreadId {
    match reports.recv_timeout(HANG) {
        Ok(Report::Calls(thread)) => thread,
        _ => panic!("nobody calls"),
    }
}

/// Another caller, who waits for something else and was there first.
fn lead(runner: &Runner, until: &Gate) -> Hand {
    let leader = Hand::new();
    let (theirs, until, before) = (runner.clone(), until.clone(), runner.stats().callers);
    leader.start(move || drop(theirs.try_run(until.passed())));
    let start = Instant::now();
    while runner.stats().callers == before {
        assert!(start.elapsed() < HANG, "the second caller waits");
        thread::yield_now();
    }
    leader
}

/// Holds seats until that of `caller` is among them.
fn hold(runner: &Runner, local: bool, caller: ThreadId) -> Vec<Plug> {
    let mut plugs = vec![plug(runner, local)];
    while plugs[plugs.len() - 1].thread != caller {
        plugs.push(plug(runner, local));
    }
    plugs
}

/// Has the seat call `body`.
fn stand(seat: Seat, cell: &Cell, stage: &mut Stage, body: impl FnOnce() + Send + 'static) {
    let runner = stage.runner().clone();
    match seat {
        Seat::Caller | Seat::Second => stage.hand.start(body),
        Seat::Nested => stage.hand.start(move || runner.run(async { body() })),
        Seat::Host => {
            runner.spawn_local(move || async move { body() }).detach();
            stage.own.take().expect("it is held").release();
        }
        Seat::Worker => {
            runner.spawn(async move { body() }).detach();
            stage.own.take().expect("it is held").release();
        }
        Seat::Pool => runner.unblock(body).detach(),
        Seat::Guest => {
            let executor = cell.flavour.executor();
            stage.hand.start(move || {
                let here = thread::current();
                let (host, ticks) = queue(move || here.unpark());
                let run = Guest::new(executor).start(host, async move { body() }, |_| ()).expect("the guest starts");
                while !run.is_finished() {
                    if ticks.run() == 0 {
                        thread::park();
                    }
                }
            });
        }
    }
}

/// The call that is made there.
fn call(
    cell: Cell,
    runner: Runner,
    probe: Probe,
    (limit, between): (Option<Duration>, Option<(Gate, Gate)>),
    report: Sender<Report>,
) -> impl FnOnce() + Send + 'static {
    move || {
        let _ = report.send(Report::Calls(thread::current().id()));
        let mut drop_out = Out::Nothing;
        let out = match cell.work {
            Work::Call => caught(|| match limit {
                Some(limit) => runner.run_timeout(limit, probe.target()).map(drop),
                None => runner.try_run(probe.target()).map(drop),
            }),
            Work::Item => {
                let mut items = runner.wrap_iter(probe.target());
                let dropped = cell.event == Event::Dropped;
                let out =
                    if dropped { Out::Nothing } else { caught(|| items.try_next().map(|item| drop(item.unwrap()))) };
                if let Err(payload) = hushed(|| drop(items)) {
                    drop_out = Out::of_panic(&*payload);
                }
                out
            }
            Work::Enter => {
                let mut target = Some(probe.target());
                let entered = context(
                    async move || {
                        let mut target = target.take().expect("entered once");
                        // a destructor that panics behind the value, in a statement of its own, leaves the value to be dropped
                        let value = (&mut target).await;
                        drop(target);
                        Ok::<_, Infallible>(value)
                    },
                    async |value, _: Outcome<'_>| {
                        drop(value);
                        Ok(())
                    },
                );
                caught(|| {
                    let guard = runner.wrap_context(entered).unwrap_or_else(|never| match never {});
                    guard.close().unwrap_or_else(|never| match never {});
                    Ok(())
                })
            }
            _ => {
                let mut target = probe.target();
                let session = context(
                    async || Ok::<_, Infallible>(()),
                    async move |(), _: Outcome<'_>| {
                        drop((&mut target).await);
                        Ok(())
                    },
                );
                exit(&cell, &runner, session, between)
            }
        };
        drop(runner);
        let _ = report.send(Report::Over(out, drop_out));
    }
}

/// Enters the session and leaves it, by its close or by its drop.
fn exit<C>(cell: &Cell, runner: &Runner, session: C, between: Option<(Gate, Gate)>) -> Out
where
    C: pontoon::AsyncContext<Value = (), Error = Infallible>,
{
    caught(|| {
        let guard = runner.wrap_context(session).unwrap_or_else(|never| match never {});
        if cell.event == Event::Dropped {
            drop(guard);
            return Ok(());
        }
        if let Some((entered, go)) = between {
            entered.open();
            if Runner::current().is_some() { until_closing() } else { go.wait() }
        }
        guard.close().unwrap_or_else(|never| match never {});
        Ok(())
    })
    .without_value(cell.event == Event::Dropped)
}

impl Out {
    /// A drop gives nothing.
    fn without_value(self, dropped: bool) -> Out {
        if dropped && self == Out::Value { Out::Nothing } else { self }
    }
}

fn caught(f: impl FnOnce() -> Result<(), pontoon::RunError>) -> Out {
    match hushed(f) {
        Ok(Ok(())) => Out::Value,
        Ok(Err(error)) => Out::of_error(&error),
        Err(payload) => Out::of_panic(&*payload),
    }
}

//! Tasks of a guest: this thread is its host, so nothing is polled between two of its ticks.

use super::{
    Cell, Event, State,
    probe::{IN_DROP, IN_POLL, Order, Probe, Value},
    record::{Out, Record},
};
use crate::trial::Steps;
use futures_lite::future::{block_on, poll_once};
use pontoon::guest::{Guest, GuestRun, GuestTask, TickQueue, queue};
use pontoon_conformance::tools::{HANG, hushed};
use std::{
    cell::RefCell,
    future::{Future, pending},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

thread_local! {
    /// The guest of this thread, where its own tasks can end it.
    static RUN: RefCell<Option<GuestRun>> = const { RefCell::new(None) };
}

fn drop_run() {
    drop(RUN.with(|run| run.borrow_mut().take()));
}

fn cancel_run() {
    RUN.with(|run| {
        if let Some(run) = &*run.borrow() {
            run.remote().cancel();
        }
    });
}

/// The handle, and what is left of a cancel that began.
#[derive(Clone, Default)]
struct Handle(Arc<Mutex<Held>>);

#[derive(Default)]
enum Held {
    #[default]
    None,
    Task(GuestTask<Value>),
    Cancel(Pin<Box<dyn Future<Output = Option<Value>> + Send>>),
}

impl Handle {
    fn take(&self) -> Held {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, held: Held) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn task(&self) -> GuestTask<Value> {
        match self.take() {
            Held::Task(task) => task,
            _ => panic!("there is no handle any more"),
        }
    }

    /// Begins the cancel; gives its value if it is over at once.
    fn cancel(&self) -> Option<Option<Value>> {
        let mut cancel: Pin<Box<dyn Future<Output = _> + Send>> = match self.take() {
            Held::Task(task) => Box::pin(task.cancel()),
            Held::Cancel(cancel) => cancel,
            Held::None => panic!("there is no handle any more"),
        };
        let polled = block_on(poll_once(cancel.as_mut()));
        if polled.is_none() {
            self.put(Held::Cancel(cancel));
        }
        polled
    }
}

/// Runs the host's loop until `done`.
fn turn(ticks: &TickQueue, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < HANG, "the guest never gets to {what}");
        if ticks.run() == 0 && !done() {
            thread::park_timeout(Duration::from_millis(100));
        }
    }
}

pub(super) fn play(cell: &Cell, name: &str, steps: &Steps) -> Vec<String> {
    let (mut record, probe) = Record::new(cell);
    let here = thread::current();
    let (host, ticks) = queue(move || here.unpark());
    let ended = Arc::new(AtomicUsize::new(0));
    let (ends, gone) = (ended.clone(), probe.gone.clone());
    let done = move |_| {
        // P81: last of all
        ends.fetch_add(if gone.is_open() { 1 } else { 100 }, SeqCst);
    };
    steps.at("starting the guest");
    let run = Guest::new(cell.flavour.executor()).worker_name(name).start(host, pending::<()>(), done);
    let run = run.expect("the guest starts");
    let scope = run.scope();
    RUN.with(|slot| *slot.borrow_mut() = Some(run));
    let last = if cell.event == Event::Panics { Order::Panic } else { Order::Finish };
    let result = match cell.event {
        Event::Panics => Out::Panic(IN_POLL),
        _ if cell.fussy => Out::Panic(IN_DROP),
        _ => Out::Value,
    };
    let handle = Handle::default();
    steps.at("coming to the state");
    let finished = cell.state == State::Finished;
    if finished {
        probe.order(last);
    }
    handle.put(Held::Task(scope.spawn_local(probe.target())));
    record.counts("the spawn", 0..=0, 0);
    let mut polls = 0;
    match cell.state {
        State::Fresh => {}
        State::Pending | State::Woken => {
            turn(&ticks, "the first poll", || probe.polled.is_open());
            polls = 1;
            if cell.state == State::Woken {
                probe.wake();
                probe.wake();
                record.wakes(2);
            }
            record.counts("the first poll", 1..=1, 0);
        }
        State::Polled => {
            polls = 1;
            let (event, probe, handle) = (cell.event, probe.clone(), handle.clone());
            let theirs = probe.clone();
            probe.inside(move || match event {
                Event::Completes | Event::Panics => theirs.order(last),
                Event::Dropped => drop(handle.take()),
                Event::Cancelled => assert!(handle.cancel().is_none(), "a cancel in the task's own poll waits"),
                Event::Closed => cancel_run(),
                _ => drop_run(),
            });
            turn(&ticks, "the poll", || probe.polled.is_open());
        }
        State::Finished => {
            turn(&ticks, "the end", || probe.gone.is_open());
            polls = 1;
        }
    }
    let before = probe.seen().drops.len();
    if before != usize::from(finished) && cell.state != State::Polled {
        record.fault("the state is not what it should be");
    }
    steps.at("the event");
    let polls = strike(cell, &probe, &ticks, &handle, &mut record, (polls, last, &result));
    record.counts("the event", polls..=polls, 1);
    let me = [thread::current().id()];
    record.threads(&me, &me);
    steps.at("the end");
    drop(handle.take());
    drop((scope, hushed(drop_run)));
    turn(&ticks, "its `done`", || ended.load(SeqCst) > 0);
    if ended.load(SeqCst) != 1 {
        record.fault("`done` was called twice, or before the task was gone");
    }
    record.end()
}

/// Lets the event happen, and gives the number of polls that there should be then.
fn strike(
    cell: &Cell,
    probe: &Probe,
    ticks: &TickQueue,
    handle: &Handle,
    record: &mut Record,
    (polls, last, result): (usize, Order, &Out),
) -> usize {
    let (inside, finished) = (cell.state == State::Polled, cell.state == State::Finished);
    let join = |handle: &Handle| block_on(poll_once(handle.task())).map_or(Out::Nothing, Out::of_join);
    match cell.event {
        Event::Completes | Event::Panics => {
            probe.order(last);
            if cell.state == State::Pending {
                probe.wake();
            }
            turn(ticks, "its end", || probe.gone.is_open());
            record.out(&join(handle), result);
            return if inside || finished { polls } else { polls + 1 };
        }
        Event::Dropped => {
            drop(handle.take());
            turn(ticks, "the drop", || probe.gone.is_open());
        }
        Event::Cancelled => {
            let mut value = None;
            turn(ticks, "the end of the cancel", || {
                value = handle.cancel();
                value.is_some()
            });
            let value = value.flatten();
            if value.is_some() != (finished && *result == Out::Value) {
                record.fault(format_args!("the cancel gave {value:?}"));
            }
        }
        _ => {
            if cell.event == Event::Closed {
                cancel_run();
                turn(ticks, "its end", || probe.gone.is_open());
            } else {
                drop_run();
            }
            let expected = match cell.fussy {
                _ if finished => result.clone(),
                true => Out::Panic(IN_DROP),
                false => Out::Cancelled,
            };
            record.out(&join(handle), &expected);
        }
    }
    polls
}

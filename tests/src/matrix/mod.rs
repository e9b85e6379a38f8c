//! Everything that may end a piece of work, at every state of it, on every seat that polls it, on every flavour.
//!
//! A cell is one of each. It is played step by step: `stage` holds all seats but the one in play, so that nobody polls
//! unless the cell says so, and after each step `probe`'s record is compared with what the contract says: how often was
//! it polled and dropped, on which threads, and what came out. What cannot be is a row of [`IMPOSSIBLE`], with its reason
//! and its number of cells.

mod calls;
mod guests;
mod jobs;
mod probe;
mod record;
mod stage;
mod tasks;

use crate::{
    contexts::{FLAVOURS, Family, Flavour},
    process,
    trial::Steps,
};
use std::{fmt, thread, time::Instant};

/// Who polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The thread that waits.
    Caller,
    /// Another thread that waits for something else.
    Second,
    /// The runner's own thread.
    Host,
    /// A worker of the runtime.
    Worker,
    /// A call on top of another call.
    Nested,
    /// A thread of the blocking pool.
    Pool,
    /// A tick of a guest.
    Guest,
}

/// What is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The future of a call.
    Call,
    /// The item of a stream.
    Item,
    /// The enter of a context.
    Enter,
    /// The exit of a context.
    Exit,
    /// A spawned task.
    Task,
    /// A local task.
    Local,
    /// A job of the blocking pool.
    Job,
    /// A task of a guest.
    Guest,
}

/// How far the work has come when the event strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Never polled.
    Fresh,
    /// Polled once, and waiting.
    Pending,
    /// Polled once, woken twice, and not polled again.
    Woken,
    /// Being polled.
    Polled,
    /// It has ended, and nobody has taken its result.
    Finished,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It gives its output.
    Completes,
    /// It panics in a poll.
    Panics,
    /// Its handle is dropped.
    Dropped,
    /// It is cancelled.
    Cancelled,
    /// The limit of a wait for it passes.
    Limit,
    /// The runner is closed.
    Closed,
    /// The last handle of the runner is dropped.
    LastHandle,
}

/// The seats.
pub const SEATS: [Seat; 7] =
    [Seat::Caller, Seat::Second, Seat::Host, Seat::Worker, Seat::Nested, Seat::Pool, Seat::Guest];
/// The kinds of work.
pub const WORKS: [Work; 8] =
    [Work::Call, Work::Item, Work::Enter, Work::Exit, Work::Task, Work::Local, Work::Job, Work::Guest];
/// The states.
pub const STATES: [State; 5] = [State::Fresh, State::Pending, State::Woken, State::Polled, State::Finished];
/// The events.
pub const EVENTS: [Event; 7] =
    [Event::Completes, Event::Panics, Event::Dropped, Event::Cancelled, Event::Limit, Event::Closed, Event::LastHandle];

/// One of each.
#[derive(Clone, Copy)]
pub struct Cell {
    /// On which flavour.
    pub flavour: &'static Flavour,
    /// Who polls.
    pub seat: Seat,
    /// What.
    pub work: Work,
    /// How far it has come.
    pub state: State,
    /// What happens then.
    pub event: Event,
    /// Whether its destructor panics.
    pub fussy: bool,
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { flavour, seat, work, state, event, fussy } = self;
        let drop = if *fussy { ", and its destructor panics" } else { "" };
        write!(f, "{}: {work:?} on {seat:?}, {state:?}, {event:?}{drop}", flavour.name)
    }
}

/// Every combination.
pub fn cells() -> impl Iterator<Item = Cell> {
    let flavours = FLAVOURS.iter().flat_map(|flavour| SEATS.map(|seat| (flavour, seat)));
    let works = flavours.flat_map(|(flavour, seat)| WORKS.map(|work| (flavour, seat, work)));
    let states = works.flat_map(|(flavour, seat, work)| STATES.map(|state| (flavour, seat, work, state)));
    states.flat_map(|(flavour, seat, work, state)| {
        EVENTS
            .into_iter()
            .flat_map(move |event| [false, true].map(|fussy| Cell { flavour, seat, work, state, event, fussy }))
    })
}

/// Whether the runtime of this flavour has workers.
pub(crate) fn has_workers(flavour: &Flavour) -> bool {
    ["smol_workers", "tokio_multi1", "tokio_multi4", "tokio_multi1_inline", "tokio_handle"].contains(&flavour.name)
}

impl Cell {
    fn is_call(&self) -> bool {
        matches!(self.work, Work::Call | Work::Item | Work::Enter | Work::Exit)
    }

    /// The row of [`IMPOSSIBLE`] that it falls under: the first that says so.
    pub fn impossible(&self) -> Option<usize> {
        IMPOSSIBLE.iter().position(|row| (row.covers)(self))
    }

    /// Plays it.
    ///
    /// # Errors
    ///
    /// What the contract did not allow, a line each.
    ///
    /// # Panics
    ///
    /// When something in it that cannot fail does.
    pub fn play(&self, steps: &Steps) -> Result<(), String> {
        let name = format!("cell{}", thread_number());
        let faults = match self.work {
            Work::Task | Work::Local => tasks::play(self, &name, steps),
            Work::Job => jobs::play(self, &name, steps),
            Work::Guest => guests::play(self, &name, steps),
            _ => calls::play(self, &name, steps),
        };
        steps.at("looking for its threads");
        let start = Instant::now();
        // a joined thread is listed for a moment
        while process::threads().contains(&name) {
            if start.elapsed() > pontoon_conformance::tools::HANG / 3 {
                return Err(format!("the thread {name} is left"));
            }
            thread::yield_now();
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n    ")) }
    }
}

fn thread_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(1, Relaxed)
}

/// Why some combinations cannot be.
pub struct Row {
    /// The reason.
    pub why: &'static str,
    covers: fn(&Cell) -> bool,
    /// How many cells it takes away, after the rows above it.
    pub count: usize,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.why, self.count)
    }
}

const fn row(why: &'static str, count: usize, covers: fn(&Cell) -> bool) -> Row {
    Row { why, covers, count }
}

/// What cannot be. The first row that covers a cell has it.
pub const IMPOSSIBLE: &[Row] = &[
    row("an inline runner has no thread of its own", 2240, |cell| cell.seat == Seat::Host && cell.flavour.inline),
    row("the runtime has no workers", 3360, |cell| cell.seat == Seat::Worker && !has_workers(cell.flavour)),
    row("a guest's tasks are polled by its ticks", 3920, |cell| cell.work == Work::Guest && cell.seat != Seat::Guest),
    row("a tick polls no tasks of a runner", 1540, |cell| {
        cell.seat == Seat::Guest && matches!(cell.work, Work::Task | Work::Local)
    }),
    row("a job is run by the pool", 3920, |cell| cell.work == Work::Job && cell.seat != Seat::Pool),
    row("the pool runs jobs, no tasks", 1540, |cell| {
        cell.seat == Seat::Pool && matches!(cell.work, Work::Task | Work::Local)
    }),
    row("a local task is the host's", 1260, |cell| {
        cell.work == Work::Local && !cell.flavour.inline && !matches!(cell.seat, Seat::Host | Seat::Nested)
    }),
    row("a worker runs no local task", 70, |cell| cell.work == Work::Local && cell.seat == Seat::Worker),
    row("a job is one poll, and the pool has a thread for it at once", 462, |cell| {
        cell.work == Work::Job && matches!(cell.state, State::Fresh | State::Pending | State::Woken)
    }),
    row("a call gives its result when it returns", 3752, |cell| cell.is_call() && cell.state == State::Finished),
    row("a call has no handle, and a context none before it is entered", 1072, |cell| {
        matches!(cell.work, Work::Call | Work::Enter) && cell.event == Event::Dropped
    }),
    row("an iterator cannot be dropped in its `next`", 402, |cell| {
        cell.work == Work::Item && cell.event == Event::Dropped && cell.state != State::Fresh
    }),
    row("a call is ended by its limit or by a close", 2144, |cell| cell.is_call() && cell.event == Event::Cancelled),
    row("only a call and a join have a limit", 1718, |cell| {
        matches!(cell.work, Work::Item | Work::Enter | Work::Exit | Work::Guest) && cell.event == Event::Limit
    }),
    row("whoever calls has a handle", 2144, |cell| cell.is_call() && cell.event == Event::LastHandle),
    row("a caller that may not drive here is not held up between a wake-up and its poll", 616, |cell| {
        cell.is_call() && cell.state == State::Woken && matches!(cell.seat, Seat::Pool | Seat::Guest)
    }),
    row("the limit of a call might pass before its thread is held up: the clock decides", 90, |cell| {
        cell.is_call() && cell.state == State::Woken && cell.event == Event::Limit
    }),
    row("an inline runner on tokio refuses to wait inside another tokio runtime", 172, |cell| {
        cell.is_call() && cell.seat == Seat::Guest && cell.flavour.inline && cell.flavour.family == Family::Tokio
    }),
    row("the timers of a runtime rest while its only worker is in a poll", 8, |cell| {
        let only = matches!(cell.flavour.name, "tokio_multi1" | "tokio_multi1_inline");
        only && cell.seat == Seat::Worker && cell.event == Event::Limit && cell.state == State::Polled
    }),
    row("a destructor that panics while the stack unwinds ends any process", 502, |cell| {
        let unwound = matches!(cell.work, Work::Enter | Work::Exit | Work::Job);
        unwound && cell.event == Event::Panics && cell.fussy
    }),
];

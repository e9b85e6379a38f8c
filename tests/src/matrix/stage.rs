//! A runner of which every seat but one is held fast, so that the one alone polls, and only when it is told to.

use super::{Seat, has_workers};
use crate::contexts::Flavour;
use pontoon::{RunError, Runner};
use pontoon_conformance::tools::{Gate, HANG};
use std::{
    fmt,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle, ThreadId},
    time::{Duration, Instant},
};

type Job = Box<dyn FnOnce() + Send>;

/// A seat that is held: its thread is inside the poll of a task, until it gets something to do, and leaves then.
pub(crate) struct Plug {
    /// Whose seat it is.
    pub(crate) thread: ThreadId,
    release: Sender<Job>,
}

impl fmt::Debug for Plug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plug({:?})", self.thread)
    }
}

impl Plug {
    /// Lets the seat go.
    pub(crate) fn release(self) {
        self.release_with(|| ());
    }

    /// Has the seat's thread call `f` inside the poll, and then lets it go.
    pub(crate) fn release_with(self, f: impl FnOnce() + Send + 'static) {
        let _ = self.release.send(Box::new(f));
    }
}

/// Returns when the loop refuses calls from inside of it, so when nothing on it is polled any more.
pub(crate) fn until_closing() {
    while let Some(runner) = Runner::current() {
        match runner.try_run(async {}) {
            Ok(()) => thread::yield_now(),
            Err(RunError::Closed) => return,
            Err(error) => panic!("a ready call inside a poll: {error}"),
        }
    }
}

/// A thread that does one thing after the other.
#[derive(Debug)]
pub(crate) struct Hand {
    jobs: Option<Sender<Job>>,
    done: Receiver<()>,
    /// Its thread.
    pub(crate) thread: ThreadId,
    handle: Option<JoinHandle<()>>,
}

impl Hand {
    /// A new one.
    pub(crate) fn new() -> Hand {
        let (jobs, work) = mpsc::channel::<Job>();
        let (finished, done) = mpsc::channel();
        let handle = thread::spawn(move || {
            for job in work {
                job();
                let _ = finished.send(());
            }
        });
        Hand { jobs: Some(jobs), done, thread: handle.thread().id(), handle: Some(handle) }
    }

    /// Has it call `f`, and returns at once.
    pub(crate) fn start(&self, f: impl FnOnce() + Send + 'static) {
        let jobs = self.jobs.as_ref().expect("the hand lives");
        jobs.send(Box::new(f)).expect("what the hand did before panicked");
    }

    /// Waits until it has done what it was given.
    pub(crate) fn finish(&self) {
        self.done.recv_timeout(HANG).expect("the hand finishes");
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.jobs = None;
        // after a fault it may never end
        if let Some(handle) = self.handle.take().filter(|_| !thread::panicking()) {
            let _ = handle.join();
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Stage {
    /// A handle; none once the last one went.
    pub(crate) runner: Option<Runner>,
    /// Who plays callers other than the cell's own thread.
    pub(crate) hand: Hand,
    /// The host, if there is one.
    pub(crate) host: Option<ThreadId>,
    /// The runtime's workers.
    pub(crate) workers: Vec<ThreadId>,
    /// The plugs of the seats that are out of play.
    pub(crate) others: Vec<Plug>,
    /// The plug of the seat in play, if that has a thread of its own and is held.
    pub(crate) own: Option<Plug>,
    seat: Seat,
    local: bool,
}

impl Stage {
    /// Makes a runner whose threads are called `name`, and holds all of its seats. `local`: what is polled belongs to the
    /// host.
    ///
    /// # Panics
    ///
    /// When a seat is not taken in time.
    pub(crate) fn new(flavour: &Flavour, seat: Seat, local: bool, name: &str) -> Stage {
        let runner = flavour.builder().thread_name(name).start().expect("the runner starts");
        let mut others = Vec::new();
        let host = (!flavour.inline).then(|| {
            others.push(plug(&runner, true));
            others[0].thread
        });
        let count = runner.executor().workers();
        assert_eq!(count > 0, has_workers(flavour), "who has workers is known");
        let workers: Vec<_> = (0..count)
            .map(|_| {
                others.push(plug(&runner, false));
                others[others.len() - 1].thread
            })
            .collect();
        let at_host = seat == Seat::Host || local && host.is_some();
        let own = match seat {
            _ if at_host => Some(others.remove(0)),
            Seat::Worker => Some(others.pop().expect("a worker")),
            _ => None,
        };
        Stage { runner: Some(runner), hand: Hand::new(), host, workers, others, own, seat, local }
    }

    /// The runner.
    ///
    /// # Panics
    ///
    /// When the last handle has gone.
    pub(crate) fn runner(&self) -> &Runner {
        self.runner.as_ref().expect("a handle")
    }

    /// Whether the seat in play has a thread of its own, which polls whenever it is not held.
    pub(crate) fn is_own(&self) -> bool {
        self.at_host() || self.seat == Seat::Worker
    }

    fn at_host(&self) -> bool {
        self.seat == Seat::Host || self.local && self.host.is_some()
    }

    /// The thread that polls while [`drive`](Self::drive) or [`drive_aside`](Self::drive_aside) has the seat.
    pub(crate) fn polls(&self, aside: bool) -> ThreadId {
        match self.seat {
            _ if self.at_host() => self.host.expect("a host"),
            Seat::Worker => *self.workers.last().expect("a worker"),
            Seat::Second => self.hand.thread,
            _ if aside => self.hand.thread,
            _ => thread::current().id(),
        }
    }

    /// Has the seat poll until the gate is open, and holds it again.
    pub(crate) fn drive(&mut self, gate: &Gate) {
        match self.seat {
            _ if self.is_own() => {
                self.drive_aside(gate);
                gate.wait();
                self.hold();
            }
            Seat::Second => {
                self.drive_aside(gate);
                self.hand.finish();
            }
            seat => stand(self.runner(), seat, gate),
        }
    }

    /// Has the seat poll until the gate is open, while this thread does something else. A seat with a thread of its own is
    /// not held afterwards; for others, [`Hand::finish`] tells the end.
    pub(crate) fn drive_aside(&mut self, gate: &Gate) {
        self.drive_after(gate, || ());
    }

    /// The same once a call waits.
    pub(crate) fn drive_behind_a_call(&mut self, gate: &Gate) {
        let (runner, over) = (self.runner().clone(), gate.clone());
        self.drive_after(gate, move || {
            // it may not have to
            while runner.stats().callers == 0 && !over.is_open() {
                thread::yield_now();
            }
        });
    }

    fn drive_after(&mut self, gate: &Gate, first: impl FnOnce() + Send + 'static) {
        let (gate, seat) = (gate.clone(), self.seat);
        if self.is_own() && seat != Seat::Nested {
            return self.own.take().expect("it is held").release_with(first);
        }
        let runner = self.runner().clone();
        let drive = move || {
            first();
            if seat == Seat::Nested {
                let _ = runner.try_run(async { runner.try_run(gate.passed()) });
            } else {
                let _ = runner.try_run(gate.passed());
            }
        };
        match self.own.take() {
            // the level on top of a call of the host's
            Some(own) => own.release_with(drive),
            None => self.hand.start(drive),
        }
    }

    /// The same without a handle of the runner: by waiting for tasks that end when the gate is open.
    pub(crate) fn drive_without_handle(&mut self, gate: &Gate) {
        let bait = || {
            let gate = gate.clone();
            self.runner().spawn(async move { gate.passed().await })
        };
        let (outer, inner) = (bait(), bait());
        if self.is_own() {
            let own = self.own.take().expect("it is held");
            if self.seat == Seat::Nested {
                own.release_with(move || drop((inner.join(), outer)));
            } else {
                own.release();
                outer.detach();
                inner.detach();
            }
            return;
        }
        self.hand.start(move || drop(outer.join()));
        if self.seat == Seat::Nested {
            // the hand is the only one who can take it
            plug(self.runner(), false).release_with(move || drop(inner.join()));
        } else {
            inner.detach();
        }
    }

    /// Holds the seat in play, which no poll is on then.
    fn hold(&mut self) {
        if self.is_own() {
            let plug = plug(self.runner(), self.at_host());
            assert_eq!(plug.thread, self.polls(false), "the seat that is free took the plug");
            self.own = Some(plug);
        }
    }

    /// Lets every seat go.
    pub(crate) fn release(&mut self) {
        self.others.drain(..).chain(self.own.take()).for_each(Plug::release);
    }

    /// Lets every seat go once the runner is closing: until then nobody polls.
    pub(crate) fn release_at_close(&mut self) {
        self.others.drain(..).chain(self.own.take()).for_each(|plug| plug.release_with(until_closing));
    }

    /// Drops the last handle: on the first seat that is held, which is inside a poll, or here if none is. The others are let
    /// go afterwards.
    pub(crate) fn drop_last(&mut self) {
        let last = self.runner.take();
        let mut plugs = self.others.drain(..).chain(self.own.take()).collect::<Vec<_>>().into_iter();
        match plugs.next() {
            Some(first) => first.release_with(move || {
                drop(last);
                plugs.for_each(Plug::release);
            }),
            None => drop(last),
        }
    }

    /// The threads of the loop, and those that call.
    pub(crate) fn all(&self) -> Vec<ThreadId> {
        let callers = [thread::current().id(), self.hand.thread];
        self.workers.iter().copied().chain(self.host).chain(callers).collect()
    }
}

fn stand(runner: &Runner, seat: Seat, gate: &Gate) {
    if seat == Seat::Nested {
        runner.run(async { runner.run(gate.passed()) });
    } else {
        runner.run(gate.passed());
    }
}

/// How long a plug waits for a worker before it wakes another one.
const OVERSLEPT: Duration = Duration::from_millis(500);

/// Holds the next seat that takes a task: the host if `local`, else any.
///
/// tokio may lose the last of its workers: one that found enough others searching does not look once more before it
/// sleeps, and if those find work that blocks them, as only plugs do, what came meanwhile waits for the next wake-up of
/// any task. So a plug that waits for long spawns an empty one. That tells nothing to a seat of ours.
///
/// # Panics
///
/// When nobody takes it.
pub(crate) fn plug(runner: &Runner, local: bool) -> Plug {
    let (release, released) = mpsc::channel::<Job>();
    let (enter, entered) = mpsc::channel();
    let hold = move || {
        let _ = enter.send(thread::current().id());
        if let Ok(f) = released.recv() {
            f();
        }
    };
    if local {
        runner.spawn_local(move || async move { hold() }).detach();
    } else {
        runner.spawn(async move { hold() }).detach();
    }
    let start = Instant::now();
    let thread = loop {
        match entered.recv_timeout(OVERSLEPT) {
            Ok(thread) => break thread,
            Err(RecvTimeoutError::Timeout) if start.elapsed() < HANG => {
                let _ = runner.executor().spawn(Box::pin(async {}));
            }
            Err(error) => panic!("a seat takes the plug: {error}"),
        }
    };
    Plug { thread, release }
}

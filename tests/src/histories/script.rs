//! A history as data.

use crate::random::{Bytes, Choices, Random};
use std::fmt;

/// What a future does.
#[derive(Clone, Debug)]
pub enum Body {
    /// It is ready at once.
    Ready,
    /// It wakes itself so often.
    Yield(u64),
    /// It sleeps for so many microseconds.
    Sleep(u64),
    /// Another thread wakes it so often.
    Woken(u64),
    /// It waits for one of the gates.
    Gate(usize),
    /// It never ends.
    Never,
    /// It panics after so many polls.
    Panic(u64),
    /// It makes a call in one of its polls.
    Nested(Box<Body>),
    /// It starts a task and awaits it.
    Child(Box<Body>),
}

impl Body {
    fn leaf(random: &mut impl Choices) -> Body {
        match random.below(4) {
            0 => Body::Ready,
            1 => Body::Yield(random.below(4)),
            2 => Body::Sleep(random.below(400)),
            _ => Body::Woken(1 + random.below(3)),
        }
    }

    /// One that ends by itself.
    fn ending(random: &mut impl Choices) -> Body {
        match random.below(8) {
            0 => Body::Panic(random.below(3)),
            1 => Body::Nested(Box::new(Body::leaf(random))),
            2 => Body::Nested(Box::new(Body::Nested(Box::new(Body::leaf(random))))),
            3 => Body::Child(Box::new(Body::leaf(random))),
            _ => Body::leaf(random),
        }
    }

    fn any(random: &mut impl Choices) -> Body {
        match random.below(5) {
            0 => Body::Never,
            1 => Body::Gate(random.below(GATES as u64) as usize),
            _ => Body::ending(random),
        }
    }

    /// Whether it ends by itself.
    pub fn ends(&self) -> bool {
        !matches!(self, Body::Never | Body::Gate(_))
    }
}

/// How many gates and slots for tasks the threads share.
pub const GATES: usize = 3;
/// See [`GATES`].
pub const SLOTS: usize = 4;

/// What a thread does. Microseconds where there is a time.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the method of the runner or of the task that it is named after")]
pub enum Action {
    Run(Body),
    RunSend(Body),
    RunTimeout(Body, u64),
    Spawn(usize, Body),
    SpawnLocal(usize, Body),
    Unblock(usize),
    Join(usize),
    JoinTimeout(usize, u64),
    Cancel(usize),
    DropTask(usize),
    Detach(usize),
    Iterate(usize),
    Prefetch(usize, usize),
    WrapContext,
    EnterContext,
    Open(usize),
    CloneHandle,
    DropHandle,
    Close,
    CloseTimeout(u64),
    CloseInside,
}

impl Action {
    fn random(random: &mut impl Choices) -> Action {
        let slot = random.below(SLOTS as u64) as usize;
        let moment = random.below(1_500);
        match random.below(64) {
            0..6 => Action::Run(Body::ending(random)),
            6..10 => Action::RunSend(Body::ending(random)),
            10..16 => Action::RunTimeout(Body::any(random), moment),
            16..24 => Action::Spawn(slot, Body::any(random)),
            24..29 => Action::SpawnLocal(slot, Body::any(random)),
            29 => Action::Unblock(slot),
            30..36 => Action::Join(slot),
            36..40 => Action::JoinTimeout(slot, moment),
            40..44 => Action::Cancel(slot),
            44..46 => Action::DropTask(slot),
            46..48 => Action::Detach(slot),
            48..50 => Action::Iterate(random.below(4) as usize),
            50..52 => Action::Prefetch(1 + random.below(3) as usize, random.below(4) as usize),
            52 => Action::WrapContext,
            53 => Action::EnterContext,
            54..57 => Action::Open(random.below(GATES as u64) as usize),
            57..59 => Action::CloneHandle,
            59..61 => Action::DropHandle,
            61 => Action::Close,
            62 => Action::CloseTimeout(random.below(2_000)),
            _ => Action::CloseInside,
        }
    }
}

/// What which thread does, in order.
#[derive(Clone, Debug)]
pub struct History {
    /// The thread, and what it does.
    pub steps: Vec<(usize, Action)>,
}

/// The most threads that a history has.
pub const THREADS: usize = 4;
const STEPS: u64 = 28;

impl History {
    /// The history of this seed.
    pub fn random(seed: u64) -> History {
        History::chosen(&mut Random(seed))
    }

    /// The history that these bytes stand for.
    pub fn from_bytes(bytes: &[u8]) -> History {
        History::chosen(&mut Bytes(bytes))
    }

    fn chosen(random: &mut impl Choices) -> History {
        let threads = 1 + random.below(THREADS as u64);
        let count = 4 + random.below(STEPS);
        let steps = (0..count).map(|_| (random.below(threads) as usize, Action::random(random))).collect();
        History { steps }
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.steps.iter().map(|(thread, _)| thread + 1).max().unwrap_or(1)
    }
}

/// A line for each step.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|(thread, action)| writeln!(f, "  thread {thread}: {action:?}"))
    }
}

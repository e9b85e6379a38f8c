//! What came of an operation, in one word, and the reasons that are known.

use std::{any::Any, fmt};

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Ok,
    /// An error that the caller can match on; its text.
    Error(String),
    /// A panic; its text.
    Panic(String),
    /// The process was aborted; the last panic's text.
    Abort(String),
    /// It was killed at the deadline; where it stood.
    Hang(String),
    /// There is no such thing.
    None,
}

use Outcome::*;

impl Outcome {
    /// The one word.
    pub fn class(&self) -> &'static str {
        match self {
            Ok => "ok",
            Error(_) => "error",
            Panic(_) => "panic",
            Abort(_) => "abort",
            Hang(_) => "hang",
            None => "-",
        }
    }

    /// What was said.
    pub fn text(&self) -> &str {
        match self {
            Ok | None => "",
            Error(text) | Panic(text) | Abort(text) | Hang(text) => text,
        }
    }
}

/// As in the table: the word, and the reason by its name, or in full where it has none.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Reason::of(self.text())) {
            (Ok | None, _) => f.write_str(self.class()),
            // Only a thousand calls tell anything by where they stood.
            (Hang(text), _) if text.starts_with("call ") => write!(f, "hang: {text}"),
            (Hang(_), _) => f.write_str("hang"),
            (_, Some(reason)) => write!(f, "{}: {}", self.class(), reason.name),
            (_, Option::None) => write!(f, "{}: \"{}\"", self.class(), short(self.text())),
        }
    }
}

/// Several outcomes of the same cell: each class once, the worst first.
pub fn distinct(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<Outcome> {
    let mut distinct: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        if distinct.iter().all(|other| other.class() != outcome.class()) {
            distinct.push(outcome);
        }
    }
    let rank = |outcome: &Outcome| CLASSES.iter().position(|class| *class == outcome.class());
    distinct.sort_by_key(rank);
    distinct
}

/// The words, the worst first.
pub const CLASSES: [&str; 6] = ["hang", "abort", "panic", "error", "ok", "-"];

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().replace('|', "/");
    if line.chars().count() > 100 { line.chars().take(100).chain(['…']).collect() } else { line }
}

/// A reason that many cells have in common.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// As in the cells.
    pub name: &'static str,
    /// A part of the text.
    pub says: &'static str,
}

/// All of them.
pub const REASONS: &[Reason] = &[
    Reason { name: "runtime in runtime", says: "Cannot start a runtime from within a runtime" },
    Reason { name: "runtime dropped", says: "Cannot drop a runtime in a context where blocking is not allowed" },
    Reason { name: "no block_in_place", says: "can call blocking only when running on the multi-threaded runtime" },
    Reason { name: "executor in executor", says: "cannot execute `LocalPool` executor from within another executor" },
    Reason { name: "no reactor", says: "there is no reactor running" },
    Reason { name: "no runtime found", says: "failed to get current handle" },
    Reason { name: "forked", says: "the process was forked after this runner was made" },
    Reason { name: "forked reactor", says: "had been used, which stays with the parent" },
    Reason { name: "thread gone", says: "threads should not terminate unexpectedly" },
];

impl Reason {
    /// The one that a text gives.
    pub fn of(text: &str) -> Option<Self> {
        REASONS.iter().copied().find(|reason| text.contains(reason.says))
    }
}

/// The text of a panic.
pub fn text_of(payload: &(dyn Any + Send + 'static)) -> String {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic that is not text".to_owned(),
    }
}

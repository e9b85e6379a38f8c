//! The context that the cases enter and exit.

use std::fmt;
use std::sync::{Arc, Mutex};

use pontoon_core::{AsyncContext, Outcome};

use crate::tools::{lock, yields};

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn push(&self, line: impl Into<String>) {
        lock(&self.0).push(line.into());
    }

    /// The lines so far; the log is empty afterwards.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// What the contexts of the cases fail with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    pub(crate) fn new(text: &str) -> Fault {
        Fault(text.to_owned())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// A session with an asynchronous open and an asynchronous close, written as a type.
pub(crate) struct Session {
    name: &'static str,
    log: Log,
    enter_fails: bool,
    exit_fails: bool,
}

impl Session {
    pub(crate) fn new(name: &'static str, log: &Log) -> Session {
        Session { name, log: log.clone(), enter_fails: false, exit_fails: false }
    }

    /// Its enter fails with `cannot enter NAME`.
    pub(crate) fn enter_fails(self) -> Session {
        Session { enter_fails: true, ..self }
    }

    /// Its exit fails with `cannot exit NAME`.
    pub(crate) fn exit_fails(self) -> Session {
        Session { exit_fails: true, ..self }
    }
}

impl AsyncContext for Session {
    type Value = Arc<str>;
    type Error = Fault;

    async fn enter(&mut self) -> Result<Arc<str>, Fault> {
        yields(1).await;
        if self.enter_fails {
            return Err(Fault(format!("cannot enter {}", self.name)));
        }
        self.log.push(format!("enter {}", self.name));
        Ok(self.name.into())
    }

    async fn exit(self, value: Arc<str>, outcome: Outcome<'_>) -> Result<(), Fault> {
        yields(1).await;
        self.log.push(format!("exit {value}, {}", told(&outcome)));
        if self.exit_fails {
            return Err(Fault(format!("cannot exit {}", self.name)));
        }
        Ok(())
    }
}

/// An outcome in words.
pub(crate) fn told(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Success => "success".into(),
        Outcome::Failure(error) => format!("failure: {error}"),
        Outcome::Unwinding => "unwinding".into(),
        _ => "something new".into(),
    }
}

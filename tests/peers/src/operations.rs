//! What is done with a peer in a place.

use crate::{
    cell::Say,
    outcome::{Outcome, text_of},
    peer::{Peer, Result},
    servers::Addresses,
};
use std::{
    fmt,
    mem::{self, ManuallyDrop},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, PoisonError},
};

/// How many calls are many.
pub const MANY: usize = 1_000;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Makes one and calls it.
    New,
    /// Calls one that was made, and has answered, on a plain thread.
    Call,
    /// Iterates on such a one.
    Iterate,
    /// Drops such a one.
    Drop,
    /// Drops such a one while unwinding: its owner panicked.
    UnwindDrop,
    /// Calls such a one in a destructor while unwinding, and drops it.
    UnwindCall,
    /// Calls such a one a thousand times.
    Many,
}

use Operation::*;

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [New, Call, Iterate, Drop, UnwindDrop, UnwindCall, Many];

    /// Those of a quick run.
    pub const QUICK: [Self; 5] = [New, Call, Drop, UnwindDrop, UnwindCall];

    /// As in the table.
    pub fn title(self) -> &'static str {
        match self {
            New => "new",
            Call => "call",
            Iterate => "iterate",
            Drop => "drop",
            UnwindDrop => "unwinding drop",
            UnwindCall => "unwinding call",
            Many => "1,000 calls",
        }
    }

    /// Does it, with a peer that is there unless the operation makes its own.
    pub(crate) fn act<P: Peer>(self, peer: Option<P>, at: &Addresses, say: &Say) -> Outcome {
        // Its drop is an operation of its own: here it must not hide what went before it.
        let mut peer = peer.map(ManuallyDrop::new);
        match self {
            New => attempt(|| {
                say.step("new");
                let mut peer = ManuallyDrop::new(P::new(at)?);
                say.step("the first call");
                peer.call()
            }),
            Call => attempt(|| one(&mut peer)?.call()),
            Iterate => attempt(|| one(&mut peer)?.iterate()),
            Drop => attempt(|| {
                drop(peer.take().map(ManuallyDrop::into_inner));
                Ok(())
            }),
            UnwindDrop => match peer.take() {
                Some(peer) => unwind(ManuallyDrop::into_inner(peer)).unwrap_or(Outcome::Ok),
                None => Outcome::Error("there is no peer".into()),
            },
            UnwindCall => match peer.take() {
                Some(peer) => call_unwinding(ManuallyDrop::into_inner(peer)),
                None => Outcome::Error("there is no peer".into()),
            },
            Many => attempt(|| {
                (1..=MANY).try_for_each(|number| {
                    say.step(format_args!("call {number}"));
                    one(&mut peer)?.call()
                })
            }),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.title())
    }
}

fn one<P: Peer>(peer: &mut Option<ManuallyDrop<P>>) -> Result<&mut P> {
    Ok(peer.as_mut().ok_or("there is no peer")?)
}

/// Whatever comes of it, panics too.
pub(crate) fn attempt(act: impl FnOnce() -> Result) -> Outcome {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => Outcome::Ok,
        Ok(Err(error)) => Outcome::Error(error.to_string()),
        Err(payload) => {
            let text = text_of(&*payload);
            // What it holds may not be dropped here either.
            mem::forget(payload);
            Outcome::Panic(text)
        }
    }
}

/// A program's guard: it uses the client once more when its scope ends, as one that logs, commits or unlocks does.
struct Guard<P: Peer> {
    peer: P,
    seen: Arc<Mutex<Outcome>>,
}

impl<P: Peer> std::ops::Drop for Guard<P> {
    fn drop(&mut self) {
        let result = self.peer.call();
        let outcome = result.map_or_else(|error| Outcome::Error(error.to_string()), |()| Outcome::Ok);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

fn call_unwinding<P: Peer>(peer: P) -> Outcome {
    let seen = Arc::new(Mutex::new(Outcome::Error("the destructor did not run".into())));
    let guard = Guard { peer, seen: seen.clone() };
    let outcome = || seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    unwind(guard).unwrap_or_else(outcome)
}

/// Drops a value while a panic unwinds; what came instead of that panic, if anything did.
fn unwind<T>(value: T) -> Option<Outcome> {
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _value = value;
        resume_unwind(Box::new("the first panic"));
    }));
    match unwound {
        Err(payload) if text_of(&*payload) == "the first panic" => None,
        Err(payload) => Some(Outcome::Panic(text_of(&*payload))),
        Ok(()) => Some(Outcome::Error("it did not unwind".into())),
    }
}

//! One operation of one peer in one place: the whole life of a process, which tells line by line where it stands.
//!
//! `> ` begins where it is now, `! ` what a panic said, `= ` the outcome. The parent reads them: see [`run`](crate::run).

use crate::{
    operations::Operation,
    outcome::{Outcome, text_of},
    peer::Peer,
    places::Place,
    servers::Addresses,
};
use nix::{
    sys::wait::{WaitStatus, waitpid},
    unistd::Pid,
};
use std::{
    fmt,
    io::{self, Write as _},
    panic, process,
    sync::mpsc,
};

/// Forks: the id of the new process, or none in it.
pub type Fork = fn() -> Option<Pid>;

/// Tells the parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say;

impl Say {
    /// It is about to do this.
    pub(crate) fn step(self, step: impl fmt::Display) {
        line('>', step);
    }
}

fn line(mark: char, text: impl fmt::Display) {
    let text = text.to_string().replace('\n', " ");
    // If nobody listens any more there is nobody to tell that.
    let _ = writeln!(io::stdout(), "{mark} {text}");
}

/// Tells the outcome, and ends the process without the destructors of whatever is left.
fn end(outcome: &Outcome) -> ! {
    line('=', format_args!("{} {}", outcome.class(), outcome.text()));
    process::exit(0)
}

/// Does it. The process is gone afterwards.
pub fn run<P: Peer>(place: Place, operation: Operation, at: &Addresses, fork: Fork) -> ! {
    // The usual hook would take a backtrace, and with it locks that a forked child may find held.
    panic::set_hook(Box::new(|info| line('!', text_of(info.payload()))));
    let say = Say;
    let made = || {
        say.step("new, on a plain thread");
        let mut peer = P::new(at)?;
        say.step("the first call, on a plain thread");
        peer.call()?;
        Ok::<_, crate::peer::Error>(peer)
    };
    let peer = if operation == Operation::New { None } else { Some(made().unwrap_or_else(unmade)) };
    if place == Place::Fork {
        // A new one after the fork is made where the parent has one.
        let _kept = if peer.is_none() { Some(made().unwrap_or_else(unmade)) } else { None };
        say.step("the fork");
        let outcome = match fork() {
            None => end(&operation.act(peer, at, &say)),
            Some(child) => wait(child),
        };
        end(&outcome);
    }
    let (sender, receiver) = mpsc::channel();
    let there = at.clone();
    let body = Box::new(move || {
        say.step(operation);
        let outcome = operation.act(peer, &there, &say);
        say.step("leaving the place");
        let _ = sender.send(outcome);
    });
    say.step("entering the place");
    if place == Place::Callback {
        if let Err(error) = P::inside(at, body) {
            line('!', error);
        }
    } else {
        place.stand(body);
    }
    end(&receiver.try_recv().unwrap_or(Outcome::Error("the place did not run it".into())))
}

fn unmade<P>(error: crate::peer::Error) -> P {
    end(&Outcome::Error(format!("on a plain thread: {error}")))
}

/// The outcome that the child has told already, unless it died.
fn wait(child: Pid) -> Outcome {
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, 0)) => process::exit(0),
        Ok(WaitStatus::Signaled(_, signal, _)) => Outcome::Abort(signal.to_string()),
        other => Outcome::Error(format!("the child: {other:?}")),
    }
}

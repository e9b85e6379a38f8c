//! Calls that wait on a thread of their own, because another runtime holds the one that they were made on.

use super::call::{Door, Erased, Refusal, Seating, call, sit};
use crate::{
    Place, RunError,
    current::{self, Stack},
    run_loop::{
        Loop,
        drive::Own,
        seat::{Kind, Pair},
    },
    trace,
};
use std::{panic::resume_unwind, sync::Arc, thread, time::Duration};

/// Makes the whole call on a thread of its own, where no runtime is in sight.
#[cold]
pub(super) fn call_elsewhere(lp: &Arc<Loop>, own: &mut (dyn Own + Send)) -> Result<(), Refusal> {
    let mut called = None;
    {
        let own = &mut *own;
        let mut waits = || called = elsewhere(|| call(lp, Door::Call, Erased::Here(&mut *own), None));
        current::task_blocks();
        if matches!(lp.executor.place(), Place::Worker | Place::OwnWorker) {
            lp.executor.blocking(&mut waits);
        } else {
            waits();
        }
    }
    called.unwrap_or_else(|| call(lp, Door::Call, Erased::Anywhere(own), None))
}

/// Polls the future on a thread of its own for the rest of the call, outside of the runtime that holds this one.
pub(super) fn move_out(
    lp: &Arc<Loop>,
    own: &mut (dyn Own + Send),
    limit: Option<Duration>,
    pair: &Pair,
) -> Result<(), RunError> {
    // The runtime around this thread may have swallowed the wake-up of the first poll.
    pair.0.set_woken();
    let moved = {
        let own = &mut *own;
        elsewhere(move || {
            let seating = if lp.config.callers_drive { Seating::Drive(Kind::Caller) } else { Seating::Wait };
            sit(lp, own, limit, pair, seating)
        })
    };
    moved.unwrap_or_else(|| sit(lp, own, limit, pair, Seating::Captive))
}

/// Calls `f` on a thread of its own and waits for it. None: there are no threads left.
fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> Option<T> {
    let (trace, stack) = (trace::around(), Stack::of_this_thread());
    thread::scope(|scope| {
        let moved = || {
            stack.carry_on();
            trace.within(f)
        };
        let thread = thread::Builder::new().name("pontoon-moved".into()).spawn_scoped(scope, moved).ok()?;
        Some(thread.join().unwrap_or_else(|payload| resume_unwind(payload)))
    })
}

//! A call: where am I, what may I do here, poll once, and only then take a seat and wait.

use super::{
    close, host,
    moved::{call_elsewhere, move_out},
    own::{InPlace, Next},
};
use crate::{
    Place, RunError, WouldBlock,
    current::{self, DRAINS, Depth, HOST},
    error::Payload,
    run_loop::{
        Loop,
        drive::{Drive, End, Own, REPOLL, REPOLL_MAX},
        seat::{self, Kind, Pair},
    },
    sync::{Instant, Parker, holds},
    trace,
};
use futures_core::Stream;
use std::{
    future::Future,
    panic::resume_unwind,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

/// An error on its way out: as small as the success that it is next to.
pub(super) type Refusal = Box<RunError>;

/// What kind of call comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A call from outside: refused once the runner closes.
    Call,
    /// A wait for a task, which may have ended already.
    Join,
    /// An exit that `close` itself runs.
    Exit,
}

/// The caller's future as the slow path may use it.
pub(super) enum Erased<'a> {
    Here(&'a mut dyn Own),
    Anywhere(&'a mut (dyn Own + Send)),
}

impl Erased<'_> {
    fn own(&mut self) -> &mut dyn Own {
        match self {
            Self::Here(own) => *own,
            Self::Anywhere(own) => *own,
        }
    }

    /// What the call is called in a trace.
    #[inline(always)]
    fn op(&self, door: Door, limit: Option<Duration>) -> &'static str {
        match (door, self) {
            (Door::Join, _) => "join",
            (Door::Exit, _) => "exit",
            (Door::Call, Self::Anywhere(_)) => "run_send",
            (Door::Call, Self::Here(_)) if limit.is_some() => "run_timeout",
            (Door::Call, Self::Here(_)) => "run",
        }
    }
}

/// Runs `future` on this thread.
#[inline]
pub(crate) fn run<F: Future>(
    lp: &Arc<Loop>,
    door: Door,
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, RunError> {
    let future = pin!(Some(future));
    let mut own = InPlace::new(future);
    let called = call(lp, door, Erased::Here(&mut own), limit);
    finish(called, own.result)
}

/// Runs `future` on this thread, or on one of its own where this one is captive in another runtime.
#[inline]
pub(crate) fn run_send<F>(lp: &Arc<Loop>, future: F) -> Result<F::Output, RunError>
where
    F: Future + Send,
    F::Output: Send,
{
    let future = pin!(Some(future));
    let mut own = InPlace::new(future);
    let called = if lp.executor.is_overshadowed() {
        call_elsewhere(lp, &mut own)
    } else {
        call(lp, Door::Call, Erased::Anywhere(&mut own), None)
    };
    finish(called, own.result)
}

/// Waits for a task's handle.
pub(crate) fn join<F: Future>(lp: &Arc<Loop>, future: F, limit: Option<Duration>) -> Result<F::Output, RunError> {
    run(lp, Door::Join, future, limit)
}

#[inline(always)]
fn finish<T>(called: Result<(), Refusal>, result: Option<Result<T, Payload>>) -> Result<T, RunError> {
    match result {
        Some(Ok(value)) => Ok(value),
        Some(Err(payload)) => resume_unwind(payload),
        None => Err(refused(called)),
    }
}

#[cold]
fn refused(called: Result<(), Refusal>) -> RunError {
    called.err().map_or(RunError::Closed, |refusal| *refusal)
}

/// Starts whatever a task needs to make progress.
pub(crate) fn start(lp: &Arc<Loop>) -> Result<(), RunError> {
    start_executor(lp)?;
    host::ensure(lp)
}

/// Drops `value` in the runtime's context, if there is one.
pub(crate) fn discard<T>(lp: &Loop, value: T) {
    if lp.has_started() && !lp.is_forked() && !current::context_is_gone() {
        current::job(lp, || lp.enter(|| drop(value)))
    } else {
        drop(value)
    }
}

pub(super) fn call(lp: &Arc<Loop>, door: Door, mut own: Erased<'_>, limit: Option<Duration>) -> Result<(), Refusal> {
    let trace = trace::call(lp, own.op(door, limit));
    let pair = seat::take();
    let polled = first_poll(lp, door, &pair, |cx| own.own().first_poll(cx));
    let called = go_on(lp, polled, own, limit, &pair);
    seat::put(pair);
    trace.end(&called);
    called
}

/// Polls a stream on a seat of its own, through which it is always woken.
#[inline]
pub(crate) fn next<S: Stream>(lp: &Arc<Loop>, pair: &Pair, stream: Pin<&mut S>) -> Result<Option<S::Item>, RunError> {
    let trace = trace::call(lp, "next");
    pair.0.forget_woken();
    let mut own = Next::new(stream);
    let polled = first_poll(lp, Door::Call, pair, |cx| own.step(cx));
    let called = go_on(lp, polled, Erased::Here(&mut own), None, pair);
    trace.end(&called);
    finish(called, own.result)
}

/// What follows the first poll: the end of the call, or a wait and then its end.
#[inline(always)]
fn go_on(
    lp: &Arc<Loop>,
    polled: Result<bool, Refusal>,
    own: Erased<'_>,
    limit: Option<Duration>,
    pair: &Pair,
) -> Result<(), Refusal> {
    let called = if let Ok(true) = polled { Ok(()) } else { go_on_pending(lp, polled, own, limit, pair) };
    if !lp.is_ready() {
        close::leave(lp);
    }
    if lp.owes_host() {
        host::start_for_tasks(lp);
    }
    called
}

#[cold]
fn go_on_pending(
    lp: &Arc<Loop>,
    polled: Result<bool, Refusal>,
    mut own: Erased<'_>,
    limit: Option<Duration>,
    pair: &Pair,
) -> Result<(), Refusal> {
    match polled {
        Ok(_) => wait(lp, own, limit, pair),
        Err(error) => {
            discard(lp, Discard(own.own()));
            Err(error)
        }
    }
}

/// Polls in place and in context, once.
#[inline]
pub(crate) fn first_poll(
    lp: &Arc<Loop>,
    door: Door,
    (seat, waker): &Pair,
    mut poll: impl FnMut(&mut Context<'_>) -> bool,
) -> Result<bool, Refusal> {
    let _depth = enter(lp, door)?;
    let mut ready = false;
    let pushed = current::first_poll(lp, seat, || {
        lp.executor.enter(&mut || {
            current::in_context();
            // The runtime is not stopped under those who are in its context, but it may have been before: such a call
            // counts as pending, and its wait is refused.
            if door != Door::Call || !lp.is_closing() {
                ready = poll(&mut Context::from_waker(waker));
            }
        });
    });
    // A call that goes on to wait runs the queue itself.
    if pushed && ready {
        pass_on(lp);
    }
    Ok(ready)
}

/// Drops an erased future where the wrapper is dropped.
struct Discard<'a>(&'a mut dyn Own);

impl Drop for Discard<'_> {
    fn drop(&mut self) {
        self.0.discard();
    }
}

/// Checks the door and gives the call its depth.
#[inline]
fn enter(lp: &Arc<Loop>, door: Door) -> Result<Depth, Refusal> {
    if !lp.is_ready() || current::context_is_gone() {
        knock(lp, door)?;
    }
    let depth = Depth::enter(lp.config.max_depth)?;
    match lp.executor.can_block() {
        Ok(()) => Ok(depth),
        Err(error) => Err(would_deadlock(error)),
    }
}

#[cold]
fn would_deadlock(error: WouldBlock) -> Refusal {
    Box::new(RunError::WouldDeadlock(error))
}

#[cold]
fn thread_ends() -> RunError {
    RunError::deadlock(
        "this thread is ending and the runtime's thread-local values are gone",
        "call before the thread ends, or from another thread, not from the destructor of a thread-local",
    )
}

/// The door is not simply open: has nobody come yet, or has it been closed?
#[cold]
fn knock(lp: &Arc<Loop>, door: Door) -> Result<(), Refusal> {
    match door {
        Door::Call => lp.door()?,
        Door::Join | Door::Exit if lp.is_forked() => return Err(RunError::Forked.into()),
        Door::Join | Door::Exit => {}
    }
    Ok(start_executor(lp)?)
}

/// Starts the runtime if nobody has, unless this thread could not use it any more.
#[inline]
pub(crate) fn start_executor(lp: &Arc<Loop>) -> Result<(), RunError> {
    if current::context_is_gone() { Err(thread_ends()) } else { lp.start_executor() }
}

/// A call leaves: if a level below it on this stack looks at the queue anyway, that is enough.
#[cold]
pub(crate) fn pass_on(lp: &Loop) {
    if current::pushed_here(lp, DRAINS).is_none() {
        lp.hand_on();
    }
}

/// The slow path: the future is pending.
#[cold]
fn wait(lp: &Arc<Loop>, mut own: Erased<'_>, limit: Option<Duration>, pair: &Pair) -> Result<(), Refusal> {
    let placed = Depth::enter(lp.config.max_depth).and_then(|depth| Ok((depth, place(lp)?)));
    let (_depth, seating) = match placed {
        Ok(placed) => placed,
        Err(error) => {
            discard(lp, Discard(own.own()));
            return Err(error);
        }
    };
    if !matches!(seating, Seating::Drive(_)) {
        if let Err(error) = host::ensure(lp) {
            discard(lp, Discard(own.own()));
            return Err(error.into());
        }
    }
    current::task_blocks();
    if matches!(seating, Seating::Captive | Seating::DriveInside(Kind::Caller)) {
        if let Erased::Anywhere(own) = own {
            return Ok(move_out(lp, own, limit, pair)?);
        }
    }
    Ok(sit(lp, own.own(), limit, pair, seating)?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seating {
    /// Run the loop's tasks and turn the reactor.
    Drive(Kind),
    /// The same, inside [`Executor::blocking`](crate::Executor::blocking).
    DriveBlocking,
    /// The same, with a runtime around that may swallow wake-ups.
    DriveInside(Kind),
    /// Leave that to others.
    Wait,
    /// The same, inside [`Executor::blocking`](crate::Executor::blocking).
    WaitBlocking,
    /// The same, with a runtime around that may swallow wake-ups.
    Captive,
}

impl Seating {
    /// Who drives, as a trace has it.
    #[inline(always)]
    fn seat(self) -> &'static str {
        match self {
            Self::Drive(kind) | Self::DriveInside(kind) if kind.is_host() => "host",
            Self::Drive(_) | Self::DriveBlocking | Self::DriveInside(_) => "caller",
            Self::Wait | Self::WaitBlocking | Self::Captive => "waiter",
        }
    }

    /// What is around the caller, as a trace has it.
    #[inline(always)]
    fn place(self) -> &'static str {
        match self {
            Self::Drive(_) | Self::Wait => "plain",
            Self::DriveBlocking | Self::WaitBlocking => "worker",
            Self::DriveInside(_) => "inside",
            Self::Captive => "captive",
        }
    }
}

/// Where am I, and what may I do here?
fn place(lp: &Arc<Loop>) -> Result<Seating, RunError> {
    if current::waiting_is_gone() {
        return Err(thread_ends());
    }
    let (inline, on_host) = (!lp.config.thread, lp.host.is_this_thread());
    match lp.executor.place() {
        Place::Free if on_host => Ok(Seating::Drive(Kind::Host)),
        Place::Free if lp.config.callers_drive => Ok(Seating::Drive(Kind::Caller)),
        Place::Free => Ok(Seating::Wait),
        Place::OwnWorker if lp.config.callers_drive => Ok(Seating::DriveBlocking),
        Place::Worker if inline => Ok(Seating::DriveBlocking),
        Place::Inside if on_host => Ok(Seating::DriveInside(Kind::Host)),
        Place::Inside if inline => Ok(Seating::DriveInside(Kind::Caller)),
        _ if on_host => Err(RunError::deadlock(
            "the runner's own thread is inside another runtime, and nobody else drives this runner",
            "await the future there instead of calling `run`, or move the call to `Runner::unblock`",
        )),
        Place::OwnWorker | Place::Worker => Ok(Seating::WaitBlocking),
        Place::Captive if inline => Err(RunError::deadlock(
            "an inline runner (`without_thread`) was called inside another runtime, where nobody can drive it",
            "build the runner with its thread, or call from a plain thread",
        )),
        Place::Captive | Place::Inside => Ok(Seating::Captive),
    }
}

/// Waits on a seat.
pub(super) fn sit(
    lp: &Arc<Loop>,
    own: &mut dyn Own,
    limit: Option<Duration>,
    (seat, waker): &Pair,
    seating: Seating,
) -> Result<(), RunError> {
    let kind = match seating {
        Seating::Drive(kind) | Seating::DriveInside(kind) => kind,
        Seating::DriveBlocking => Kind::Caller,
        _ => Kind::Waiter,
    };
    let level = match kind {
        Kind::Waiter => 0,
        Kind::Host => DRAINS | HOST,
        _ => DRAINS,
    };
    let trace = trace::wait(lp, seating.seat(), seating.place());
    let mut refused = None;
    let end = {
        let _listed = lp.list_call(seat);
        if lp.is_closing() && holds("look-after-listing") {
            // `close` may have looked at the list before: nobody may wait in the runtime any more.
            discard(lp, Discard(own));
            return Err(RunError::Closed);
        }
        if kind == Kind::Waiter {
            // What the first poll queued is for others to run.
            lp.hand_on();
        }
        let nested = current::is_nested();
        current::seated(lp, seat, level, true, || {
            let mut drive = Drive::new(lp, seat, waker, kind).waits_for(own, limit, nested);
            if let Seating::DriveInside(_) = seating {
                drive.repoll();
            }
            match seating {
                Seating::Drive(_) | Seating::DriveInside(_) => {
                    if lp.enter(|| drive.first_turn()).is_none() {
                        let may_follow = kind == Kind::Caller && !nested && limit.is_none();
                        // Only a call that waits needs somebody who drives after it.
                        match host::ensure(lp) {
                            Ok(()) if may_follow && follow(lp, &mut drive) => {}
                            Ok(()) => lp.executor.block_on(Pin::<&mut Drive<'_>>::new(&mut drive)),
                            Err(error) => refused = Some(error),
                        }
                    }
                }
                Seating::DriveBlocking => lp.executor.blocking(&mut || {
                    let level: Pin<&mut Drive<'_>> = Pin::new(&mut drive);
                    lp.executor.block_on(level);
                }),
                Seating::Wait => wait_only(lp, &mut drive, limit, None),
                Seating::WaitBlocking => lp.executor.blocking(&mut || wait_only(lp, &mut drive, limit, None)),
                Seating::Captive => wait_only(lp, &mut drive, limit, Some(REPOLL)),
            }
            let end = drive.end();
            trace.end(end, drive.ran());
            drop(drive);
            if end != Some(End::Ready) {
                lp.enter(|| own.discard());
            }
            end
        })
    };
    if holds("hand-on-leaving") {
        pass_on(lp);
    }
    match end {
        Some(End::Ready) => Ok(()),
        Some(End::TimedOut) => Err(RunError::TimedOut),
        Some(End::Stuck) => Err(RunError::deadlock(
            "this call lies on top of another one, or of a task, on the same thread, which waits for nothing but its \
             return, and it has made no progress for a while",
            "await inside async code instead of calling `run`, move the blocking part to `Runner::unblock`, \
             or raise `Builder::stuck_after` if the wait is meant to be long",
        )),
        _ => Err(refused.unwrap_or(RunError::Closed)),
    }
}

/// Leaves a lone call to the host, which drives anyway. Says whether the call has ended by that; if not, it is to drive.
fn follow(lp: &Loop, drive: &mut Drive<'_>) -> bool {
    if !lp.host.is_followed() {
        return false;
    }
    let parker = Parker::new();
    let waker = Waker::from(parker.unparker());
    drive.follow();
    loop {
        lp.executor.enter(&mut || {
            drive.turn(&waker);
        });
        if drive.end().is_some() {
            return true;
        }
        if !drive.is_following() {
            return false;
        }
        parker.park();
    }
}

/// Waits without driving: other threads turn the reactor and run the tasks.
fn wait_only(lp: &Loop, drive: &mut Drive<'_>, limit: Option<Duration>, repoll: Option<Duration>) {
    let parker = Parker::new();
    let waker = Waker::from(parker.unparker());
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut pause = repoll;
    loop {
        lp.executor.enter(&mut || {
            drive.turn(&waker);
        });
        if drive.end().is_some() {
            return;
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return drive.time_out();
        }
        let woken = match (pause, left) {
            (None, None) => {
                parker.park();
                true
            }
            (pause, left) => parker.park_timeout(pause.unwrap_or(Duration::MAX).min(left.unwrap_or(Duration::MAX))),
        };
        if let Some(pause) = &mut pause {
            *pause = if woken { REPOLL } else { (*pause * 2).min(REPOLL_MAX) };
            drive.ask_for_poll(woken);
        }
    }
}

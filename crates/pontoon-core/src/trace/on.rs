//! With the feature: spans and events for whoever subscribes.

use super::{Ended, TaskKind};
use crate::{
    CloseError, RunError, current,
    run_loop::{Loop, drive::End, seat::Kind},
    woken,
};
use std::{
    cell::Cell,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tracing::{
    Level, Span, debug, debug_span,
    level_filters::{LevelFilter, STATIC_MAX_LEVEL},
    span::EnteredSpan,
    trace, trace_span, warn,
};

/// Whether anybody could want something of `level`: tracing's own first check.
#[inline(always)]
fn wanted(level: Level) -> bool {
    level <= STATIC_MAX_LEVEL && level <= LevelFilter::current()
}

/// The same, and nothing forbids it.
#[inline(always)]
fn wanted_of(lp: &Loop, level: Level) -> bool {
    wanted(level) && !lp.is_forked()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Where a task was spawned.
#[derive(Clone, Copy)]
pub(crate) struct Origin(&'static Location<'static>);

impl Origin {
    #[inline(always)]
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self(Location::caller())
    }
}

/// A call, from its first poll to its end.
pub(crate) struct Call(Option<EnteredSpan>);

#[inline(always)]
pub(crate) fn call(lp: &Loop, op: &'static str) -> Call {
    Call(if wanted(Level::TRACE) { begin_call(lp, op) } else { None })
}

#[cold]
fn begin_call(lp: &Loop, op: &'static str) -> Option<EnteredSpan> {
    if lp.is_forked() {
        return None;
    }
    let span = trace_span!(
        target: "pontoon::call",
        "call",
        op,
        runner = lp.id(),
        backend = lp.executor.name(),
        depth = current::depth_here(),
        in_task = woken::is_polling(),
        error = tracing::field::Empty,
    );
    (!span.is_disabled()).then(|| span.entered())
}

impl Call {
    #[inline(always)]
    pub(crate) fn end(self, called: &Result<(), Box<RunError>>) {
        if let (Some(span), Err(error)) = (&self.0, called) {
            span.record("error", tracing::field::display(error));
        }
    }
}

/// A call that waits, on its seat.
pub(crate) struct Wait(Option<EnteredSpan>);

#[inline]
pub(crate) fn wait(lp: &Loop, seat: &'static str, place: &'static str) -> Wait {
    Wait(if wanted_of(lp, Level::TRACE) { begin_wait(lp, seat, place) } else { None })
}

#[cold]
fn begin_wait(lp: &Loop, seat: &'static str, place: &'static str) -> Option<EnteredSpan> {
    let span = trace_span!(
        target: "pontoon::call",
        "wait",
        seat,
        place,
        end = tracing::field::Empty,
        ran = tracing::field::Empty,
    );
    let entered = (!span.is_disabled()).then(|| span.entered());
    if seat == "caller" {
        trace!(name: "caller_leads", target: "pontoon::seat", runner = lp.id(), "a caller leads");
    }
    entered
}

impl Wait {
    /// The wait is over, after so many polls of tasks.
    #[inline]
    pub(crate) fn end(&self, end: Option<End>, ran: usize) {
        if let Some(span) = &self.0 {
            span.record("end", end_name(end));
            span.record("ran", ran);
        }
    }
}

fn end_name(end: Option<End>) -> &'static str {
    match end {
        Some(End::Ready) => "ready",
        Some(End::TimedOut) => "timed out",
        Some(End::Stuck) => "stuck",
        Some(End::Closed | End::Aside | End::Futile | End::Finished) => "closed",
        None => "refused",
    }
}

/// The span around a call that moves to another thread.
pub(crate) struct Around(Span);

#[inline]
pub(crate) fn around() -> Around {
    Around(if wanted(Level::ERROR) { Span::current() } else { Span::none() })
}

impl Around {
    pub(crate) fn within<R>(self, f: impl FnOnce() -> R) -> R {
        self.0.in_scope(f)
    }
}

/// A seat's thread is in the backend, or waits for those that are.
pub(crate) struct Parked(Option<EnteredSpan>);

impl Parked {
    pub(crate) const NONE: Self = Self(None);

    /// The level is about to park.
    #[inline]
    pub(crate) fn begin(&mut self, lp: &Loop, kind: Kind) {
        // The future of a worker may be polled on another thread next.
        if wanted_of(lp, Level::TRACE) && kind != Kind::Worker {
            self.begin_wanted(lp, kind);
        }
    }

    #[cold]
    fn begin_wanted(&mut self, lp: &Loop, kind: Kind) {
        let seat = match kind {
            Kind::Caller => "caller",
            Kind::Follower => "follower",
            Kind::Waiter => "waiter",
            Kind::Worker => "worker",
            Kind::Host | Kind::Standby | Kind::Drowsy => "host",
        };
        let span = trace_span!(target: "pontoon::seat", "parked", seat, runner = lp.id());
        self.0 = (!span.is_disabled()).then(|| span.entered());
    }

    /// The level is back, and no longer listed.
    #[inline]
    pub(crate) fn end(&mut self) {
        if self.0.is_some() {
            self.0 = None;
        }
    }
}

/// A turn of a worker of the runtime's own.
pub(crate) struct Turn {
    _span: Option<EnteredSpan>,
}

#[inline]
pub(crate) fn turn(lp: &Loop) -> Turn {
    let span = wanted_of(lp, Level::TRACE).then(|| {
        trace_span!(target: "pontoon::seat", "turn", seat = "worker", runner = lp.id(), backend = lp.executor.name())
            .entered()
    });
    Turn { _span: span }
}

/// The life of the runner's own thread.
pub(crate) struct Host(Option<EnteredSpan>);

impl Host {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn begin(&mut self, lp: &Loop) {
        if wanted_of(lp, Level::DEBUG) {
            let span =
                debug_span!(target: "pontoon::seat", "host", runner = lp.id(), backend = lp.executor.name()).entered();
            self.0 = Some(span);
        }
    }
}

/// The host drives.
pub(crate) struct Driving(Option<EnteredSpan>);

impl Driving {
    pub(crate) const NONE: Self = Self(None);

    /// The host is in the backend, if it was not there already.
    #[inline]
    pub(crate) fn begin(&mut self, lp: &Loop) {
        if self.0.is_none() && wanted_of(lp, Level::DEBUG) {
            self.0 = Some(debug_span!(target: "pontoon::seat", "driving", runner = lp.id()).entered());
        }
    }

    pub(crate) fn end(&mut self) {
        self.0 = None;
    }
}

/// The host stands aside.
pub(crate) struct Aside(Option<EnteredSpan>);

pub(crate) fn aside(lp: &Loop, futile: bool) -> Aside {
    if !wanted_of(lp, Level::DEBUG) {
        return Aside(None);
    }
    let why = if futile { "others are faster" } else { "callers keep coming" };
    debug!(name: "host_steps_aside", target: "pontoon::seat", runner = lp.id(), why, "the host steps aside");
    Aside(Some(debug_span!(target: "pontoon::seat", "aside", runner = lp.id()).entered()))
}

impl Aside {
    pub(crate) fn end(self, lp: &Loop) {
        if let Some(span) = self.0 {
            drop(span);
            debug!(name: "host_takes_over", target: "pontoon::seat", runner = lp.id(), "the host takes over");
        }
    }
}

/// A task: its span is entered for each of its polls.
pub(crate) struct Task {
    span: Span,
    id: Option<u64>,
    origin: &'static Location<'static>,
    ended: Cell<bool>,
}

impl Task {
    #[inline]
    pub(crate) fn new(lp: &Loop, kind: TaskKind, Origin(origin): Origin) -> Self {
        let mut task = Self { span: Span::none(), id: None, origin, ended: Cell::new(false) };
        if wanted_of(lp, Level::TRACE) {
            task.begin(|id, location| {
                let kind = match kind {
                    TaskKind::Any => "task",
                    TaskKind::Local => "local",
                    TaskKind::Blocking => "blocking",
                };
                trace_span!(
                    target: "pontoon::task", parent: None, "task",
                    kind, id, runner = lp.id(), backend = lp.executor.name(), %location,
                )
            });
        }
        task
    }

    /// A task of a guest.
    #[inline]
    pub(crate) fn of_guest(guest: usize, main: bool, origin: &'static Location<'static>) -> Self {
        let mut task = Self { span: Span::none(), id: None, origin, ended: Cell::new(false) };
        if wanted(Level::TRACE) {
            let kind = if main { "main" } else { "guest" };
            task.begin(
                |id, location| trace_span!(target: "pontoon::task", parent: None, "task", kind, id, guest, %location),
            );
        }
        task
    }

    #[cold]
    fn begin(&mut self, make: impl FnOnce(u64, &'static Location<'static>) -> Span) {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        self.span = make(id, self.origin);
        if !self.span.is_disabled() {
            self.id = Some(id);
            // It outlives whoever spawns it, so that is no parent.
            self.span.follows_from(Span::current());
        }
    }

    /// What a closure may capture: with the feature off, that is nothing at all.
    #[inline(always)]
    pub(crate) fn handle(&self) -> &Self {
        self
    }

    #[inline]
    pub(crate) fn poll<R>(&self, f: impl FnOnce() -> R) -> R {
        let _inside = self.span.enter();
        f()
    }

    #[cold]
    pub(crate) fn slow(&self, lp: &Loop, slow: Option<(Duration, Instant)>) {
        let Some((limit, start)) = slow else { return };
        if wanted_of(lp, Level::WARN) {
            let (took_us, limit_us, location) = (micros(start.elapsed()), micros(limit), self.origin);
            warn!(
                name: "slow_poll", target: "pontoon::slow", runner = lp.id(), task = self.id, took_us, limit_us,
                %location, "a poll took long",
            );
        }
    }

    #[inline]
    pub(crate) fn ended(&self, how: Ended) {
        if self.id.is_some() {
            self.say_ended(match how {
                Ended::Completed => "completed",
                Ended::Panicked => "panicked",
            });
        }
    }

    #[cold]
    fn say_ended(&self, outcome: &'static str) {
        self.ended.set(true);
        trace!(name: "task_ended", target: "pontoon::task", task = self.id, outcome, "a task ended");
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        if self.id.is_some() && !self.ended.get() {
            let _inside = self.span.enter();
            self.say_ended("cancelled");
        }
    }
}

/// A close, by the thread that carries it through.
pub(crate) struct Close(Option<EnteredSpan>);

pub(crate) fn close(lp: &Loop, limit: Duration) -> Close {
    Close(wanted_of(lp, Level::DEBUG).then(|| {
        let limit_us = micros(limit);
        let tasks = lp.live.len();
        let (runner, backend) = (lp.id(), lp.executor.name());
        debug_span!(target: "pontoon::close", "close", runner, backend, tasks, limit_us).entered()
    }))
}

impl Close {
    pub(crate) fn end(self, error: &CloseError) {
        if self.0.is_some() {
            let (failed_exits, abandoned, timed_out) = (error.exits.len(), error.abandoned, error.limit.is_some());
            debug!(name: "closed", target: "pontoon::close", failed_exits, abandoned, timed_out, "closed");
        }
    }
}

/// One phase of a close.
pub(crate) struct ClosePhase(Option<EnteredSpan>);

/// The entered contexts are exited.
pub(crate) fn exits() -> ClosePhase {
    ClosePhase(wanted(Level::DEBUG).then(|| debug_span!(target: "pontoon::close", "exits").entered()))
}

/// Blocked calls are woken, tasks are asked to end.
pub(crate) fn cancel() -> ClosePhase {
    ClosePhase(wanted(Level::DEBUG).then(|| debug_span!(target: "pontoon::close", "cancel").entered()))
}

/// The runner's own thread, or whoever is left on an inline runner, is waited for.
pub(crate) fn join() -> ClosePhase {
    ClosePhase(wanted(Level::DEBUG).then(|| debug_span!(target: "pontoon::close", "join").entered()))
}

/// The runtime stops, on the thread that left it last.
pub(crate) fn stop(lp: &Loop) -> ClosePhase {
    let wanted = wanted_of(lp, Level::DEBUG);
    ClosePhase(wanted.then(|| debug_span!(target: "pontoon::close", "stop", runner = lp.id()).entered()))
}

impl ClosePhase {
    pub(crate) fn end(self) {
        drop(self.0);
    }
}

/// A tick of a guest.
pub(crate) struct Tick(Option<EnteredSpan>, usize);

#[inline]
pub(crate) fn tick(guest: usize) -> Tick {
    // An overrun is told on a level of its own.
    Tick(wanted(Level::DEBUG).then(|| begin_tick(guest)), guest)
}

#[cold]
fn begin_tick(guest: usize) -> EnteredSpan {
    trace_span!(target: "pontoon::guest", "tick", guest, polls = tracing::field::Empty).entered()
}

impl Tick {
    /// The tick has made its polls; `how` gives how many, how long that took, and how long it might have taken.
    #[inline]
    pub(crate) fn end(self, how: impl FnOnce() -> (usize, Duration, Duration)) {
        let Some(span) = self.0 else { return };
        let (polls, took, slice) = how();
        span.record("polls", polls);
        if let Some(over) = took.checked_sub(slice).filter(|over| !over.is_zero()) {
            let (guest, over_us, slice_us) = (self.1, micros(over), micros(slice));
            debug!(name: "over_budget", target: "pontoon::guest", guest, polls, over_us, slice_us, "a tick took long");
        }
    }
}

/// A poll in a guest took longer than its debug mode allows.
#[cold]
pub(crate) fn slow_guest_poll(took: Duration, limit: Duration, location: &'static Location<'static>) {
    let (took_us, limit_us) = (micros(took), micros(limit));
    warn!(name: "slow_poll", target: "pontoon::slow", took_us, limit_us, %location, "a poll took long");
}

/// A tick overran its budget by more than the guest's debug mode allows.
#[cold]
pub(crate) fn slow_tick(took: Duration, limit: Duration, polls: usize) {
    let (took_us, limit_us) = (micros(took), micros(limit));
    warn!(name: "slow_tick", target: "pontoon::slow", took_us, limit_us, polls, "a tick took long");
}

pub(crate) fn guest_started(guest: usize, location: &'static Location<'static>) {
    debug!(name: "guest_started", target: "pontoon::guest", guest, %location, "a guest starts");
}

pub(crate) fn guest_ended(guest: usize, how: impl FnOnce() -> &'static str) {
    if wanted(Level::DEBUG) {
        debug!(name: "guest_ended", target: "pontoon::guest", guest, how = how(), "a guest has ended");
    }
}

//! Without the feature: nothing, in as many words.

use super::{Ended, TaskKind};
use crate::{
    CloseError, RunError,
    run_loop::{Loop, drive::End, seat::Kind},
};
use std::{
    panic::Location,
    time::{Duration, Instant},
};

#[derive(Clone, Copy)]
pub(crate) struct Origin;

impl Origin {
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self
    }
}

pub(crate) struct Call;

#[inline(always)]
pub(crate) fn call(_: &Loop, _: &'static str) -> Call {
    Call
}

impl Call {
    #[inline(always)]
    pub(crate) fn end(self, _: &Result<(), Box<RunError>>) {}
}

pub(crate) struct Wait;

#[inline(always)]
pub(crate) fn wait(_: &Loop, _: &'static str, _: &'static str) -> Wait {
    Wait
}

impl Wait {
    #[inline(always)]
    pub(crate) fn end(&self, _: Option<End>, _: usize) {}
}

pub(crate) struct Around;

#[inline(always)]
pub(crate) fn around() -> Around {
    Around
}

impl Around {
    #[inline(always)]
    pub(crate) fn within<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

pub(crate) struct Parked;

impl Parked {
    pub(crate) const NONE: Self = Self;

    #[inline(always)]
    pub(crate) fn begin(&mut self, _: &Loop, _: Kind) {}

    #[inline(always)]
    pub(crate) fn end(&mut self) {}
}

pub(crate) struct Turn;

#[inline(always)]
pub(crate) fn turn(_: &Loop) -> Turn {
    Turn
}

pub(crate) struct Host;

impl Host {
    pub(crate) const NONE: Self = Self;

    #[inline(always)]
    pub(crate) fn begin(&mut self, _: &Loop) {}
}

pub(crate) struct Driving;

impl Driving {
    pub(crate) const NONE: Self = Self;

    #[inline(always)]
    pub(crate) fn begin(&mut self, _: &Loop) {}

    #[inline(always)]
    pub(crate) fn end(&mut self) {}
}

pub(crate) struct Aside;

#[inline(always)]
pub(crate) fn aside(_: &Loop, _: bool) -> Aside {
    Aside
}

impl Aside {
    #[inline(always)]
    pub(crate) fn end(self, _: &Loop) {}
}

#[derive(Clone, Copy)]
pub(crate) struct Task;

impl Task {
    #[inline(always)]
    pub(crate) fn handle(&self) -> Self {
        *self
    }

    #[inline(always)]
    pub(crate) fn new(_: &Loop, _: TaskKind, _: Origin) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn of_guest(_: usize, _: bool, _: &'static Location<'static>) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn poll<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(always)]
    pub(crate) fn slow(&self, _: &Loop, _: Option<(Duration, Instant)>) {}

    #[inline(always)]
    pub(crate) fn ended(&self, _: Ended) {}
}

pub(crate) struct Close;

#[inline(always)]
pub(crate) fn close(_: &Loop, _: Duration) -> Close {
    Close
}

impl Close {
    #[inline(always)]
    pub(crate) fn end(self, _: &CloseError) {}
}

pub(crate) struct ClosePhase;

#[inline(always)]
pub(crate) fn exits() -> ClosePhase {
    ClosePhase
}

#[inline(always)]
pub(crate) fn cancel() -> ClosePhase {
    ClosePhase
}

#[inline(always)]
pub(crate) fn join() -> ClosePhase {
    ClosePhase
}

#[inline(always)]
pub(crate) fn stop(_: &Loop) -> ClosePhase {
    ClosePhase
}

impl ClosePhase {
    #[inline(always)]
    pub(crate) fn end(self) {}
}

pub(crate) struct Tick;

#[inline(always)]
pub(crate) fn tick(_: usize) -> Tick {
    Tick
}

impl Tick {
    #[inline(always)]
    pub(crate) fn end(self, _: impl FnOnce() -> (usize, Duration, Duration)) {}
}

#[inline(always)]
pub(crate) fn slow_guest_poll(_: Duration, _: Duration, _: &'static Location<'static>) {}

#[inline(always)]
pub(crate) fn slow_tick(_: Duration, _: Duration, _: usize) {}

#[inline(always)]
pub(crate) fn guest_started(_: usize, _: &'static Location<'static>) {}

#[inline(always)]
pub(crate) fn guest_ended(_: usize, _: impl FnOnce() -> &'static str) {}

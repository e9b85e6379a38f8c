//! One level of one thread at work: the loop rule in code.

use super::{
    Loop, Runnable,
    seat::{Kind, Seat},
};
use crate::{
    BoxFuture,
    current::{self, DRAINS},
    runner::close,
    sync::holds,
    trace,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

/// How many polls a turn makes, of tasks and of its own future, before the backend sees its reactor again.
pub(crate) const BATCH: usize = if cfg!(pontoon_loom) { 3 } else { 64 };

/// How often a future that wakes itself is polled before its thread is given to the backend.
const SELF_WAKES: usize = 4;

/// How soon a future is polled again unasked while its thread is captive in another runtime, which may have swallowed
/// the wake-up (tokio's `yield_now` leaves its waker with a scheduler that is blocked by this very call). The pause
/// doubles up to the maximum and starts anew with each real wake-up.
pub(crate) const REPOLL: Duration = Duration::from_millis(1);
pub(crate) const REPOLL_MAX: Duration = Duration::from_millis(16);

/// How often a nested call that sits idle asks whether it can still end, as parts of `stuck_after`.
const STUCK_CHECKS: u32 = 5;

/// A caller's future with its type erased, so that the loop is compiled once.
pub(crate) trait Own {
    /// Polls the future for the first time; true when it is done. Panics with the future's panic.
    fn first_poll(&mut self, cx: &mut Context<'_>) -> bool;
    /// Polls the future; true when it is done. A panic is kept.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;
    /// Drops the future.
    fn discard(&mut self);
}

/// Why a level ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its own future is done.
    Ready,
    /// The runner closes.
    Closed,
    /// Its limit passed.
    TimedOut,
    /// It lies on top of a call or a task that waits for nothing but its return.
    Stuck,
    /// Of the host: a caller wants to drive.
    Aside,
    /// Of the host: it was woken and found nothing to do.
    Futile,
    /// Of the host: the runner closed and no task is left.
    Finished,
}

/// How a stretch of work ended.
enum Work {
    /// The level is at its end.
    End,
    /// It has made its polls: the backend comes first.
    Batch,
    /// Nothing is left to do.
    Idle,
}

/// A level's work as a future for [`Executor::block_on`](crate::Executor::block_on).
pub(crate) struct Drive<'a> {
    lp: &'a Loop,
    seat: &'a Arc<Seat>,
    /// Wakes `seat`: the waker that the level's own future and timers see.
    waker: &'a Waker,
    kind: Kind,
    /// None: the base level of the runner's own thread.
    own: Option<&'a mut dyn Own>,
    timer: Option<BoxFuture<'static, ()>>,
    /// Polls the own future unasked, with a growing pause.
    repoll: Option<(BoxFuture<'static, ()>, Duration)>,
    watch: Option<Watch>,
    /// How often to look whether the level can still end; none if it is no nested call.
    watch_period: Option<Duration>,
    parked: bool,
    trace: trace::Parked,
    /// How many tasks it has run, how often it has polled its own future, and how many of these polls nobody asked for.
    ran: usize,
    polls: usize,
    unasked: usize,
    end: Option<End>,
}

/// Watches a nested call for the case that it can never end.
struct Watch {
    timer: BoxFuture<'static, ()>,
    ran: usize,
    polls: usize,
    idle_checks: u32,
}

impl<'a> Drive<'a> {
    pub(crate) fn new(lp: &'a Loop, seat: &'a Arc<Seat>, waker: &'a Waker, kind: Kind) -> Self {
        Self {
            lp,
            seat,
            waker,
            kind,
            own: None,
            timer: None,
            repoll: None,
            watch: None,
            watch_period: None,
            parked: false,
            trace: trace::Parked::NONE,
            ran: 0,
            polls: 0,
            unasked: 0,
            end: None,
        }
    }

    /// The level waits for a future of its own, for at most `limit`.
    pub(crate) fn waits_for(mut self, own: &'a mut dyn Own, limit: Option<Duration>, nested: bool) -> Self {
        self.own = Some(own);
        let timer = limit.map(|limit| self.lp.sleep(limit));
        let period = self.lp.config.stuck_after / STUCK_CHECKS;
        // Its timer starts with the first poll that is pending: most nested waits end before.
        self.watch_period = (nested && !period.is_zero()).then_some(period);
        if timer.is_some() || self.watch_period.is_some() {
            self.seat.set_woken();
        }
        self.timer = timer;
        self
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// How many tasks the level has run.
    pub(crate) fn ran(&self) -> usize {
        self.ran
    }

    /// A runtime around this level may swallow wake-ups: its own future is polled unasked, too.
    pub(crate) fn repoll(&mut self) {
        self.repoll = Some((self.lp.sleep(REPOLL), REPOLL));
        self.seat.set_woken();
    }

    /// The own future was polled and is pending.
    fn poll_repoll(&mut self) {
        let cx = &mut Context::from_waker(self.waker);
        let Some((timer, pause)) = &mut self.repoll else { return };
        let mut passed = false;
        while timer.as_mut().poll(cx).is_ready() {
            *pause = (*pause * 2).min(REPOLL_MAX);
            *timer = self.lp.sleep(*pause);
            passed = true;
        }
        self.unasked += usize::from(passed);
    }

    /// Ends the level because its limit passed.
    pub(crate) fn time_out(&mut self) {
        self.unpark();
        self.end = Some(End::TimedOut);
    }

    /// Asks for a poll of the level's own future, which somebody else may have asked for, too.
    pub(crate) fn ask_for_poll(&mut self, is_woken: bool) {
        self.unasked += usize::from(!is_woken);
        self.seat.set_woken();
    }

    /// One turn of the level. None: it has parked, or asked `backend` to be polled again.
    pub(crate) fn turn(&mut self, backend: &Waker) -> Option<End> {
        current::in_wait();
        if holds("register") {
            self.seat.register(backend);
        }
        let notified = self.unpark();
        if notified && self.is_following() {
            self.lead();
            return None;
        }
        let first = self.ran;
        let mut told = notified;
        let mut left = BATCH;
        loop {
            if told && self.seat.is_woken() && holds("hand-on-notified") {
                // Its own future comes first and may take long: what it was notified of is somebody else's, too.
                self.lp.hand_on();
            }
            match self.work(&mut left, told) {
                Work::End => return self.end,
                Work::Batch => {
                    if holds("batch") {
                        backend.wake_by_ref();
                    }
                    return None;
                }
                Work::Idle => {}
            }
            if self.kind == Kind::Host && self.own.is_none() {
                let futile = notified && self.ran == first && !self.lp.is_closing();
                if futile || self.lp.host.is_asked_aside() {
                    self.end = Some(if futile { End::Futile } else { End::Aside });
                    return self.end;
                }
            }
            self.trace.begin(self.lp, self.kind);
            self.park();
            if self.is_following() && !self.lp.host.leads(self.lp.has_work(Kind::Caller)) && holds("follow-recheck") {
                self.lead();
                return None;
            }
            if !self.must_stay() {
                self.break_rules_of_parking(backend);
                return None;
            }
            // Whoever notified it since it parked told nobody else.
            told = self.unpark() || told && self.ran == first;
            if told && self.is_following() {
                self.lead();
                return None;
            }
        }
    }

    /// Does too late what a rule of the loop asks for earlier.
    #[inline(always)]
    fn break_rules_of_parking(&self, backend: &Waker) {
        if !holds("register") {
            self.seat.register(backend);
        }
        if !holds("say-parked") {
            self.seat.set_parked(true);
        }
    }

    /// The level leaves the work to the runner's own thread, until that or a notification sends it to drive.
    pub(crate) fn follow(&mut self) {
        self.kind = Kind::Follower;
    }

    pub(crate) fn is_following(&self) -> bool {
        self.kind == Kind::Follower
    }

    /// Ends that: from the next turn on the level drives, which is to be in the backend.
    fn lead(&mut self) {
        self.unpark();
        self.kind = Kind::Caller;
        if self.seat.is_woken() {
            // Its own future comes first and may take long.
            self.lp.hand_on();
        }
    }

    /// Polls a future that woke itself before the thread is given to the backend, in the runtime's context: many a wait is
    /// over then. [`turn`](Self::turn) follows unless the level ends here.
    ///
    /// Tasks are left to that: they do I/O, and async-io's own thread takes the reactor over while nobody is in there.
    pub(crate) fn first_turn(&mut self) -> Option<End> {
        for _ in 0..SELF_WAKES {
            if !self.seat.is_woken() || self.lp.has_work(self.kind) {
                break;
            }
            self.end = self.look();
            if self.end.is_some() {
                break;
            }
        }
        self.end
    }

    /// Polls what is to be polled, the level's own future first and again after each task, up to `left` of both.
    fn work(&mut self, left: &mut usize, mut hand_on: bool) -> Work {
        loop {
            let polls = self.polls;
            if let Some(end) = self.look() {
                self.end = Some(end);
                return Work::End;
            }
            *left = left.saturating_sub(self.polls - polls);
            if *left == 0 {
                return Work::Batch;
            }
            let Some(runnable) = self.next() else { return Work::Idle };
            if std::mem::take(&mut hand_on) || self.lp.has_workers() || self.is_followed() {
                self.lp.hand_on();
            }
            self.ran += 1;
            *left -= 1;
            if !holds("look-in-poll") && self.lp.is_closing() {
                drop(runnable);
                continue;
            }
            if self.kind == Kind::Host {
                self.lp.host.run(runnable, &self.lp.parked);
            } else {
                runnable.run();
            }
        }
    }

    /// Looks at the level's own future, its timers and the loop's state.
    fn look(&mut self) -> Option<End> {
        if let Some(own) = &mut self.own {
            if self.seat.take_woken() {
                let cx = &mut Context::from_waker(self.waker);
                current::set_waits_below(false);
                self.polls += 1;
                if own.poll(cx) {
                    return Some(End::Ready);
                }
                if !holds("take-before-poll") {
                    self.seat.forget_woken();
                }
                if let Some(timer) = &mut self.timer {
                    if timer.as_mut().poll(cx).is_ready() {
                        return Some(End::TimedOut);
                    }
                }
                self.poll_repoll();
                if self.is_stuck() {
                    return Some(End::Stuck);
                }
            }
            return self.lp.is_closing().then_some(End::Closed);
        }
        let done = self.lp.is_closing() && (self.kind == Kind::Worker || self.lp.live.len() == 0);
        done.then_some(End::Finished)
    }

    /// A nested call waits for what lies below it on this stack, or keeps a finished one from going on, and nothing
    /// has happened for a while.
    fn is_stuck(&mut self) -> bool {
        let Some(period) = self.watch_period else { return false };
        let (lp, ran, polls) = (self.lp, self.ran, self.polls.saturating_sub(self.unasked));
        let new = || Watch { timer: lp.sleep(period), ran, polls: polls.saturating_sub(1), idle_checks: 0 };
        let watch = self.watch.get_or_insert_with(new);
        let cx = &mut Context::from_waker(self.waker);
        let mut stuck = false;
        while watch.timer.as_mut().poll(cx).is_ready() {
            // The watch's own timer brings one poll.
            let idle = watch.ran == ran && polls.saturating_sub(watch.polls) <= 1;
            (watch.ran, watch.polls) = (ran, polls);
            watch.idle_checks = if idle && current::buried_is_ready() { watch.idle_checks + 1 } else { 0 };
            stuck = idle && current::waits_below() || watch.idle_checks >= STUCK_CHECKS;
            watch.timer = lp.sleep(period);
        }
        stuck
    }

    /// Calls rely on this level: one of them is to take what else is queued while it runs a task.
    fn is_followed(&self) -> bool {
        self.kind == Kind::Host && self.lp.parked.has_followers() && holds("rest-to-follower")
    }

    fn leaves_tasks(&self) -> bool {
        matches!(self.kind, Kind::Waiter | Kind::Follower)
    }

    fn next(&self) -> Option<Runnable> {
        if self.leaves_tasks() { None } else { self.lp.next(self.kind, self.ran) }
    }

    fn park(&mut self) {
        self.parked = true;
        if holds("say-parked") {
            self.seat.set_parked(true);
        }
        if self.kind != Kind::Waiter {
            self.lp.parked.insert(self.kind, self.seat);
            if self.kind == Kind::Caller {
                self.lp.host.ask_aside(&self.lp.parked);
            }
        }
    }

    /// Takes the seat back from the list. Says whether somebody had notified it.
    fn unpark(&mut self) -> bool {
        if !self.parked {
            return false;
        }
        self.parked = false;
        self.seat.set_parked(false);
        let notified = self.kind != Kind::Waiter && self.lp.parked.remove(self.kind, self.seat);
        if self.kind == Kind::Caller {
            self.lp.host.driver_left(&self.lp.parked);
        }
        self.trace.end();
        notified
    }

    /// Looked at after parking: did something come in between?
    fn must_stay(&self) -> bool {
        let work = !self.leaves_tasks() && self.lp.has_work(self.kind);
        let base = self.kind == Kind::Host && self.own.is_none();
        work && holds("recheck-queue")
            || self.seat.is_woken() && holds("recheck-woken")
            || self.lp.is_closing() && (!base || self.lp.live.len() == 0) && holds("recheck-closing")
            || base && self.lp.host.is_asked_aside()
    }
}

/// A worker of the runtime's own as a seat of the loop: a future for [`Executor::spawn`](crate::Executor::spawn).
pub(crate) struct Worker {
    lp: Arc<Loop>,
    seat: Arc<Seat>,
    waker: Waker,
    parked: bool,
}

impl Worker {
    pub(crate) fn new(lp: Arc<Loop>) -> Self {
        let seat = Arc::new(Seat::default());
        let waker = Waker::from(seat.clone());
        Self { lp, seat, waker, parked: false }
    }

    fn with_drive<R>(&mut self, f: impl FnOnce(&mut Drive<'_>) -> R) -> R {
        let parked = &mut self.parked;
        current::seated(&self.lp, &self.seat, DRAINS, false, || {
            let mut drive = Drive::new(&self.lp, &self.seat, &self.waker, Kind::Worker);
            drive.parked = *parked;
            let result = f(&mut drive);
            *parked = std::mem::replace(&mut drive.parked, false);
            result
        })
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let _turn = trace::turn(&this.lp);
        match this.with_drive(|drive| drive.turn(cx.waker())) {
            Some(_) => {
                this.lp.hand_on();
                // A task that it ran may have dropped the last handle.
                close::leave(&this.lp);
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    }
}

/// The pool may drop its workers before the loop ends.
impl Drop for Worker {
    fn drop(&mut self) {
        self.with_drive(|drive| drive.unpark());
        self.lp.hand_on();
    }
}

impl Future for Drive<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.get_mut().turn(cx.waker()) {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }
}

/// A level that ends by unwinding must not stay in the list.
impl Drop for Drive<'_> {
    fn drop(&mut self) {
        self.unpark();
    }
}

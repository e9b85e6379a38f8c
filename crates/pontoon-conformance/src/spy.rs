//! An executor that looks over the shoulder of the subject's own.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use pontoon_core::guest::{Engine, Pump};
use pontoon_core::{BoxFuture, Executor, Job, Place, WouldBlock};

use crate::Subject;

type Hook = Box<dyn Fn() + Send + Sync>;

/// The subject's executor, with hooks.
pub(crate) struct Spy {
    inner: Arc<dyn Executor>,
    before_poll: Hook,
    after_poll: Hook,
    after_block_on: Hook,
    at_shutdown: Hook,
    start_fails: bool,
    /// Whether guests get the engine that nobody chose.
    default_engine: bool,
}

impl Spy {
    pub(crate) fn new(s: &Subject) -> Spy {
        Spy {
            inner: s.executor(),
            before_poll: Box::new(|| {}),
            after_poll: Box::new(|| {}),
            after_block_on: Box::new(|| {}),
            at_shutdown: Box::new(|| {}),
            start_fails: false,
            default_engine: false,
        }
    }

    /// Calls `f` ahead of every poll that `block_on` makes.
    pub(crate) fn before_poll(self, f: impl Fn() + Send + Sync + 'static) -> Spy {
        Spy { before_poll: Box::new(f), ..self }
    }

    /// Calls `f` after every poll that `block_on` makes.
    pub(crate) fn after_poll(self, f: impl Fn() + Send + Sync + 'static) -> Spy {
        Spy { after_poll: Box::new(f), ..self }
    }

    /// Calls `f` when a `block_on` is about to return.
    pub(crate) fn after_block_on(self, f: impl Fn() + Send + Sync + 'static) -> Spy {
        Spy { after_block_on: Box::new(f), ..self }
    }

    pub(crate) fn at_shutdown(self, f: impl Fn() + Send + Sync + 'static) -> Spy {
        Spy { at_shutdown: Box::new(f), ..self }
    }

    pub(crate) fn start_fails(self) -> Spy {
        Spy { start_fails: true, ..self }
    }

    /// Leaves guests to the default engine, which has the worker woken with each tick that another thread asks for.
    pub(crate) fn default_engine(self) -> Spy {
        Spy { default_engine: true, ..self }
    }
}

/// The default engine of an executor that has no wishes.
struct Plain;

impl Executor for Plain {
    fn block_on(&self, _: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        unreachable!("only its engine is wanted")
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        unreachable!("only its engine is wanted")
    }

    fn spawn_blocking(&self, _: Job) -> Result<(), Job> {
        unreachable!("only its engine is wanted")
    }
}

impl Executor for Spy {
    fn block_on(&self, mut future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        let watched = poll_fn(|cx| {
            (self.before_poll)();
            let polled = future.as_mut().poll(cx);
            (self.after_poll)();
            polled
        });
        self.inner.block_on(pin!(watched));
        (self.after_block_on)();
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.inner.sleep(duration)
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        self.inner.spawn_blocking(job)
    }

    fn start(&self) -> io::Result<()> {
        if self.start_fails { Err(io::Error::other("no runtime today")) } else { self.inner.start() }
    }

    fn workers(&self) -> usize {
        self.inner.workers()
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.inner.spawn(future)
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        self.inner.enter(f);
    }

    fn can_block(&self) -> Result<(), WouldBlock> {
        self.inner.can_block()
    }

    fn place(&self) -> Place {
        self.inner.place()
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        self.inner.blocking(wait);
    }

    fn shutdown(&self, wait: Duration) {
        (self.at_shutdown)();
        self.inner.shutdown(wait);
    }

    fn engine(&self, pump: Pump) -> Box<dyn Engine> {
        if self.default_engine { Plain.engine(pump) } else { self.inner.engine(pump) }
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }
}

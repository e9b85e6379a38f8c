//! What is polled, and a record of everything that happens to it.

use crate::contexts::{Family, Flavour};
use futures_core::Stream;
use pontoon_conformance::tools::{Gate, boom};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
};
use tokio::runtime::Handle;

/// What the next poll does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// It waits.
    #[default]
    Pend,
    /// It is done.
    Finish,
    /// It panics.
    Panic,
}

/// The text of a panic in a poll.
pub(crate) const IN_POLL: &str = "a panic in the poll";
/// The text of a panic in a destructor.
pub(crate) const IN_DROP: &str = "a panic in the destructor";

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The threads that polled, in order.
    pub(crate) polls: Vec<ThreadId>,
    /// The threads that dropped what is polled: exactly one in the end.
    pub(crate) drops: Vec<ThreadId>,
    /// How many outputs it gave.
    pub(crate) values: usize,
    /// The threads that dropped the output.
    pub(crate) value_drops: Vec<ThreadId>,
    /// How often its waker was called.
    pub(crate) wakes: usize,
    /// What should never happen.
    pub(crate) faults: Vec<String>,
}

#[derive(Default)]
struct State {
    seen: Seen,
    order: Order,
    waker: Option<Waker>,
    /// What the next poll does before all else.
    inside: Option<Box<dyn FnOnce() + Send>>,
}

/// The record of one thing that is polled.
#[derive(Clone)]
pub(crate) struct Probe {
    state: Arc<Mutex<State>>,
    in_tokio: bool,
    /// Its destructor panics.
    fussy: bool,
    /// It was polled once.
    pub(crate) polled: Gate,
    /// It was dropped.
    pub(crate) gone: Gate,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seen().fmt(f)
    }
}

impl Probe {
    /// Nothing has happened yet. If it is `fussy`, its destructor panics.
    pub(crate) fn new(flavour: &Flavour, fussy: bool) -> Probe {
        Probe {
            state: Arc::default(),
            in_tokio: flavour.family == Family::Tokio,
            fussy,
            polled: Gate::new("the first poll"),
            gone: Gate::new("the drop of what is polled"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has happened so far.
    pub(crate) fn seen(&self) -> Seen {
        self.lock().seen.clone()
    }

    /// Decides what the next poll does.
    pub(crate) fn order(&self, order: Order) {
        self.lock().order = order;
    }

    /// Has the next poll call `f` before all else.
    pub(crate) fn inside(&self, f: impl FnOnce() + Send + 'static) {
        self.lock().inside = Some(Box::new(f));
    }

    /// Calls the waker of the last poll, on this thread.
    pub(crate) fn wake(&self) {
        let mut state = self.lock();
        state.seen.wakes += 1;
        let waker = state.waker.clone();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The thing itself, as a future and as a stream.
    pub(crate) fn target(&self) -> Target {
        Target { probe: self.clone(), over: false }
    }

    /// The same as a closure.
    pub(crate) fn job(&self) -> impl FnOnce() -> Value + Send + 'static {
        let mut target = self.target();
        move || {
            let value = match target.step(None) {
                Poll::Ready(value) => value,
                // a closure cannot wait: it is over
                Poll::Pending => target.value(),
            };
            drop(target);
            value
        }
    }

    fn fault(&self, text: impl Into<String>) {
        self.lock().seen.faults.push(text.into());
    }

    fn in_context(&self, what: &str) {
        if self.in_tokio && Handle::try_current().is_err() {
            self.fault(format!("{what} out of context"));
        }
    }
}

/// What is polled: a future of one [`Value`], and a stream of them.
#[derive(Debug)]
pub(crate) struct Target {
    probe: Probe,
    over: bool,
}

impl Target {
    fn step(&mut self, cx: Option<&mut Context<'_>>) -> Poll<Value> {
        let probe = &self.probe;
        probe.in_context("polled");
        if self.over {
            probe.fault("polled after its end");
        }
        let mut state = probe.lock();
        state.seen.polls.push(thread::current().id());
        state.waker = cx.map(|cx| cx.waker().clone());
        let inside = state.inside.take();
        drop(state);
        if let Some(inside) = inside {
            inside();
        }
        let order = probe.lock().order;
        // what is ordered from now on is for the next poll
        probe.polled.open();
        match order {
            Order::Pend => Poll::Pending,
            Order::Finish => Poll::Ready(self.value()),
            Order::Panic => {
                self.over = true;
                boom(IN_POLL)
            }
        }
    }

    fn value(&mut self) -> Value {
        self.over = true;
        self.probe.lock().seen.values += 1;
        Value(self.probe.clone())
    }
}

impl Future for Target {
    type Output = Value;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Value> {
        self.step(Some(cx))
    }
}

impl Stream for Target {
    type Item = Value;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        let item = self.step(Some(cx));
        // the next item may come
        self.over = false;
        item.map(Some)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.probe.seen().polls.is_empty() {
            self.probe.in_context("dropped");
        }
        self.probe.lock().seen.drops.push(thread::current().id());
        self.probe.gone.open();
        if self.probe.fussy {
            boom(IN_DROP);
        }
    }
}

/// What it gives.
#[derive(Debug)]
pub(crate) struct Value(Probe);

impl Drop for Value {
    fn drop(&mut self) {
        self.0.lock().seen.value_drops.push(thread::current().id());
    }
}

//! The smallest backend, and one with a reactor.

use crate::gate::lock;
use loom::sync::{
    Condvar, Mutex,
    atomic::{Ordering, fence},
};
use pontoon_core::{BoxFuture, Executor, Job};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Wake, Waker},
    time::Duration,
};

/// A thread in `block_on`.
#[derive(Debug, Default)]
struct Level {
    calls: Mutex<Calls>,
    comes: Condvar,
}

/// What a thread is called for.
#[derive(Debug, Default)]
struct Calls {
    /// Its future wants to be polled.
    woken: bool,
    /// The reactor has something.
    event: bool,
}

impl Level {
    fn call(&self, call: impl FnOnce(&mut Calls)) {
        call(&mut lock(&self.calls));
        self.comes.notify_all();
    }

    /// Sleeps until called. Says whether the future wants to be polled.
    fn sleep(&self) -> bool {
        let mut calls = lock(&self.calls);
        while !calls.woken && !calls.event {
            calls = self.comes.wait(calls).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut *calls).woken
    }

    fn take_woken(&self) -> bool {
        std::mem::take(&mut lock(&self.calls).woken)
    }
}

impl Wake for Level {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.call(|calls| calls.woken = true);
    }
}

/// Events from outside, which reach their wakers only by a thread that is in the backend.
#[derive(Clone, Debug, Default)]
pub struct Reactor(Arc<Mutex<Events>>);

#[derive(Debug, Default)]
struct Events {
    due: Vec<Waker>,
    sleepers: Vec<Arc<Level>>,
}

impl Reactor {
    /// An event for `waker` has come.
    pub fn fire(&self, waker: Waker) {
        let sleeper = {
            let mut events = lock(&self.0);
            events.due.push(waker);
            events.sleepers.last().cloned()
        };
        if let Some(level) = sleeper {
            level.call(|calls| calls.event = true);
        }
    }

    /// Turns until the level's future wants to be polled. The future is not polled for anything else: that could hide a
    /// wake-up that was lost.
    fn turn(&self, level: &Arc<Level>) {
        loop {
            let mut events = lock(&self.0);
            let mut woken = false;
            if events.due.is_empty() {
                events.sleepers.push(level.clone());
                drop(events);
                woken = level.sleep();
                events = lock(&self.0);
                events.sleepers.retain(|other| !Arc::ptr_eq(other, level));
            }
            let due = std::mem::take(&mut events.due);
            drop(events);
            for waker in due {
                waker.wake();
            }
            if woken || level.take_woken() {
                return;
            }
        }
    }
}

/// A backend on which nothing happens but what the models do.
#[derive(Debug, Default)]
pub struct Backend {
    reactor: Option<Reactor>,
    life: Mutex<Life>,
}

#[derive(Debug, Default)]
struct Life {
    /// How many threads are in `block_on`.
    inside: usize,
    stopped: bool,
}

impl Backend {
    /// One with a reactor.
    pub fn with_reactor(reactor: &Reactor) -> Self {
        Self { reactor: Some(reactor.clone()), ..Self::default() }
    }
}

impl Executor for Backend {
    fn block_on(&self, mut future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        {
            let mut life = lock(&self.life);
            assert!(!life.stopped, "a thread waits in a runtime that has stopped");
            life.inside += 1;
        }
        let level = Arc::new(Level::default());
        let waker = Waker::from(level.clone());
        let cx = &mut Context::from_waker(&waker);
        while future.as_mut().poll(cx).is_pending() {
            match &self.reactor {
                Some(reactor) => reactor.turn(&level),
                None => {
                    level.sleep();
                }
            }
        }
        lock(&self.life).inside -= 1;
    }

    /// What a call did before its first poll comes before what its future hands to others. A task of async-task would see
    /// to that in a way that the checker does not see.
    fn enter(&self, f: &mut dyn FnMut()) {
        fence(Ordering::SeqCst);
        f();
    }

    /// No model waits for a timer.
    fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        Err(job)
    }

    fn shutdown(&self, _wait: Duration) {
        let mut life = lock(&self.life);
        assert_eq!(life.inside, 0, "threads that wait in a runtime as it stops");
        life.stopped = true;
    }

    fn name(&self) -> &'static str {
        "model"
    }
}

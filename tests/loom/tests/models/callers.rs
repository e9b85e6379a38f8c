//! Callers alone: runners without a host, but for one.

use super::{builder, inline, relay};
use pontoon_loom::{Backend, Gate, Reactor, go};
use std::{
    future::{Future, poll_fn},
    task::Poll,
};

/// A waker is called by another thread, before, while and after the caller polls and parks, and once more.
pub(super) fn a_wake_against_a_park() {
    let runner = inline();
    let (first, second) = (Gate::default(), Gate::default());
    let opener = go({
        let (first, second) = (first.clone(), second.clone());
        move || {
            first.open();
            second.open();
        }
    });
    runner.run(async {
        first.wait().await;
        second.wait().await;
    });
    opener.join();
}

/// The same with a task that the caller is to run.
pub(super) fn a_push_against_a_park() {
    let runner = inline();
    let (start, done) = relay(&runner);
    let opener = go(move || start.open());
    runner.run(done.wait());
    opener.join();
}

/// The same for a caller that only waits, and the host as the one who wakes.
pub(super) fn a_wake_against_a_wait() {
    let runner = builder(Backend::default()).callers_drive(false).build();
    let gate = Gate::default();
    let opener = gate.clone();
    runner.spawn(async move { opener.open() }).detach();
    runner.run(gate.wait());
}

/// One of two callers runs the task, and both get what they wait for.
pub(super) fn a_task_for_two_callers() {
    let (runner, gate) = (inline(), Gate::default());
    let opener = gate.clone();
    let task = runner.spawn(async move { opener.open() });
    let other = go({
        let runner = runner.clone();
        move || runner.run(gate.wait())
    });
    task.join().expect("the task ends");
    other.join();
}

/// Two callers are parked. One is woken for a task that the other one waits for, and finds its own future ready.
pub(super) fn a_leader_returns() {
    let (runner, first) = (inline(), Gate::default());
    let (start, second) = relay(&runner);
    let other = go({
        let runner = runner.clone();
        move || runner.run(second.wait())
    });
    let waker = go({
        let first = first.clone();
        move || {
            start.open();
            first.open();
        }
    });
    runner.run(first.wait());
    other.join();
    waker.join();
}

/// A caller runs a task that ends its call and wakes the task that another caller waits for.
pub(super) fn a_leader_leaves_work_behind() {
    let (runner, first) = (inline(), Gate::default());
    let (start, second) = relay(&runner);
    let opener = first.clone();
    runner
        .spawn(async move {
            opener.open();
            start.open();
        })
        .detach();
    let other = go({
        let runner = runner.clone();
        move || runner.run(second.wait())
    });
    runner.run(first.wait());
    other.join();
}

/// Two callers are parked as in `a_leader_returns`, and the own future of the one who is woken takes until the other one has returned.
pub(super) fn a_leader_is_busy() {
    let runner = inline();
    let (first, returned) = (Gate::default(), Gate::default());
    let (start, second) = relay(&runner);
    let other = go({
        let (runner, returned) = (runner.clone(), returned.clone());
        move || {
            runner.run(second.wait());
            returned.open();
        }
    });
    let waker = go({
        let first = first.clone();
        move || {
            start.open();
            first.open();
        }
    });
    runner.run(async {
        first.wait().await;
        returned.block();
    });
    other.join();
    waker.join();
}

/// A task wakes itself, and another thread wakes it, while it is polled and at any other time.
pub(super) fn a_task_wakes_itself() {
    let (runner, gate) = (inline(), Gate::default());
    let open = gate.wait();
    let task = runner.spawn(async move {
        let mut woken = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut woken, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        open.await;
    });
    let opener = go(move || gate.open());
    task.join().expect("the task ends");
    opener.join();
}

/// A call inside the poll of another: what wakes the outer one while the inner one waits is not lost to it.
pub(super) fn a_nested_call() {
    let runner = inline();
    let (outer, inner) = (Gate::default(), Gate::default());
    let opener = go({
        let (outer, inner) = (outer.clone(), inner.clone());
        move || {
            outer.open();
            inner.open();
        }
    });
    let mut waits = Box::pin(outer.wait());
    runner.run(poll_fn(|cx| {
        let polled = waits.as_mut().poll(cx);
        if polled.is_pending() {
            runner.run(inner.wait());
        }
        polled
    }));
    opener.join();
}

/// More tasks than one turn of the loop runs: the caller comes back for the rest.
pub(super) fn more_than_a_batch() {
    let (runner, gate) = (inline(), Gate::default());
    for _ in 0..3 {
        runner.spawn(async {}).detach();
    }
    let opener = gate.clone();
    runner.spawn(async move { opener.open() }).detach();
    runner.run(gate.wait());
}

/// A caller is parked in the reactor's turn when that wakes a task, on the caller's own thread.
pub(super) fn a_wake_in_the_reactor() {
    let reactor = Reactor::default();
    let runner = builder(Backend::with_reactor(&reactor)).without_thread().build();
    let (event, gate) = (Gate::default(), Gate::default());
    let (comes, opener) = (event.wait(), gate.clone());
    runner
        .spawn(async move {
            comes.await;
            opener.open();
        })
        .detach();
    let source = go(move || event.open_by(&reactor));
    runner.run(gate.wait());
    source.join();
}

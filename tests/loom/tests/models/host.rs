//! The runner's own thread beside callers.

use super::{builder, hosted, relay};
use pontoon_core::Runner;
use pontoon_loom::{Backend, Gate, Reactor, Thread, go};

/// A task is woken while nobody waits in a call: the host runs it.
pub(super) fn a_task_nobody_waits_for() {
    let runner = hosted();
    let (start, done) = relay(&runner);
    start.open();
    done.block();
}

/// The host has stepped aside for a caller, at whichever stage, and the caller leaves.
pub(super) fn the_host_takes_over() {
    let (runner, gate) = (hosted(), Gate::default());
    let (start, done) = relay(&runner);
    let opener = go({
        let gate = gate.clone();
        move || gate.open()
    });
    runner.run(gate.wait());
    start.open();
    done.block();
    opener.join();
}

/// The same with an event that comes by the reactor, which somebody has to turn.
pub(super) fn the_host_returns_to_the_reactor() {
    let reactor = Reactor::default();
    let runner = builder(Backend::with_reactor(&reactor)).build();
    let gate = Gate::default();
    let (start, done) = relay(&runner);
    let opener = go({
        let gate = gate.clone();
        move || gate.open()
    });
    runner.run(gate.wait());
    start.open_by(&reactor);
    done.block();
    opener.join();
}

/// Starts a local task that opens a gate when another one is open. Gives the two.
fn local_relay(runner: &Runner) -> (Gate, Gate) {
    let (start, done) = (Gate::default(), Gate::default());
    let (started, opener) = (start.wait(), done.clone());
    runner
        .spawn_local(move || async move {
            started.await;
            opener.open();
        })
        .detach();
    (start, done)
}

/// A task that is the host's alone is woken while a caller drives.
pub(super) fn a_local_task() {
    let runner = hosted();
    let (start, done) = local_relay(&runner);
    let wait = done.wait();
    runner.run(async move {
        start.open();
        wait.await;
    });
}

/// The same by another thread, with a host that steps aside.
pub(super) fn a_local_task_of_a_host_aside() {
    let runner = hosted();
    let (start, done) = local_relay(&runner);
    let opener = go(move || start.open());
    runner.run(done.wait());
    opener.join();
}

/// A caller starts a task in its poll and does not return from there before the task has run.
pub(super) fn a_busy_caller() {
    let (runner, done) = (hosted(), Gate::default());
    let opener = done.clone();
    runner.run(async {
        runner.spawn(async move { opener.open() }).detach();
        done.block();
    });
}

/// Another caller, which has made its first poll and waits for `done`.
fn waits(runner: &Runner, done: &Gate) -> Thread<()> {
    let called = Gate::default();
    let other = go({
        let (runner, called, wait) = (runner.clone(), called.clone(), done.wait());
        move || {
            runner.run(async {
                called.open();
                wait.await;
            });
        }
    });
    called.block();
    other
}

/// The same beside a caller that waits, for which the host may have stepped aside.
pub(super) fn a_busy_caller_beside_another() {
    let runner = builder(Backend::default()).start().expect("the model's runtime starts");
    let done = Gate::default();
    let other = waits(&runner, &done);
    runner.run(async {
        let opener = done.clone();
        runner.spawn(async move { opener.open() }).detach();
        done.block();
    });
    other.join();
}

/// The same with two tasks, the first of which keeps whoever runs it until the second has run, and one more caller.
pub(super) fn a_busy_host() {
    let (runner, first, second) = (hosted(), Gate::default(), Gate::default());
    let other = go({
        let (runner, first) = (runner.clone(), first.clone());
        move || runner.run(first.wait())
    });
    runner.run(async {
        let (blocked, opener) = (second.clone(), first.clone());
        let task = async move {
            blocked.block();
            opener.open();
        };
        runner.spawn(task).detach();
        let opener = second.clone();
        runner.spawn(async move { opener.open() }).detach();
        second.block();
    });
    other.join();
}

/// The same with a local task, which the host runs while it is aside.
pub(super) fn a_busy_host_aside() {
    let runner = builder(Backend::default()).start().expect("the model's runtime starts");
    let (done, blocked) = (Gate::default(), Gate::default());
    let other = waits(&runner, &done);
    runner.run(async {
        let until = done.clone();
        let local = move || async move { until.block() };
        runner.spawn_local(local).detach();
        let (opener, unblocked) = (done.clone(), blocked.clone());
        let task = async move {
            opener.open();
            unblocked.open();
        };
        runner.spawn(task).detach();
        blocked.block();
    });
    other.join();
}

//! Calls that follow the host instead of driving beside it: each comes long after the one before.

use super::{builder, hosted, relay};
use pontoon_loom::{Backend, Gate, Reactor, go};

/// The host runs the task that a call waits for.
pub(super) fn a_lone_call() {
    let runner = hosted();
    let (start, done) = relay(&runner);
    let opener = go(move || start.open());
    runner.run(done.wait());
    opener.join();
}

/// Two of them, and whoever follows is notified if the other keeps the host from its task.
pub(super) fn two_lone_calls() {
    let runner = hosted();
    let (first, first_done) = relay(&runner);
    let (second, second_done) = relay(&runner);
    let other = go({
        let runner = runner.clone();
        move || runner.run(second_done.wait())
    });
    first.open();
    second.open();
    runner.run(first_done.wait());
    other.join();
}

/// A local task blocks the host until a call has seen an event, which comes by the reactor.
pub(super) fn a_local_task_that_blocks() {
    let reactor = Reactor::default();
    let runner = builder(Backend::with_reactor(&reactor)).build();
    let (start, event, release) = (Gate::default(), Gate::default(), Gate::default());
    let (started, blocked) = (start.wait(), release.clone());
    runner
        .spawn_local(move || async move {
            started.await;
            blocked.block();
        })
        .detach();
    let other = go({
        let event = event.clone();
        move || {
            start.open();
            event.open_by(&reactor);
        }
    });
    runner.run(async {
        event.wait().await;
        release.open();
    });
    other.join();
}

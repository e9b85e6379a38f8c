//! The close against whatever else goes on.

use super::{hosted, inline};
use pontoon_core::{RunError, Runner};
use pontoon_loom::{Drops, Gate, go};

/// Starts a task that never ends by itself.
fn endless(runner: &Runner, drops: &Drops) {
    let (counted, never) = (drops.counted(), Gate::default());
    runner
        .spawn(async move {
            never.wait().await;
            drop(counted);
        })
        .detach();
}

/// A call that nothing but the close can end.
fn wait(runner: Runner) {
    let drops = Drops::default();
    let closing = runner.clone();
    let caller = go({
        let counted = drops.counted();
        move || {
            let never = Gate::default();
            let called = runner.try_run(async {
                never.wait().await;
                drop(counted);
            });
            assert!(matches!(called, Err(RunError::Closed)), "{called:?}");
        }
    });
    closing.close().expect("the close is in time");
    caller.join();
    assert_eq!(drops.count(), 1, "drops of the call's future");
}

pub(super) fn close_against_a_wait() {
    wait(inline());
}

pub(super) fn close_against_a_hosted_wait() {
    wait(hosted());
}

/// A task that comes before the close, amid it, or after it.
fn spawn(runner: Runner) {
    let drops = Drops::default();
    let spawner = go({
        let (runner, drops) = (runner.clone(), drops.clone());
        move || endless(&runner, &drops)
    });
    runner.close().expect("the close is in time");
    spawner.join();
    assert_eq!(drops.count(), 1, "drops of the task's future");
}

pub(super) fn close_against_a_spawn() {
    spawn(inline());
}

pub(super) fn close_against_a_hosted_spawn() {
    spawn(hosted());
}

/// The host polls a task while the close begins.
pub(super) fn close_against_a_poll() {
    let (runner, drops) = (hosted(), Drops::default());
    endless(&runner, &drops);
    runner.close().expect("the close is in time");
    assert_eq!(drops.count(), 1, "drops of the task's future");
}

/// A caller may be polling the last task when the close begins, and the host waits for that.
pub(super) fn close_against_a_caller_at_work() {
    let (runner, drops) = (hosted(), Drops::default());
    endless(&runner, &drops);
    wait(runner);
    assert_eq!(drops.count(), 1, "drops of the task's future");
}

/// Another thread wakes a task while the close cancels it.
pub(super) fn close_against_a_wake() {
    let (runner, drops, gate) = (hosted(), Drops::default(), Gate::default());
    let (counted, open) = (drops.counted(), gate.wait());
    runner
        .spawn(async move {
            open.await;
            drop(counted);
        })
        .detach();
    let opener = go(move || gate.open());
    runner.close().expect("the close is in time");
    assert_eq!(drops.count(), 1, "drops of the task's future");
    opener.join();
}

/// The first use against the close: afterwards every call is refused.
pub(super) fn close_against_a_start() {
    let runner = inline();
    let caller = go({
        let runner = runner.clone();
        move || runner.try_run(async {}).is_ok()
    });
    runner.close().expect("the close is in time");
    caller.join();
    assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)), "a call after the close");
}

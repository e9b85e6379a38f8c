//! Cancelling a task, in each of its states.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use pontoon_core::Task;

use crate::Subject;
use crate::tools::{Gate, HANG, Witness, boom, drive_until, hold, watched, yields};

/// A task that waits: its future is gone when `cancel` returns.
pub fn p30_cancel_a_waiting_task(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for round in 0..200 {
        let task = runner.spawn(hold(witness.token()));
        // some are polled before, some are not
        runner.run(yields(round % 3));
        assert!(task.cancel().is_none());
        assert_eq!(witness.drops(), round + 1);
    }
    assert_eq!(runner.stats().tasks, 0);
}

/// A task that was never polled is dropped unpolled.
pub fn p30_cancel_before_the_first_poll(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let seen = polls.clone();
    let task = runner.spawn(watched(hold(witness.token()), move || _ = seen.fetch_add(1, SeqCst)));
    assert!(task.cancel().is_none());
    assert_eq!((polls.load(SeqCst), witness.drops()), (0, 1));
}

/// A finished task gives its value all the same.
pub fn p30_cancel_a_finished_task(s: &Subject) {
    let runner = s.runner();
    let task = runner.spawn(async { 7 });
    drive_until(&runner, || task.is_finished());
    assert_eq!(task.cancel(), Some(7));
}

/// A task that panicked gives nothing, and its panic goes nowhere else.
pub fn p30_cancel_a_panicked_task(s: &Subject) {
    let runner = s.runner();
    let task: Task<u8> = runner.spawn(async { boom("cancelled later") });
    drive_until(&runner, || task.is_finished());
    assert_eq!(task.cancel(), None);
    assert_eq!(runner.run(async { 1 }), 1);
}

/// A task that is being polled on another thread: `cancel` waits for that poll.
pub fn p30_cancel_while_it_is_polled(s: &Subject) {
    let runner = s.runner();
    for round in 0..20 {
        s.step(format!("round {round}"));
        let witness = Witness::new();
        let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
        let (entered, left, token) = (inside.clone(), leave.clone(), witness.token());
        let task = runner.spawn(async move {
            let _token = token;
            entered.open();
            left.wait();
            pending::<()>().await;
        });
        inside.wait();
        thread::scope(|scope| {
            let cancelled = scope.spawn(|| {
                assert!(task.cancel().is_none());
                witness.drops()
            });
            assert_eq!(witness.drops(), 0);
            leave.open();
            assert_eq!(cancelled.join().unwrap(), 1);
        });
    }
}

/// A task that finishes in the very poll that `cancel` waits for gives a value or none, once.
pub fn p30_cancel_races_with_the_end(s: &Subject) {
    let runner = s.runner();
    for round in 0..500 {
        s.step(format!("round {round}"));
        let witness = Witness::new();
        let token = witness.token();
        let task = runner.spawn(async move {
            yields(round % 5).await;
            token
        });
        runner.run(yields(round % 7));
        drop(task.cancel());
        assert_eq!(witness.drops(), 1);
    }
    assert_eq!(runner.stats().tasks, 0);
}

/// A task of a closed runner is cancelled already.
pub fn p30_cancel_after_close(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let before = runner.spawn(hold(witness.token()));
    runner.run(yields(1));
    runner.close().unwrap();
    assert_eq!(witness.drops(), 1);
    assert!(before.cancel().is_none());
    let after = runner.spawn(hold(witness.token()));
    assert_eq!(witness.drops(), 2);
    assert!(after.cancel().is_none());
}

/// From inside: a call, another task, the blocking pool.
pub fn p30_cancel_from_anywhere(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    s.step("a call");
    let task = runner.spawn(hold(witness.token()));
    runner.run(async {
        yields(2).await;
        assert!(task.cancel().is_none());
        assert_eq!(witness.drops(), 1);
    });
    s.step("a task");
    let (task, seen) = (runner.spawn(hold(witness.token())), witness.clone());
    let canceller = runner.spawn(async move {
        yields(2).await;
        assert!(task.cancel().is_none());
        seen.drops()
    });
    assert_eq!(canceller.join().unwrap(), 2);
    s.step("the blocking pool");
    let task = runner.spawn(hold(witness.token()));
    let cancelled = runner.unblock(move || task.cancel().is_none());
    assert!(cancelled.join().unwrap());
    assert_eq!(witness.drops(), 3);
    s.step("a local task");
    let kept = witness.token();
    let task = runner.spawn_local(move || hold(kept));
    runner.run(yields(2));
    assert!(task.cancel().is_none());
    assert_eq!(witness.drops(), 4);
    assert_eq!(runner.stats().tasks, 0);
}

/// Dropping the handle cancels the task, without waiting for it.
pub fn p31_dropping_the_handle_cancels(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for round in 0..100 {
        s.step(format!("round {round}"));
        let task = runner.spawn(hold(witness.token()));
        runner.run(yields(round % 3));
        drop(task);
        runner.run(witness.seen(round + 1));
    }
    // what a task holds is dropped before the task is counted as gone
    drive_until(&runner, || runner.stats().tasks == 0);
    s.step("nobody calls");
    let late = runner.spawn(hold(witness.token()));
    drop(late);
    runner.close().unwrap();
    assert_eq!(witness.drops(), 101);
}

/// Dropping a future that awaits a task cancels the task.
pub fn p31_dropping_an_awaiting_future_cancels(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let child = runner.spawn(hold(witness.token()));
    let parent = runner.spawn(async move {
        let _ = child.await;
    });
    runner.run(yields(3));
    assert!(parent.cancel().is_none());
    runner.run(witness.seen(1));
    let child = runner.spawn(hold(witness.token()));
    let late = runner.run_timeout(std::time::Duration::from_millis(1), child);
    assert!(late.is_err());
    runner.run(witness.seen(2));
}

/// What a task gave stays until its handle goes.
pub fn p31_an_unclaimed_value_is_dropped_with_the_handle(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let token = witness.token();
    let mut task = runner.spawn(async move { token });
    drive_until(&runner, || task.is_finished());
    assert_eq!(witness.drops(), 0);
    let claimed = task.join_timeout(HANG).unwrap().unwrap();
    drop(task);
    assert_eq!(witness.drops(), 0);
    drop(claimed);
    assert_eq!(witness.drops(), 1);
    let token = witness.token();
    let unclaimed = runner.spawn(async move { token });
    drive_until(&runner, || unclaimed.is_finished());
    drop(unclaimed);
    runner.run(witness.seen(2));
}

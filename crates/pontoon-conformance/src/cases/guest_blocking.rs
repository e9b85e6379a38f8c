//! Guest mode: blocking calls inside guests and around them.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures_lite::FutureExt as _;
use pontoon_core::guest::{Guest, GuestScope, GuestTask};
use pontoon_core::{JoinError, RunError, Runner};

use super::inversion::{STUCK, refused};
use crate::main_loop::{MainLoop, Results, guest, play, start};
use crate::tools::{Gate, Witness, hold, yields};
use crate::{Subject, exercise};

#[track_caller]
fn assert_refused(error: &JoinError) {
    assert!(matches!(error.refused(), Some(RunError::WouldDeadlock(_))), "{error}");
}

/// A task calls a runner of its own, and everything that a runner does works there.
pub fn p89_calls_inside_a_task(s: &Subject) {
    let subject = s.clone();
    play(s, async move {
        let runner = subject.runner();
        exercise(&runner).unwrap();
        let scope = GuestScope::current().unwrap();
        let inner = runner.clone();
        scope.spawn_local(async move { exercise(&inner).unwrap() }).await.unwrap();
        yields(1).await;
        runner.close().unwrap();
    })
    .unwrap();
}

/// The same on a runner of the executor that the guest is on: it works, or says why it cannot.
pub fn p89_calls_on_the_guests_own_executor(s: &Subject) {
    let executor = s.executor();
    let runner = s.builder_on(executor.clone()).build();
    let inner = runner.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let sleeps = executor.clone();
    let main = async move {
        let sleeping = sleeps.sleep(Duration::from_millis(1));
        let called = inner.try_run(async {
            yields(3).await;
            sleeping.await;
            7
        });
        sleeps.sleep(Duration::from_millis(1)).await;
        called
    };
    let run = Guest::new(executor).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    match results.one().unwrap() {
        Ok(value) => assert_eq!(value, 7),
        Err(error) => assert!(matches!(error, RunError::WouldDeadlock(_)), "{error}"),
    }
    s.step("the guest has ended, the runner has not");
    assert_eq!(runner.run(async { 8 }), 8);
    exercise(&runner).unwrap();
}

/// Any number of calls that need not wait work inside one poll of a task.
pub fn p89_many_ready_calls_in_a_poll(s: &Subject) {
    let runner = s.runner();
    play(s, async move {
        for n in 0..1_000 {
            assert_eq!(runner.run(async { n }), n);
        }
        yields(1).await;
        for n in 0..300 {
            runner.run(async {
                yields(1).await;
                assert_eq!(runner.run(async { n }), n);
            });
        }
    })
    .unwrap();
}

/// Waits for a task of the guest in a call, in each way that there is.
fn wait_for(runner: &Runner, task: impl Fn() -> GuestTask<i32>) {
    assert_refused(&runner.run(task()).unwrap_err());
    assert_refused(&runner.run_timeout(Duration::from_secs(3600), task()).unwrap().unwrap_err());
    assert_refused(&runner.run(async { runner.run(task()) }).unwrap_err());
    // nobody can drop the task meanwhile, so nobody waits until it is gone
    assert_eq!(runner.run(task().cancel()), None);
    let mut by_reference = task();
    assert_refused(&runner.run(&mut by_reference).unwrap_err());
    assert!(!by_reference.is_finished());
}

/// A call on the host's thread that waits for a task of a guest there is refused, inside a task and outside.
pub fn p89_waiting_for_a_task_on_the_hosts_thread(s: &Subject) {
    let host = MainLoop::new();
    let runner = s.runner();
    let witness = Witness::new();
    let (inner, tokens) = (runner.clone(), witness.clone());
    s.step("inside a task");
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        let slow = || {
            let token = tokens.token();
            scope.spawn_local(async move {
                hold(token).await;
                1
            })
        };
        wait_for(&inner, slow);
        // it was the waiting that was wrong
        let task = scope.spawn_local(async { 2 });
        yields(2).await;
        assert_eq!(inner.run(task).unwrap(), 2);
        scope.stopped().await;
    });
    host.turn();
    s.step("in the host");
    let scope = run.scope();
    let slow = || {
        let token = witness.token();
        scope.spawn_local(async move {
            hold(token).await;
            1
        })
    };
    wait_for(&runner, slow);
    let remote = run.remote();
    wait_for(&runner, || {
        remote.spawn(async {
            yields(3).await;
            3
        })
    });
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(witness.drops(), 10);
}

/// A call in a task that waits for a message is refused if only another task of the guest would send it.
pub fn p89_waiting_for_a_message_of_the_guest(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK).build();
    s.step("from another task");
    let inner = runner.clone();
    play(s, async move {
        let (sends, waits) = async_channel::bounded(1);
        let other = GuestScope::current().unwrap().spawn_local(async move { sends.send(1).await.unwrap() });
        refused(&inner, waits.recv());
        other.await.unwrap();
        assert_eq!(waits.try_recv(), Ok(1));
    })
    .unwrap();
    s.step("from a task that another thread has spawned");
    let inner = runner.clone();
    play(s, async move {
        let (sends, waits) = async_channel::bounded(1);
        let remote = GuestScope::current().unwrap().remote();
        let other = thread::spawn(move || remote.spawn(async move { sends.send(2).await.unwrap() }));
        refused(&inner, waits.recv());
        other.join().unwrap().await.unwrap();
        assert_eq!(waits.try_recv(), Ok(2));
    })
    .unwrap();
    runner.close().unwrap();
}

/// A call in a task that waits for long, while the guest has nothing else to do, is let wait.
pub fn p89_a_long_wait_in_a_task(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK / 10).build();
    play(s, async move {
        runner.try_run(runner.sleep(STUCK)).unwrap();
        let task = GuestScope::current().unwrap().spawn_local(hold(()));
        yields(2).await;
        runner.try_run(runner.sleep(STUCK)).unwrap();
        drop(task);
    })
    .unwrap();
}

/// A call of the host's own that waits for long between two ticks is let wait, although a task of the guest is ready.
pub fn p89_a_long_wait_between_ticks(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK / 10).build();
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    host.turn();
    let task = run.scope().spawn_local(async { 1 });
    runner.try_run(runner.sleep(STUCK)).unwrap();
    runner.try_run(async { runner.try_run(runner.sleep(STUCK)) }).unwrap().unwrap();
    assert!(!task.is_finished());
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// A call that waits for a task of a guest is refused before the guest has had its first tick.
pub fn p89_waiting_for_a_task_before_the_first_tick(s: &Subject) {
    let host = MainLoop::new();
    let runner = s.runner();
    let (run, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    let scope = run.scope();
    wait_for(&runner, || {
        scope.spawn_local(async {
            yields(3).await;
            3
        })
    });
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// A call that is itself the guest's host may wait for the guest's tasks.
pub fn p89_a_call_that_is_the_host(s: &Subject) {
    let runner = s.runner();
    let future = guest(s)
        .into_future(async {
            GuestScope::current().unwrap().stopped().await;
            1
        })
        .unwrap();
    let scope = future.guest().scope();
    let task = scope.spawn_local(async {
        yields(3).await;
        2
    });
    let waits = async {
        let two = task.await.unwrap();
        let three = scope.spawn_local(async { 3 }).await.unwrap();
        scope.request_stop();
        two + three
    };
    let (one, five) = runner.run(futures_lite::future::zip(future, waits));
    assert_eq!((one.unwrap(), five), (1, 5));
}

/// A task that blocks its host in a call waits for another thread, which waits for nothing of the guest's.
pub fn p89_a_task_waits_for_another_thread(s: &Subject) {
    let runner = s.runner();
    let host = MainLoop::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    let log = order.clone();
    let (run, results) = start(s, &host, async move {
        let gate = Gate::new("the other thread has been there");
        let open = gate.clone();
        let other = thread::spawn(move || open.open());
        runner.run(gate.passed());
        other.join().unwrap();
        log.borrow_mut().push("waited");
        let timeout = runner.run_timeout(Duration::from_millis(2), hold(()));
        assert!(matches!(timeout, Err(RunError::TimedOut)));
        let raced = async { runner.sleep(Duration::from_millis(1)).await }.or(hold(()));
        runner.run(raced);
        log.borrow_mut().push("slept");
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(*order.borrow(), ["waited", "slept"]);
}

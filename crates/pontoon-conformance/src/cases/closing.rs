//! The end of a runner.

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_lite::stream;
use pontoon_core::RunError;

use crate::Subject;
use crate::tools::{
    Gate, HANG, OnDrop, Token, Witness, at_once, boom, drive_until, held_closure, hold, panics, yields,
};

/// A close cancels what is left: every future is gone when it returns, every join says so.
pub fn p63_close_cancels_the_tasks(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let token = witness.token();
            runner.spawn(async move {
                yields(n % 3).await;
                hold(token).await;
            })
        })
        .collect();
    let token = witness.token();
    let local = runner.spawn_local(move || hold(token));
    runner.spawn(hold(witness.token())).detach();
    runner.run(yields(2));
    runner.close().unwrap();
    assert_eq!((witness.drops(), runner.stats().tasks), (102, 0));
    for task in tasks {
        assert!(task.join().unwrap_err().is_cancelled());
    }
    assert!(local.is_finished());
    assert!(local.join().unwrap_err().is_cancelled());
}

/// What ends while the runner closes has ended when the close returns: its handle says so, and gives its result.
pub fn p63_what_ends_with_the_close(s: &Subject) {
    for round in 0..50 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let (closure, leave) = held_closure(&runner, move || round);
        let task = runner.spawn(hold(()));
        thread::scope(|scope| {
            scope.spawn(|| leave.open());
            runner.close().unwrap();
        });
        assert!(closure.is_finished() && task.is_finished());
        assert_eq!(closure.join().unwrap(), round);
        assert!(task.join().unwrap_err().is_cancelled());
    }
}

/// Afterwards every call says that the runner is closed, and what cannot say so is cancelled.
pub fn p63_after_a_close(s: &Subject) {
    let runner = s.runner();
    let done = runner.spawn(async { 7 });
    drive_until(&runner, || done.is_finished());
    assert!(!runner.is_closed());
    runner.close().unwrap();
    assert!(runner.is_closed());
    assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)));
    let late = runner.run_timeout(HANG, async {});
    assert!(matches!(late, Err(RunError::Closed)));
    s.step("tasks");
    assert_eq!(done.join().unwrap(), 7);
    assert!(runner.spawn(async {}).join().unwrap_err().is_cancelled());
    assert!(runner.spawn_local(|| async {}).join().unwrap_err().is_cancelled());
    assert!(runner.unblock(|| ()).join().unwrap_err().is_cancelled());
    let started = runner.start_task(|ready| async move { ready.set(()) });
    assert!(started.unwrap_err().is_cancelled());
    let mut late = runner.spawn(async {});
    assert!(late.is_finished());
    assert!(late.join_timeout(HANG).unwrap().unwrap_err().is_cancelled());
    s.step("enter");
    assert_eq!(runner.enter(|| 8), 8);
    assert_eq!(runner.stats().tasks, 0);
}

/// A close wakes every blocked caller: a call, a join, a timeout, an iterator.
pub fn p64_close_wakes_blocked_callers(s: &Subject) {
    for round in 0..10 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let witness = Witness::new();
        let inside: Vec<_> = (0..6).map(|_| Gate::new("a caller is inside")).collect();
        let stuck = |n: usize| {
            let (token, entered) = (witness.token(), inside[n].clone());
            async move {
                entered.open();
                hold::<Token>(token).await;
            }
        };
        let nested = || runner.run(async { runner.try_run(stuck(4)) });
        let joined = || {
            let mut task = runner.spawn(stuck(3));
            assert!(task.join_timeout(HANG).unwrap().unwrap_err().is_cancelled());
        };
        let closed = |ended: Result<(), RunError>| assert!(matches!(ended, Err(RunError::Closed)), "{ended:?}");
        thread::scope(|scope| {
            scope.spawn(|| closed(runner.try_run(stuck(0))));
            scope.spawn(|| closed(runner.run_timeout(Duration::from_secs(600), stuck(1))));
            scope.spawn(|| assert!(runner.spawn(stuck(2)).join().unwrap_err().is_cancelled()));
            scope.spawn(joined);
            // the outer call is refused too, or gives what the inner one gave
            scope.spawn(|| _ = crate::tools::hushed(nested));
            scope.spawn(|| {
                let entered = inside[5].clone();
                let waits = stream::poll_fn(move |_| {
                    entered.open();
                    std::task::Poll::<Option<()>>::Pending
                });
                closed(runner.wrap_iter(waits).try_next().map(drop));
            });
            for gate in &inside {
                gate.wait();
            }
            runner.close().unwrap();
        });
        assert_eq!(witness.drops(), 5);
        assert_eq!(runner.stats().callers, 0);
    }
}

/// The runner's thread has ended when a close returns.
pub fn p65_close_joins_the_thread(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let witness = live_with_the_thread(&runner);
        assert_eq!(witness.drops(), 0);
        runner.close().unwrap();
        assert_eq!(witness.drops(), 1);
    }
}

/// A witness that sees the end of the runner's thread.
fn live_with_the_thread(runner: &pontoon_core::Runner) -> Witness {
    thread_local! {
        static KEPT: Cell<Option<Token>> = const { Cell::new(None) };
    }
    let witness = Witness::new();
    let token = witness.token();
    let local = runner.spawn_local(move || async move { KEPT.set(Some(token)) });
    local.join().unwrap();
    witness
}

/// Before the first use, and twice.
pub fn p66_close_an_idle_runner(s: &Subject) {
    let runner = s.runner();
    runner.close().unwrap();
    assert!(runner.is_closed());
    runner.close().unwrap();
    runner.close_timeout(Duration::ZERO).unwrap();
    assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)));
    drop(s.runner());
    let used = s.runner();
    used.run(yields(1));
    used.close_timeout(HANG).unwrap();
    used.close().unwrap();
}

/// Eight threads close at once: each returns when it is done, and one has the errors.
pub fn p66_close_from_many_threads(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let witness = Witness::new();
        let tasks: Vec<_> = (0..10).map(|_| runner.spawn(hold(witness.token()))).collect();
        runner.run(yields(2));
        at_once(8, |_| {
            runner.close().unwrap();
            assert!(runner.is_closed());
            assert_eq!(witness.drops(), 10);
        });
        drop(tasks);
    }
}

/// Closing while others call: each call gives its value or `Closed`.
pub fn p66_close_among_calls(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let (witness, started) = (Witness::new(), Gate::new("started"));
        let made = at_once(6, |thread| {
            if thread == 0 {
                started.wait();
                runner.close().unwrap();
                return 0;
            }
            let mut made = 0;
            loop {
                made += 1;
                let token = witness.token();
                let body = async move {
                    yields(made % 3).await;
                    drop(token);
                };
                let ended = match (made + thread) % 2 {
                    0 => runner.try_run(body).map_err(|error| matches!(error, RunError::Closed)),
                    _ => runner.spawn(body).join().map_err(|error| error.is_cancelled()),
                };
                if let Err(as_promised) = ended {
                    assert!(as_promised);
                    break;
                }
                if made > 20 {
                    started.open();
                }
            }
            started.open();
            made
        });
        assert_eq!(witness.drops(), made.into_iter().sum::<usize>());
    }
}

/// From inside a call: it closes, what waits inside is refused, and nothing hangs.
pub fn p66_close_inside_a_call(s: &Subject) {
    s.step("and nothing more");
    let (runner, witness) = with_a_task(s);
    let ended = runner.try_run(async {
        yields(1).await;
        let _ = runner.close();
        runner.is_closed()
    });
    assert!(matches!(ended, Ok(true) | Err(RunError::Closed)), "{ended:?}");
    is_over(&runner, &witness);
    s.step("then a wait");
    let (runner, witness) = with_a_task(s);
    let ended = runner.try_run(async {
        let _ = runner.close();
        pending::<()>().await;
    });
    assert!(matches!(ended, Err(RunError::Closed)), "{ended:?}");
    is_over(&runner, &witness);
    s.step("in a nested call");
    let (runner, witness) = with_a_task(s);
    let ended = runner.try_run(async {
        let nested = runner.try_run(async {
            let _ = runner.close();
            pending::<()>().await;
        });
        assert!(matches!(nested, Err(RunError::Closed)), "{nested:?}");
    });
    assert!(matches!(ended, Ok(()) | Err(RunError::Closed)), "{ended:?}");
    is_over(&runner, &witness);
}

/// From inside a task: it closes, the task is the last to go, and nothing hangs.
pub fn p66_close_inside_a_task(s: &Subject) {
    for waits in [false, true] {
        s.step(format!("a task, waits: {waits}"));
        let (runner, witness) = with_a_task(s);
        let inner = runner.clone();
        let joined = runner.spawn(close_and_wait(inner, waits)).join();
        assert!(joined.is_ok_and(|()| !waits) || runner.is_closed());
        is_over(&runner, &witness);
        s.step(format!("a local task, waits: {waits}"));
        let (runner, witness) = with_a_task(s);
        let inner = runner.clone();
        let joined = runner.spawn_local(move || close_and_wait(inner, waits)).join();
        assert!(joined.is_ok_and(|()| !waits) || runner.is_closed());
        is_over(&runner, &witness);
    }
}

async fn close_and_wait(runner: pontoon_core::Runner, waits: bool) {
    yields(1).await;
    let _ = runner.close();
    if waits {
        pending::<()>().await;
    }
}

/// From inside the blocking pool, in a closure of the runner's own.
pub fn p66_close_inside_the_blocking_pool(s: &Subject) {
    let (runner, witness) = with_a_task(s);
    let (inner, closed) = (runner.clone(), Gate::new("the closure closed"));
    let end = closed.clone();
    let closes = move || {
        let _ = inner.close();
        end.open();
    };
    runner.unblock(closes).detach();
    closed.wait();
    is_over(&runner, &witness);
}

/// A runner with a task that never ends, and the witness of its end. A close that waits for itself would hang.
fn with_a_task(s: &Subject) -> (pontoon_core::Runner, Witness) {
    let runner = s.builder().close_limit(10 * HANG).build();
    let witness = Witness::new();
    runner.spawn(hold(witness.token())).detach();
    runner.run(yields(2));
    (runner, witness)
}

/// Whatever closed the runner from inside: a close from outside finds the end.
fn is_over(runner: &pontoon_core::Runner, witness: &Witness) {
    runner.close().unwrap();
    assert!(runner.is_closed());
    assert_eq!(witness.drops(), 1);
}

/// In a `Drop`, also while unwinding.
pub fn p66_close_in_drop(s: &Subject) {
    let witness = Witness::new();
    for (round, unwinds) in [false, true].into_iter().enumerate() {
        let runner = s.runner();
        runner.spawn(hold(witness.token())).detach();
        runner.run(yields(2));
        let closes = || OnDrop::new(|| runner.close().unwrap());
        if unwinds {
            let text = panics(|| {
                let _closes = closes();
                boom("unwinding")
            });
            assert_eq!(text, "unwinding");
        } else {
            drop(closes());
        }
        assert!(runner.is_closed());
        assert_eq!(witness.drops(), round + 1);
    }
    s.step("the last handle, while unwinding");
    let text = panics(|| {
        let runner = s.runner();
        runner.spawn(hold(witness.token())).detach();
        runner.run(yields(2));
        let _kept = runner;
        boom("unwinding")
    });
    assert_eq!(text, "unwinding");
    witness.wait_for(3);
}

/// The loop closes with its last handle: its futures are dropped and its thread ends.
pub fn p68_the_last_handle_closes(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let (witness, other) = (Witness::new(), runner.clone());
        runner.spawn(hold(witness.token())).detach();
        let task = runner.spawn(hold(witness.token()));
        runner.run(yields(2));
        drop(runner);
        other.run(yields(2));
        assert_eq!(witness.drops(), 0);
        drop(other);
        witness.wait_for(2);
        assert!(task.join().unwrap_err().is_cancelled());
    }
}

/// The thread of a runner ends with its last handle.
pub fn p68_the_last_handle_ends_the_thread(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let witness = live_with_the_thread(&runner);
        drop(runner);
        witness.wait_for(1);
    }
}

/// The last handle may go anywhere: in a task of the loop, in the blocking pool, in a call.
pub fn p68_the_last_handle_goes_inside(s: &Subject) {
    for round in 0..20 {
        s.step(format!("a task, round {round}"));
        let (witness, gone) = (Witness::new(), Gate::new("gone"));
        let runner = s.runner();
        runner.spawn(hold(witness.token())).detach();
        let (last, token, end) = (Arc::new(runner.clone()), witness.token(), gone.clone());
        let task = runner.spawn(async move {
            let _token = token;
            yields(2).await;
            drop(last);
            end.open();
        });
        if s.why_not(crate::Capability::BackgroundProgress).is_some() {
            runner.run(gone.passed());
        }
        drop(runner);
        let joined = task.join();
        assert!(joined.is_ok() || joined.unwrap_err().is_cancelled());
        witness.wait_for(2);
        s.step(format!("the blocking pool, round {round}"));
        let runner = s.builder().close_limit(10 * HANG).build();
        runner.spawn(hold(witness.token())).detach();
        let (last, dropped) = (runner.clone(), Gate::new("ours is dropped"));
        let passed = dropped.clone();
        let pooled = move || {
            passed.wait();
            drop(last);
        };
        runner.unblock(pooled).detach();
        drop(runner);
        dropped.open();
        witness.wait_for(3);
    }
}

//! Closing against resistance.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use pontoon_core::{Executor, Outcome, RunError, Runner};

use crate::session::Fault;
use crate::spy::Spy;
use crate::tools::{Gate, HANG, Token, Witness, boom, held_closure, hold, yields};
use crate::{Subject, child};

/// A task that blocks the loop: the close gives up at its limit and says what it left behind.
pub fn p67_a_task_that_blocks_the_loop(s: &Subject) {
    blocked(s, |runner, block| runner.spawn_local(move || async move { block() }).detach());
    blocked(s, |runner, block| runner.spawn(async move { block() }).detach());
}

/// Lets `start` occupy a thread of the loop, and closes.
fn blocked(s: &Subject, start: impl Fn(&Runner, Box<dyn FnOnce() + Send>)) {
    let runner = s.runner();
    let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
    let (entered, left) = (inside.clone(), leave.clone());
    start(
        &runner,
        Box::new(move || {
            entered.open();
            left.wait();
        }),
    );
    inside.wait();
    s.step("close");
    // it cannot end before the task does, and the task waits for us
    let error = runner.close_timeout(Duration::from_millis(30)).unwrap_err();
    assert!(error.timed_out() && error.abandoned() >= 1, "{error}");
    assert!(error.to_string().contains("abandoned"), "{error}");
    assert!(runner.is_closed());
    assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)));
    s.step("close again");
    runner.close_timeout(Duration::from_millis(5)).unwrap();
    leave.open();
}

/// The limit of the builder holds for `close` and for the last handle.
pub fn p67_the_limit_of_the_builder(s: &Subject) {
    for by_drop in [false, true] {
        s.step(format!("by drop: {by_drop}"));
        let runner = s.builder().close_limit(Duration::from_millis(30)).build();
        let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
        let (entered, left) = (inside.clone(), leave.clone());
        let blocks = move || async move {
            entered.open();
            left.wait();
        };
        runner.spawn_local(blocks).detach();
        inside.wait();
        if by_drop {
            drop(runner);
        } else {
            assert!(runner.close().unwrap_err().timed_out());
        }
        leave.open();
    }
}

/// A call in a long poll on another thread does not hold the close up for longer than its limit.
pub fn p67_a_call_in_a_long_poll(s: &Subject) {
    let runner = s.runner();
    let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
    let witness = Witness::new();
    thread::scope(|scope| {
        let call = scope.spawn(|| {
            let token = witness.token();
            runner.try_run(async {
                let _token = token;
                yields(1).await;
                inside.open();
                leave.wait();
                yields(1).await;
                1
            })
        });
        inside.wait();
        // whether it waits for the call or not: it returns
        let _ = runner.close_timeout(Duration::from_millis(30));
        assert!(runner.is_closed());
        leave.open();
        let ended = call.join().unwrap();
        assert!(matches!(ended, Ok(1) | Err(RunError::Closed)), "{ended:?}");
    });
    assert_eq!(witness.drops(), 1);
}

/// A task that comes again whenever it is dropped does not come back for ever.
pub fn p67_a_task_that_ignores_its_cancellation(s: &Subject) {
    struct Phoenix {
        runner: Runner,
        deaths: Arc<AtomicUsize>,
    }
    impl Drop for Phoenix {
        fn drop(&mut self) {
            if self.deaths.fetch_add(1, SeqCst) < 100 {
                let (runner, deaths) = (self.runner.clone(), self.deaths.clone());
                let again = Phoenix { runner, deaths };
                self.runner.spawn(hold(again)).detach();
            }
        }
    }
    let runner = s.runner();
    let deaths = Arc::new(AtomicUsize::new(0));
    let phoenix = Phoenix { runner: runner.clone(), deaths: deaths.clone() };
    runner.spawn(hold(phoenix)).detach();
    runner.run(yields(2));
    runner.close().unwrap();
    assert!(deaths.load(SeqCst) >= 1);
    assert_eq!(runner.stats().tasks, 0);
}

/// Tasks that are ready again and again, and spawn others, end at a close as well.
pub fn p67_tasks_that_never_rest(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for _ in 0..20 {
        let (inner, token) = (runner.clone(), witness.token());
        let busy = async move {
            let _token = token;
            loop {
                inner.spawn(yields(2)).detach();
                yields(1).await;
            }
        };
        runner.spawn(busy).detach();
    }
    runner.run(yields(20));
    runner.close().unwrap();
    assert_eq!(witness.drops(), 20);
}

/// A closure of the blocking pool cannot be stopped: the close does not wait past its limit.
pub fn p67_a_closure_that_never_returns(s: &Subject) {
    let runner = s.runner();
    let (task, leave) = held_closure(&runner, || ());
    let _ = runner.close_timeout(Duration::from_millis(30));
    assert!(runner.is_closed());
    drop(task);
    drop(runner);
    leave.open();
}

/// Sleeping futures and waiting closures break nothing when their runner closes.
pub fn p67_timers_in_flight(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for n in 0..20 {
        let (inner, token) = (runner.clone(), witness.token());
        let sleeps = async move {
            let _token = token;
            inner.sleep(Duration::from_secs(3_600 + n)).await;
        };
        runner.spawn(sleeps).detach();
    }
    let kept = runner.sleep(Duration::from_secs(3_600));
    runner.run(yields(3));
    runner.close().unwrap();
    assert_eq!(witness.drops(), 20);
    drop(kept);
}

/// A limit of zero gives up at once, or is done; a huge one is no overflow.
pub fn p67_odd_limits(s: &Subject) {
    for limit in [Duration::ZERO, Duration::MAX] {
        s.step(format!("{limit:?}"));
        let runner = s.builder().close_limit(limit).build();
        let witness = Witness::new();
        runner.spawn(hold(witness.token())).detach();
        runner.run(yields(2));
        let ended = runner.close_timeout(limit);
        assert!(ended.is_ok() || limit.is_zero(), "{ended:?}");
        witness.wait_for(1);
        drop(s.builder().close_limit(limit).build());
        let used = s.builder().close_limit(limit).build();
        used.run(yields(2));
        drop(used);
    }
}

/// A process ends without a close as fast as with one, and with its own status.
pub fn p69_a_process_ends_without_a_close(s: &Subject) {
    let printed = child::run(s, "no close");
    assert!(printed.contains("the end of main"), "{printed}");
}

/// In a process of its own: it leaves runners behind, at work and at rest.
pub(crate) fn no_close(s: &Subject) -> ExitCode {
    let busy = s.runner();
    let inner = busy.clone();
    let endless = async move {
        loop {
            inner.sleep(Duration::from_millis(1)).await;
        }
    };
    busy.spawn(endless).detach();
    busy.spawn(hold(Witness::new().token())).detach();
    busy.spawn_local(|| hold::<Option<Token>>(None)).detach();
    busy.run(yields(3));
    let resting = s.runner();
    resting.run(yields(1));
    let left = resting.spawn(async { HANG });
    std::mem::forget((busy, resting, left));
    println!("the end of main");
    ExitCode::SUCCESS
}

/// A backend that panics on the thread `fragile` from the moment that the flag is set.
fn fragile(s: &Subject) -> (impl Executor + use<>, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let breaks = broken.clone();
    let backend = Spy::new(s).before_poll(move || {
        if breaks.load(SeqCst) && thread::current().name() == Some("fragile") {
            boom("the backend breaks");
        }
    });
    (backend, broken)
}

/// Breaks the backend, and sees that the runner's own thread has met that.
fn break_it(runner: &Runner, broken: &AtomicBool) {
    broken.store(true, SeqCst);
    // these are for that thread, which may stand aside from the backend for a moment
    let refused = loop {
        if let Err(error) = runner.spawn_local(|| async {}).join() {
            break error;
        }
    };
    assert!(refused.is_cancelled(), "{refused:?}");
}

/// A backend that panics on the runner's own thread closes the runner: who waits is told, and the tasks are dropped.
pub fn p101_a_backend_that_breaks(s: &Subject) {
    for waits in [false, true] {
        s.step(format!("while a call waits: {waits}"));
        let (backend, broken) = fragile(s);
        // a caller that drives keeps the runner's own thread out of the backend
        let runner = s.builder_on(backend).thread_name("fragile").callers_drive(!waits).start().unwrap();
        let witness = Witness::new();
        let exits = pontoon_core::context(async || Ok::<_, Fault>(()), async |(), _: Outcome<'_>| Ok(()));
        runner.enter_context(exits).unwrap();
        let tasks: Vec<_> = (0..3).map(|_| runner.spawn(hold(witness.token()))).collect();
        let token = witness.token();
        let local = runner.spawn_local(move || hold(token));
        runner.run(yields(3));
        thread::scope(|scope| {
            let caller = waits.then(|| scope.spawn(|| runner.try_run(hold(witness.token()))));
            break_it(&runner, &broken);
            if let Some(caller) = caller {
                assert!(matches!(caller.join().unwrap(), Err(RunError::Closed)));
            }
        });
        for task in tasks.into_iter().chain([local]) {
            assert!(task.join().unwrap_err().is_cancelled());
        }
        assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)));
        let error = runner.close().unwrap_err();
        assert_eq!((error.exits().len(), error.abandoned(), error.timed_out()), (1, 0, false), "{error}");
        assert_eq!(witness.drops(), 4 + usize::from(waits));
        runner.close().unwrap();
    }
}

/// After a backend has broken, `close` waits for a closure that still runs as ever, and says so if that does not end.
pub fn p101_a_closure_while_a_backend_breaks(s: &Subject) {
    let (backend, broken) = fragile(s);
    let runner = s.builder_on(backend).thread_name("fragile").callers_drive(false).start().unwrap();
    let witness = Witness::new();
    let token = witness.token();
    let (closure, leave) = held_closure(&runner, move || drop(token));
    break_it(&runner, &broken);
    let error = runner.close_timeout(Duration::from_millis(30)).unwrap_err();
    assert_eq!((error.abandoned(), error.timed_out()), (1, true), "{error}");
    leave.open();
    runner.close().unwrap();
    assert_eq!(witness.drops(), 1);
    closure.join().unwrap();
}

//! Calls inside calls.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use pontoon_core::{RunError, Runner};

use crate::tools::{Gate, HANG, OnDrop, Witness, boom, hold, panics, yields};
use crate::{Subject, child, exercise};

/// A hundred calls inside each other, each with a wait of its own.
pub fn p20_a_hundred_deep_in_place(s: &Subject) {
    fn deeper(runner: &Runner, levels: usize) -> usize {
        if levels == 0 {
            return 0;
        }
        runner.run(async {
            yields(1).await;
            let below = deeper(runner, levels - 1);
            yields(1).await;
            below + 1
        })
    }
    let runner = s.runner();
    assert_eq!(deeper(&runner, 100), 100);
    assert_eq!(runner.run(async { 1 }), 1);
}

/// A hundred tasks, each of which waits in its poll for the next.
pub fn p20_a_hundred_deep_in_tasks(s: &Subject) {
    fn deeper(runner: Runner, levels: usize) -> usize {
        if levels == 0 {
            return 0;
        }
        let inner = runner.clone();
        let task = runner.spawn(async move {
            yields(1).await;
            let below = deeper(inner, levels - 1);
            yields(1).await;
            below + 1
        });
        runner.run(async { task.await.unwrap() })
    }
    let runner = s.runner();
    for round in 0..3 {
        s.step(format!("round {round}"));
        assert_eq!(deeper(runner.clone(), 100), 100);
    }
}

/// The same on the thread of the local tasks, by `join`.
pub fn p20_a_hundred_deep_in_local_tasks(s: &Subject) {
    fn deeper(runner: Runner, levels: usize) -> usize {
        if levels == 0 {
            return 0;
        }
        let inner = runner.clone();
        let task = runner.spawn_local(move || async move {
            yields(1).await;
            let below = deeper(inner, levels - 1);
            yields(1).await;
            below + 1
        });
        task.join().unwrap()
    }
    let runner = s.runner();
    assert_eq!(deeper(runner.clone(), 100), 100);
}

/// A timer at every level fires, and a timeout inside stops at its own level.
pub fn p20_timers_at_every_level(s: &Subject) {
    fn deeper(runner: &Runner, levels: usize) -> usize {
        if levels == 0 {
            let late = runner.run_timeout(Duration::from_millis(1), pending::<()>());
            assert!(matches!(late, Err(RunError::TimedOut)));
            return 0;
        }
        runner.run(async {
            runner.sleep(Duration::from_micros(300)).await;
            let below = deeper(runner, levels - 1);
            runner.sleep(Duration::from_micros(300)).await;
            below + 1
        })
    }
    let runner = s.runner();
    assert_eq!(deeper(&runner, 20), 20);
    let inner = runner.clone();
    let task = runner.spawn(async move { deeper(&inner, 20) });
    assert_eq!(task.join().unwrap(), 20);
}

/// Everything works from a call, a task, a local task, a nested task and the blocking pool.
pub fn p20_everything_works_inside(s: &Subject) {
    let runner = s.runner();
    s.step("a plain thread");
    exercise(&runner).unwrap();
    s.step("a call");
    runner.run(async { exercise(&runner).unwrap() });
    s.step("a call that waited");
    runner.run(async {
        runner.sleep(Duration::from_millis(1)).await;
        exercise(&runner).unwrap();
    });
    s.step("a task");
    let inner = runner.clone();
    runner.spawn(async move { exercise(&inner).unwrap() }).join().unwrap();
    s.step("a local task");
    let inner = runner.clone();
    runner.spawn_local(move || async move { exercise(&inner).unwrap() }).join().unwrap();
    s.step("a task in a task");
    let inner = runner.clone();
    let task = runner.spawn(async move {
        let deepest = inner.clone();
        yields(1).await;
        let task = inner.spawn(async move { exercise(&deepest).unwrap() });
        inner.run(async { task.await.unwrap() });
    });
    task.join().unwrap();
    s.step("the blocking pool");
    let inner = runner.clone();
    runner.unblock(move || exercise(&inner).unwrap()).join().unwrap();
    s.step("a stream of the blocking pool");
    let inner = runner.clone();
    let blocking = runner.unblock_iter((0..2).inspect(move |_| exercise(&inner).unwrap()));
    assert!(runner.wrap_iter(blocking).eq(0..2));
}

/// Everything works in a `Drop`: of a call's future, of a task's, of a local, while unwinding.
pub fn p20_everything_works_in_drop(s: &Subject) {
    let runner = s.runner();
    let ran = Arc::new(Gate::new("the drop"));
    let guard = || {
        let (runner, ran) = (runner.clone(), ran.clone());
        OnDrop::new(move || {
            exercise(&runner).unwrap();
            ran.open();
        })
    };
    let took_place = |ran: &Gate| assert!(ran.is_open(), "the drop failed or did not happen");
    s.step("a call's future");
    let late = runner.run_timeout(Duration::from_millis(1), hold(guard()));
    assert!(late.is_err());
    took_place(&ran);
    s.step("a cancelled task");
    let ran = Arc::new(Gate::new("the drop of the task"));
    let (inner, opened) = (runner.clone(), ran.clone());
    let guard = OnDrop::new(move || {
        exercise(&inner).unwrap();
        opened.open();
    });
    assert!(runner.spawn(hold(guard)).cancel().is_none());
    took_place(&ran);
    s.step("unwinding");
    let ran = Gate::new("the drop while unwinding");
    let text = panics(|| {
        let _guard = OnDrop::new(|| {
            exercise(&runner).unwrap();
            ran.open();
        });
        boom("unwinding")
    });
    assert_eq!(text, "unwinding");
    took_place(&ran);
    s.step("unwinding out of a call");
    let ran = Gate::new("the drop while a call unwinds");
    let body = async {
        let _guard = OnDrop::new(|| {
            exercise(&runner).unwrap();
            ran.open();
        });
        yields(1).await;
        boom("call")
    };
    assert_eq!(panics(|| runner.run(body)), "call");
    took_place(&ran);
}

/// In the destructor of a thread-local a call works or gives a typed error.
pub fn p20_a_call_in_a_thread_locals_destructor(s: &Subject) {
    let printed = child::run(s, "thread-local");
    assert!(printed.contains("the loop lives"), "{printed}");
}

/// What a thread-local does when it is dropped.
type LastCall = Box<dyn FnOnce()>;

/// In a process of its own: a panic in such a destructor aborts.
pub(crate) fn thread_local(s: &Subject) -> ExitCode {
    thread_local! {
        static LAST: Cell<Option<OnDrop<LastCall>>> = const { Cell::new(None) };
    }
    let runner = s.runner();
    for used_before in [false, true] {
        let (send, receive) = mpsc::channel();
        thread::scope(|scope| {
            let inner = runner.clone();
            scope.spawn(move || {
                let last = inner.clone();
                let call: LastCall = Box::new(move || {
                    let ready = last.try_run(async { 1 });
                    let waited = last.try_run(async {
                        last.sleep(Duration::from_micros(100)).await;
                        2
                    });
                    send.send((ready, waited)).unwrap();
                });
                LAST.set(Some(OnDrop::new(call)));
                if used_before {
                    inner.run(inner.sleep(Duration::from_micros(100)));
                }
            });
        });
        let (ready, waited) = receive.recv_timeout(HANG).unwrap();
        assert!(matches!(ready, Ok(1) | Err(_)), "{ready:?}");
        assert!(matches!(waited, Ok(2) | Err(_)), "{waited:?}");
    }
    runner.run(yields(1));
    println!("the loop lives");
    ExitCode::SUCCESS
}

/// Calls nested without end, in place: an error that names the depth, and the loop lives on.
pub fn p21_endless_nesting_in_place(s: &Subject) {
    let runner = s.builder().max_depth(16).build();
    let (levels, error) = runner.run(async { dig(&runner, 1) });
    assert!(matches!(&error, RunError::TooDeep(deep) if deep.depth() == 16), "{error:?}");
    assert_eq!(levels, 16);
    assert!(error.to_string().contains("16"), "{error}");
    assert_eq!(runner.run(async { 1 }), 1);
    assert_eq!(runner.stats().depth, 0);
}

/// Nests until it is refused: how many calls stand, and why no more.
fn dig(runner: &Runner, levels: usize) -> (usize, RunError) {
    let deeper = runner.try_run(async {
        yields(1).await;
        dig(runner, levels + 1)
    });
    deeper.unwrap_or_else(|error| (levels, error))
}

/// Tasks that wait for tasks that wait .. without end: an error, and the loop lives on.
pub fn p21_endless_nesting_in_tasks(s: &Subject) {
    fn deeper(runner: Runner) -> Result<(), RunError> {
        let inner = runner.clone();
        let task = runner.spawn(async move {
            yields(1).await;
            deeper(inner)
        });
        runner.try_run(async { task.await.unwrap() })?
    }
    let runner = s.builder().max_depth(16).build();
    let error = deeper(runner.clone()).unwrap_err();
    assert!(matches!(error, RunError::TooDeep(_)), "{error:?}");
    runner.spawn(async {}).join().unwrap();
    runner.close().unwrap();
}

/// A refused join says why, and leaves the task alone.
pub fn p21_a_join_too_deep_is_refused(s: &Subject) {
    let runner = s.builder().max_depth(1).build();
    let witness = Witness::new();
    let refused = runner.run(async {
        let task = runner.spawn(hold(witness.token()));
        task.join().unwrap_err()
    });
    let why = refused.refused();
    assert!(matches!(why, Some(RunError::TooDeep(_))), "{refused:?}");
    // the handle was used up by the join: dropping it cancels
    runner.run(witness.seen(1));
}

/// A huge limit ends in an error as well, not in a stack overflow.
pub fn p21_a_huge_limit_is_no_stack_overflow(s: &Subject) {
    let printed = child::run(s, "huge limit");
    assert!(printed.contains("refused at"), "{printed}");
}

/// In a process of its own: a stack overflow ends the process.
pub(crate) fn huge_limit(s: &Subject) -> ExitCode {
    let runner = s.builder().max_depth(usize::MAX).build();
    let dig = || runner.run(async { dig(&runner, 1) });
    let (levels, error) = thread::scope(|scope| scope.spawn(dig).join().unwrap());
    assert!(matches!(error, RunError::TooDeep(_)), "{error:?}");
    assert_eq!(runner.run(async { 1 }), 1);
    println!("refused at {levels}");
    ExitCode::SUCCESS
}

/// While a nested call waits, the other tasks go on: it may wait for them.
pub fn p22_others_go_on_while_a_nested_call_waits(s: &Subject) {
    let runner = s.runner();
    for round in 0..50 {
        s.step(format!("round {round}"));
        let (send, receive) = async_channel::bounded(1);
        let inner = runner.clone();
        let waiting = runner.spawn(async move {
            yields(round % 3).await;
            inner.run(async { receive.recv().await.unwrap() })
        });
        let inner = runner.clone();
        let sending = runner.spawn(async move {
            yields(10).await;
            inner.sleep(Duration::from_micros(100)).await;
            send.send(round).await.unwrap();
        });
        assert_eq!(waiting.join().unwrap(), round);
        sending.join().unwrap();
    }
}

/// A nested level eats no wake-up that was meant for the level around it.
pub fn p23_a_nested_level_eats_no_wakeup(s: &Subject) {
    let runner = s.runner();
    let (to_thread, wakers) = mpsc::channel::<(Waker, Gate)>();
    thread::scope(|scope| {
        scope.spawn(move || {
            for (waker, fired) in wakers {
                fired.open();
                waker.wake();
            }
        });
        for round in 0..500 {
            s.step(format!("round {round}"));
            let fired = Gate::new("fired");
            let outer = |nested: &dyn Fn()| {
                let mut sent = false;
                runner.run(poll_fn(|cx| {
                    if sent && fired.is_open() {
                        return Poll::Ready(());
                    }
                    // the wake-up comes before, inside or after the nested call
                    if !sent {
                        to_thread.send((cx.waker().clone(), fired.clone())).unwrap();
                        sent = true;
                    }
                    nested();
                    Poll::Pending
                }));
            };
            match round % 3 {
                0 => outer(&|| runner.run(yields(2))),
                1 => outer(&|| runner.run(fired.passed())),
                _ => outer(&|| runner.run(runner.sleep(Duration::from_micros(50)))),
            }
        }
        drop(to_thread);
    });
}

/// The same inside a task, with a task's wake-up.
pub fn p23_a_nested_level_eats_no_tasks_wakeup(s: &Subject) {
    let runner = s.runner();
    for round in 0..300 {
        s.step(format!("round {round}"));
        let (send, receive) = async_channel::bounded(1);
        let inner = runner.clone();
        let task = runner.spawn(async move {
            let mut waiting = pin!(receive.recv());
            poll_fn(move |cx| {
                let polled = waiting.as_mut().poll(cx);
                if polled.is_pending() {
                    // what arrives while this waits belongs to the poll around it
                    inner.run(yields(3));
                }
                polled
            })
            .await
            .unwrap()
        });
        let sender = runner.spawn(async move {
            yields(round % 7).await;
            send.send(round).await.unwrap();
        });
        assert_eq!(task.join().unwrap(), round);
        sender.join().unwrap();
    }
}

/// `stats` tells how deep the calling thread stands in this loop.
pub fn p25_depth(s: &Subject) {
    let runner = s.runner();
    assert_eq!(runner.stats().depth, 0);
    runner.run(async {
        assert_eq!(runner.stats().depth, 1);
        runner.run(async {
            yields(1).await;
            assert_eq!(runner.stats().depth, 2);
            assert_eq!(runner.run(async { runner.stats().depth }), 3);
        });
        assert_eq!(runner.stats().depth, 1);
        panics(|| runner.run(async { boom("deep") }));
        assert_eq!(runner.stats().depth, 1);
        let other = thread::scope(|scope| scope.spawn(|| runner.stats().depth).join().unwrap());
        assert_eq!(other, 0);
    });
    assert_eq!(runner.stats().depth, 0);
}

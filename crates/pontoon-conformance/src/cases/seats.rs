//! Who drives: the runner's own thread, a caller that waits, nobody else.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::Subject;
use crate::tools::{Gate, HANG, at_once, lock, watched, yields};

/// A caller that waits runs the loop's tasks itself.
pub fn p14_the_waiting_caller_drives(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let polled_here = move || assert_eq!(thread::current().id(), me);
    let task = runner.spawn(watched(yields(20), polled_here));
    let local = runner.spawn_local(move || watched(yields(20), polled_here));
    runner.run(async {
        task.await.unwrap();
        local.await.unwrap();
    });
    s.step("join drives too");
    let mut task = runner.spawn(watched(yields(20), polled_here));
    assert!(task.join_timeout(HANG).unwrap().is_ok());
    runner.spawn(watched(yields(20), polled_here)).join().unwrap();
}

/// With `callers_drive(false)` a caller never runs a task, not even its own child's.
pub fn p15_callers_that_do_not_drive(s: &Subject) {
    let runner = s.builder().callers_drive(false).build();
    let polled_on = Arc::new(Mutex::new(HashSet::new()));
    let callers = at_once(4, |_| {
        for _ in 0..25 {
            let seen = polled_on.clone();
            let polled = move || _ = lock(&seen).insert(thread::current().id());
            let task = runner.spawn(watched(yields(3), polled.clone()));
            runner.run(async {
                yields(3).await;
                runner.sleep(Duration::from_micros(100)).await;
                task.await.unwrap();
            });
            runner.spawn(watched(yields(3), polled)).join().unwrap();
        }
        thread::current().id()
    });
    let polled_on = lock(&polled_on);
    assert!(!polled_on.is_empty());
    for caller in callers {
        assert!(!polled_on.contains(&caller), "a caller ran a task");
    }
}

/// With `callers_drive(false)` a caller may hold a lock that a task takes.
pub fn p15_a_caller_may_hold_a_lock(s: &Subject) {
    let runner = s.builder().callers_drive(false).build();
    let shared = Arc::new(Mutex::new(0));
    for round in 0..20 {
        s.step(format!("round {round}"));
        let (trying, kept) = (Gate::new("the task wants the lock"), shared.clone());
        let wants = trying.clone();
        let mut held = lock(&shared);
        let task = runner.spawn(async move {
            wants.open();
            *lock(&kept) += 1;
        });
        runner.run(trying.passed());
        *held += 1;
        drop(held);
        task.join().unwrap();
        assert_eq!(*lock(&shared), 2 * (round + 1));
    }
}

/// A caller in a long poll drives nothing; the work in the background goes on without it.
pub fn p16_a_long_poll_stops_nobody_else(s: &Subject) {
    let runner = s.runner();
    for round in 0..20 {
        s.step(format!("in the first poll, round {round}"));
        let done = background(&runner, 2);
        runner.run(async { done.recv_timeout(HANG).unwrap() });

        s.step(format!("after a wait, round {round}"));
        let done = background(&runner, 2);
        runner.run(async {
            runner.sleep(Duration::from_millis(1)).await;
            done.recv_timeout(HANG).unwrap();
        });

        s.step(format!("in a nested call, round {round}"));
        let done = background(&runner, 2);
        runner.run(async {
            yields(1).await;
            runner.run(async {
                runner.sleep(Duration::from_millis(1)).await;
                done.recv_timeout(HANG).unwrap();
            });
        });

        s.step(format!("between two polls, round {round}"));
        let done = background(&runner, 2);
        runner.run(async {
            runner.sleep(Duration::from_micros(100)).await;
        });
        done.recv_timeout(HANG).unwrap();
    }
}

/// A call after a pause may leave its work to the runner's thread, but not while a local task blocks that.
pub fn p16_a_blocked_host_stops_no_lone_call(s: &Subject) {
    let runner = s.runner();
    for round in 0..20 {
        s.step(format!("blocked before the call waits, round {round}"));
        alone(&runner);
        let (release, blocked) = mpsc::channel::<()>();
        runner.run(async {
            let task = runner.spawn_local(move || async move { blocked.recv_timeout(HANG) });
            runner.sleep(Duration::from_millis(1)).await;
            release.send(()).unwrap();
            task.await.unwrap().unwrap();
        });

        s.step(format!("blocked while the call waits, round {round}"));
        alone(&runner);
        let (release, blocked) = mpsc::channel::<()>();
        let (started, starts) = async_channel::bounded(1);
        let other = runner.clone();
        let starter = thread::spawn(move || {
            other.spawn_local(move || async move {
                started.send(()).await.unwrap();
                blocked.recv_timeout(HANG)
            })
        });
        runner.run(async {
            starts.recv().await.unwrap();
            runner.sleep(Duration::from_millis(1)).await;
            release.send(()).unwrap();
        });
        starter.join().unwrap().join().unwrap().unwrap();
    }
}

/// Comes back when no call has been made for a while, and the runner's thread drives.
fn alone(runner: &pontoon_core::Runner) {
    background(runner, 3).recv_timeout(HANG).unwrap();
}

/// A task in the background that needs a timer and some polls, then says so.
fn background(runner: &pontoon_core::Runner, naps: usize) -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel();
    let inner = runner.clone();
    let work = async move {
        for _ in 0..naps {
            inner.sleep(Duration::from_millis(1)).await;
            yields(3).await;
        }
        send.send(()).unwrap();
    };
    runner.spawn(work).detach();
    receive
}

/// A caller in a long poll does not keep the calls of other threads from waiting.
pub fn p16_a_long_poll_stops_no_other_call(s: &Subject) {
    let runner = s.runner();
    let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
    thread::scope(|scope| {
        scope.spawn(|| {
            runner.run(async {
                yields(1).await;
                inside.open();
                leave.wait();
            });
        });
        inside.wait();
        for _ in 0..20 {
            let inner = runner.clone();
            let task = runner.spawn(async move { inner.sleep(Duration::from_micros(300)).await });
            runner.run(async { runner.sleep(Duration::from_micros(300)).await });
            task.join().unwrap();
        }
        leave.open();
    });
}

/// A caller in a long poll keeps nothing of its own from running while another call waits: the host may have left the
/// driving to that one.
pub fn p16_a_long_poll_beside_a_call_that_waits(s: &Subject) {
    let runner = s.runner();
    let (waits, leave) = (Gate::new("waits"), Gate::new("leave"));
    thread::scope(|scope| {
        let call = async {
            waits.open();
            leave.passed().await;
        };
        scope.spawn(|| runner.run_timeout(2 * HANG, call).unwrap());
        waits.wait();
        for round in 0..20 {
            s.step(format!("round {round}"));
            // as long as it takes a host to see that callers drive
            runner.run(runner.sleep(Duration::from_millis(5)));
            let (send, receive) = mpsc::channel();
            runner.run(async {
                runner.spawn(async move { send.send(()).unwrap() }).detach();
                receive.recv_timeout(HANG).unwrap();
            });
        }
        leave.open();
    });
}

/// A task that blocked once in a poll is never again run by a caller.
pub fn p17_a_blocking_task_traps_no_caller(s: &Subject) {
    let runner = s.runner();
    for round in 0..20 {
        s.step(format!("round {round}"));
        let polled_on = Arc::new(Mutex::new(Vec::new()));
        let seen = polled_on.clone();
        let inner = runner.clone();
        let blocking = async move {
            for _ in 0..5 {
                let nap = inner.sleep(Duration::from_micros(500));
                inner.run(async {
                    // a call that is ready blocks nobody
                    yields(1).await;
                    nap.await;
                });
                yields(2).await;
            }
        };
        let polled = move || lock(&seen).push(thread::current().id());
        let task = runner.spawn(watched(blocking, polled));
        let me = thread::current().id();
        // this caller stands ready to run whatever comes
        runner.run(async { task.await.unwrap() });
        let polled_on = lock(&polled_on);
        let later = &polled_on[1..];
        assert!(later.len() >= 5);
        assert!(!later.contains(&me), "a caller ran a task that blocks");
    }
}

/// A deadline is kept although a task that blocks is ready again and again.
pub fn p17_a_blocking_task_spoils_one_deadline_at_most(s: &Subject) {
    let runner = s.runner();
    let stop = Gate::new("stop");
    let (stopped, inner) = (stop.clone(), runner.clone());
    let task = runner.spawn(async move {
        while !stopped.is_open() {
            let nap = inner.run_timeout(Duration::from_millis(2), std::future::pending::<()>());
            assert!(nap.is_err());
            yields(1).await;
        }
    });
    for _ in 0..50 {
        let waited = runner.run_timeout(Duration::from_millis(1), std::future::pending::<()>());
        assert!(waited.is_err());
    }
    stop.open();
    task.join().unwrap();
}

/// The caller looks at its own future between two tasks, not only after a batch of them.
pub fn p18_own_readiness_is_seen_between_tasks(s: &Subject) {
    let runner = s.runner();
    let ran = Arc::new(AtomicUsize::new(0));
    let go = Gate::new("go");
    let opened = go.clone();
    let before = runner.spawn(async move { opened.open() });
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let ran = ran.clone();
            runner.spawn(async move { _ = ran.fetch_add(1, SeqCst) })
        })
        .collect();
    runner.run(go.passed());
    let behind = ran.load(SeqCst);
    assert!(behind < 50, "the call was ready after the first task and waited for all {behind}");
    before.join().unwrap();
    for task in crowd {
        task.join().unwrap();
    }
    assert_eq!(ran.load(SeqCst), 50);
}

/// Tasks that are always ready starve neither the caller nor each other nor a timer.
pub fn p18_busy_tasks_starve_nobody(s: &Subject) {
    let runner = s.runner();
    let stop = Gate::new("stop");
    let rounds: Vec<_> = (0..20)
        .map(|_| {
            let stopped = stop.clone();
            runner.spawn(async move {
                let mut rounds = 0_usize;
                while !stopped.is_open() {
                    yields(1).await;
                    rounds += 1;
                }
                rounds
            })
        })
        .collect();
    s.step("the caller's own yields");
    runner.run(yields(100));
    s.step("the caller's timer");
    runner.run(runner.sleep(Duration::from_millis(2)));
    s.step("a timeout");
    let waited = runner.run_timeout(Duration::from_millis(2), std::future::pending::<()>());
    assert!(waited.is_err());
    s.step("a task's timer");
    let inner = runner.clone();
    runner.spawn(async move { inner.sleep(Duration::from_millis(2)).await }).join().unwrap();
    s.step("another thread");
    let waker = Gate::new("waker");
    thread::scope(|scope| {
        scope.spawn(|| waker.open());
        runner.run(waker.passed());
    });
    stop.open();
    for task in rounds {
        assert!(task.join().unwrap() > 0);
    }
}

/// Work goes on while nobody calls: polls, timers, wake-ups from threads, the pool.
pub fn p19_background_work_goes_on(s: &Subject) {
    let runner = s.runner();
    for round in 0..20 {
        s.step(format!("round {round}"));
        let (from_thread, done) = (Gate::new("from thread"), Gate::new("done"));
        let (passed, end, inner) = (from_thread.clone(), done.clone(), runner.clone());
        let task = runner.spawn(async move {
            yields(5).await;
            inner.sleep(Duration::from_millis(1)).await;
            passed.passed().await;
            inner.unblock(|| ()).await.unwrap();
            inner.sleep(Duration::from_millis(1)).await;
            end.open();
        });
        if round % 2 == 1 {
            s.step(format!("round {round}, after calls"));
            for _ in 0..50 {
                runner.run(yields(1));
            }
        }
        thread::scope(|scope| _ = scope.spawn(|| from_thread.open()));
        done.wait();
        task.join().unwrap();
    }
}

/// An inline runner rests while nobody calls, and loses nothing by it.
pub fn p19_an_inline_runner_rests_between_calls(s: &Subject) {
    let runner = s.runner();
    let (polls, go) = (Arc::new(AtomicUsize::new(0)), Gate::new("go"));
    let (seen, passed) = (polls.clone(), go.clone());
    let body = async move {
        passed.passed().await;
        yields(5).await;
    };
    let task = runner.spawn(watched(body, move || _ = seen.fetch_add(1, SeqCst)));
    assert_eq!(polls.load(SeqCst), 0);
    runner.run(yields(100));
    assert_eq!(polls.load(SeqCst), 1);
    go.open();
    assert_eq!(polls.load(SeqCst), 1);
    assert!(!task.is_finished());
    task.join().unwrap();
    assert_eq!(polls.load(SeqCst), 7);
}

/// Two callers of an inline runner share the driving: when one leaves, the other goes on.
pub fn p14_callers_hand_the_driving_over(s: &Subject) {
    let runner = s.runner();
    for round in 0..50 {
        s.step(format!("round {round}"));
        let stop = Gate::new("stop");
        let inner = runner.clone();
        let feeder = runner.spawn(async move {
            for _ in 0..20 {
                yields(1).await;
                inner.sleep(Duration::from_micros(50)).await;
            }
        });
        thread::scope(|scope| {
            let (runner, stop) = (&runner, &stop);
            for _ in 0..3 {
                // these come and go while the last one waits for the task
                scope.spawn(move || {
                    while !stop.is_open() {
                        runner.run(runner.sleep(Duration::from_micros(30)));
                    }
                });
            }
            let counted = Cell::new(0);
            runner.run(watched(feeder, || counted.set(counted.get() + 1))).unwrap();
            assert!(counted.get() > 0);
            stop.open();
        });
    }
}

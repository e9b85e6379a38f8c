//! compio's own timers, which no other thread's runtime could ring: wherever a call or a local task awaits them, the thread
//! that began them drives.

use compio::time::{sleep, timeout};
use pontoon_compio::Compio;
use pontoon_conformance::{DEADLINE, deadline};
use pontoon_core::Runner;
use std::{
    future::pending,
    rc::Rc,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

const MOMENT: Duration = Duration::from_millis(2);

/// Sleeps on this thread's runtime, and gives whether that took its time.
async fn nap() -> bool {
    let (start, not_send) = (Instant::now(), Rc::new(MOMENT));
    sleep(*not_send).await;
    start.elapsed() >= MOMENT
}

fn runners() -> [Runner; 2] {
    [Runner::new(Compio::default()), Runner::builder(Compio::default()).without_thread().build()]
}

/// Runs `f` on each kind of runner, under a deadline.
fn on_each(name: &str, f: fn(Runner)) {
    for runner in runners() {
        deadline(name, DEADLINE, move || f(runner)).unwrap();
    }
}

#[test]
fn in_a_call() {
    on_each("in a call", |runner| assert!(runner.run(nap())));
}

#[test]
fn in_calls_on_many_threads() {
    on_each("in calls on many threads", |runner| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20).for_each(|_| assert!(runner.run(nap()))));
            }
        });
    });
}

#[test]
fn in_calls_inside_each_other() {
    on_each("in calls inside each other", |runner| {
        let nested = runner.run(async {
            let outer = nap().await;
            outer && runner.run(nap()) && nap().await
        });
        assert!(nested);
    });
}

#[test]
fn in_a_limit() {
    on_each("in a limit", |runner| assert!(runner.run(timeout(MOMENT, pending::<()>())).is_err()));
}

#[test]
fn in_a_local_task_that_is_joined() {
    on_each("in a local task", |runner| assert!(runner.spawn_local(nap).join().unwrap()));
}

#[test]
fn in_a_local_task_that_nobody_waits_for() {
    let [runner, _] = runners();
    let (sender, receiver) = mpsc::channel();
    runner.spawn_local(|| async move { sender.send(nap().await).unwrap() }).detach();
    assert_eq!(receiver.recv_timeout(DEADLINE), Ok(true));
}

/// Callers that keep driving, and are no help to the runner's own thread.
#[test]
fn in_a_local_task_while_others_call() {
    on_each("in a local task while others call", |runner| {
        let task = runner.spawn_local(nap);
        let napping = AtomicBool::new(true);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while napping.load(Ordering::SeqCst) {
                        runner.run(futures_lite::future::yield_now());
                        runner.run(runner.sleep(Duration::from_micros(100)));
                    }
                });
            }
            let napped = task.join();
            napping.store(false, Ordering::SeqCst);
            assert!(napped.unwrap());
        });
    });
}

//! Timers and limits.

use std::future::pending;
use std::time::{Duration, Instant};

use pontoon_core::RunError;

use crate::Subject;
use crate::tools::{HANG, Witness, at_once, boom, hold, panics, yields};

/// A sleep is never early, in any seat, and it ends.
pub fn p70_a_sleep_is_never_early(s: &Subject) {
    let runner = s.runner();
    for micros in [0, 1, 100, 999, 1_000, 3_500, 10_000] {
        let nap = Duration::from_micros(micros);
        s.step(format!("{nap:?}"));
        let start = Instant::now();
        runner.run(runner.sleep(nap));
        assert!(start.elapsed() >= nap, "in a call");
        let inner = runner.clone();
        let task = async move {
            let start = Instant::now();
            inner.sleep(nap).await;
            start.elapsed()
        };
        assert!(runner.spawn(task).join().unwrap() >= nap, "in a task");
        let inner = runner.clone();
        let local = move || async move {
            let start = Instant::now();
            inner.sleep(nap).await;
            start.elapsed()
        };
        assert!(runner.spawn_local(local).join().unwrap() >= nap, "in a local task");
    }
}

/// Many sleeps at once, on one loop, all end, the shorter ones without waiting for the longer.
pub fn p70_many_sleeps(s: &Subject) {
    let runner = s.runner();
    let long = runner.spawn(runner.sleep(Duration::from_secs(3_600)));
    let sleeps: Vec<_> = (0..200)
        .map(|n| {
            let nap = Duration::from_micros(n * 37 % 5_000);
            let (start, sleep) = (Instant::now(), runner.sleep(nap));
            runner.spawn(async move {
                sleep.await;
                assert!(start.elapsed() >= nap);
            })
        })
        .collect();
    for sleep in sleeps {
        sleep.join().unwrap();
    }
    assert!(!long.is_finished());
    at_once(8, |_| {
        for _ in 0..20 {
            runner.run(runner.sleep(Duration::from_micros(300)));
        }
    });
}

/// A sleep that was made long ago, or polled elsewhere first, still ends.
pub fn p70_a_sleep_moves(s: &Subject) {
    let runner = s.runner();
    for _ in 0..30 {
        let mut sleep = runner.sleep(Duration::from_millis(2));
        let early = runner.run_timeout(Duration::from_micros(100), &mut sleep);
        assert!(matches!(early, Ok(()) | Err(RunError::TimedOut)));
        if early.is_err() {
            let task = runner.spawn(sleep);
            task.join().unwrap();
        }
        let inner = runner.clone();
        let nap = runner.unblock(move || inner.sleep(Duration::from_micros(500)));
        runner.run(async { nap.await.unwrap().await });
    }
}

/// A limit that passes: never early, the error says so, and the work is gone.
pub fn p71_a_limit_passes(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for (round, millis) in [0, 1, 3, 10].into_iter().enumerate() {
        let limit = Duration::from_millis(millis);
        let start = Instant::now();
        let late = runner.run_timeout(limit, hold(witness.token()));
        assert!(start.elapsed() >= limit, "it gave up early");
        assert!(matches!(late, Err(RunError::TimedOut)), "{late:?}");
        assert_eq!(witness.drops(), round + 1);
    }
    s.step("in a call, in a task");
    let nested = runner.run(async { runner.run_timeout(Duration::from_millis(1), pending::<()>()) });
    assert!(matches!(nested, Err(RunError::TimedOut)));
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.run_timeout(Duration::from_millis(1), pending::<()>()) });
    assert!(matches!(task.join().unwrap(), Err(RunError::TimedOut)));
    s.step("busy work");
    let busy = runner.run_timeout(Duration::from_millis(2), yields(usize::MAX));
    assert!(matches!(busy, Err(RunError::TimedOut)));
    assert_eq!(runner.run(async { 1 }), 1);
}

/// A limit that does not pass changes nothing.
pub fn p71_a_limit_that_holds(s: &Subject) {
    let runner = s.runner();
    let value = runner.run_timeout(HANG, async {
        runner.sleep(Duration::from_millis(1)).await;
        7
    });
    assert_eq!(value.unwrap(), 7);
    let text = panics(|| {
        runner.run_timeout(HANG, async {
            yields(2).await;
            boom("within the limit")
        })
    });
    assert_eq!(text, "within the limit");
}

/// The limits of calls inside each other: the inner one may be shorter or longer.
pub fn p71_limits_inside_each_other(s: &Subject) {
    let runner = s.runner();
    let limit = Duration::from_millis(2);
    let inner_first = runner.run_timeout(HANG, async { runner.run_timeout(limit, pending::<()>()) });
    assert!(matches!(inner_first, Ok(Err(RunError::TimedOut))));
    // the outer limit cannot cut a blocking inner call short: it is looked at after it
    let start = Instant::now();
    let outer_first = runner.run_timeout(Duration::from_micros(1), async {
        let inner = runner.run_timeout(limit, pending::<()>());
        assert!(matches!(inner, Err(RunError::TimedOut)));
        pending::<()>().await;
    });
    assert!(matches!(outer_first, Err(RunError::TimedOut)));
    assert!(start.elapsed() >= limit);
}

/// No time at all: what is ready is given, what is not is refused, at once.
pub fn p72_no_time(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    assert_eq!(runner.run_timeout(Duration::ZERO, async { 1 }).unwrap(), 1);
    let late = runner.run_timeout(Duration::ZERO, hold(witness.token()));
    assert!(matches!(late, Err(RunError::TimedOut)), "{late:?}");
    assert_eq!(witness.drops(), 1);
    runner.run(runner.sleep(Duration::ZERO));
    let mut task = runner.spawn(pending::<()>());
    assert!(task.join_timeout(Duration::ZERO).is_none());
}

/// For ever: no overflow, no panic, and what ends earlier ends earlier.
pub fn p72_for_ever(s: &Subject) {
    let runner = s.runner();
    let ever = Duration::MAX;
    assert_eq!(runner.run_timeout(ever, async { 1 }).unwrap(), 1);
    let waited = runner.run_timeout(ever, async {
        runner.sleep(Duration::from_millis(1)).await;
        2
    });
    assert_eq!(waited.unwrap(), 2);
    s.step("sleep");
    let late = runner.run_timeout(Duration::from_millis(2), runner.sleep(ever));
    assert!(matches!(late, Err(RunError::TimedOut)));
    let asleep = runner.spawn(runner.sleep(ever));
    runner.run(yields(3));
    assert!(asleep.cancel().is_none());
    s.step("join");
    let mut task = runner.spawn(runner.sleep(Duration::from_millis(1)));
    task.join_timeout(ever).unwrap().unwrap();
    s.step("close");
    runner.close_timeout(ever).unwrap();
}

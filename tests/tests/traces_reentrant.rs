//! A subscriber that uses the runner whose traces it is told: nothing is emitted where that could hang.

use futures_lite::future;
use pontoon::{Runner, context, guest::Guest};
use pontoon_tests::{
    contexts::FLAVOURS,
    traces::{Collector, log},
    trial::within,
};
use std::{
    cell::Cell,
    collections::BTreeSet,
    io,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The runner under test.
static RUNNER: Mutex<Option<Runner>> = Mutex::new(None);

/// What the subscriber has been told and has used the runner in.
static USED: Mutex<BTreeSet<(&'static str, &'static str)>> = Mutex::new(BTreeSet::new());

/// How often it still does so: each use makes new traces, on this thread or another.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// So often with each flavour.
const USES: usize = 1000;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Called by the subscriber for whatever it is told.
fn use_the_runner(name: &'static str, what: &'static str) {
    let Ok(false) = INSIDE.try_with(|inside| inside.replace(true)) else { return };
    let runner = RUNNER.lock().unwrap().clone();
    if let Some(runner) = runner {
        // The first few of each kind are used, and then as many others as there are left.
        let new = USED.lock().unwrap().insert((name, what));
        let taken = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if let (Ok(left), _) | (Err(left), true) = (taken, new) {
            let _ = runner.stats();
            runner.spawn(async {}).detach();
            // Refused where a call cannot be: the point is that it returns.
            let _ = runner.try_run(async {});
            if left % 8 == 0 || new {
                let _ = runner.try_run(future::yield_now());
                let _ = runner.spawn(async {}).join();
                let _ = runner.run_timeout(Duration::from_micros(50), future::pending::<()>());
            }
        }
        // Not the last handle: the test keeps one.
        drop(runner);
    }
    let _ = INSIDE.try_with(|inside| inside.set(false));
}

#[test]
fn a_subscriber_may_use_the_runner() {
    Collector { then: Some(use_the_runner) }.install();
    for flavour in FLAVOURS {
        within(flavour.name, move |steps| {
            let runner = flavour.builder().slow_poll(Duration::from_nanos(1)).build();
            LEFT.store(USES, Ordering::SeqCst);
            *RUNNER.lock().unwrap() = Some(runner.clone());
            steps.at("calls and tasks");
            for _ in 0..20 {
                runner.run(async {});
                runner.run(runner.sleep(Duration::from_micros(50)));
                runner.spawn(future::yield_now()).join().unwrap();
                runner.spawn_local(|| async {}).join().unwrap();
                runner.unblock(|| ()).join().unwrap();
                drop(runner.spawn(future::pending::<()>()));
            }
            steps.at("a nested call, with a task that spawns");
            let inner = runner.clone();
            runner.spawn(async move { inner.run(inner.spawn(future::yield_now())).unwrap() }).join().unwrap();
            if !flavour.inline {
                LEFT.store(USES, Ordering::SeqCst);
                steps.at("hand-overs");
                let before = runner.stats().hand_overs;
                while runner.stats().hand_overs == before {
                    runner.run(runner.sleep(Duration::from_micros(50)));
                }
            }
            LEFT.store(USES, Ordering::SeqCst);
            steps.at("callers on four threads");
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..20 {
                            runner.run(runner.sleep(Duration::from_micros(20)));
                            runner.spawn(future::yield_now()).join().unwrap();
                        }
                    });
                }
            });
            steps.at("a guest");
            let guest = Guest::new(flavour.executor()).into_future(future::yield_now()).unwrap();
            future::block_on(guest).unwrap();
            steps.at("close");
            LEFT.store(USES, Ordering::SeqCst);
            runner
                .enter_context(context(
                    async || Ok(()),
                    async |(), _| {
                        future::yield_now().await;
                        Ok::<(), io::Error>(())
                    },
                ))
                .unwrap();
            runner.spawn(future::pending::<()>()).detach();
            runner.close().unwrap();
            *RUNNER.lock().unwrap() = None;
        })
        .unwrap_or_else(|text| panic!("{}: {text}", flavour.name));
    }
    let used = USED.lock().unwrap().clone();
    // It was inside each of these, and came back.
    for span in [
        "call", "wait", "parked", "task", "host", "driving", "aside", "turn", "close", "exits", "cancel", "join",
        "stop", "tick",
    ] {
        for what in ["new", "enter", "exit", "close"] {
            assert!(used.contains(&(span, what)), "never inside `{what}` of `{span}`: {used:?}");
        }
    }
    for event in [
        "caller_leads",
        "host_steps_aside",
        "host_takes_over",
        "task_ended",
        "slow_poll",
        "closed",
        "guest_started",
        "guest_ended",
    ] {
        assert!(used.contains(&(event, "event")), "never inside `{event}`: {used:?}");
    }
    assert!(log().spans.len() > USES);
}

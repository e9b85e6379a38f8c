//! Guest mode: a host that gives its guest the time between its frames.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_core::RunError;
use pontoon_core::guest::{Guest, GuestError, GuestRun, GuestScope, queue};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, start};
use crate::tools::{Gate, HANG, Witness, boom, hold, text_of, yields};

/// Long enough to be over only by mistake.
const LONG: Duration = HANG;

/// From the first poll to `done`, without a tick of the host's: timers, the pool, other threads.
pub fn p98_a_guest_without_ticks(s: &Subject) {
    let host = MainLoop::new();
    let runner = s.runner();
    let executor = s.executor();
    let (timer, job) = (executor.clone(), runner.unblock(|| 3));
    let home = thread::current().id();
    let main = async move {
        timer.sleep(Duration::from_millis(2)).await;
        let scope = GuestScope::current().unwrap();
        let local = scope.spawn_local(async move {
            assert_eq!(thread::current().id(), home);
            yields(3).await;
            1
        });
        let remote = scope.remote();
        let other = thread::spawn(move || remote.spawn(async { 2 })).join().unwrap();
        local.await.unwrap() + other.await.unwrap() + job.await.unwrap()
    };
    let results = Results::new();
    let run = Guest::new(executor).start(host.entry(), main, results.done()).expect("a guest");
    assert!(run.run_for(LONG).unwrap(), "main ends");
    assert!(run.is_finished());
    assert_eq!(results.one().unwrap(), 6);
    assert!(run.run_for(LONG).unwrap(), "it has ended");
    s.step("the tick that the host was asked for is stale");
    host.settle();
    assert_eq!(results.count(), 0);
}

/// It returns when the limit has passed, not before, and the host has the guest again.
pub fn p98_the_limit(s: &Subject) {
    let host = MainLoop::new();
    let gate = Gate::new("main may end");
    let opened = gate.clone();
    let waker = Rc::new(RefCell::new(None::<Waker>));
    let slot = waker.clone();
    let (run, results) = start(
        s,
        &host,
        poll_fn(move |cx| {
            *slot.borrow_mut() = Some(cx.waker().clone());
            if opened.is_open() { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    for limit in [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(20)] {
        let start = Instant::now();
        assert!(!run.run_for(limit).unwrap());
        assert!(start.elapsed() >= limit, "early: {:?} of {limit:?}", start.elapsed());
    }
    s.step("the host goes on");
    host.settle();
    let asked = host.asked();
    gate.open();
    waker.take().expect("main was polled").wake();
    assert_eq!(host.asked(), asked + 1);
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// A guest that never rests does not keep the host for longer.
pub fn p98_a_busy_guest(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    let token = witness.token();
    let (run, results) = start(s, &host, async move {
        let _token = token;
        loop {
            yields(1).await;
        }
    });
    for _ in 0..5 {
        assert!(!run.run_for(Duration::from_millis(2)).unwrap());
        assert!(run.stats().polls > 0);
    }
    let polls = run.stats().polls;
    s.step("no limit at all: one tick");
    assert!(!run.run_for(Duration::ZERO).unwrap());
    assert!(run.stats().polls > polls);
    s.step("and the host has its ticks, after those that are stale");
    let polls = run.stats().polls;
    host.until(|| run.stats().polls > polls);
    drop(run);
    results.assert_cancelled();
    assert_eq!(witness.drops(), 1);
}

/// Anybody may want the thread back.
pub fn p98_interrupts(s: &Subject) {
    let host = MainLoop::new();
    let polled = Gate::new("main is polled");
    let is_polled = polled.clone();
    let (run, results) = start(
        s,
        &host,
        poll_fn(move |_| {
            is_polled.open();
            Poll::<()>::Pending
        }),
    );
    let remote = run.remote();
    let thread = thread::spawn(move || {
        polled.wait();
        remote.interrupt();
    });
    assert!(!run.run_for(Duration::MAX).unwrap());
    thread.join().unwrap();
    s.step("before it begins");
    run.remote().interrupt();
    run.remote().interrupt();
    assert!(!run.run_for(Duration::MAX).unwrap());
    s.step("by a task of its own");
    let scope = run.scope();
    let inside = scope.remote();
    scope.spawn_local(async move { inside.interrupt() }).detach();
    assert!(!run.run_for(Duration::MAX).unwrap());
    s.step("by another guest's host");
    let remote = run.remote();
    let (other_host, ticks) = queue(move || remote.interrupt());
    let others = Results::new();
    let other = guest(s).start(other_host, async { 7 }, others.done()).expect("a guest");
    while !other.is_finished() {
        assert!(!run.run_for(Duration::MAX).unwrap());
        ticks.run();
    }
    assert_eq!(others.one().unwrap(), 7);
    drop(run);
    results.assert_cancelled();
}

/// A thousand frames beside threads that wake the guest all the time: in the frame, at its end, and between two.
pub fn p98_no_wakeup_is_lost(s: &Subject) {
    const ROUNDS: usize = 1000;
    let host = MainLoop::new();
    let (asks, asked) = mpsc::channel::<Waker>();
    let answers = thread::spawn(move || asked.into_iter().for_each(Waker::wake));
    let (run, results) = start(s, &host, async move {
        for _ in 0..ROUNDS {
            let mut woken = false;
            poll_fn(|cx| {
                if std::mem::replace(&mut woken, true) {
                    return Poll::Ready(());
                }
                asks.send(cx.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
        }
    });
    let mut frame = 0_u32;
    while !run.run_for(Duration::from_micros(frame.into())).unwrap() {
        frame = (frame + 7) % 60;
        // every other guest's time is the host's, as ever
        if frame % 2 == 0 {
            host.settle();
        }
    }
    results.one().unwrap();
    answers.join().unwrap();
}

/// A host that never runs its ticks gathers none, and a future has its guest back.
pub fn p98_nothing_but_frames(s: &Subject) {
    let (host, ticks) = queue(|| {});
    let busy = async {
        loop {
            yields(1).await;
        }
    };
    let run = guest(s).start(host, busy, |_| {}).expect("a guest");
    for _ in 0..100 {
        assert!(!run.run_for(Duration::ZERO).unwrap());
    }
    let polls = run.stats().polls;
    assert!(ticks.run() <= 2, "stale ticks are kept");
    assert!(run.stats().polls > polls, "the last of them is good");
    drop(run);

    s.step("the poll form");
    let future = guest(s).into_future(async {
        yields(2000).await;
        7
    });
    let future = future.expect("a guest");
    for _ in 0..3 {
        assert!(!future.guest().run_for(Duration::ZERO).unwrap());
    }
    assert_eq!(s.runner().run(future).unwrap(), 7);
}

/// Inside a task of the guest it could never return.
pub fn p98_inside_its_guest(s: &Subject) {
    let host = MainLoop::new();
    let run = Rc::new(RefCell::new(None));
    let inside = run.clone();
    let refused = Rc::new(Cell::new(0));
    let count = refused.clone();
    let (started, results) = start(s, &host, async move {
        let again = || {
            let error = inside.borrow().as_ref().map(|run: &GuestRun| run.run_for(LONG));
            assert!(matches!(error, Some(Err(RunError::WouldDeadlock(_)))), "{error:?}");
            count.set(count.get() + 1);
        };
        again();
        yields(1).await;
        again();
    });
    *run.borrow_mut() = Some(started);
    // not borrowed while it runs
    host.until(|| results.count() == 1);
    results.one().unwrap();
    assert_eq!(refused.get(), 2);
}

/// However a guest ends, its host hears of it there, and after every destructor.
pub fn p98_the_end(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    s.step("a cancel from another thread");
    let (run, results) = start(s, &host, hold(witness.token()));
    let remote = run.remote();
    let thread = thread::spawn(move || remote.cancel());
    assert!(run.run_for(Duration::MAX).unwrap());
    assert!(thread.join().unwrap());
    results.assert_cancelled();
    assert_eq!(witness.drops(), 1);

    s.step("a panic in main");
    let (run, results) = start(s, &host, async { boom("in a frame") });
    assert!(run.run_for(Duration::MAX).unwrap());
    let result: Result<(), _> = results.one();
    let Err(GuestError::Panicked(panic)) = result else { panic!("{result:?}") };
    assert_eq!(text_of(&*panic.into_payload()), "in a frame");

    s.step("a guest that is ending, whose last tick the host has");
    let (run, results) = start(s, &host, async { 5 });
    host.turn();
    let last = host.tick();
    assert!(run.run_for(Duration::MAX).unwrap());
    assert_eq!(results.one().unwrap(), 5);
    last.run();
    assert_eq!(results.count(), 0, "a stale tick does nothing");

    s.step("a cancel by a task");
    let token = witness.token();
    let (run, results) = start(s, &host, async move {
        let _token = token;
        GuestScope::current().unwrap().cancel();
        std::future::pending::<()>().await;
    });
    assert!(run.run_for(Duration::MAX).unwrap());
    results.assert_cancelled();
    assert_eq!(witness.drops(), 2);
}

/// Calls of a runner on the guest's own executor work in a frame, and so does the blocking end.
pub fn p98_calls_in_a_frame(s: &Subject) {
    let host = MainLoop::new();
    let executor = s.executor();
    let runner = s.builder_on(executor.clone()).build();
    let calls = runner.clone();
    let results = Results::new();
    let run = Guest::new(executor)
        .start(
            host.entry(),
            async move {
                let task = calls.spawn(async {
                    yields(3).await;
                    20
                });
                calls.run(calls.sleep(Duration::from_millis(1)));
                let joined = task.join().unwrap();
                yields(1).await;
                joined
            },
            results.done(),
        )
        .expect("a guest");
    assert!(run.run_for(LONG).unwrap());
    assert_eq!(results.one().unwrap(), 20);
    runner.close().unwrap();
}

//! Guest mode: how a guest starts, what it shares with its host, and what it waits for.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::FutureExt as _;
use pontoon_core::guest::{Guest, GuestScope, StartError};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, play, start};
use crate::session::Log;
use crate::spy::Spy;
use crate::tools::{Gate, HANG, OnDrop, Witness, watched, yields};

/// Neither form polls main before it returns; main is a task by then.
pub fn p77_start_returns_before_the_first_poll(s: &Subject) {
    let host = MainLoop::new();
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    let (run, results) = start(s, &host, async move {
        count.set(count.get() + 1);
        "output"
    });
    assert_eq!((polls.get(), run.is_finished(), results.count()), (0, false, 0));
    assert_eq!((run.stats().ticks, run.stats().polls, run.stats().tasks), (0, 0, 1));
    assert_eq!(host.asked(), 1, "one tick is asked for");
    host.until(|| run.is_finished());
    assert_eq!(polls.get(), 1);
    assert_eq!(results.one().unwrap(), "output");
    s.step("the poll form");
    let polled = Rc::new(Cell::new(false));
    let told = polled.clone();
    let future = guest(s).into_future(async move { told.set(true) }).unwrap();
    assert!(!polled.get());
    s.runner().run(future).unwrap();
    assert!(polled.get());
}

/// Scope and remote spawn before main was ever polled, and the one tick runs all of it.
pub fn p77_tasks_before_the_first_poll(s: &Subject) {
    let host = MainLoop::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let (mains, tasks) = (log.clone(), log.clone());
    let (run, results) = start(s, &host, async move {
        mains.borrow_mut().push("main");
        let scope = GuestScope::current().unwrap();
        scope.stopped().await;
    });
    let local = run.scope().spawn_local(async move { tasks.borrow_mut().push("local") });
    let remote = run.remote().spawn(async { GuestScope::current().is_some() });
    assert!(log.borrow().is_empty());
    assert_eq!((run.stats().tasks, host.asked()), (3, 1));
    host.until(|| local.is_finished() && remote.is_finished());
    assert_eq!(*log.borrow(), ["main", "local"]);
    assert!(run.remote().request_stop());
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert!(s.runner().run(remote).unwrap(), "what a remote spawned is a task of the guest");
}

/// A runtime that does not start is an error of `start`; main and `done` are dropped, unused.
pub fn p77_a_guest_that_does_not_start(s: &Subject) {
    let witness = Witness::new();
    let (main, done) = (witness.token(), witness.token());
    let main = async move {
        drop(main);
        unreachable!("it is polled")
    };
    let done = move |_: Result<(), _>| {
        drop(done);
        unreachable!("it is called")
    };
    let host = MainLoop::new();
    let error = Guest::new(Spy::new(s).start_fails()).start(host.entry(), main, done).unwrap_err();
    assert!(matches!(error, StartError::Runtime(_)), "{error:?}");
    assert!(error.to_string().contains("no runtime today"), "{error}");
    assert_eq!((witness.drops(), host.asked()), (2, 0));
    let error = Guest::new(Spy::new(s).start_fails()).into_future(async {}).unwrap_err();
    assert!(matches!(error, StartError::Runtime(_)), "{error:?}");
}

/// `on_worker_start` comes first on the worker, which has the name that was asked for.
pub fn p77_the_worker_starts_first(s: &Subject) {
    let log = Log::default();
    let polls = log.clone();
    let starts = log.clone();
    let spy = Spy::new(s).before_poll(move || polls.push("poll"));
    let host = MainLoop::new();
    let gate = Gate::new("the worker has started");
    let (started, passed) = (gate.clone(), gate.clone());
    let home = thread::current().id();
    let results = Results::new();
    let run = Guest::new(spy)
        .worker_name("the worker")
        .on_worker_start(move || {
            assert_ne!(thread::current().id(), home);
            starts.push(thread::current().name().unwrap_or("nameless"));
            started.open();
        })
        .start(host.entry(), async move { passed.passed().await }, results.done())
        .unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
    let lines = log.take();
    assert_eq!(lines[..2], ["the worker", "poll"]);
}

/// The guest is known inside its own tasks and their destructors, and nowhere else.
pub fn p77_the_current_guest(s: &Subject) {
    assert!(GuestScope::current().is_none());
    let (send, receive) = mpsc::channel();
    play(s, async move {
        assert!(GuestScope::current().is_some());
        let scope = GuestScope::current().unwrap();
        let told = OnDrop::new(move || send.send(GuestScope::current().is_some()).unwrap());
        scope.spawn_local(async move { crate::tools::hold(told).await }).detach();
        scope.spawn_local(async { assert!(GuestScope::current().is_some()) }).await.unwrap();
        yields(1).await;
    })
    .unwrap();
    assert!(receive.recv().unwrap(), "the destructor of a task that the end dropped");
    assert!(GuestScope::current().is_none());
}

/// Host and tasks take turns on one value that is neither `Send` nor locked.
pub fn p78_tasks_and_host_share_values(s: &Subject) {
    let host = MainLoop::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let shared = log.clone();
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let shared = shared.clone();
                scope.spawn_local(async move {
                    shared.borrow_mut().push(n);
                    yields(3).await;
                    Rc::new(n)
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += *task.await.unwrap();
        }
        Rc::new(sum)
    });
    host.until(|| {
        log.borrow_mut().push(100);
        run.is_finished()
    });
    assert_eq!(*results.one().unwrap(), 45);
    assert_eq!(log.borrow().iter().filter(|n| **n < 100).count(), 10);
    assert_eq!(log.borrow()[0], 100, "the host was first");
}

/// Whoever spawns and wakes, every poll is made on the host's thread, and every value goes there.
pub fn p78_everything_is_on_the_hosts_thread(s: &Subject) {
    let host = MainLoop::new();
    let home = thread::current().id();
    let here = move || assert_eq!(thread::current().id(), home);
    let executor = s.executor();
    let runtime = executor.clone();
    let witness = Witness::new();
    let tokens = witness.clone();
    let results = Results::new();
    let main = watched(
        async move {
            let scope = GuestScope::current().unwrap();
            let remote = scope.remote();
            let (token, sent) = (tokens.token(), tokens.token());
            let slept = executor.sleep(Duration::from_millis(1));
            let local = scope.spawn_local(watched(
                async move {
                    slept.await;
                    drop(token);
                },
                here,
            ));
            let (send, spawned) = async_channel::bounded(1);
            let thread = thread::spawn(move || {
                let task = remote.spawn(watched(
                    async move {
                        yields(2).await;
                        drop(sent);
                    },
                    here,
                ));
                send.try_send(task).unwrap();
            });
            spawned.recv().await.unwrap().await.unwrap();
            local.await.unwrap();
            thread.join().unwrap();
        },
        here,
    );
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(witness.threads(), [home, home]);
}

/// Polls are made in the runtime's context, and the host is outside of it.
pub fn p78_polls_are_in_context(s: &Subject) {
    let (probe, probes) = (s.clone(), s.clone());
    assert!(!s.in_context());
    play(s, async move {
        assert!(probe.in_context());
        let scope = GuestScope::current().unwrap();
        let remote = scope.remote();
        scope
            .spawn_local(async move {
                yields(2).await;
                assert!(probes.in_context());
            })
            .await
            .unwrap();
        let probes = probe.clone();
        assert!(remote.spawn(async move { probes.in_context() }).await.unwrap());
    })
    .unwrap();
    assert!(!s.in_context());
}

/// An event of the host's wakes a task by its waker, on the spot, and no thread is involved.
pub fn p78_the_host_wakes_a_task(s: &Subject) {
    let host = MainLoop::new();
    let slot: Rc<RefCell<Option<Waker>>> = Rc::default();
    let (waker, woken) = (slot.clone(), Rc::new(Cell::new(false)));
    let seen = woken.clone();
    let (run, results) = start(
        s,
        &host,
        poll_fn(move |cx| {
            *waker.borrow_mut() = Some(cx.waker().clone());
            if seen.get() { Poll::Ready("woken") } else { Poll::Pending }
        }),
    );
    host.turn();
    assert_eq!((run.stats().polls, run.is_finished()), (1, false));
    woken.set(true);
    let waker = slot.take().expect("main was polled");
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(host.asked(), 2, "two wake-ups, one tick");
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), "woken");
}

/// Timers fire, never early, one after the other and many at once.
pub fn p79_timers(s: &Subject) {
    let executor = s.executor();
    let runtime = executor.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        for millis in [1, 3] {
            let (start, limit) = (Instant::now(), Duration::from_millis(millis));
            executor.sleep(limit).await;
            assert!(start.elapsed() >= limit, "early");
        }
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (start, limit) = (Instant::now(), Duration::from_micros(200 * (n % 5)));
                let sleep = executor.sleep(limit);
                scope.spawn_local(async move {
                    sleep.await;
                    assert!(start.elapsed() >= limit, "early");
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    };
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// A timer that is under way is replaced by one that the host wants: a later one changes nothing, an earlier one fires.
pub fn p79_the_host_moves_a_timer(s: &Subject) {
    let executor = s.executor();
    let runtime = executor.clone();
    let host = MainLoop::new();
    let (set, wanted) = async_channel::unbounded();
    let results = Results::new();
    let main = async move {
        let (mut limit, mut changes) = (Duration::from_secs(3600), 0);
        loop {
            let fired = async {
                executor.sleep(limit).await;
                None
            };
            let changed = async { wanted.recv().await.ok() };
            match fired.or(changed).await {
                Some(other) => limit = other,
                None => return changes,
            }
            changes += 1;
        }
    };
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    host.turn();
    let later = set.clone();
    host.entry().call(move || later.try_send(Duration::from_secs(7200)).unwrap());
    host.turn();
    host.turn();
    assert!(!run.is_finished());
    host.entry().call(move || set.try_send(Duration::from_millis(1)).unwrap());
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), 2);
}

/// Work for the blocking pool goes there, and its result comes back into a task.
pub fn p79_the_blocking_pool(s: &Subject) {
    let executor = s.executor();
    let runtime = executor.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let home = thread::current().id();
    let main = async move {
        let (send, receive) = async_channel::bounded(1);
        let job = Box::new(move || send.try_send(thread::current().id()).unwrap());
        assert!(executor.spawn_blocking(job).is_ok(), "the pool takes it");
        receive.recv().await.unwrap()
    };
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    assert_ne!(results.one().unwrap(), home);
}

/// A guest that waits asks for nothing: a timer costs a tick, not a row of them.
pub fn p79_a_guest_that_waits_costs_no_ticks(s: &Subject) {
    let executor = s.executor();
    let runtime = executor.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let main = async move { executor.sleep(Duration::from_millis(30)).await };
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    let (start, mut turns) = (Instant::now(), 0);
    host.until(|| {
        turns += 1;
        run.is_finished()
    });
    results.one().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30) && start.elapsed() < HANG);
    // the first poll, the timer, the end, and a spurious one for good measure
    assert!(turns <= 5 && host.asked() <= 4, "{turns} turns, {} ticks", host.asked());
}

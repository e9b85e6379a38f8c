//! Guest mode: ticks and wake-ups. One tick at a time, and none is missed.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use event_listener::{Event, Listener as _};
use pontoon_core::guest::{Budget, Guest, GuestScope};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, start};
use crate::spy::Spy;
use crate::tools::{Gate, HANG, Witness, at_once, lock, yields};

/// Four threads wake a guest 80,000 times while its host is busy: one tick.
pub fn p87_wakes_coalesce(s: &Subject) {
    let host = MainLoop::new();
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let slot = wakers.clone();
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    let results = Results::new();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        for _ in 0..4 {
            let (slot, count) = (slot.clone(), count.clone());
            let waits = poll_fn(move |cx| {
                count.set(count.get() + 1);
                lock(&slot).push(cx.waker().clone());
                Poll::<()>::Pending
            });
            scope.spawn_local(waits).detach();
        }
        scope.stopped().await;
    };
    // no slice: a slow machine would end a tick early
    let budget = Budget::new(Duration::MAX, 256);
    let run = guest(s).budget(budget).start(host.entry(), main, results.done()).unwrap();
    host.settle();
    assert_eq!((host.asked(), polls.get()), (1, 4));
    let taken = std::mem::take(&mut *lock(&wakers));
    at_once(4, |_| {
        for n in 0..20_000 {
            taken[n % 4].wake_by_ref();
        }
    });
    assert_eq!(host.asked(), 2, "one tick for all of them");
    host.turn();
    assert_eq!(polls.get(), 8, "each of the four tasks is polled once");
    assert_eq!(host.asked(), 2);
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// How often the guest and a thread wake each other.
const ROUND_TRIPS: usize = 10_000;

/// A thread wakes a task thousands of times, each time just when the tick that polled it ends.
pub fn p87_no_wakeup_is_lost(s: &Subject) {
    let host = MainLoop::new();
    let (ask, asked) = mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
    let echo = thread::spawn(move || {
        for (waker, answers) in asked {
            answers.fetch_add(1, SeqCst);
            waker.wake();
        }
    });
    let main = async move {
        let answers = Arc::new(AtomicUsize::new(0));
        let mut asked = 0;
        poll_fn(move |cx| {
            if answers.load(SeqCst) < asked {
                return Poll::Pending;
            }
            if asked == ROUND_TRIPS {
                return Poll::Ready(asked);
            }
            asked += 1;
            ask.send((cx.waker().clone(), answers.clone())).unwrap();
            Poll::Pending
        })
        .await
    };
    let (run, results) = start(s, &host, main);
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), ROUND_TRIPS);
    echo.join().unwrap();
    s.step("four tasks and four threads");
    let (run, results) = start(s, &host, async {
        let scope = GuestScope::current().unwrap();
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (ask, asked) = async_channel::bounded::<usize>(1);
                let (answer, answered) = async_channel::bounded(1);
                let thread = thread::spawn(move || {
                    while let Ok(n) = asked.recv_blocking() {
                        answer.send_blocking(n + 1).unwrap();
                    }
                });
                scope.spawn_local(async move {
                    let mut n = 0;
                    while n < ROUND_TRIPS / 10 {
                        ask.send(n).await.unwrap();
                        n = answered.recv().await.unwrap();
                    }
                    drop(ask);
                    thread.join().unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// Under any load there is at most one tick that was asked for and has not run.
pub fn p87_one_tick_at_a_time(s: &Subject) {
    let waiting = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (send, ticks) = mpsc::channel();
    let (count, peak) = (waiting.clone(), most.clone());
    let host = move |tick| {
        peak.fetch_max(count.fetch_add(1, SeqCst) + 1, SeqCst);
        let _ = send.send(tick);
    };
    let results = Results::new();
    let main = async {
        let scope = GuestScope::current().unwrap();
        scope.spawn_local(yields(usize::MAX)).detach();
        scope.stopped().await;
    };
    let run = guest(s).budget(Budget::default().polls(3)).start(host, main, results.done()).unwrap();
    let remote = run.remote();
    let others = thread::spawn(move || {
        at_once(3, |n| {
            for _ in 0..300 {
                remote.spawn(yields(n)).detach();
            }
        });
        remote.request_stop();
    });
    while !run.is_finished() {
        let tick: pontoon_core::guest::Tick = ticks.recv_timeout(HANG).unwrap();
        waiting.fetch_sub(1, SeqCst);
        tick.run();
    }
    others.join().unwrap();
    results.one().unwrap();
    assert_eq!(most.load(SeqCst), 1);
}

/// A task runs the host's loop inside its poll, as a modal dialog does: the guest has no tick in there, other guests
/// have theirs, and what was woken meanwhile is polled afterwards.
pub fn p87_a_loop_inside_a_poll(s: &Subject) {
    let host = Rc::new(MainLoop::new());
    let log = Rc::new(RefCell::new(Vec::new()));
    let (other, others) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    let (inside, told, modal) = (host.clone(), log.clone(), other.remote());
    let end = Rc::new(RefCell::new(Some(other)));
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        let theirs = told.clone();
        let woken = Gate::new("woken inside the dialog");
        let waits = woken.clone();
        let task = scope.spawn_local(async move {
            waits.passed().await;
            theirs.borrow_mut().push("the task goes on");
        });
        yields(1).await;
        woken.open();
        thread::scope(|threads| {
            let remote = scope.remote();
            threads.spawn(move || remote.spawn(async {}).detach());
        });
        modal.request_stop();
        let other = end.take().unwrap();
        inside.until(|| other.is_finished());
        assert!(!task.is_finished());
        told.borrow_mut().push("the dialog ends");
        task.await.unwrap();
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    others.one().unwrap();
    assert_eq!(*log.borrow(), ["the dialog ends", "the task goes on"]);
}

/// Leaves its waker in the slot, and never ends.
async fn keep_waker<T>(slot: Arc<Mutex<Vec<Waker>>>, value: T) {
    let leave = |cx: &mut Context<'_>| {
        lock(&slot).push(cx.waker().clone());
        Poll::<()>::Pending
    };
    poll_fn(leave).await;
    drop(value);
}

/// Wakers that outlive the guest do nothing, from wherever they are woken, and keep no value of it.
pub fn p87_wakers_after_the_end(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let (slot, tokens) = (wakers.clone(), witness.clone());
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        for _ in 0..10 {
            scope.spawn_local(keep_waker(slot.clone(), (tokens.token(), Rc::new(())))).detach();
            scope.remote().spawn(keep_waker(slot.clone(), tokens.token())).detach();
        }
        yields(2).await;
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(witness.drops(), 20);
    drop(run);
    let asked = host.asked();
    let wakers = std::mem::take(&mut *lock(&wakers));
    assert_eq!(wakers.len(), 20);
    at_once(3, |_| wakers.iter().for_each(Waker::wake_by_ref));
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!((host.asked(), witness.drops()), (asked, 20));
}

/// A worker that waits is woken with each tick that another thread asks for: a reactor that is shared with other
/// threads goes back to it then, as it would not by itself.
pub fn p87_trap_1_the_worker_is_woken_with_the_guest(s: &Subject) {
    let polls = Arc::new((AtomicUsize::new(0), Event::new()));
    let counted = polls.clone();
    let spy = Spy::new(s).default_engine().after_poll(move || {
        counted.0.fetch_add(1, SeqCst);
        counted.1.notify(usize::MAX);
    });
    let reaches = |count: usize| {
        while polls.0.load(SeqCst) < count {
            let listener = polls.1.listen();
            let seen = polls.0.load(SeqCst) >= count || listener.wait_timeout(HANG).is_some();
            assert!(seen, "the worker sleeps on");
        }
    };
    let host = MainLoop::new();
    let results = Results::new();
    let main = async { GuestScope::current().unwrap().stopped().await };
    let run = Guest::new(spy).start(host.entry(), main, results.done()).unwrap();
    host.turn();
    reaches(1);
    for _ in 0..20 {
        let before = polls.0.load(SeqCst);
        let remote = run.remote();
        thread::spawn(move || remote.spawn(async {}).detach()).join().unwrap();
        reaches(before + 1);
        host.turn();
    }
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize, Event);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        self.1.notify(usize::MAX);
    }
}

/// The host of the poll form may come with another waker each time: the last one counts.
pub fn p87_trap_6_the_waker_changes(s: &Subject) {
    let gate = Gate::new("main may end");
    let passed = gate.clone();
    let mut future = pin!(guest(s).into_future(async move { passed.passed().await }).unwrap());
    let counts: Vec<Arc<Count>> = (0..3).map(|_| Arc::default()).collect();
    let mut poll = |n: usize| {
        let waker = Waker::from(counts[n].clone());
        future.as_mut().poll(&mut Context::from_waker(&waker))
    };
    for n in 0..3 {
        assert!(poll(n).is_pending());
    }
    let told = || [0, 1, 2].map(|n: usize| counts[n].0.load(SeqCst));
    assert_eq!(told(), [0, 0, 0]);
    thread::spawn(move || gate.open()).join().unwrap();
    assert_eq!(told(), [0, 0, 1], "the last waker, once");
    let listener = counts[1].1.listen();
    assert!(poll(1).is_pending(), "main has ended, the worker is about to");
    let ended = poll(1).is_ready() || {
        assert!(listener.wait_timeout(HANG).is_some(), "nobody tells of the end");
        poll(1).is_ready()
    };
    assert!(ended);
    assert_eq!(told()[2], 1);
}

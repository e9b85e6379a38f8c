//! Guest mode: how much of the host's time a tick takes, and the debug mode that tells who took it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use pontoon_core::guest::{Budget, GuestScope, Slow};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest};
use crate::tools::{HANG, lock, yields};

/// Keeps its thread for `time`, as a poll does that computes.
fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {}
}

/// A number of polls is kept to exactly, tick for tick.
pub fn p88_a_tick_makes_so_many_polls(s: &Subject) {
    for limit in [1, 7, 256] {
        let host = MainLoop::new();
        let results = Results::new();
        let budget = Budget::new(Duration::MAX, limit);
        let main = async {
            let scope = GuestScope::current().unwrap();
            for _ in 0..40 {
                scope.spawn_local(yields(usize::MAX)).detach();
            }
            scope.stopped().await;
        };
        let run = guest(s).budget(budget).start(host.entry(), main, results.done()).unwrap();
        for tick in 1..=20 {
            host.turn();
            assert_eq!((run.stats().ticks, run.stats().polls), (tick, tick * limit as u64), "a limit of {limit}");
        }
        drop(run);
        results.assert_cancelled();
        host.settle();
    }
}

/// An empty budget is one poll a tick; a guest always gets on.
pub fn p88_an_empty_budget(s: &Subject) {
    let host = MainLoop::new();
    let results = Results::new();
    let empty = Budget::new(Duration::ZERO, 0);
    let run = guest(s).budget(empty).start(host.entry(), yields(5), results.done()).unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!((run.stats().ticks, run.stats().polls), (6, 6));
}

/// A task that is always ready leaves the host its events; the guest asks to come after them.
pub fn p88_trap_4_the_host_comes_first(s: &Subject) {
    let host = MainLoop::new();
    let results = Results::new();
    let budget = Budget::default().polls(10);
    let run = guest(s).budget(budget).start(host.entry(), yields(usize::MAX), results.done()).unwrap();
    let events = Arc::new(AtomicUsize::new(0));
    for n in 0..50 {
        let count = events.clone();
        host.entry().call(move || _ = count.fetch_add(1, SeqCst));
        host.until(|| events.load(SeqCst) > n);
    }
    let ticks = run.stats().ticks;
    assert!(ticks <= 51, "{ticks} ticks for 50 events");
    assert!(ticks >= 49, "the guest got on, too: {ticks} ticks");
    assert_eq!(host.entry().asked_later() as u64, ticks, "every tick spent its budget");
    drop(run);
    results.assert_cancelled();
}

/// Tasks that are always ready have their turns one after the other, the runtime's own local tasks not excepted.
pub fn p88_trap_3_tasks_take_turns(s: &Subject) {
    const TASKS: usize = 100;
    let host = MainLoop::new();
    let results = Results::new();
    let counts: Rc<Vec<Cell<u32>>> = Rc::new((0..TASKS).map(|_| Cell::new(0)).collect());
    let theirs = counts.clone();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        for n in 0..TASKS {
            let counts = theirs.clone();
            let task = async move {
                loop {
                    counts[n].set(counts[n].get() + 1);
                    yields(1).await;
                }
            };
            scope.spawn_local(task).detach();
        }
        scope.stopped().await;
    };
    let budget = Budget::new(Duration::MAX, 7);
    let run = guest(s).budget(budget).start(host.entry(), main, results.done()).unwrap();
    for _ in 0..500 {
        host.turn();
        let polls = counts.iter().map(Cell::get);
        let (most, least) = (polls.clone().max().unwrap(), polls.min().unwrap());
        assert!(most - least <= 1, "one task had {most} turns while another had {least}");
    }
    assert!(counts[TASKS - 1].get() >= 30);
    drop(run);
    results.assert_cancelled();
}

/// Remembers whether it was woken, and by which threads.
struct Flag {
    woken: AtomicBool,
    by: Mutex<Vec<ThreadId>>,
    host: Thread,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        lock(&self.by).push(thread::current().id());
        self.woken.store(true, SeqCst);
        self.host.unpark();
    }
}

/// In the poll form a guest that is always busy lets its executor come to rest after each spent budget: an executor
/// that looks at its own events only when no task is ready has them.
pub fn p88_trap_5_an_executor_comes_to_rest(s: &Subject) {
    let budget = Budget::default().polls(10);
    let mut future = pin!(guest(s).budget(budget).into_future(yields(usize::MAX)).unwrap());
    let flag = Arc::new(Flag { woken: AtomicBool::new(true), by: Mutex::default(), host: thread::current() });
    let waker = Waker::from(flag.clone());
    let start = Instant::now();
    for event in 0..50 {
        while !flag.woken.swap(false, SeqCst) {
            assert!(start.elapsed() < HANG, "the guest sleeps on, after {event} events");
            thread::park_timeout(HANG);
        }
        let before = lock(&flag.by).len();
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        // what the poll itself woke would be polled again before the host's events
        let by = lock(&flag.by)[before..].to_vec();
        assert!(!by.contains(&thread::current().id()), "it woke itself");
    }
    assert!((50..=500).contains(&future.guest().stats().polls), "50 polls at most, each a tick of ten or none");
}

/// A slice ends a tick soon after it is over, however few polls that are.
pub fn p88_trap_7_slow_polls_end_a_tick(s: &Subject) {
    let host = MainLoop::new();
    let results = Results::new();
    let main = async {
        let scope = GuestScope::current().unwrap();
        for _ in 0..20 {
            scope
                .spawn_local(async {
                    loop {
                        busy(Duration::from_millis(2));
                        yields(1).await;
                    }
                })
                .detach();
        }
        scope.stopped().await;
    };
    let budget = Budget::new(Duration::from_millis(1), 1024);
    let run = guest(s).budget(budget).start(host.entry(), main, results.done()).unwrap();
    host.turn();
    let mut before = run.stats().polls;
    for _ in 0..20 {
        host.turn();
        let polls = run.stats().polls - before;
        before = run.stats().polls;
        assert_eq!(polls, 1, "each of them is longer than the slice");
    }
    drop(run);
    results.assert_cancelled();
}

/// Polls that were short and grow long all at once overrun the slice by a few, not by all that the number allows.
pub fn p88_polls_that_grow_long(s: &Subject) {
    let host = MainLoop::new();
    let results = Results::new();
    let slow = Rc::new(Cell::new(false));
    let (flag, spun) = (slow.clone(), Rc::new(Cell::new(0)));
    let count = spun.clone();
    let main = async move {
        loop {
            if flag.get() {
                count.set(count.get() + 1);
                busy(Duration::from_millis(1));
            }
            yields(1).await;
        }
    };
    let budget = Budget::new(Duration::from_millis(1), 1_000_000);
    let run = guest(s).budget(budget).start(host.entry(), main, results.done()).unwrap();
    for _ in 0..5 {
        host.turn();
    }
    slow.set(true);
    let entry = host.entry();
    entry.call(|| {});
    host.turn();
    host.turn();
    assert!((1..=17).contains(&spun.get()), "{} long polls in a tick", spun.get());
    drop::<pontoon_core::guest::GuestRun>(run);
    let result: Result<(), _> = results.one();
    assert!(result.is_err());
}

/// The debug mode tells of a slow poll and where its task was spawned, and of a tick that overran its budget.
pub fn p90_slow_polls_are_reported(s: &Subject) {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let slot = reports.clone();
    let home = thread::current().id();
    let limit = Duration::from_millis(20);
    let watched = guest(s).debug(limit, move |report| {
        assert_eq!(thread::current().id(), home);
        slot.borrow_mut().push(report);
    });
    let host = MainLoop::new();
    let results = Results::new();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        let line = line!() + 1;
        scope.spawn_local(async move { busy(limit) }).await.unwrap();
        line
    };
    let run = watched.start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    let line = results.one().unwrap();
    let slow = |report: &Slow| match report {
        Slow::Poll { took, spawned_at } => {
            (*took >= limit && spawned_at.file() == file!()).then_some(("poll", spawned_at.line()))
        }
        Slow::Tick { took, polls } => (*took >= limit && *polls >= 1).then_some(("tick", 0)),
        _ => None,
    };
    let told: Vec<_> = reports.borrow().iter().filter_map(slow).collect();
    // a busy machine may add others
    assert!(told.contains(&("poll", line)), "{told:?}");
}

/// A tick that overran its budget is told by its length and the number of its polls.
pub fn p90_slow_ticks_are_reported(s: &Subject) {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let slot = reports.clone();
    let (slice, limit) = (Duration::from_millis(1), Duration::from_millis(10));
    let host = MainLoop::new();
    let results = Results::new();
    let main = async move {
        yields(3).await;
        busy(slice + limit);
    };
    let run = guest(s)
        .budget(Budget::new(slice, 1000))
        .debug(limit, move |report| slot.borrow_mut().push(report))
        .start(host.entry(), main, results.done())
        .unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
    let ticks = |report: &Slow| matches!(report, Slow::Tick { took, polls } if *took > slice + limit && *polls >= 1);
    assert!(reports.borrow().iter().any(ticks), "{:?}", reports.borrow());
}

//! Guest mode: hosts that give a guest up.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use pontoon_core::guest::{AbandonReason, Abandoned, Guest, GuestError, GuestRun, GuestScope, Tick, queue};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest};
use crate::tools::{Gate, HANG, Witness, at_once, hold, lock, yields};

/// The reports of a guest.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<Abandoned>>>);

impl Reports {
    fn guest(&self, s: &Subject) -> Guest {
        let reports = self.clone();
        guest(s).on_abandoned(move |report| lock(&reports.0).push(report))
    }

    /// The one that there has to be.
    #[track_caller]
    fn one(&self, reason: AbandonReason, tasks: usize) -> Abandoned {
        let mut reports = lock(&self.0);
        assert_eq!(reports.len(), 1, "{reports:?}");
        let report = reports.pop().unwrap();
        assert_eq!((report.reason(), report.tasks()), (reason, tasks));
        report
    }

    #[track_caller]
    fn none(&self) {
        assert_eq!(*lock(&self.0), []);
    }
}

#[track_caller]
fn assert_abandoned<T: 'static>(results: &Results<T>, reason: AbandonReason) {
    match results.one() {
        Err(GuestError::Abandoned(report)) => assert_eq!(report.reason(), reason),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("an output"),
    }
}

/// A queue that is dropped with a tick in it ends its guest on the spot.
pub fn p85_a_queued_tick_is_dropped(s: &Subject) {
    let (reports, witness, results) = (Reports::default(), Witness::new(), Results::<()>::new());
    let (host, ticks) = queue(|| {});
    let run = reports.guest(s).start(host, hold(witness.token()), results.done()).unwrap();
    ticks.run();
    let task = run.scope().spawn_local(hold(witness.token()));
    assert!(!ticks.is_empty());
    drop(ticks);
    assert_eq!(witness.drops(), 2);
    let report = reports.one(AbandonReason::TickDropped, 2);
    assert_eq!(report.thread(), thread::current().id());
    assert!(report.to_string().contains("finish_blocking"), "{report}");
    assert_abandoned(&results, AbandonReason::TickDropped);
    assert!(run.is_finished() && task.is_finished());
}

/// A host that goes while its guest waits is missed when the guest is woken, on whichever thread that is. A waker may be
/// called under a lock, so it drops nothing.
pub fn p85_the_host_goes_while_the_guest_waits(s: &Subject) {
    for from_a_thread in [false, true] {
        let (reports, witness, results) = (Reports::default(), Witness::new(), Results::<()>::new());
        let (host, ticks) = queue(|| {});
        let gate = Gate::new("the host is gone");
        let (gone, token) = (gate.clone(), witness.token());
        let main = async move {
            let _token = token;
            gone.passed().await;
        };
        let run = reports.guest(s).start(host, main, results.done()).unwrap();
        ticks.run();
        drop(ticks);
        reports.none();
        assert!(!run.is_finished());
        let mut id = thread::current().id();
        if from_a_thread {
            let other = thread::spawn(move || gate.open());
            id = other.thread().id();
            other.join().unwrap();
        } else {
            gate.open();
        }
        assert_eq!(reports.one(AbandonReason::TickDropped, 1).thread(), id);
        assert_eq!((witness.drops(), results.count()), (0, 0));
        assert!(run.remote().spawn(async {}).is_finished(), "no task gets in");
        assert!(!run.scope().cancel());
        drop(run);
        assert_eq!(witness.drops(), 1);
        assert_eq!(witness.threads(), [thread::current().id()]);
        assert_abandoned(&results, AbandonReason::TickDropped);
        reports.none();
    }
}

/// A tick that is dropped on another thread: what may move is dropped there, so that whoever waits for it hears of it;
/// the rest waits for the `GuestRun`.
pub fn p85_a_tick_is_dropped_on_another_thread(s: &Subject) {
    let (reports, witness, results) = (Reports::default(), Witness::new(), Results::<()>::new());
    let host = MainLoop::new();
    let run = reports.guest(s).start(host.entry(), hold(witness.token()), results.done()).unwrap();
    let kept = run.scope().spawn_local(hold(witness.token()));
    let moved = run.remote().spawn(hold(witness.token()));
    let tick = host.tick();
    let runner = s.runner();
    let waiting = thread::spawn(move || runner.run(moved).unwrap_err());
    let other = thread::spawn(move || drop(tick));
    let id = other.thread().id();
    other.join().unwrap();
    assert!(waiting.join().unwrap().is_cancelled());
    assert_eq!(reports.one(AbandonReason::TickDropped, 3).thread(), id);
    assert_eq!((witness.drops(), run.is_finished(), kept.is_finished()), (1, false, false));
    assert!(!run.scope().cancel(), "nobody would see to it");
    drop(run);
    assert_eq!(witness.drops(), 3);
    assert!(kept.is_finished());
    assert_abandoned(&results, AbandonReason::TickDropped);
    host.settle();
}

/// A tick that is run on another thread polls nothing there.
pub fn p85_a_tick_is_run_on_another_thread(s: &Subject) {
    let (reports, results) = (Reports::default(), Results::<()>::new());
    let host = MainLoop::new();
    let main = async { unreachable!("it is polled") };
    let run = reports.guest(s).start(host.entry(), main, results.done()).unwrap();
    let tick = host.tick();
    thread::spawn(move || tick.run()).join().unwrap();
    let report = reports.one(AbandonReason::WrongThread, 1);
    assert!(report.to_string().contains("another thread"), "{report}");
    assert_eq!(results.count(), 0);
    run.finish_blocking().unwrap();
    assert_abandoned(&results, AbandonReason::WrongThread);
    reports.none();
}

/// A host that drops what it gets: the guest is over when `start` returns, and `done` has been called.
pub fn p85_a_host_that_drops_every_tick(s: &Subject) {
    let (reports, results) = (Reports::default(), Results::<()>::new());
    let witness = Witness::new();
    let run = reports.guest(s).start(drop::<Tick>, hold(witness.token()), results.done()).unwrap();
    assert!(run.is_finished());
    assert_eq!(witness.drops(), 1);
    reports.one(AbandonReason::TickDropped, 1);
    assert_abandoned(&results, AbandonReason::TickDropped);
    assert!(run.scope().spawn_local(async {}).is_finished());
}

/// Main's output is not lost with the last tick: `done` gets it.
pub fn p85_the_last_tick_is_dropped(s: &Subject) {
    let host = MainLoop::new();
    let (reports, results) = (Reports::default(), Results::new());
    let run = reports.guest(s).start(host.entry(), async { 42 }, results.done()).unwrap();
    host.turn();
    drop(host.tick());
    assert!(run.is_finished());
    assert_eq!(results.one().unwrap(), 42);
    reports.none();
    s.step("on another thread");
    let run = reports.guest(s).start(host.entry(), async { 43 }, results.done()).unwrap();
    host.turn();
    let last = host.tick();
    thread::spawn(move || drop(last)).join().unwrap();
    reports.one(AbandonReason::TickDropped, 0);
    assert_eq!(results.count(), 0);
    drop(run);
    assert_eq!(results.one().unwrap(), 43);
}

/// A thread that ends takes its guests with it: their tasks are dropped there and `done` is called, with one report.
pub fn p85_the_thread_ends(s: &Subject) {
    let witness = Witness::new();
    let reports = Reports::default();
    let (send, results) = mpsc::channel();
    let guest = |tokens: &Witness| {
        let (subject, reports, token, other) = (s.clone(), reports.clone(), tokens.token(), tokens.token());
        let send = send.clone();
        move |host: MainLoop| {
            let main = async move {
                GuestScope::current().unwrap().spawn_local(hold(other)).detach();
                hold(token).await;
            };
            let guest = reports.guest(&subject);
            let run = guest.start(host.entry(), main, move |result| send.send(result).unwrap()).unwrap();
            host.turn();
            (run, host)
        }
    };
    s.step("detached");
    let body = guest(&witness);
    let thread = thread::spawn(move || {
        let (run, host) = body(MainLoop::new());
        run.detach();
        std::mem::forget(host);
    });
    let id = thread.thread().id();
    thread.join().unwrap();
    assert_eq!((witness.drops(), witness.threads()), (2, vec![id; 2]));
    reports.one(AbandonReason::ThreadEnded, 2);
    let result = results.recv_timeout(HANG).unwrap();
    assert!(matches!(result, Err(GuestError::Abandoned(_))), "{result:?}");
    s.step("given up before");
    let body = guest(&witness);
    let thread = thread::spawn(move || {
        let (run, host) = body(MainLoop::new());
        let remote = run.remote();
        run.detach();
        drop(host);
        thread::spawn(move || remote.spawn(async {}).detach()).join().unwrap();
    });
    thread.join().unwrap();
    assert_eq!(witness.drops(), 4);
    let report = reports.one(AbandonReason::TickDropped, 3);
    match results.recv_timeout(HANG).unwrap() {
        Err(GuestError::Abandoned(told)) => assert_eq!(told, report, "`done` is told the first reason"),
        other => panic!("{other:?}"),
    }
}

/// The drop of the `GuestRun` meets a tick that is being dropped elsewhere: nothing is leaked, `done` is called once.
pub fn p85_a_report_races_with_the_drop(s: &Subject) {
    for round in 0..60 {
        let (reports, witness, results) = (Reports::default(), Witness::new(), Results::<()>::new());
        let host = MainLoop::new();
        let slot = Rc::new(RefCell::new(None::<GuestRun>));
        let run = reports.guest(s).start(host.entry(), hold(witness.token()), results.done()).unwrap();
        for _ in 0..20 {
            run.scope().spawn_local(hold(witness.token())).detach();
            run.remote().spawn(hold(witness.token())).detach();
        }
        let tick = host.tick();
        *slot.borrow_mut() = Some(run);
        let (go, going) = (Gate::new("both go"), Gate::new("the other is there"));
        let (gate, there) = (go.clone(), going.clone());
        let other = thread::spawn(move || {
            there.open();
            gate.wait();
            drop(tick);
        });
        going.wait();
        go.open();
        if round % 2 == 0 {
            thread::yield_now();
        }
        drop(slot.take());
        other.join().unwrap();
        witness.wait_for(41);
        assert_eq!(results.count(), 1, "in round {round}");
        let _ = results.one();
    }
}

/// Many guests are given up at once, from many threads.
pub fn p85_many_are_given_up_at_once(s: &Subject) {
    let reports = Reports::default();
    let witness = Witness::new();
    let results = Results::<()>::new();
    let host = MainLoop::new();
    let runs: Vec<_> =
        (0..8).map(|_| reports.guest(s).start(host.entry(), hold(witness.token()), results.done()).unwrap()).collect();
    let ticks: Vec<_> = runs.iter().map(|_| Mutex::new(Some(host.tick()))).collect();
    at_once(4, |n| {
        for tick in &ticks[2 * n..2 * n + 2] {
            drop(lock(tick).take());
        }
    });
    assert_eq!((lock(&reports.0).len(), witness.drops(), results.count()), (8, 0, 0));
    drop(runs);
    assert_eq!((witness.drops(), results.count()), (8, 8));
    s.step("the thread is as good as new");
    assert_eq!(crate::main_loop::play(s, yields(3)).ok(), Some(()));
}

//! Guest mode: ending a guest before its main has ended.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures_lite::FutureExt as _;
use pontoon_core::RunError;
use pontoon_core::guest::{Budget, Guest, GuestError, GuestRun, GuestScope, Tick, queue};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, play, start};
use crate::tools::{Gate, OnDrop, Witness, hold, yields};

/// Scope and remote cancel a guest that waits; the second cancel finds it ending.
pub fn p82_cancel_a_guest_that_waits(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    for from_a_thread in [false, true] {
        let before = witness.drops();
        let (run, results) = start(s, &host, hold(witness.token()));
        run.scope().spawn_local(hold(witness.token())).detach();
        host.turn();
        assert!(!run.is_finished());
        let remote = run.remote();
        let cancelled = match from_a_thread {
            true => thread::spawn(move || remote.cancel()).join().unwrap(),
            false => run.scope().cancel(),
        };
        assert!(cancelled, "it was not ending yet");
        assert_eq!(witness.drops(), before, "with the next tick, not before");
        host.turn();
        assert_eq!(witness.drops(), before + 2);
        assert!(!run.scope().cancel() && !run.remote().cancel(), "it is ending");
        host.until(|| run.is_finished());
        results.assert_cancelled();
    }
}

/// A cancel inside main takes effect when that poll returns; main is not polled again.
pub fn p82_cancel_inside_main(s: &Subject) {
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    let result = play(s, async move {
        loop {
            count.set(count.get() + 1);
            assert!(GuestScope::current().unwrap().cancel());
            yields(1).await;
        }
    });
    assert!(matches!(result, Err::<(), _>(GuestError::Cancelled)));
    assert_eq!(polls.get(), 1);
    s.step("main that ends in the poll that cancels");
    let result = play(s, async {
        GuestScope::current().unwrap().cancel();
        7
    });
    assert_eq!(result.unwrap(), 7, "an output wins");
}

/// A guest that is cancelled before its first tick is never polled.
pub fn p82_cancel_before_the_first_tick(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    let token = witness.token();
    let (run, results) = start(s, &host, async move {
        drop(token);
        unreachable!("it is polled");
    });
    assert!(run.remote().cancel());
    host.until(|| run.is_finished());
    assert!(matches!(results.one(), Err::<(), _>(GuestError::Cancelled)));
    assert_eq!((witness.drops(), run.stats().polls), (1, 0));
}

/// A cancel while the guest ends changes nothing.
pub fn p82_cancel_while_ending(s: &Subject) {
    let stay = Gate::new("the worker may leave");
    let leaves = stay.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let spy = crate::spy::Spy::new(s).after_block_on(move || leaves.wait());
    let run = Guest::new(spy).start(host.entry(), async { 3 }, results.done()).unwrap();
    host.turn();
    assert!(!run.is_finished() && !run.scope().cancel() && !run.remote().request_stop());
    stay.open();
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), 3);
}

/// `request_stop` is a wish: `stopped` is ready then, for everybody, and main ends when it likes.
pub fn p82_stop_on_request(s: &Subject) {
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async {
        let scope = GuestScope::current().unwrap();
        let stopped = scope.stopped();
        let task = scope.spawn_local(stopped);
        scope.stopped().await;
        task.await.unwrap();
        yields(3).await;
        scope.stopped().await;
        "in its own time"
    });
    host.turn();
    assert!(!run.scope().is_stop_requested());
    let remote = run.remote();
    assert!(thread::spawn(move || remote.request_stop()).join().unwrap());
    assert!(run.scope().is_stop_requested());
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), "in its own time");
    s.step("a stop that is asked for before the first tick");
    let (run, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
    s.step("a cancel is a stop, too");
    let seen = Rc::new(Cell::new(false));
    let slot = seen.clone();
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        let _told = OnDrop::new(move || slot.set(GuestScope::current().unwrap().is_stop_requested()));
        scope.stopped().or(std::future::pending()).await;
        hold(()).await;
    });
    host.turn();
    run.scope().cancel();
    host.until(|| run.is_finished());
    results.assert_cancelled();
    assert!(seen.get());
}

/// Dropping the `GuestRun` ends the guest on the spot; a tick that the host still has does nothing.
pub fn p83_drop_the_run(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    s.step("before the first tick");
    let (run, results) = start(s, &host, hold(witness.token()));
    drop(run);
    assert_eq!(witness.drops(), 1);
    results.assert_cancelled();
    host.tick().run();
    s.step("with a tick at the host");
    let (run, results) = start(s, &host, hold(witness.token()));
    host.turn();
    let task = run.scope().spawn_local(hold(witness.token()));
    let stale = host.tick();
    drop(run);
    assert_eq!(witness.drops(), 3);
    results.assert_cancelled();
    assert!(task.is_finished());
    drop(stale);
    s.step("idle");
    let (run, results) = start(s, &host, hold(witness.token()));
    host.turn();
    drop(run);
    assert_eq!(witness.drops(), 4);
    results.assert_cancelled();
    s.step("after the end");
    let (run, results) = start(s, &host, async { 1 });
    host.until(|| run.is_finished());
    drop(run);
    assert_eq!(results.one().unwrap(), 1);
    host.settle();
}

/// Dropping it while the guest ends calls `done` at once; the tick that would have is stale.
pub fn p83_drop_the_run_while_ending(s: &Subject) {
    let stay = Gate::new("the worker may leave");
    let leaves = stay.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let spy = crate::spy::Spy::new(s).after_block_on(move || leaves.wait());
    let run = Guest::new(spy).start(host.entry(), async { 3 }, results.done()).unwrap();
    host.turn();
    assert!(!run.is_finished());
    drop(run);
    assert_eq!(results.one().unwrap(), 3, "main had ended");
    stay.open();
    host.settle();
    assert_eq!(results.count(), 0);
}

/// Dropping it inside a poll of its own guest ends the guest when that poll returns.
pub fn p83_drop_the_run_inside_its_guest(s: &Subject) {
    let host = MainLoop::new();
    let slot: Rc<RefCell<Option<GuestRun>>> = Rc::default();
    let own = slot.clone();
    let log = Rc::new(RefCell::new(Vec::new()));
    let (told, dropped) = (log.clone(), log.clone());
    let (run, results) = start(s, &host, async move {
        let _dropped = OnDrop::new(move || dropped.borrow_mut().push("main is dropped"));
        drop(own.take());
        told.borrow_mut().push("the poll goes on");
        yields(1).await;
        told.borrow_mut().push("there is no other");
    });
    *slot.borrow_mut() = Some(run);
    host.until(|| results.count() == 1);
    results.assert_cancelled();
    assert_eq!(*log.borrow(), ["the poll goes on", "main is dropped"]);
}

/// A guest that was detached lives on and ends by itself.
pub fn p83_detach(s: &Subject) {
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async {
        yields(5).await;
        1
    });
    let remote = run.remote();
    run.detach();
    host.until(|| remote.is_finished());
    assert_eq!(results.one().unwrap(), 1);
}

/// `finish_blocking` runs a guest to its end without the host: unpolled, idle, ending, and with a tick at the host.
pub fn p83_finish_blocking(s: &Subject) {
    let executor = s.executor();
    let (ticks, runtime) = (MainLoop::new(), executor.clone());
    s.step("before the first tick");
    let results = Results::new();
    let slot: Rc<RefCell<Option<Tick>>> = Rc::default();
    let held = slot.clone();
    let main = async move {
        executor.sleep(Duration::from_millis(2)).await;
        let stale = held.take().unwrap();
        thread::spawn(move || drop(stale)).join().unwrap();
        yields(3).await;
        executor.sleep(Duration::from_millis(1)).await;
        1
    };
    let run = Guest::new(runtime).start(ticks.entry(), main, results.done()).unwrap();
    *slot.borrow_mut() = Some(ticks.tick());
    run.finish_blocking().unwrap();
    assert_eq!(results.one().unwrap(), 1);
    s.step("on request");
    let (run, results) = start(s, &ticks, async { GuestScope::current().unwrap().stopped().await });
    ticks.turn();
    run.scope().request_stop();
    let stale = ticks.tick();
    run.finish_blocking().unwrap();
    results.one().unwrap();
    drop(stale);
    s.step("cancelled by another thread");
    let (run, results) = start(s, &ticks, hold(()));
    ticks.turn();
    let remote = run.remote();
    let other = thread::spawn(move || remote.cancel());
    run.finish_blocking().unwrap();
    assert!(other.join().unwrap());
    results.assert_cancelled();
    s.step("ending, and ended");
    let (run, results) = start(s, &ticks, async { 2 });
    ticks.turn();
    run.finish_blocking().unwrap();
    assert_eq!(results.one().unwrap(), 2);
    let (run, results) = start(s, &ticks, async { 3 });
    ticks.until(|| run.is_finished());
    run.finish_blocking().unwrap();
    assert_eq!(results.one().unwrap(), 3);
    ticks.settle();
}

/// It works after the host has gone, unless the guest wanted something of it in between.
pub fn p83_finish_blocking_without_a_host(s: &Subject) {
    let (host, ticks) = queue(|| {});
    let executor = s.executor();
    let runtime = executor.clone();
    let results = Results::new();
    let gate = Gate::new("the host is gone");
    let gone = gate.clone();
    let main = async move {
        gone.passed().await;
        executor.sleep(Duration::from_millis(1)).await;
        4
    };
    let run = Guest::new(runtime).on_abandoned(|_| {}).start(host, main, results.done()).unwrap();
    assert_eq!(ticks.run(), 1);
    drop(ticks);
    assert!(!run.is_finished(), "nobody has noticed");
    thread::spawn(move || gate.open()).join().unwrap();
    run.finish_blocking().unwrap();
    let result = results.one();
    assert!(matches!(result, Err(GuestError::Abandoned(_))), "now somebody has: {result:?}");
    s.step("without anybody who notices");
    let (host, ticks) = queue(|| {});
    let main = async {
        yields(2).await;
        5
    };
    let run = guest(s).budget(Budget::default().polls(1)).start(host, main, results.done()).unwrap();
    let scope = run.scope();
    let unpolled = scope.spawn_local(async {});
    assert_eq!(ticks.run(), 1);
    run.finish_blocking().unwrap();
    drop(ticks);
    assert_eq!(results.one().unwrap(), 5);
    assert!(unpolled.is_finished());
}

/// Inside a task of the guest it would wait for itself: an error, and the guest lives on.
pub fn p83_finish_blocking_inside_its_guest(s: &Subject) {
    let host = MainLoop::new();
    let slot: Rc<RefCell<Option<GuestRun>>> = Rc::default();
    let own = slot.clone();
    let (run, results) = start(s, &host, async move {
        yields(1).await;
        let error = own.take().unwrap().finish_blocking().unwrap_err();
        yields(2).await;
        error
    });
    *slot.borrow_mut() = Some(run);
    host.until(|| results.count() == 1);
    let error = results.one().unwrap();
    assert!(matches!(error, RunError::WouldDeadlock(_)), "{error:?}");
    s.step("inside a destructor that the end runs");
    let refused = Rc::new(RefCell::new(None));
    let (own, told) = (slot.clone(), refused.clone());
    let last = OnDrop::new(move || *told.borrow_mut() = own.take().unwrap().finish_blocking().err());
    let (run, results) = start(s, &host, hold(last));
    host.turn();
    run.scope().cancel();
    *slot.borrow_mut() = Some(run);
    host.until(|| results.count() == 1);
    results.assert_cancelled();
    assert!(matches!(refused.take(), Some(RunError::WouldDeadlock(_))));
    s.step("inside another guest of the same thread");
    let (run, results) = start(s, &host, async {
        yields(3).await;
        5
    });
    let inside = play(s, async move { run.finish_blocking() });
    inside.unwrap().unwrap();
    assert_eq!(results.one().unwrap(), 5);
    host.settle();
}

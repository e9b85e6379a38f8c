//! Guest mode: the end of a guest, and the order in which it comes.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use pontoon_core::guest::{Guest, GuestRun, GuestScope};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, start};
use crate::session::Log;
use crate::spy::Spy;
use crate::tools::{Gate, OnDrop, Witness, hold, yields};

/// `done` gets main's output, once, on the host's thread, from a tick.
pub fn p81_done_gets_the_output(s: &Subject) {
    let host = MainLoop::new();
    let got = Rc::new(RefCell::new(Vec::new()));
    let slot = got.clone();
    let home = thread::current().id();
    let run = guest(s)
        .start(
            host.entry(),
            async {
                yields(2).await;
                Rc::new("not even `Send`")
            },
            move |result| {
                assert_eq!(thread::current().id(), home);
                slot.borrow_mut().push(*result.unwrap());
            },
        )
        .unwrap();
    host.until(|| run.is_finished());
    drop(run);
    host.settle();
    assert_eq!(*got.borrow(), ["not even `Send`"]);
    s.step("the poll form");
    let future = guest(s).into_future(async { Rc::new(6 * 7) }).unwrap();
    assert_eq!(*s.runner().run(future).unwrap(), 42);
}

/// Main's output, then the tasks, then the worker, then the runtime, then `done`.
pub fn p81_the_order_of_the_end(s: &Subject) {
    let log = Log::default();
    let line = |text: &'static str| {
        let log = log.clone();
        move || log.push(text)
    };
    let stopped = Gate::new("the runtime is told to stop");
    let (stops, leaves) = (stopped.clone(), line("the worker leaves"));
    let stop_line = line("the runtime stops");
    let spy = Spy::new(s)
        .after_block_on(move || {
            // long enough for a runtime that is stopped too early
            stopped.wait_timeout(Duration::from_millis(50));
            leaves();
        })
        .at_shutdown(move || {
            stop_line();
            stops.open();
        });
    let host = MainLoop::new();
    let (in_main, in_local, in_remote, output) = (
        OnDrop::new(line("main is dropped")),
        OnDrop::new(line("the local task is dropped")),
        OnDrop::new(line("the other task is dropped")),
        line("output"),
    );
    let done = line("done");
    let run = Guest::new(spy)
        .start(
            host.entry(),
            async move {
                let _in_main = in_main;
                let scope = GuestScope::current().unwrap();
                scope.spawn_local(async move { hold((in_local, Rc::new(()))).await }).detach();
                scope.remote().spawn(async move { hold(in_remote).await }).detach();
                yields(1).await;
                output();
            },
            move |result| {
                result.unwrap();
                done();
            },
        )
        .unwrap();
    host.until(|| run.is_finished());
    let lines = log.take();
    assert_eq!(lines[..2], ["output", "main is dropped"]);
    let mut tasks = lines[2..4].to_vec();
    tasks.sort();
    assert_eq!(tasks, ["the local task is dropped", "the other task is dropped"]);
    assert_eq!(lines[4..], ["the worker leaves", "the runtime stops", "done"]);
}

/// When `done` is called no task of the guest lives, whatever state it was in.
pub fn p81_every_task_is_gone_before_done(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    let tokens = witness.clone();
    let (results, seen) = (Results::new(), witness.clone());
    let sum = Rc::new(RefCell::new(None));
    let scope: Rc<RefCell<Option<GuestScope>>> = Rc::default();
    let (at_done, last) = (sum.clone(), scope.clone());
    let done = results.done();
    let run = guest(s)
        .start(
            host.entry(),
            async move {
                let scope = GuestScope::current().unwrap();
                // one that waits, one that is always ready, one that was never polled, one whose handle lives on
                scope.spawn_local(hold(tokens.token())).detach();
                let token = tokens.token();
                scope.spawn_local(async move { hold_while_busy(token).await }).detach();
                yields(3).await;
                scope.spawn_local(hold(tokens.token())).detach();
                let kept = scope.remote().spawn(hold(tokens.token()));
                // one that holds the handle of another
                let inner = scope.spawn_local(hold(tokens.token()));
                scope.spawn_local(hold(inner)).detach();
                (kept, "and the handle outlives the guest")
            },
            move |result| {
                *at_done.borrow_mut() = Some((seen.drops(), last.borrow().as_ref().map(|scope| scope.stats().tasks)));
                done(result);
            },
        )
        .unwrap();
    *scope.borrow_mut() = Some(run.scope());
    host.until(|| run.is_finished());
    assert_eq!(*sum.borrow(), Some((5, Some(0))));
    let home = thread::current().id();
    assert_eq!(witness.threads(), [home; 5]);
    let (kept, _) = results.one().unwrap();
    assert!(s.runner().run(kept).unwrap_err().is_cancelled());
}

async fn hold_while_busy<T>(value: T) {
    yields(usize::MAX).await;
    drop(value);
}

/// What the end drops, it drops inside the runtime's context.
pub fn p81_the_end_is_in_context(s: &Subject) {
    let host = MainLoop::new();
    let probe = s.clone();
    let witness = Witness::probing(move || probe.in_context());
    let tokens = witness.clone();
    let (run, results) = start(s, &host, async move {
        let _mine = tokens.token();
        let scope = GuestScope::current().unwrap();
        scope.spawn_local(hold(tokens.token())).detach();
        scope.remote().spawn(hold(tokens.token())).detach();
        yields(1).await;
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(witness.probed(), [true; 3]);
    for end in [drop, |run: GuestRun| run.finish_blocking().unwrap()] {
        let tokens = witness.clone();
        let (run, results) = start(s, &host, hold(tokens.token()));
        host.turn();
        run.scope().cancel();
        end(run);
        results.assert_cancelled();
        host.settle();
    }
    assert_eq!(witness.probed(), [true; 5]);
}

/// A worker that does not leave delays `done` by the limit, and blocks the host not at all.
pub fn p81_the_end_is_bounded(s: &Subject) {
    let stay = Gate::new("the worker may leave");
    let leaves = stay.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let run = Guest::new(Spy::new(s).after_block_on(move || leaves.wait()))
        .end_limit(Duration::from_millis(20))
        .start(host.entry(), async { 1 }, results.done())
        .unwrap();
    host.turn();
    assert!(!run.is_finished(), "the limit is not over");
    let events = Rc::new(std::cell::Cell::new(0));
    host.entry().call(|| {});
    host.until(|| {
        events.set(events.get() + 1);
        run.is_finished()
    });
    assert!(events.get() >= 2, "the host had its own event meanwhile");
    assert_eq!(results.one().unwrap(), 1);
    stay.open();
}

/// Destructors that the end runs may spawn, cancel and wake: nothing of it brings the guest back.
pub fn p81_destructors_that_use_the_guest(s: &Subject) {
    let host = MainLoop::new();
    let witness = Witness::new();
    let tokens = witness.clone();
    let (run, results) = start(s, &host, async move {
        let scope = GuestScope::current().unwrap();
        let other = scope.spawn_local(hold(tokens.token()));
        let (again, late) = (scope.clone(), tokens.clone());
        let spawns = OnDrop::new(move || {
            drop(other);
            assert!(!again.cancel() && !again.request_stop());
            let refused = again.spawn_local(hold(late.token()));
            assert!(refused.is_finished());
            again.remote().spawn(hold(late.token())).detach();
        });
        scope.spawn_local(hold(spawns)).detach();
        yields(1).await;
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!((witness.drops(), run.stats().tasks), (3, 0));
}

/// `done` may start the next guest, drop the `GuestRun` of the last, and try to revive it.
pub fn p81_done_may_do_anything(s: &Subject) {
    let host = MainLoop::new();
    let kept = Rc::new(RefCell::new(None));
    let results = Results::new();
    let (slot, entry, executor, last) = (kept.clone(), host.entry(), s.executor(), results.done());
    let run = guest(s)
        .start(host.entry(), async { 1 }, move |result| {
            let run = slot.borrow_mut().take();
            drop::<Option<GuestRun>>(run);
            let one = result.unwrap();
            let next = Guest::new(executor).start(entry, async move { one + 1 }, last).unwrap();
            next.detach();
        })
        .unwrap();
    let remote = run.remote();
    *kept.borrow_mut() = Some(run);
    host.until(|| results.count() == 1);
    assert!(remote.is_finished() && !remote.cancel());
    assert_eq!(results.one().unwrap(), 2);
}

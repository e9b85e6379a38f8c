//! Contexts that are entered for the runner's life: they exit when it closes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pontoon_core::{Hand, Outcome, RunError};

use crate::Subject;
use crate::session::{Fault, Log, Session};
use crate::tools::{Gate, Witness, boom, hold, yields};

/// The value comes now; the exits run at the close, the last entered first.
pub fn p60_exits_run_in_reverse(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let first = runner.enter_context(Session::new("first", &log)).unwrap();
    let second = runner.enter_context(Session::new("second", &log)).unwrap();
    let third = runner.run(async { runner.enter_context(Session::new("third", &log)).unwrap() });
    assert_eq!((&*first, &*second, &*third), ("first", "second", "third"));
    assert_eq!(log.take(), ["enter first", "enter second", "enter third"]);
    runner.run(yields(3));
    assert!(log.take().is_empty());
    runner.close().unwrap();
    let reverse = ["exit third, success", "exit second, success", "exit first, success"];
    assert_eq!(log.take(), reverse);
    runner.close().unwrap();
    assert!(log.take().is_empty(), "an exit ran twice");
}

/// All three shapes of a context can be entered for good.
pub fn p60_every_shape_exits(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    runner.enter_context(Session::new("type", &log)).unwrap();
    let (enter, exit) = (log.clone(), log.clone());
    let closures = pontoon_core::context(
        async move || {
            enter.push("enter closures");
            Ok::<_, Fault>(1)
        },
        async move |n, _: Outcome<'_>| {
            exit.push(format!("exit closures {n}"));
            Ok(())
        },
    );
    assert_eq!(runner.enter_context(closures).unwrap(), 1);
    let kept = log.clone();
    let generator = pontoon_core::generator(move |hand: Hand<u8>| async move {
        kept.push("enter generator");
        hand.over(2).await;
        yields(1).await;
        kept.push("exit generator");
        Ok::<_, Fault>(())
    });
    assert_eq!(runner.enter_context(generator).unwrap(), 2);
    log.take();
    runner.close().unwrap();
    assert_eq!(log.take(), ["exit generator", "exit closures 1", "exit type, success"]);
}

/// An exit runs on the live loop: it may sleep, spawn, join, call, and talk to tasks.
pub fn p60_an_exit_may_use_the_loop(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let (ask, asked) = async_channel::unbounded::<async_channel::Sender<u8>>();
    let server = runner.spawn(async move {
        while let Ok(reply) = asked.recv().await {
            reply.send(9).await.unwrap();
        }
    });
    server.detach();
    let (inner, kept) = (runner.clone(), log.clone());
    let context = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async move |(), _: Outcome<'_>| {
            inner.sleep(Duration::from_millis(1)).await;
            let spawned = inner.spawn(async { 1 }).await.unwrap();
            let unblocked = inner.unblock(|| 2).await.unwrap();
            let called = inner.run(async {
                yields(1).await;
                3
            });
            let (reply, replied) = async_channel::bounded(1);
            ask.send(reply).await.unwrap();
            let served = replied.recv().await.unwrap();
            kept.push(format!("{spawned} {unblocked} {called} {served}"));
            Ok(())
        },
    );
    runner.enter_context(context).unwrap();
    runner.close().unwrap();
    assert_eq!(log.take(), ["1 2 3 9"]);
}

/// While the exits run, who comes from outside is refused; they may call and spawn.
pub fn p60_the_door_during_the_exits(s: &Subject) {
    let runner = s.runner();
    let (began, ends) = (Gate::new("the exit runs"), Gate::new("the exit may end"));
    let (told, waits, inner) = (began.clone(), ends.clone(), runner.clone());
    let context = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async move |(), _: Outcome<'_>| {
            let inside = inner.spawn(async { 1 });
            told.open();
            waits.passed().await;
            assert_eq!((inner.run(yields(1)), inside.await.unwrap()), ((), 1));
            Ok(())
        },
    );
    runner.enter_context(context).unwrap();
    thread::scope(|scope| {
        let close = scope.spawn(|| runner.close());
        began.wait();
        let refused = runner.try_run(async {});
        let cancelled = runner.spawn(async {}).join();
        ends.open();
        close.join().unwrap().unwrap();
        assert!(matches!(refused, Err(RunError::Closed)), "{refused:?}");
        assert!(cancelled.unwrap_err().is_cancelled());
    });
}

/// An exit that closes its own runner takes nothing away from the exits that are still to run.
pub fn p60_an_exit_that_closes(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    runner.enter_context(Session::new("first", &log)).unwrap();
    let (inner, told) = (runner.clone(), log.clone());
    let closes = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async move |(), _: Outcome<'_>| {
            yields(1).await;
            told.push(format!("closed inside: {}", inner.close().is_ok()));
            Ok(())
        },
    );
    runner.enter_context(closes).unwrap();
    runner.close().unwrap();
    assert_eq!(log.take(), ["enter first", "closed inside: true", "exit first, success"]);
}

/// Dropping the last handle runs the exits as well.
pub fn p60_the_last_handle_runs_the_exits(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let gone = Gate::new("the last exit");
    let end = gone.clone();
    let context = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async move |(), _: Outcome<'_>| {
            end.open();
            Ok(())
        },
    );
    runner.enter_context(context).unwrap();
    runner.enter_context(Session::new("first", &log)).unwrap();
    runner.enter_context(Session::new("second", &log)).unwrap();
    log.take();
    drop(runner);
    gone.wait();
    assert_eq!(log.take(), ["exit second, success", "exit first, success"]);
}

/// A failing exit stops none of the others, and the report has every error.
pub fn p61_a_failing_exit_stops_none(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    runner.enter_context(Session::new("a", &log).exit_fails()).unwrap();
    runner.enter_context(Session::new("b", &log)).unwrap();
    runner.enter_context(Session::new("c", &log).exit_fails()).unwrap();
    runner.enter_context(Session::new("d", &log)).unwrap();
    log.take();
    let error = runner.close().unwrap_err();
    let exits = ["exit d, success", "exit c, success", "exit b, success", "exit a, success"];
    assert_eq!(log.take(), exits);
    let told: Vec<_> = error.exits().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["cannot exit c", "cannot exit a"]);
    assert!(error.exits()[0].downcast_ref::<Fault>().is_some());
    assert_eq!((error.abandoned(), error.timed_out()), (0, false));
    assert!(error.to_string().contains("cannot exit a"), "{error}");
    assert!(runner.is_closed());
    runner.close().unwrap();
}

/// An exit that panics is reported like one that fails.
pub fn p61_a_panicking_exit_stops_none(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    runner.enter_context(Session::new("a", &log)).unwrap();
    let bad = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async |(), _: Outcome<'_>| {
            yields(1).await;
            boom("in the exit")
        },
    );
    runner.enter_context(bad).unwrap();
    runner.enter_context(Session::new("c", &log)).unwrap();
    log.take();
    let error = runner.close().unwrap_err();
    assert_eq!(log.take(), ["exit c, success", "exit a, success"]);
    assert_eq!(error.exits().len(), 1);
    assert!(error.exits()[0].to_string().contains("in the exit"), "{error}");
}

/// An exit that never ends is given up at the limit, and dropped.
pub fn p61_an_exit_that_never_ends(s: &Subject) {
    let runner = s.runner();
    let (log, witness) = (Log::default(), Witness::new());
    runner.enter_context(Session::new("a", &log)).unwrap();
    let token = Arc::new(witness.token());
    let stuck = pontoon_core::context(
        async || Ok::<_, Fault>(()),
        async move |(), _: Outcome<'_>| {
            hold(token).await;
            Ok(())
        },
    );
    runner.enter_context(stuck).unwrap();
    runner.enter_context(Session::new("c", &log)).unwrap();
    log.take();
    let error = runner.close_timeout(Duration::from_millis(20)).unwrap_err();
    assert!(error.timed_out(), "{error}");
    assert!(runner.is_closed());
    assert_eq!(log.take()[0], "exit c, success");
    witness.wait_for(1);
}

//! Contexts: enter, use, exit.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pontoon_core::Outcome;

use crate::session::{Fault, Log, Session, told};
use crate::tools::{Witness, at_once, boom, panics, yields};
use crate::{Subject, child};

/// The value is there between enter and exit, and exit runs once: at `close` or at the drop.
pub fn p54_enter_use_exit(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let session = runner.wrap_context(Session::new("dropped", &log)).unwrap();
    assert_eq!(&**session, "dropped");
    assert_eq!(log.take(), ["enter dropped"]);
    drop(session);
    assert_eq!(log.take(), ["exit dropped, success"]);
    let session = runner.wrap_context(Session::new("closed", &log)).unwrap();
    session.close().unwrap();
    assert_eq!(log.take(), ["enter closed", "exit closed, success"]);
    s.step("the value can be changed");
    let context = pontoon_core::context(
        async || Ok::<_, Fault>(1),
        async |n, _: Outcome<'_>| match n {
            2 => Ok(()),
            n => Err(Fault(format!("{n}"))),
        },
    );
    let mut guard = runner.wrap_context(context).unwrap();
    *guard += 1;
    guard.close().unwrap();
    s.step("with a body");
    let len = runner.with_context(Session::new("body", &log), |name| Ok::<_, Fault>(name.len()));
    assert_eq!(len, Ok(4));
    assert_eq!(log.take(), ["enter body", "exit body, success"]);
}

/// Contexts from calls, tasks, threads and inside each other.
pub fn p54_contexts_anywhere(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    {
        let _outer = runner.wrap_context(Session::new("outer", &log)).unwrap();
        let _inner = runner.wrap_context(Session::new("inner", &log)).unwrap();
    }
    let inside_out = ["enter outer", "enter inner", "exit inner, success", "exit outer, success"];
    assert_eq!(log.take(), inside_out);
    s.step("in a call");
    runner.run(async {
        let session = runner.wrap_context(Session::new("call", &log)).unwrap();
        yields(2).await;
        drop(session);
        assert_eq!(log.take(), ["enter call", "exit call, success"]);
    });
    s.step("in a task");
    let (inner, kept) = (runner.clone(), log.clone());
    let task = runner.spawn(async move {
        inner.with_context(Session::new("task", &kept), |_| Ok::<_, Fault>(())).unwrap();
    });
    task.join().unwrap();
    assert_eq!(log.take(), ["enter task", "exit task, success"]);
    s.step("on many threads");
    at_once(8, |_| {
        for _ in 0..20 {
            runner.wrap_context(Session::new("many", &log)).unwrap().close().unwrap();
        }
    });
    assert_eq!(log.take().len(), 2 * 8 * 20);
}

/// The exit is told how the body ended.
pub fn p55_the_exit_is_told_the_outcome(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let lines = |log: &Log| log.take().pop().unwrap();
    let failed = runner.with_context(Session::new("a", &log), |_| Err::<(), _>(Fault::new("no")));
    assert_eq!(failed, Err(Fault::new("no")));
    assert_eq!(lines(&log), "exit a, failure: no");
    let session = runner.wrap_context(Session::new("b", &log)).unwrap();
    session.close_with(Outcome::Failure(&Fault::new("by hand"))).unwrap();
    assert_eq!(lines(&log), "exit b, failure: by hand");
    let session = runner.wrap_context(Session::new("c", &log)).unwrap();
    session.close_with(Outcome::Success).unwrap();
    assert_eq!(lines(&log), "exit c, success");
    s.step("unwinding");
    let text = panics(|| {
        let _session = runner.wrap_context(Session::new("d", &log)).unwrap();
        boom("in the block")
    });
    assert_eq!(text, "in the block");
    assert_eq!(lines(&log), "exit d, unwinding");
    let text = panics(|| {
        runner.with_context(Session::new("e", &log), |_| {
            if log.take().len() == 1 {
                boom("in the body")
            }
            Ok::<_, Fault>(())
        })
    });
    assert_eq!(text, "in the body");
    assert_eq!(lines(&log), "exit e, unwinding");
}

/// A drop that is no unwinding is a success, although a panic is under way around it.
pub fn p55_a_guard_made_while_unwinding(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    panics(|| {
        let _cleanup = crate::tools::OnDrop::new(|| {
            // this stands in a destructor while a panic unwinds, but its own block ends well
            let session = runner.wrap_context(Session::new("cleanup", &log)).unwrap();
            session.close().unwrap();
        });
        boom("outside")
    });
    assert_eq!(log.take(), ["enter cleanup", "exit cleanup, success"]);
}

/// The errors of enter and exit reach the caller; where the body failed too, its error does.
pub fn p56_errors_reach_the_caller(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let refused = runner.wrap_context(Session::new("a", &log).enter_fails());
    assert_eq!(refused.map(drop), Err(Fault::new("cannot enter a")));
    assert!(log.take().is_empty(), "what was not entered was exited");
    let session = runner.wrap_context(Session::new("b", &log).exit_fails()).unwrap();
    assert_eq!(session.close(), Err(Fault::new("cannot exit b")));
    s.step("a body");
    let ran = Cell::new(false);
    let refused = runner.with_context(Session::new("c", &log).enter_fails(), |_| {
        ran.set(true);
        Ok::<_, Fault>(())
    });
    assert_eq!((refused, ran.get()), (Err(Fault::new("cannot enter c")), false));
    let left = runner.with_context(Session::new("d", &log).exit_fails(), |_| Ok::<_, Fault>(1));
    assert_eq!(left, Err(Fault::new("cannot exit d")));
    let both = runner.with_context(Session::new("e", &log).exit_fails(), |_| Err::<u8, _>(Fault::new("the body")));
    assert_eq!(both, Err(Fault::new("the body")));
    s.step("a drop");
    // nobody can be given the error; it must not become a panic
    drop(runner.wrap_context(Session::new("f", &log).exit_fails()).unwrap());
    assert_eq!(log.take().pop().unwrap(), "exit f, success");
}

/// An exit that panics while nothing unwinds panics at the guard's end, and the loop lives on.
pub fn p56_an_exit_that_panics(s: &Subject) {
    let printed = child::run(s, "exit panics");
    assert!(printed.contains("the loop lives"), "{printed}");
}

/// In a process of its own: a panic in a drop that unwinds would abort.
pub(crate) fn exit_panics(s: &Subject) -> ExitCode {
    let runner = s.runner();
    let bad = || {
        let enter = async || Ok::<_, Fault>(());
        pontoon_core::context(enter, async |(), _: Outcome<'_>| {
            yields(1).await;
            boom("in the exit")
        })
    };
    let guard = runner.wrap_context(bad()).unwrap();
    assert_eq!(panics(|| guard.close()), "in the exit");
    let guard = runner.wrap_context(bad()).unwrap();
    assert_eq!(panics(|| drop(guard)), "in the exit");
    let text = panics(|| {
        let _guard = runner.wrap_context(bad()).unwrap();
        boom("in the block")
    });
    assert_eq!(text, "in the block");
    let text = panics(|| {
        runner.with_context(bad(), |()| if runner.is_closed() { Ok::<_, Fault>(()) } else { boom("in the body") })
    });
    assert_eq!(text, "in the body");
    assert_eq!(runner.spawn(async { 1 }).join().unwrap(), 1);
    println!("the loop lives");
    ExitCode::SUCCESS
}

/// An enter that fails leaves nothing behind, a hundred times over; nor does one that panics.
pub fn p57_a_failed_enter_leaks_nothing(s: &Subject) {
    let runner = s.runner();
    let (log, witness) = (Log::default(), Witness::new());
    for round in 0..100 {
        let refused = runner.wrap_context(Session::new("a", &log).enter_fails());
        assert!(refused.is_err());
        let refused = runner.enter_context(Session::new("b", &log).enter_fails());
        assert!(refused.is_err());
        let token = witness.token();
        let generated = pontoon_core::generator(|_hand: pontoon_core::Hand<()>| async move {
            let _token = token;
            yields(1).await;
            Err(Fault::new("cannot open"))
        });
        let refused = runner.wrap_context(generated);
        assert_eq!(refused.map(drop), Err(Fault::new("cannot open")));
        let token = witness.token();
        let panicking = pontoon_core::context(
            async || {
                let _token = &token;
                yields(1).await;
                boom("in enter")
            },
            async |(), _: Outcome<'_>| Ok::<_, Fault>(()),
        );
        assert_eq!(panics(|| runner.wrap_context(panicking).map(drop)), "in enter");
        drop(token);
        assert_eq!((runner.stats().tasks, witness.drops()), (0, 2 * (round + 1)));
    }
    assert!(log.take().is_empty());
    // nothing was entered, so nothing exits
    runner.close().unwrap();
    assert!(log.take().is_empty());
}

/// A context from two closures borrows, and need not be `Send`.
pub fn p58_two_closures(s: &Subject) {
    let runner = s.runner();
    let (opened, closed) = (Cell::new(0), Rc::new(Cell::new(0)));
    for round in 1..=3 {
        let context = pontoon_core::context(
            async || {
                yields(1).await;
                opened.set(opened.get() + 1);
                Ok::<_, Fault>(Rc::new(round))
            },
            async |value, outcome: Outcome<'_>| {
                a_while().await;
                closed.set(closed.get() + *value);
                match told(&outcome).as_str() {
                    "success" => Ok(()),
                    other => Err(Fault::new(other)),
                }
            },
        );
        let guard = runner.wrap_context(context).unwrap();
        assert_eq!((**guard, opened.get()), (round, round));
        guard.close().unwrap();
    }
    assert_eq!(closed.get(), 6);
}

async fn a_while() {
    yields(3).await;
}

/// `enter` and `exit` of a guard are polled on the thread that holds it.
pub fn p54_enter_and_exit_in_place(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let here = || assert_eq!(thread::current().id(), me);
    let context = pontoon_core::context(
        async || {
            here();
            runner.sleep(Duration::from_micros(200)).await;
            here();
            Ok::<_, Fault>(Arc::new(()))
        },
        async |_, _: Outcome<'_>| {
            here();
            runner.sleep(Duration::from_micros(200)).await;
            here();
            Ok(())
        },
    );
    runner.wrap_context(context).unwrap().close().unwrap();
}

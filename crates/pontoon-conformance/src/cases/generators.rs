//! Contexts that are one future from enter to exit.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::thread;

use pontoon_core::{Ending, Hand, Outcome};

use crate::Subject;
use crate::session::{Fault, Log};
use crate::tools::{Witness, boom, panics, yields};

/// An ending in words.
fn told(ending: &Ending) -> String {
    match ending {
        Ending::Success => "success".into(),
        Ending::Failure(text) => format!("failure: {text}"),
        Ending::Unwinding => "unwinding".into(),
        _ => "something new".into(),
    }
}

/// A generator that logs what happens to it.
async fn session(hand: Hand<u8>, log: Log) -> Result<(), Fault> {
    yields(1).await;
    log.push("enter");
    let ending = hand.over(7).await;
    yields(1).await;
    log.push(format!("exit, {}", told(&ending)));
    Ok(())
}

/// A generator hands its value over and goes on when the guard ends, told how.
pub fn p58_a_generator(s: &Subject) {
    let runner = s.runner();
    let log = Log::default();
    let make = || {
        let log = log.clone();
        pontoon_core::generator(move |hand| session(hand, log))
    };
    let guard = runner.wrap_context(make()).unwrap();
    assert_eq!(*guard, 7);
    assert_eq!(log.take(), ["enter"]);
    drop(guard);
    assert_eq!(log.take(), ["exit, success"]);
    runner.wrap_context(make()).unwrap().close().unwrap();
    assert_eq!(log.take(), ["enter", "exit, success"]);
    let guard = runner.wrap_context(make()).unwrap();
    guard.close_with(Outcome::Failure(&Fault::new("by hand"))).unwrap();
    assert_eq!(log.take(), ["enter", "exit, failure: by hand"]);
    let failed = runner.with_context(make(), |_| Err::<(), _>(Fault::new("no")));
    assert_eq!(failed, Err(Fault::new("no")));
    assert_eq!(log.take(), ["enter", "exit, failure: no"]);
    s.step("unwinding");
    panics(|| {
        let _guard = runner.wrap_context(make()).unwrap();
        boom("in the block")
    });
    assert_eq!(log.take(), ["enter", "exit, unwinding"]);
}

/// What the future set up before it handed over is there after it: locals, borrows, scopes.
pub fn p59_one_future_from_enter_to_exit(s: &Subject) {
    thread_local! {
        static SCOPE: Cell<u32> = const { Cell::new(0) };
    }
    let runner = s.runner();
    let outside = RefCell::new(Vec::new());
    let generator = pontoon_core::generator(|hand: Hand<Rc<str>>| {
        let body = async {
            let text = String::from("local");
            let borrowed = &text[..3];
            outside.borrow_mut().push(SCOPE.get());
            hand.over(borrowed.into()).await;
            yields(2).await;
            outside.borrow_mut().push(SCOPE.get());
            assert_eq!(borrowed, "loc");
            Ok::<_, Fault>(())
        };
        // what task-locals do: the scope is there whenever the body is polled
        async move {
            let mut body = pin!(body);
            poll_fn(|cx| {
                SCOPE.set(5);
                let polled = body.as_mut().poll(cx);
                SCOPE.set(0);
                polled
            })
            .await
        }
    });
    let guard = runner.wrap_context(generator).unwrap();
    assert_eq!(&**guard, "loc");
    guard.close().unwrap();
    assert_eq!(*outside.borrow(), [5, 5]);
}

/// A generator of a guard is polled on the thread that holds it, whoever drives.
pub fn p59_a_generator_is_polled_in_place(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let generator = pontoon_core::generator(|hand: Hand<()>| {
        let runner = &runner;
        async move {
            runner.sleep(std::time::Duration::from_micros(200)).await;
            assert_eq!(thread::current().id(), me);
            hand.over(()).await;
            runner.sleep(std::time::Duration::from_micros(200)).await;
            assert_eq!(thread::current().id(), me);
            Ok::<_, Fault>(())
        }
    });
    runner.wrap_context(generator).unwrap().close().unwrap();
}

/// The errors of a generator, before and after it handed over, reach the caller.
pub fn p56_errors_of_a_generator(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let make = |before: bool, after: bool| {
        let token = witness.token();
        pontoon_core::generator(move |hand: Hand<u8>| async move {
            let _token = token;
            yields(1).await;
            if before {
                return Err(Fault::new("before"));
            }
            hand.over(1).await;
            yields(1).await;
            if after { Err(Fault::new("after")) } else { Ok(()) }
        })
    };
    assert_eq!(runner.wrap_context(make(true, true)).map(drop), Err(Fault::new("before")));
    assert_eq!(runner.wrap_context(make(false, true)).unwrap().close(), Err(Fault::new("after")));
    assert_eq!(runner.wrap_context(make(false, false)).unwrap().close(), Ok(()));
    drop(runner.wrap_context(make(false, true)).unwrap());
    assert_eq!((witness.drops(), runner.stats().tasks), (4, 0));
    s.step("panics");
    let generator = pontoon_core::generator(|hand: Hand<u8>| async move {
        hand.over(1).await;
        boom("after")
    });
    let guard = runner.wrap_context::<_>(generator).unwrap();
    assert_eq!(panics(|| finish(guard.close())), "after");
    let generator = pontoon_core::generator(|_hand: Hand<u8>| async move { boom("before") });
    assert_eq!(panics(|| finish(runner.wrap_context(generator).map(drop))), "before");
    assert_eq!(runner.run(async { 1 }), 1);
}

/// Names the error type of a generator that only panics.
fn finish(result: Result<(), Fault>) {
    result.unwrap();
}

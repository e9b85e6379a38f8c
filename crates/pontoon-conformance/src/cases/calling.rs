//! Calls, from a plain thread.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_lite::{StreamExt as _, stream};
use pontoon_core::{Executor, RunError, Runner};

use crate::Subject;
use crate::tools::{Gate, Witness, at_once, boom, panics, text_of, watched, yields};

/// Every poll is on the calling thread, the ones after a wait too.
pub fn p04_polls_on_the_calling_thread(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let mut polls = 0;
    let body = async {
        yields(3).await;
        runner.sleep(Duration::from_millis(5)).await;
        runner.unblock(|| ()).await.unwrap();
    };
    runner.run(watched(body, || {
        assert_eq!(thread::current().id(), me);
        polls += 1;
    }));
    assert!(polls >= 4, "{polls} polls");
}

/// A future may borrow from the caller's stack and need not be `Send`.
pub fn p04_borrows_and_is_not_send(s: &Subject) {
    let runner = s.runner();
    let text = String::from("borrowed");
    let mut list = vec![1];
    let shared = Rc::new(Cell::new(0));
    let borrowed: &str = runner.run(async {
        yields(2).await;
        list.push(2);
        shared.set(shared.get() + 1);
        runner.sleep(Duration::from_millis(1)).await;
        &text[..3]
    });
    assert_eq!((borrowed, &list[..], shared.get()), ("bor", &[1, 2][..], 1));
}

/// A ready future is polled once and no more, however it is called.
pub fn p05_a_ready_future_is_polled_once(s: &Subject) {
    let runner = s.runner();
    let polls = RefCell::new(0);
    let ready = || watched(async { 7 }, || *polls.borrow_mut() += 1);
    assert_eq!(runner.run(ready()), 7);
    assert_eq!(polls.take(), 1);
    assert_eq!(runner.try_run(ready()).unwrap(), 7);
    assert_eq!(polls.take(), 1);
    assert_eq!(runner.run_timeout(Duration::from_secs(60), ready()).unwrap(), 7);
    assert_eq!(polls.take(), 1);
}

/// Nothing is polled after it gave its output, in any seat.
pub fn p05_nothing_is_polled_after_its_output(s: &Subject) {
    let runner = s.runner();
    for pendings in 0..50 {
        runner.run(Strict::after(pendings));
        runner.run_timeout(Duration::from_secs(60), Strict::after(pendings)).unwrap();
        runner.spawn(Strict::after(pendings)).join().unwrap();
        runner.spawn_local(move || Strict::after(pendings)).join().unwrap();
        runner.run_send(Strict::after(pendings));
    }
}

/// Wakes itself `left` times, twice each, and panics when it is polled once more than it should.
struct Strict {
    left: Option<usize>,
}

impl Strict {
    fn after(pendings: usize) -> Strict {
        let left = Some(pendings);
        Strict { left }
    }
}

impl Future for Strict {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.left.expect("polled after its output");
        cx.waker().wake_by_ref();
        cx.waker().wake_by_ref();
        self.left = left.checked_sub(1);
        match self.left {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }
}

/// A call that is refused drops its future once, unpolled, before it returns.
pub fn p06_a_refused_call_drops_its_future_once(s: &Subject) {
    let runner = s.runner();
    runner.run(yields(1));
    runner.close().unwrap();
    let witness = Witness::new();
    let body = || {
        let token = witness.token();
        async move {
            let _kept = token;
            panic!("a refused future was polled");
        }
    };
    let refusals: [(&str, &dyn Fn()); 6] = [
        ("try_run", &|| assert!(runner.try_run(body()).is_err())),
        ("run", &|| _ = panics(|| runner.run(body()))),
        ("run_send", &|| _ = panics(|| runner.run_send(body()))),
        ("run_timeout", &|| {
            let refused = runner.run_timeout(Duration::from_secs(60), body());
            assert!(matches!(refused, Err(RunError::Closed)));
        }),
        ("spawn", &|| assert!(runner.spawn(body()).join().unwrap_err().is_cancelled())),
        ("spawn_local", &|| {
            let token = witness.token();
            let task = runner.spawn_local(move || async move { drop(token) });
            assert!(task.join().unwrap_err().is_cancelled());
        }),
    ];
    for (count, (name, refuse)) in refusals.iter().enumerate() {
        s.step(*name);
        refuse();
        assert_eq!(witness.drops(), count + 1);
    }
}

/// Where `try_run` errs, `run` panics with the text of the error, and names the remedy.
pub fn p06_run_panics_with_the_text_of_the_error(s: &Subject) {
    let runner = s.runner();
    runner.close().unwrap();
    let error = runner.try_run(async {}).unwrap_err();
    assert!(matches!(error, RunError::Closed));
    let text = panics(|| runner.run(async {}));
    assert!(text.contains(&error.to_string()), "{text}");
    let text = panics(|| runner.run_send(async {}));
    assert!(text.contains(&error.to_string()), "{text}");
}

/// `run_send` gives what `run` gives; it borrows, nests and passes panics on as well.
pub fn p07_run_send(s: &Subject) {
    let runner = s.runner();
    let text = String::from("borrowed");
    let borrowed: &str = runner.run_send(async {
        yields(2).await;
        runner.sleep(Duration::from_millis(1)).await;
        &text[..3]
    });
    assert_eq!(borrowed, "bor");
    s.step("nested");
    assert_eq!(runner.run(async { runner.run_send(async { 1 }) }), 1);
    let inner = runner.clone();
    let task = runner.spawn(async move {
        inner.run_send(async {
            yields(1).await;
            2
        })
    });
    assert_eq!(task.join().unwrap(), 2);
    s.step("panic");
    let panic = panics(|| runner.run_send(async { boom("sent") }));
    assert_eq!(panic, "sent");
    assert_eq!(runner.run_send(async { 3 }), 3);
}

/// `enter` calls the closure once, here, and passes its value and its panic on.
pub fn p08_enter(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let mut calls = 0;
    let value = runner.enter(|| {
        calls += 1;
        assert_eq!(thread::current().id(), me);
        runner.enter(|| "inner")
    });
    assert_eq!((value, calls), ("inner", 1));
    assert_eq!(panics(|| runner.enter(|| boom("entered"))), "entered");
    s.step("call from inside");
    let value = runner.enter(|| runner.run(async { runner.enter(|| 4) }));
    assert_eq!(value, 4);
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.enter(|| inner.run(yields(2))) });
    task.join().unwrap();
}

/// The context is there inside `enter`, and only there.
pub fn p08_enter_is_in_context(s: &Subject) {
    let runner = s.runner();
    assert!(!s.in_context());
    assert!(runner.enter(|| s.in_context()));
    assert!(!s.in_context());
    assert_eq!(panics(|| runner.enter(|| boom("entered"))), "entered");
    assert!(!s.in_context(), "a panic left the context entered");
}

/// Sixteen threads call at once, each in its own way, and each gets its own answer.
pub fn p09_many_threads_call_at_once(s: &Subject) {
    let runner = s.runner();
    at_once(16, |thread| {
        for n in 0..40 {
            let value = match (thread + n) % 6 {
                0 => runner.run(async { n }),
                1 => runner.run(async {
                    yields(n).await;
                    n
                }),
                2 => runner.run(async {
                    runner.sleep(Duration::from_micros(200)).await;
                    n
                }),
                3 => runner.run(async { runner.spawn(async move { n }).await.unwrap() }),
                4 => runner.unblock(move || n).join().unwrap(),
                _ => runner.run_timeout(Duration::from_secs(60), async { n }).unwrap(),
            };
            assert_eq!(value, n);
        }
    });
    assert_eq!(runner.stats().callers, 0);
    runner.close().unwrap();
}

/// While a call waits, `stats` counts it.
pub fn p09_stats_count_the_callers(s: &Subject) {
    let runner = s.runner();
    assert_eq!(runner.stats().callers, 0);
    let (inside, leave) = (Gate::new("inside"), Gate::new("leave"));
    thread::scope(|scope| {
        scope.spawn(|| {
            runner.run(async {
                yields(1).await;
                inside.open();
                leave.passed().await;
            });
        });
        inside.wait();
        // it stands in `run` until we let it go
        assert_eq!(runner.stats().callers, 1);
        leave.open();
    });
    assert_eq!(runner.stats().callers, 0);
}

/// A panic in the future of a call reaches its caller, with what it carried, and nobody else.
pub fn p10_a_panic_reaches_its_caller_alone(s: &Subject) {
    let runner = s.runner();
    let (hit, go) = (Gate::new("hit"), Gate::new("go"));
    let passed = go.clone();
    let task = runner.spawn(async move {
        passed.passed().await;
        5
    });
    thread::scope(|scope| {
        let (inside, other) = (Gate::new("inside"), &runner);
        let entered = inside.clone();
        let (hit, go) = (&hit, &go);
        let bystander = scope.spawn(move || {
            other.run(async {
                entered.open();
                hit.passed().await;
                6
            })
        });
        inside.wait();
        for pendings in [0, 1, 5] {
            let body = async {
                yields(pendings).await;
                std::panic::resume_unwind(Box::new(41_u8 + 1))
            };
            let payload = crate::tools::hushed(|| runner.run(body)).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&42_u8), "{}", text_of(&*payload));
        }
        hit.open();
        go.open();
        assert_eq!(bystander.join().unwrap(), 6);
    });
    assert_eq!(task.join().unwrap(), 5);
    assert_eq!(runner.run(async { 7 }), 7);
    runner.close().unwrap();
}

/// The same for the other calls that poll in place.
pub fn p10_a_panic_passes_through_every_call(s: &Subject) {
    let runner = s.runner();
    let body = |text: &'static str| async move {
        yields(1).await;
        boom(text)
    };
    assert_eq!(panics(|| runner.try_run(body("try"))), "try");
    let limit = Duration::from_secs(60);
    assert_eq!(panics(|| runner.run_timeout(limit, body("limit"))), "limit");
    assert_eq!(panics(|| runner.run_send(body("send"))), "send");
    assert_eq!(panics(|| runner.run(async { runner.run(body("deep")) })), "deep");
    assert_eq!(runner.stats().depth, 0);
    assert_eq!(runner.run(async { 8 }), 8);
}

/// `current` tells whose loop polls this thread, and nothing elsewhere.
pub fn p11_current(s: &Subject) {
    let (one, two) = (s.runner(), s.runner());
    let is = |runner: &Runner| {
        let current = Runner::current();
        current.is_some_and(|current| same(&current, runner))
    };
    assert!(Runner::current().is_none());
    one.run(async {
        assert!(is(&one) && !is(&two));
        yields(2).await;
        assert!(is(&one));
        two.run(async {
            assert!(is(&two) && !is(&one));
            yields(2).await;
            assert!(is(&two));
        });
        assert!(is(&one));
    });
    assert!(Runner::current().is_none());
    s.step("tasks");
    let in_task = async || {
        yields(2).await;
        Runner::current()
    };
    assert!(same(&one.spawn(in_task()).join().unwrap().unwrap(), &one));
    assert!(same(&two.spawn_local(in_task).join().unwrap().unwrap(), &two));
    s.step("after a panic");
    panics(|| one.run(async { boom("gone") }));
    assert!(Runner::current().is_none());
    s.step("in drop");
    let seen = Cell::new(false);
    let guard = crate::tools::OnDrop::new(|| seen.set(is(&one)));
    let timed_out = one.run_timeout(Duration::from_millis(1), crate::tools::hold(guard));
    assert!(matches!(timed_out, Err(RunError::TimedOut)) && seen.get());
    seen.set(false);
    let guard = crate::tools::OnDrop::new(|| seen.set(is(&one)));
    let items = one.wrap_iter(stream::iter([1]).inspect(move |_| _ = &guard));
    drop(items);
    assert!(seen.get(), "a stream is dropped on behalf of its loop");
}

/// Whether two handles are of one loop.
fn same(one: &Runner, two: &Runner) -> bool {
    let address = |runner: &Runner| std::ptr::from_ref::<dyn Executor>(runner.executor()).cast::<()>();
    address(one) == address(two)
}

/// Clones are handles of one loop: it lives until the last is gone, and a close closes them all.
pub fn p12_clones_are_one_loop(s: &Subject) {
    let runner = s.runner();
    let task = runner.clone().spawn(async {
        yields(5).await;
        1
    });
    assert_eq!(task.join().unwrap(), 1);
    let kept = runner.clone();
    drop(runner);
    assert!(!kept.is_closed());
    assert_eq!(kept.run(async { 2 }), 2);
    let other = kept.clone();
    kept.close().unwrap();
    assert!(other.is_closed());
    assert!(matches!(other.try_run(async {}), Err(RunError::Closed)));
}

/// Two runners on one thread do not know of each other.
pub fn p13_runners_are_independent(s: &Subject) {
    let (one, two) = (s.runner(), s.runner());
    let sum = one.run(async {
        let task = one.spawn(async {
            yields(3).await;
            1
        });
        let from_two = two.run(async {
            let task = two.spawn(async {
                yields(3).await;
                2
            });
            task.await.unwrap()
        });
        from_two + task.await.unwrap()
    });
    assert_eq!(sum, 3);
    s.step("wait inside both");
    let waited = one.run(async { two.run_timeout(Duration::from_millis(2), pending::<()>()) });
    assert!(matches!(waited, Err(RunError::TimedOut)));
    s.step("close one");
    one.close().unwrap();
    assert_eq!(two.run(async { 4 }), 4);
}

/// A call on one runner, made inside a call on another, may wait for the other's tasks.
pub fn p13_runners_may_wait_for_each_other(s: &Subject) {
    let (one, two) = (s.runner(), s.runner());
    for _ in 0..50 {
        let nap = one.sleep(Duration::from_micros(200));
        let value = one.run(async {
            let task = one.spawn(async {
                nap.await;
                5
            });
            two.run(async { task.await.unwrap() })
        });
        assert_eq!(value, 5);
    }
}

//! Where things are polled and dropped, and what a drop may do.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncRead, StreamExt as _, stream};
use pontoon_core::{Outcome, RunError, Runner};

use crate::tools::{Gate, OnDrop, Token, Witness, boom, hold, host_thread, hushed, lock, panics, watched, yields};
use crate::{Subject, child};

/// Every poll is inside the runtime's context, in every seat and after every wait.
pub fn p39_polls_are_in_context(s: &Subject) {
    let runner = s.runner();
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    let look = {
        let (s, seen) = (s.clone(), seen.clone());
        move || lock(&seen).push(s.in_context())
    };
    let all_in_context = |at_least: usize| {
        let seen = std::mem::take(&mut *lock(&seen));
        assert!(seen.len() >= at_least, "{seen:?}");
        assert!(seen.iter().all(|inside| *inside), "{seen:?}");
    };
    let body = || {
        let nap = runner.sleep(Duration::from_millis(1));
        async move {
            yields(2).await;
            nap.await;
        }
    };
    assert!(!s.in_context(), "this thread has a context of its own");
    s.step("run");
    runner.run(watched(body(), look.clone()));
    all_in_context(3);
    runner.run_send(watched(body(), look.clone()));
    all_in_context(3);
    runner.run_timeout(Duration::from_secs(60), watched(body(), look.clone())).unwrap();
    all_in_context(3);
    runner.run(async { runner.run(watched(body(), look.clone())) });
    all_in_context(3);
    s.step("tasks");
    runner.spawn(watched(body(), look.clone())).join().unwrap();
    all_in_context(3);
    let (make, nap) = (look.clone(), body());
    let local = runner.spawn_local(move || {
        make();
        watched(nap, make)
    });
    local.join().unwrap();
    all_in_context(4);
    s.step("iterators");
    let items = stream::repeat_with(look.clone()).take(5);
    assert_eq!(runner.wrap_iter(items).count(), 5);
    all_in_context(5);
    let items = stream::repeat_with(look.clone()).take(5);
    assert_eq!(runner.wrap_iter(items).prefetch(2).count(), 5);
    all_in_context(5);
    s.step("contexts");
    let (enter, exit) = (look.clone(), look.clone());
    let context = pontoon_core::context(
        async || {
            yields(1).await;
            enter();
            Ok::<_, io::Error>(())
        },
        async |(), _: Outcome<'_>| {
            yields(1).await;
            exit();
            Ok(())
        },
    );
    runner.wrap_context(context).unwrap().close().unwrap();
    all_in_context(2);
    s.step("io");
    let mut io = runner.wrap_io(Looking { look: look.clone() });
    io::Read::read(&mut io, &mut [0; 3]).unwrap();
    all_in_context(1);
    assert!(!s.in_context(), "a call left its context behind");
}

/// Reads nothing and looks around while it does.
struct Looking<L> {
    look: L,
}

impl<L: Fn() + Unpin> AsyncRead for Looking<L> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        (self.look)();
        Poll::Ready(Ok(0))
    }
}

/// A close that comes in the first poll of a call, before that waits for anything, ends it like any other.
pub fn p39_a_close_overtakes_a_call(s: &Subject) {
    let probe = s.clone();
    let witness = Witness::probing(move || probe.in_context());
    let runner = s.runner();
    let (polled, closed) = (Gate::new("the call is polled"), Gate::new("the runner is closed"));
    thread::scope(|scope| {
        scope.spawn(|| {
            polled.wait();
            // whether it is in time for the poll is not what is asked here
            let _ = runner.close_timeout(Duration::from_millis(20));
            closed.open();
        });
        let token = witness.token();
        let called = runner.try_run(async {
            let _token = token;
            polled.open();
            closed.wait();
            pending::<()>().await;
        });
        assert!(matches!(called, Err(RunError::Closed)), "{called:?}");
    });
    assert_eq!(witness.probed(), [true], "dropped in context, once");
}

/// Whatever ends a future, it is dropped inside the runtime's context.
pub fn p39_drops_are_in_context(s: &Subject) {
    let probe = s.clone();
    let witness = Witness::probing(move || probe.in_context());
    let drops = Cell::new(0);
    let dropped = |step: &str| {
        assert_eq!(witness.drops(), drops.get() + 1, "{step}");
        let inside = witness.probed()[drops.replace(drops.get() + 1)];
        assert!(inside, "{step}: dropped outside of the context");
    };
    let runner = s.runner();
    runner.run(keep(witness.token(), yields(1)));
    dropped("the end of a call");
    panics(|| runner.run(keep(witness.token(), async { boom("in a call") })));
    dropped("a panic in a call");
    let late = runner.run_timeout(Duration::from_millis(1), hold(witness.token()));
    assert!(matches!(late, Err(RunError::TimedOut)));
    dropped("a timeout");
    runner.run_send(keep(witness.token(), yields(1)));
    dropped("the end of a sent call");
    runner.spawn(keep(witness.token(), yields(1))).join().unwrap();
    dropped("the end of a task");
    assert!(runner.spawn(keep(witness.token(), async { boom("in a task") })).join().is_err());
    dropped("a panic in a task");
    assert!(runner.spawn(hold(witness.token())).cancel().is_none());
    dropped("a cancelled task");
    let waiting = runner.spawn(hold(witness.token()));
    runner.run(yields(2));
    drop(waiting);
    runner.run(witness.seen(drops.get() + 1));
    dropped("a dropped handle");
    let token = witness.token();
    let local = runner.spawn_local(move || hold(token));
    runner.run(yields(2));
    assert!(local.cancel().is_none());
    dropped("a cancelled local task");
    let token = witness.token();
    let never = stream::poll_fn(move |_| {
        let _ = &token;
        Poll::<Option<()>>::Pending
    });
    drop(runner.wrap_iter(never));
    dropped("an iterator");
    let token = witness.token();
    let endless = stream::repeat_with(move || _ = &token);
    let mut ahead = runner.wrap_iter(endless).prefetch(2);
    assert_eq!(ahead.next(), Some(()));
    drop(ahead);
    dropped("an iterator that prefetches");
    let (send, receive) = async_channel::bounded::<()>(1);
    let waiting = runner.spawn(keep(witness.token(), async move { receive.recv().await }));
    runner.run(yields(2));
    runner.close().unwrap();
    dropped("a close");
    drop((waiting, send));
    let runner = s.runner();
    runner.spawn(hold(witness.token())).detach();
    runner.run(yields(2));
    drop(runner);
    witness.wait_for(drops.get() + 1);
    dropped("the last handle");
}

/// Keeps `token` for as long as `body` is there.
async fn keep<T>(token: Token, body: impl Future<Output = T>) -> T {
    let _token = token;
    body.await
}

/// What is wrapped is dropped in context too, on a plain thread.
pub fn p39_wrapped_values_drop_in_context(s: &Subject) {
    let probe = s.clone();
    let witness = Witness::probing(move || probe.in_context());
    let runner = s.builder().start().unwrap();
    drop(runner.wrap_io(Keeps(futures_lite::io::Cursor::new(b"x"), witness.token())));
    assert_eq!(witness.probed(), [true], "a reader");
    let mut token = Some(witness.token());
    let context = pontoon_core::context(async || Ok::<_, io::Error>(token.take()), async |_, _: Outcome<'_>| Ok(()));
    drop(runner.wrap_context(context).unwrap());
    assert_eq!(witness.probed(), [true; 2], "the value of a context");
    runner.enter(|| drop(witness.token()));
    assert_eq!(witness.probed(), [true; 3], "entered");
}

/// A reader that keeps something else.
struct Keeps<R>(R, #[allow(dead_code, reason = "it is there to be dropped")] Token);

impl<R: AsyncRead + Unpin> AsyncRead for Keeps<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

/// The futures of local tasks are dropped on the runner's thread, whoever ends them, wherever.
pub fn p40_local_futures_drop_on_the_runners_thread(s: &Subject) {
    let runner = s.runner();
    let host = host_thread(&runner);
    let witness = Witness::new();
    let spawn = |runner: &Runner| {
        let token = witness.token();
        runner.spawn_local(move || {
            keep(token, async {
                let _not_send = Rc::new(RefCell::new(0));
                pending::<()>().await;
            })
        })
    };
    let mut drops = 0;
    let mut dropped = |host| {
        drops += 1;
        witness.wait_for(drops);
        assert_eq!(witness.threads()[drops - 1], host);
    };
    s.step("cancelled");
    assert!(spawn(&runner).cancel().is_none());
    dropped(host);
    s.step("cancelled after a poll");
    let task = spawn(&runner);
    runner.run(runner.sleep(Duration::from_millis(1)));
    assert!(task.cancel().is_none());
    dropped(host);
    s.step("handle dropped");
    let task = spawn(&runner);
    runner.run(runner.sleep(Duration::from_millis(1)));
    drop(task);
    dropped(host);
    s.step("handle dropped in the pool");
    let task = spawn(&runner);
    runner.unblock(move || drop(task)).join().unwrap();
    dropped(host);
    s.step("finished");
    let token = witness.token();
    runner.spawn_local(move || keep(token, yields(2))).join().unwrap();
    dropped(host);
    s.step("panicked");
    let token = witness.token();
    let task = runner.spawn_local(move || keep(token, async { boom("local") }));
    assert!(task.join().is_err());
    dropped(host);
    s.step("closed");
    spawn(&runner).detach();
    runner.run(runner.sleep(Duration::from_millis(1)));
    runner.close().unwrap();
    dropped(host);
    s.step("last handle dropped");
    let runner = s.runner();
    let host = host_thread(&runner);
    spawn(&runner).detach();
    runner.run(runner.sleep(Duration::from_millis(1)));
    drop(runner);
    dropped(host);
}

/// The future of a call is dropped on the calling thread, before the call returns.
pub fn p40_a_calls_future_drops_on_its_thread(s: &Subject) {
    let runner = s.runner();
    let (me, witness) = (thread::current().id(), Witness::new());
    runner.run(keep(witness.token(), runner.sleep(Duration::from_millis(1))));
    let late = runner.run_timeout(Duration::from_millis(1), hold(witness.token()));
    assert!(late.is_err());
    panics(|| runner.run(keep(witness.token(), async { boom("in place") })));
    assert_eq!(witness.threads(), [me; 3]);
}

/// A drop may spawn and call, wherever it happens: nothing it starts is lost.
pub fn p41_a_drop_may_spawn_and_call(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let spawns = || {
        let (runner, witness) = (runner.clone(), witness.clone());
        OnDrop::new(move || {
            let token = witness.token();
            runner.spawn(keep(token, yields(3))).detach();
            assert_eq!(
                runner.run(async {
                    yields(1).await;
                    1
                }),
                1
            );
        })
    };
    let mut drops = 0;
    let mut came_through = |step: &str| {
        s.step(step);
        drops += 1;
        runner.run(witness.seen(drops));
        assert_eq!(witness.drops(), drops);
    };
    let late = runner.run_timeout(Duration::from_millis(1), hold(spawns()));
    assert!(late.is_err());
    came_through("a timeout");
    assert!(runner.spawn(hold(spawns())).cancel().is_none());
    came_through("a cancelled task");
    let waiting = runner.spawn(hold(spawns()));
    runner.run(yields(2));
    drop(waiting);
    came_through("a dropped handle");
    let guard = spawns();
    assert!(runner.spawn_local(move || hold(guard)).cancel().is_none());
    came_through("a local task");
    let guard = spawns();
    let stream = stream::repeat_with(move || _ = &guard);
    let mut items = runner.wrap_iter(stream);
    assert_eq!(items.next(), Some(()));
    drop(items);
    came_through("an iterator");
    drop(spawns());
    came_through("a plain thread");
    let guard = spawns();
    drop(runner.spawn(async move { guard }).join().unwrap());
    came_through("a task's value");
    panics(|| {
        let _guard = spawns();
        boom("unwinding")
    });
    came_through("unwinding");
    panics(|| {
        runner.run(async {
            let _guard = spawns();
            yields(1).await;
            boom("unwinding a call")
        })
    });
    came_through("unwinding a call");
}

/// A drop that panics breaks what it belongs to, and not the loop.
pub fn p42_a_drop_that_panics(s: &Subject) {
    let printed = child::run(s, "drop panics");
    assert!(printed.contains("the loop lives"), "{printed}");
}

/// In a process of its own: a panic in the wrong place aborts.
pub(crate) fn drop_panics(s: &Subject) -> ExitCode {
    let runner = s.runner();
    let bad = || OnDrop::new(|| boom("in a drop"));
    let alive = || {
        assert_eq!(
            runner.run(async {
                yields(1).await;
                1
            }),
            1
        );
        assert_eq!(runner.spawn(async { 2 }).join().unwrap(), 2);
    };
    // what the panic does to the call or the handle is theirs; the loop goes on
    let _ = hushed(|| runner.run(keep_any(bad(), yields(1))));
    alive();
    let _ = hushed(|| runner.run_timeout(Duration::from_millis(1), hold(bad())));
    alive();
    let _ = hushed(|| runner.spawn(hold(bad())).cancel());
    alive();
    let waiting = runner.spawn(hold(bad()));
    runner.run(yields(2));
    let _ = hushed(|| drop(waiting));
    alive();
    let joined = hushed(|| runner.spawn(keep_any(bad(), yields(1))).join());
    assert!(joined.is_ok(), "a join panics");
    alive();
    let guard = bad();
    let _ = hushed(|| runner.spawn_local(move || hold(guard)).cancel());
    alive();
    let guard = bad();
    let items = runner.wrap_iter(stream::repeat_with(move || _ = &guard));
    let _ = hushed(|| drop(items));
    alive();
    let guard = bad();
    let mut ahead = runner.wrap_iter(stream::repeat_with(move || _ = &guard)).prefetch(2);
    assert_eq!(ahead.next(), Some(()));
    let _ = hushed(|| drop(ahead));
    alive();
    let detached = runner.spawn(hold(bad()));
    detached.detach();
    runner.run(yields(2));
    let _ = hushed(|| runner.close());
    assert!(runner.is_closed());
    println!("the loop lives");
    ExitCode::SUCCESS
}

async fn keep_any<T>(kept: impl Sized, body: impl Future<Output = T>) -> T {
    let _kept = kept;
    body.await
}

/// Work that was cancelled or timed out is gone when the call returns, nested work as well.
pub fn p43_the_work_is_gone(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for round in 0..50 {
        let (one, two) = (witness.token(), witness.token());
        let body = async {
            yields(round % 5).await;
            keep(one, hold(two)).await;
        };
        let late = runner.run_timeout(Duration::from_micros(300), body);
        assert!(matches!(late, Err(RunError::TimedOut)));
        assert_eq!(witness.drops(), 2 * (round + 1));
    }
    s.step("two at once");
    let (ended, gate) = (Gate::new("ended"), Gate::new("gate"));
    let polled = poll_fn(|_| {
        gate.open();
        Poll::<()>::Pending
    });
    let late = runner.run_timeout(Duration::from_millis(1), keep_any(OnDrop::new(|| ended.open()), polled));
    assert!(late.is_err() && ended.is_open() && gate.is_open());
}

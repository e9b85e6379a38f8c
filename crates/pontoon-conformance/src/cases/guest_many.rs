//! Guest mode: several guests on a thread, in each other, and in runners.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::zip;
use pontoon_core::Executor;
use pontoon_core::guest::{AbandonReason, Guest, GuestError, GuestScope};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, play, start};
use crate::tools::{Gate, Witness, at_once, hold, yields};

/// Ten guests of one host; they end in another order than they started, and know themselves.
pub fn p86_many_guests_on_one_thread(s: &Subject) {
    let host = MainLoop::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    let gates: Vec<_> = (0..10).map(|_| Gate::new("its turn to end")).collect();
    let guests: Vec<_> = (0..10)
        .map(|n: usize| {
            let (order, gate, next) = (order.clone(), gates[n].clone(), n.checked_sub(1).map(|n| gates[n].clone()));
            start(s, &host, async move {
                let scope = GuestScope::current().unwrap();
                scope.spawn_local(yields(n)).await.unwrap();
                gate.passed().await;
                order.borrow_mut().push(n);
                if let Some(next) = next {
                    next.open();
                }
                scope.stats().tasks
            })
        })
        .collect();
    host.until(|| guests.iter().all(|(run, _)| run.stats().ticks > 0));
    gates[9].open();
    host.until(|| guests.iter().all(|(run, _)| run.is_finished()));
    assert_eq!(*order.borrow(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    for (_, results) in guests {
        assert_eq!(results.one().unwrap(), 1);
    }
}

/// A value that is not `Send` goes back and forth between two guests.
pub fn p86_guests_talk(s: &Subject) {
    let host = MainLoop::new();
    let (ping, pings) = async_channel::bounded::<Rc<Cell<u32>>>(1);
    let (pong, pongs) = async_channel::bounded(1);
    let (one, ones) = start(s, &host, async move {
        while let Ok(ball) = pings.recv().await {
            ball.set(ball.get() + 1);
            pong.send(ball).await.unwrap();
        }
    });
    let (two, twos) = start(s, &host, async move {
        let mut ball = Rc::new(Cell::new(0));
        for _ in 0..200 {
            ping.send(ball).await.unwrap();
            ball = pongs.recv().await.unwrap();
        }
        ball.get()
    });
    host.until(|| one.is_finished() && two.is_finished());
    ones.one().unwrap();
    assert_eq!(twos.one().unwrap(), 200);
}

/// A guest on `executor` that starts another in itself, `depth` deep.
async fn nest(s: Subject, executor: Arc<dyn Executor>, depth: u32) -> u32 {
    let scope = GuestScope::current().unwrap();
    if depth == 0 {
        yields(3).await;
        return 1;
    }
    let results = Results::new();
    let ended = Gate::new("the inner guest has ended");
    let (open, done, inner) = (ended.clone(), results.done(), s.executor());
    let main: Pin<Box<dyn Future<Output = u32>>> = Box::pin(nest(s, inner.clone(), depth - 1));
    let done = move |result| {
        done(result);
        open.open();
    };
    let run = Guest::new(inner).start(scope.remote(), main, done).unwrap();
    executor.sleep(Duration::from_micros(300)).await;
    ended.passed().await;
    assert!(run.is_finished());
    2 * results.one().unwrap()
}

/// Guests start guests in which they are the host, three deep, and each has its timers.
pub fn p86_a_guest_is_a_host(s: &Subject) {
    let executor = s.executor();
    let (host, results) = (MainLoop::new(), Results::new());
    let main = nest(s.clone(), executor.clone(), 3);
    let run = Guest::new(executor).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    assert_eq!(results.one().unwrap(), 8);
}

/// A guest is a task of another guest, and is torn down with it.
pub fn p86_a_guest_is_a_task(s: &Subject) {
    let (inner, dropped) = (guest(s), guest(s));
    let witness = Witness::new();
    let tokens = witness.clone();
    let sum = play(s, async move {
        let scope = GuestScope::current().unwrap();
        let future = inner
            .into_future(async {
                let own = GuestScope::current().unwrap();
                own.spawn_local(async { 20 }).await.unwrap() + 1
            })
            .unwrap();
        let task = scope.spawn_local(future);
        yields(2).await;
        let sum = 2 * task.await.unwrap().unwrap();
        let future = dropped.into_future(hold(tokens.token())).unwrap();
        scope.spawn_local(future).detach();
        yields(2).await;
        sum
    });
    assert_eq!(sum.unwrap(), 42);
    assert_eq!(witness.drops(), 1);
}

/// The end of the outer guest takes the inner one's host away: it is abandoned, in the outer one's end.
pub fn p86_the_outer_guest_ends_first(s: &Subject) {
    let inner = guest(s).on_abandoned(|report| assert_eq!(report.reason(), AbandonReason::TickDropped));
    let witness = Witness::new();
    let tokens = witness.clone();
    let results = Results::new();
    let done = results.done();
    let (run, inner_witness) = play(s, async move {
        let remote = GuestScope::current().unwrap().remote();
        let run = inner.start(remote, hold(tokens.token()), done).unwrap();
        (run, tokens)
    })
    .unwrap();
    assert!(run.is_finished());
    assert_eq!(inner_witness.drops(), 1);
    assert!(matches!(results.one(), Err(GuestError::Abandoned(_))));
}

/// The poll form lives in a runner, in its calls and in its local tasks.
pub fn p86_a_guest_in_a_runner(s: &Subject) {
    let runner = s.runner();
    let executor = s.executor();
    let sleeps = executor.clone();
    let main = async move {
        sleeps.sleep(Duration::from_millis(1)).await;
        GuestScope::current().unwrap().spawn_local(yields(3)).await.unwrap();
        1
    };
    let future = Guest::new(executor).into_future(main).unwrap();
    let pause = runner.sleep(Duration::from_millis(1));
    let (one, ()) = runner.run(zip(future, pause));
    assert_eq!(one.unwrap(), 1);
    s.step("a local task");
    let subject = s.clone();
    let task = runner.spawn_local(move || async move {
        let main = async {
            yields(300).await;
            2
        };
        guest(&subject).into_future(main).unwrap().await.unwrap()
    });
    assert_eq!(task.join().unwrap(), 2);
    s.step("two at once, and one of them is dropped");
    let witness = Witness::new();
    let (one, two) = (guest(s).into_future(async { 3 }).unwrap(), guest(s).into_future(hold(witness.token())).unwrap());
    let first = futures_lite::future::or(async { one.await.unwrap() }, async {
        two.await.unwrap();
        4
    });
    assert_eq!(runner.run(first), 3);
    assert_eq!(witness.drops(), 1);
}

/// A future that was never polled, or not to its end, tears its guest down when it is dropped.
pub fn p86_dropping_the_poll_form(s: &Subject) {
    let witness = Witness::new();
    drop(guest(s).into_future(hold(witness.token())).unwrap());
    assert_eq!(witness.drops(), 1);
    let mut future = guest(s).into_future(hold(witness.token())).unwrap();
    s.runner().run(async {
        assert!(futures_lite::future::poll_once(&mut future).await.is_none());
    });
    let remote = future.guest().remote();
    assert_eq!((witness.drops(), future.guest().stats().tasks), (1, 1));
    drop(future);
    assert_eq!(witness.drops(), 2);
    assert!(remote.is_finished());
}

/// Guests on many threads at once do not know of each other.
pub fn p86_guests_on_many_threads(s: &Subject) {
    let sums = at_once(6, |n| {
        let executor = s.executor();
        let runtime = executor.clone();
        let (host, results) = (MainLoop::new(), Results::new());
        let main = async move {
            let scope = GuestScope::current().unwrap();
            let shared = Rc::new(Cell::new(n));
            for _ in 0..5 {
                let theirs = shared.clone();
                executor.sleep(Duration::from_micros(100)).await;
                scope.spawn_local(async move { theirs.set(theirs.get() + 1) }).await.unwrap();
            }
            shared.get()
        };
        let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
        host.until(|| run.is_finished());
        results.one().unwrap()
    });
    assert_eq!(sums, [5, 6, 7, 8, 9, 10]);
}

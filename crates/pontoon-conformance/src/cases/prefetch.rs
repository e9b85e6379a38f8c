//! Iterators that are pumped on the loop, ahead of their consumer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use futures_lite::{Stream, StreamExt as _, stream};

use crate::Subject;
use crate::tools::{Gate, Witness, at_once, boom, panics, yields};

/// Every item, in order, whatever the bound.
pub fn p50_prefetch_keeps_the_order(s: &Subject) {
    let runner = s.runner();
    for bound in [1, 2, 7, 64, 10_000] {
        s.step(format!("bound {bound}"));
        let items = runner.wrap_iter(stream::iter(0..2_000)).prefetch(bound);
        assert!(items.eq(0..2_000));
        let slow = stream::unfold(0, |n| async move {
            yields(n % 4).await;
            (n < 200).then_some((n, n + 1))
        });
        let mut items = runner.wrap_iter(slow).prefetch(bound);
        assert!(items.by_ref().eq(0..200));
        assert_eq!((items.next(), items.next()), (None, None));
    }
    assert_eq!(runner.stats().tasks, 0);
}

/// Several consumers at once, one of them inside a task.
pub fn p50_many_prefetch(s: &Subject) {
    let runner = s.runner();
    at_once(4, |_| {
        let slow = stream::unfold(0, |n| async move {
            yields(n % 3).await;
            (n < 300).then_some((n, n + 1))
        });
        assert!(runner.wrap_iter(slow).prefetch(8).eq(0..300));
    });
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.wrap_iter(stream::iter(0..100)).prefetch(3).sum::<i32>() });
    assert_eq!(task.join().unwrap(), 4_950);
}

/// The pump is never further ahead than its bound and the item in its hand.
pub fn p50_prefetch_is_bounded(s: &Subject) {
    let runner = s.runner();
    for bound in [1, 2, 16] {
        s.step(format!("bound {bound}"));
        let made = Arc::new(AtomicUsize::new(0));
        let mut items = runner.wrap_iter(counting(&made)).prefetch(bound);
        for taken in 1..30 {
            assert_eq!(items.next(), Some(taken));
            // time to run away, if it would
            runner.run(runner.sleep(Duration::from_millis(1)));
            let made = made.load(SeqCst);
            assert!(made <= taken + bound + 1, "{made} made, {taken} taken");
        }
    }
}

/// One, two, three, and so on; `made` tells the last.
fn counting(made: &Arc<AtomicUsize>) -> impl Stream<Item = usize> + Send + 'static {
    let made = made.clone();
    stream::repeat_with(move || made.fetch_add(1, SeqCst) + 1)
}

/// The pump works ahead while the consumer does something else.
pub fn p50_prefetch_works_ahead(s: &Subject) {
    let runner = s.runner();
    let (made, ahead) = (Arc::new(AtomicUsize::new(0)), Gate::new("five items ahead"));
    let (count, opened) = (made.clone(), ahead.clone());
    let items = counting(&made).inspect(move |_| {
        if count.load(SeqCst) >= 5 {
            opened.open();
        }
    });
    let mut items = runner.wrap_iter(items).prefetch(8);
    assert_eq!(items.next(), Some(1));
    ahead.wait();
    assert!(items.by_ref().take(20).eq(2..22));
}

/// An early stop drops the stream before the drop returns.
pub fn p51_early_stop(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for round in 0..60 {
        s.step(format!("round {round}"));
        let token = witness.token();
        let slow = stream::unfold((0, token), move |(n, token)| async move {
            yields(round % 3).await;
            Some((n, (n + 1, token)))
        });
        let items = runner.wrap_iter(slow).prefetch(4);
        assert!(items.take(round % 7).eq(0..round % 7));
        assert_eq!(witness.drops(), round + 1);
    }
    s.step("a stream that waits for ever");
    let token = witness.token();
    let stuck = stream::poll_fn(move |_| {
        let _ = &token;
        std::task::Poll::<Option<()>>::Pending
    });
    let items = runner.wrap_iter(stuck).prefetch(4);
    runner.run(yields(3));
    drop(items);
    assert_eq!(witness.drops(), 61);
    assert_eq!(runner.stats().tasks, 0);
}

/// An early stop while unwinding does the same.
pub fn p51_early_stop_while_unwinding(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let token = witness.token();
    let text = panics(|| {
        let endless = stream::unfold((0, token), |(n, token)| async move { Some((n, (n + 1, token))) });
        for n in runner.wrap_iter(endless).prefetch(2) {
            if n == 2 {
                boom("in the loop's body")
            }
        }
    });
    assert_eq!((text.as_str(), witness.drops()), ("in the loop's body", 1));
}

/// A panic of the stream reaches the consumer, after the items before it, and the iterator is over.
pub fn p52_a_stream_that_panics(s: &Subject) {
    let runner = s.runner();
    for pendings in [0, 2] {
        let bad = stream::unfold(0, move |n| async move {
            yields(pendings).await;
            if n == 5 {
                boom("in the pump")
            }
            Some((n, n + 1))
        });
        let mut items = runner.wrap_iter(bad).prefetch(3);
        assert!(items.by_ref().take(5).eq(0..5));
        assert_eq!(panics(|| items.next()), "in the pump");
        assert_eq!(items.next(), None);
        assert_eq!(runner.run(async { 1 }), 1);
    }
    assert_eq!(runner.stats().tasks, 0);
}

/// `prefetch(0)` counts as one.
pub fn p53_prefetch_nothing(s: &Subject) {
    let runner = s.runner();
    let made = Arc::new(AtomicUsize::new(0));
    let mut items = runner.wrap_iter(counting(&made)).prefetch(0);
    assert!(items.by_ref().take(100).eq(1..101));
    runner.run(runner.sleep(Duration::from_millis(2)));
    let made = made.load(SeqCst);
    assert!(made <= 102, "{made} made, 100 taken");
    s.step("and as much as can be");
    assert!(runner.wrap_iter(stream::iter(0..500)).prefetch(usize::MAX).eq(0..500));
}

/// A close while the consumer waits, or before it asks, ends the iterator without a hang.
pub fn p51_close_ends_a_prefetch(s: &Subject) {
    let runner = s.runner();
    let (witness, inside) = (Witness::new(), Gate::new("inside"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let (token, entered) = (witness.token(), inside.clone());
            let stuck = stream::poll_fn(move |_| {
                let _ = &token;
                entered.open();
                std::task::Poll::<Option<()>>::Pending
            });
            let mut items = runner.wrap_iter(stuck).prefetch(2);
            crate::tools::hushed(|| items.next())
        });
        inside.wait();
        runner.close().unwrap();
        let ended = waiting.join().unwrap();
        // it says that the runner is closed, or that nothing follows; it does not invent an item
        assert!(!matches!(ended, Ok(Some(()))));
    });
    assert_eq!(witness.drops(), 1);
}

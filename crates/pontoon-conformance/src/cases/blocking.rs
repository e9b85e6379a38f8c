//! Sync code seen from async code: the blocking pool.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use futures_lite::{StreamExt as _, stream};

use crate::Subject;
use crate::tools::{Gate, HANG, Witness, boom, panics, text_of, yields};

/// How far a producer of `unblock_iter` may be ahead of its consumer: what waits, and what it holds.
const AHEAD: usize = 17;

/// A closure runs on a thread that may block, and its value comes back.
pub fn p37_unblock(s: &Subject) {
    let runner = s.runner();
    assert_eq!(runner.unblock(|| 1).join().unwrap(), 1);
    assert_eq!(runner.run(runner.unblock(|| 2)).unwrap(), 2);
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.unblock(|| 3).await.unwrap() });
    assert_eq!(task.join().unwrap(), 3);
    s.step("not on a thread that drives");
    let drives: HashSet<_> = [
        thread::current().id(),
        runner.spawn_local(|| async { thread::current().id() }).join().unwrap(),
        runner.spawn(async { thread::current().id() }).join().unwrap(),
    ]
    .into();
    let blocks = runner.unblock(|| thread::current().id()).join().unwrap();
    assert!(!drives.contains(&blocks));
}

/// Several closures block at once, and nothing else waits for them.
pub fn p37_unblock_holds_nobody_up(s: &Subject) {
    let runner = s.runner();
    let together = Arc::new(Barrier::new(5));
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let together = together.clone();
            runner.unblock(move || {
                together.wait();
                n
            })
        })
        .collect();
    runner.run(runner.sleep(Duration::from_millis(1)));
    runner.spawn(yields(10)).join().unwrap();
    together.wait();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.join().unwrap(), n);
    }
}

/// A panic in a closure reaches its joiner, and the pool lives on.
pub fn p37_unblock_panics(s: &Subject) {
    let runner = s.runner();
    for _ in 0..20 {
        let task = runner.unblock(|| boom("in the pool"));
        let error = task.join().map(|(): ()| ()).unwrap_err();
        assert_eq!(text_of(&*error.into_panic()), "in the pool");
    }
    assert_eq!(runner.unblock(|| 1).join().unwrap(), 1);
}

/// A closure may call, spawn and unblock in turn.
pub fn p37_unblock_calls_back(s: &Subject) {
    let runner = s.runner();
    let inner = runner.clone();
    let task = runner.unblock(move || {
        let called = inner.run(async {
            inner.sleep(Duration::from_micros(100)).await;
            1
        });
        let spawned = inner.spawn(async { 2 }).join().unwrap();
        let unblocked = inner.unblock(|| 3).join().unwrap();
        called + spawned + unblocked
    });
    assert_eq!(task.join().unwrap(), 6);
}

/// Two hundred closures from eight threads.
pub fn p37_many_closures(s: &Subject) {
    let runner = s.runner();
    let sums = crate::tools::at_once(8, |thread| {
        let tasks: Vec<_> = (0..25).map(|n| runner.unblock(move || thread * 100 + n)).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum::<usize>()
    });
    assert_eq!(sums.iter().sum::<usize>(), 28 * 100 * 25 + 8 * 300);
}

/// A blocking iterator gives its items in order, and ends.
pub fn p38_unblock_iter(s: &Subject) {
    let runner = s.runner();
    let items: Vec<_> = runner.run(runner.unblock_iter(0..5_000).collect());
    assert!(items.into_iter().eq(0..5_000));
    s.step("none and one");
    let none: Vec<u8> = runner.run(runner.unblock_iter(Vec::<u8>::new()).collect());
    assert!(none.is_empty());
    let mut one = runner.unblock_iter([1]);
    assert_eq!(runner.run(one.next()), Some(1));
    assert_eq!(runner.run(one.next()), None);
    assert_eq!(runner.run(one.next()), None);
    s.step("in a task");
    let stream = runner.unblock_iter(vec!["a", "b"]);
    let task = runner.spawn(stream.collect::<Vec<_>>());
    assert_eq!(task.join().unwrap(), ["a", "b"]);
}

/// The iterator runs on a thread that may block, and each item comes when it is there.
pub fn p38_unblock_iter_blocks(s: &Subject) {
    let runner = s.runner();
    let (send, receive) = mpsc::channel();
    let mut stream = runner.unblock_iter(receive);
    for n in 0..100 {
        send.send(n).unwrap();
        assert_eq!(runner.run(stream.next()), Some(n));
    }
    drop(send);
    assert_eq!(runner.run(stream.next()), None);
}

/// The producer is never further ahead than its bound.
pub fn p38_unblock_iter_is_bounded(s: &Subject) {
    let runner = s.runner();
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let endless = (0..).inspect(move |_| _ = count.fetch_add(1, SeqCst));
    let mut stream = runner.unblock_iter(endless);
    for taken in 1..50 {
        assert_eq!(runner.run(stream.next()), Some(taken - 1));
        // time to run away, if it would
        runner.run(runner.sleep(Duration::from_millis(2)));
        let made = made.load(SeqCst);
        assert!(made <= taken + AHEAD, "{made} made, {taken} taken");
    }
}

/// A panic of the iterator reaches the consumer after the items before it.
pub fn p38_unblock_iter_panics(s: &Subject) {
    let runner = s.runner();
    let mut stream = runner.unblock_iter((0..10).inspect(|n| {
        if *n == 3 {
            boom("in the iterator")
        }
    }));
    for n in 0..3 {
        assert_eq!(runner.run(stream.next()), Some(n));
    }
    let text = panics(|| runner.run(stream.next()));
    assert_eq!(text, "in the iterator");
    assert_eq!(runner.run(stream.next()), None);
    assert_eq!(runner.unblock(|| 1).join().unwrap(), 1);
}

/// A close frees an iterator that waits for room; its stream does not pretend that it ended well.
pub fn p38_close_ends_an_unblock_iter(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let token = witness.token();
    let endless = (0..).inspect(move |_: &usize| _ = &token);
    let mut stream = runner.unblock_iter(endless);
    assert_eq!(runner.run(stream.next()), Some(0));
    runner.close().unwrap();
    witness.wait_for(1);
    let left = panics(|| futures_lite::future::block_on(stream.count()));
    assert!(left.contains("closed"), "{left}");
}

/// A stream that is dropped early stops its iterator, which is dropped then.
pub fn p38_unblock_iter_stops_early(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    for round in 0..50 {
        s.step(format!("round {round}"));
        let token = witness.token();
        let endless = (0..).inspect(move |_: &usize| _ = &token);
        let mut stream = runner.unblock_iter(endless);
        for n in 0..round % 4 {
            assert_eq!(runner.run(stream.next()), Some(n));
        }
        drop(stream);
        witness.wait_for(round + 1);
    }
    s.step("through a shorter stream");
    let (token, ended) = (witness.token(), Gate::new("ended"));
    let endless = (0..).inspect(move |_: &usize| _ = &token);
    let zipped = stream::iter(0..3).zip(runner.unblock_iter(endless));
    let end = ended.clone();
    let task = runner.spawn(async move {
        assert_eq!(zipped.count().await, 3);
        end.open();
    });
    task.join().unwrap();
    witness.wait_for(51);
    assert!(ended.wait_timeout(HANG));
}

//! Streams as iterators, polled in place.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_lite::{Stream, StreamExt as _, stream};
use pontoon_core::RunError;

use crate::tools::{Gate, OnDrop, Witness, at_once, boom, panics, yields};
use crate::{Subject, child};

/// Every item, in order, polled on the calling thread, with borrows and without `Send`.
pub fn p44_items_in_place(s: &Subject) {
    let runner = s.runner();
    let me = thread::current().id();
    let local = Rc::new(Cell::new(0));
    let items = stream::iter(0..1_000).inspect(|_| {
        assert_eq!(thread::current().id(), me);
        local.set(local.get() + 1);
    });
    assert!(runner.wrap_iter(items).eq(0..1_000));
    assert_eq!(local.get(), 1_000);
    s.step("items that wait");
    let slow = stream::unfold(0, |n| async move {
        yields(n % 3).await;
        if n % 100 == 0 {
            a_while().await;
        }
        (n < 300).then_some((n, n + 1))
    });
    assert!(runner.wrap_iter(slow).eq(0..300));
    s.step("with the runner's timer");
    let timed = stream::unfold(0, |n| {
        let nap = runner.sleep(Duration::from_micros(200));
        async move {
            nap.await;
            (n < 20).then_some((n, n + 1))
        }
    });
    assert!(runner.wrap_iter(timed).eq(0..20));
    s.step("from tasks");
    let (send, receive) = async_channel::bounded(1);
    let feeder = runner.spawn(async move {
        for n in 0..500 {
            send.send(n).await.unwrap();
        }
    });
    assert!(runner.wrap_iter(receive).eq(0..500));
    feeder.join().unwrap();
}

/// A wait that needs no runtime.
async fn a_while() {
    yields(50).await;
}

/// An item that is ready costs one poll.
pub fn p44_a_ready_item_is_one_poll(s: &Subject) {
    let runner = s.runner();
    let polls = Cell::new(0);
    let counted = stream::poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::Ready((polls.get() <= 100).then(|| polls.get()))
    });
    let mut items = runner.wrap_iter(counted);
    for n in 1..=100 {
        assert_eq!(items.next(), Some(n));
        assert_eq!(polls.get(), n);
    }
}

/// Iterators on many threads, and inside each other, on one runner.
pub fn p44_many_iterators(s: &Subject) {
    let runner = s.runner();
    at_once(8, |_| {
        let slow = stream::unfold(0, |n| async move {
            yields(2).await;
            (n < 100).then_some((n, n + 1))
        });
        assert!(runner.wrap_iter(slow).eq(0..100));
    });
    let inner = runner.clone();
    let pairs = runner.wrap_iter(stream::iter(0..5)).flat_map(move |n| {
        let slow = stream::once(n);
        inner.wrap_iter(slow).chain([n])
    });
    assert!(pairs.eq([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]));
    s.step("in a task");
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.wrap_iter(stream::iter(0..10)).sum::<i32>() });
    assert_eq!(task.join().unwrap(), 45);
}

/// Ends once, then restarts as soon as it is polled again, and says how many items are left.
struct Restless {
    left: usize,
    ended: bool,
}

impl Stream for Restless {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        assert!(!self.ended, "polled after its end");
        self.ended = self.left == 0;
        let item = self.left.checked_sub(1);
        self.left = item.unwrap_or(0);
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        assert!(!self.ended, "asked after its end");
        (self.left, Some(self.left + 1))
    }
}

/// After the end the stream is not polled again: the iterator is fused.
pub fn p45_fused(s: &Subject) {
    fn is_fused(_: &impl std::iter::FusedIterator) {}
    let runner = s.runner();
    let left = 2;
    let mut items = runner.wrap_iter(Restless { left, ended: false });
    is_fused(&items);
    assert_eq!(items.next(), Some(1));
    assert_eq!(items.next(), Some(0));
    for _ in 0..5 {
        assert_eq!(items.next(), None);
        assert!(matches!(items.try_next(), Ok(None)));
    }
}

/// `size_hint` is the stream's, and nothing once it ended.
pub fn p45_size_hint(s: &Subject) {
    let runner = s.runner();
    let left = 3;
    let mut items = runner.wrap_iter(Restless { left, ended: false });
    assert_eq!(items.size_hint(), (3, Some(4)));
    items.next();
    assert_eq!(items.size_hint(), (2, Some(3)));
    assert_eq!(items.by_ref().count(), 2);
    assert_eq!(items.size_hint(), (0, Some(0)));
}

/// An iterator that is dropped early drops its stream, here, before the drop returns.
pub fn p46_early_stop(s: &Subject) {
    let runner = s.runner();
    let (me, witness) = (thread::current().id(), Witness::new());
    for (round, taken) in [0, 1, 5].into_iter().enumerate() {
        let token = witness.token();
        let endless = stream::repeat_with(move || _ = &token);
        assert_eq!(runner.wrap_iter(endless).take(taken).count(), taken);
        assert_eq!(witness.drops(), round + 1);
    }
    s.step("a stream with work in flight");
    let token = witness.token();
    let mut slow = Box::pin(stream::unfold(token, |token| async {
        yields(3).await;
        Some(((), token))
    }));
    let mut items = runner.wrap_iter(slow.as_mut());
    assert_eq!(items.next(), Some(()));
    drop(items);
    // it was lent
    assert_eq!(witness.drops(), 3);
    drop(slow);
    assert_eq!(witness.drops(), 4);
    s.step("while unwinding");
    let token = witness.token();
    panics(|| {
        let endless = stream::unfold((0, token), |(n, token)| async move { Some((n, (n + 1, token))) });
        for n in runner.wrap_iter(Box::pin(endless)) {
            if n == 2 {
                boom("in the loop's body")
            }
        }
    });
    assert_eq!(witness.drops(), 5);
    assert_eq!(witness.threads(), [me; 5]);
}

/// The end of an iterator drops its stream too, or the iterator does.
pub fn p46_a_cleanup_that_calls(s: &Subject) {
    let runner = s.runner();
    let log = RefCell::new(Vec::new());
    {
        let guard = crate::tools::OnDrop::new(|| {
            // a cleanup may need the runtime
            runner.run(runner.sleep(Duration::from_micros(100)));
            log.borrow_mut().push("cleaned");
        });
        let items = stream::repeat_with(move || _ = &guard);
        assert_eq!(runner.wrap_iter(items).take(3).count(), 3);
        log.borrow_mut().push("next line");
    }
    assert_eq!(*log.borrow(), ["cleaned", "next line"]);
}

/// A panic in `poll_next` reaches the consumer, the iterator is over, and the runner lives on.
pub fn p47_a_stream_that_panics(s: &Subject) {
    let runner = s.runner();
    for pendings in [0, 2] {
        let witness = Witness::new();
        let token = witness.token();
        let bad = stream::unfold((0, token), move |(n, token)| async move {
            yields(pendings).await;
            if n == 2 {
                boom("in poll_next")
            }
            Some((n, (n + 1, token)))
        });
        let mut items = runner.wrap_iter(bad);
        assert_eq!(items.next(), Some(0));
        assert_eq!(items.next(), Some(1));
        assert_eq!(panics(|| items.next()), "in poll_next");
        assert_eq!(items.next(), None);
        assert_eq!(items.next(), None);
        drop(items);
        assert_eq!(witness.drops(), 1);
        assert_eq!(runner.run(async { 1 }), 1);
    }
}

/// The destructor of a stream that panicked may panic as well: the first panic is the one that the consumer gets.
pub fn p47_a_stream_that_panics_twice(s: &Subject) {
    let printed = child::run(s, "stream panics twice");
    assert!(printed.contains("the loop lives"), "{printed}");
}

/// In a process of its own: the second panic may abort.
pub(crate) fn stream_panics_twice(s: &Subject) -> ExitCode {
    let runner = s.runner();
    for pendings in [0, 2] {
        let second = OnDrop::new(|| boom("in the destructor"));
        let bad = stream::unfold(0, move |n| {
            let _ = &second;
            async move {
                yields(pendings).await;
                if n == 1 {
                    boom("in poll_next")
                }
                Some((n, n + 1))
            }
        });
        let mut items = runner.wrap_iter(bad);
        assert_eq!(items.next(), Some(0));
        assert_eq!(panics(|| items.next()), "in poll_next");
        assert_eq!(items.next(), None);
        assert_eq!(runner.run(async { 1 }), 1);
    }
    println!("the loop lives");
    ExitCode::SUCCESS
}

/// On a closed runner `try_next` errs and `next` panics with the error's text.
pub fn p48_a_refused_iterator(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let token = witness.token();
    let mut items = runner.wrap_iter(stream::repeat_with(move || _ = &token));
    assert!(matches!(items.try_next(), Ok(Some(()))));
    runner.close().unwrap();
    let error = items.try_next().unwrap_err();
    assert!(matches!(error, RunError::Closed), "{error:?}");
    let text = panics(|| items.next());
    assert!(text.contains(&error.to_string()), "{text}");
    drop(items);
    assert_eq!(witness.drops(), 1);
}

/// An iterator that waits is woken by a close.
pub fn p48_close_ends_a_waiting_iterator(s: &Subject) {
    let runner = s.runner();
    let inside = Gate::new("inside");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let stuck = stream::poll_fn(|_| {
                inside.open();
                Poll::<Option<()>>::Pending
            });
            runner.wrap_iter(stuck).try_next()
        });
        inside.wait();
        runner.close().unwrap();
        let ended = waiting.join().unwrap();
        assert!(matches!(ended, Err(RunError::Closed)), "{ended:?}");
    });
}

/// One stream pulled in two styles, by calls and by an iterator, loses no item on the way.
pub fn p49_one_stream_in_two_styles(s: &Subject) {
    let runner = s.runner();
    let (send, receive) = async_channel::bounded(2);
    let feeder = runner.spawn(async move {
        for n in 0..60 {
            send.send(n).await.unwrap();
            yields(1).await;
        }
    });
    let mut receive = pin!(receive);
    let mut expected = 0..60;
    for round in 0..10 {
        s.step(format!("round {round}"));
        assert_eq!(runner.run(receive.next()), expected.next());
        let items = runner.wrap_iter(receive.as_mut()).take(2);
        assert!(items.eq(expected.by_ref().take(2)));
        let nested = runner.run(async { runner.wrap_iter(receive.as_mut()).next() });
        assert_eq!(nested, expected.next());
        let late = runner.run_timeout(Duration::from_secs(60), receive.next());
        assert_eq!(late.unwrap(), expected.next());
        let sent = runner.run_send(receive.next());
        assert_eq!(sent, expected.next());
    }
    assert_eq!(runner.run(receive.next()), None);
    feeder.join().unwrap();
}

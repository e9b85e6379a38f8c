//! Wake-ups: none is lost, whoever wakes, from wherever, however often.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::Subject;
use crate::tools::{Gate, HANG, at_once, lock, yields};

/// A thread that answers each request by waking whoever sent it.
struct Echo {
    requests: mpsc::Sender<(Waker, Arc<AtomicUsize>)>,
}

impl Echo {
    fn start<'scope>(scope: &'scope thread::Scope<'scope, '_>) -> Echo {
        let (requests, receive) = mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
        scope.spawn(move || {
            for (waker, answers) in receive {
                answers.fetch_add(1, SeqCst);
                waker.wake();
            }
        });
        Echo { requests }
    }

    /// Asks `times` times, one after the other; each answer comes while the asker waits, or is
    /// about to.
    fn asks(&self, times: usize) -> impl Future<Output = ()> + Send + 'static {
        let (requests, answers) = (self.requests.clone(), Arc::new(AtomicUsize::new(0)));
        let mut asked = 0;
        poll_fn(move |cx| {
            if answers.load(SeqCst) < asked {
                // somebody else woke this future: the answer is still on its way
                return Poll::Pending;
            }
            if asked == times {
                return Poll::Ready(());
            }
            asked += 1;
            requests.send((cx.waker().clone(), answers.clone())).unwrap();
            Poll::Pending
        })
    }
}

/// A thread wakes a call thousands of times, each time just when it goes to sleep.
pub fn p73_a_thread_wakes_a_call(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| runner.run(Echo::start(scope).asks(5_000)));
}

/// The same with a task, a local task and a call that awaits them.
pub fn p73_a_thread_wakes_a_task(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| {
        let echo = Echo::start(scope);
        s.step("a task");
        runner.spawn(echo.asks(3_000)).join().unwrap();
        s.step("a local task");
        let asks = echo.asks(3_000);
        runner.spawn_local(move || asks).join().unwrap();
        s.step("all at once");
        let tasks: Vec<_> = (0..10).map(|_| runner.spawn(echo.asks(300))).collect();
        runner.run(echo.asks(1_000));
        for task in tasks {
            runner.run(async { task.await.unwrap() });
        }
    });
}

/// The same with eight callers at once.
pub fn p73_a_thread_wakes_many_calls(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| {
        let echo = Echo::start(scope);
        let ask = |_| runner.run(echo.asks(500));
        at_once(8, ask);
    });
}

/// The same inside nested calls.
pub fn p73_a_thread_wakes_a_nested_call(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| {
        let echo = Echo::start(scope);
        for _ in 0..200 {
            runner.run(async {
                echo.asks(2).await;
                runner.run(async {
                    echo.asks(2).await;
                    runner.run(echo.asks(2));
                    echo.asks(2).await;
                });
                echo.asks(2).await;
            });
        }
    });
}

/// A task is woken by threads while nobody calls.
pub fn p73_a_thread_wakes_a_task_that_nobody_waits_for(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| {
        let echo = Echo::start(scope);
        for round in 0..20 {
            s.step(format!("round {round}"));
            let done = Gate::new("done");
            let (end, asks) = (done.clone(), echo.asks(200));
            let task = runner.spawn(async move {
                asks.await;
                end.open();
            });
            // some calls before, to send the runner's own thread aside
            for _ in 0..round {
                runner.run(yields(1));
            }
            done.wait();
            task.join().unwrap();
        }
    });
}

/// The blocking pool wakes, by the tasks that it finishes.
pub fn p73_the_pool_wakes(s: &Subject) {
    let runner = s.runner();
    for n in 0..500 {
        assert_eq!(runner.run(runner.unblock(move || n)).unwrap(), n);
    }
    let inner = runner.clone();
    let task = runner.spawn(async move {
        for n in 0..500 {
            assert_eq!(inner.unblock(move || n).await.unwrap(), n);
        }
    });
    task.join().unwrap();
}

/// Two tasks of one loop throw a ball.
pub fn p73_tasks_wake_each_other(s: &Subject) {
    let runner = s.runner();
    let (one, two) = ball(2_000);
    let (one, two) = (runner.spawn(one), runner.spawn(two));
    runner.run(async {
        one.await.unwrap();
        two.await.unwrap();
    });
    s.step("one of them local");
    let (one, two) = ball(1_000);
    let (one, two) = (runner.spawn(one), runner.spawn_local(move || two));
    one.join().unwrap();
    two.join().unwrap();
    s.step("many");
    let tasks: Vec<_> = (0..10)
        .flat_map(|_| {
            let (one, two) = ball(200);
            [runner.spawn(one), runner.spawn(two)]
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
}

/// Two futures that send a number to and fro until it has passed `times` times.
fn ball(times: usize) -> (impl Future<Output = ()> + Send + 'static, impl Future<Output = ()> + Send + 'static) {
    let (to_two, at_two) = async_channel::bounded(1);
    let (to_one, at_one) = async_channel::bounded(1);
    let one = async move {
        for n in 0..times {
            to_two.send(n).await.unwrap();
            assert_eq!(at_one.recv().await.unwrap(), n);
        }
    };
    let two = async move {
        for _ in 0..times {
            to_one.send(at_two.recv().await.unwrap()).await.unwrap();
        }
    };
    (one, two)
}

/// Two callers on one runner throw a ball, each on its own thread.
pub fn p73_calls_wake_each_other(s: &Subject) {
    let runner = s.runner();
    let (one, two) = ball(2_000);
    thread::scope(|scope| {
        scope.spawn(|| runner.run(one));
        runner.run(two);
    });
    s.step("a call and a task");
    let (one, two) = ball(2_000);
    let task = runner.spawn(one);
    runner.run(two);
    task.join().unwrap();
    s.step("a call and a thread without a runtime");
    let (one, two) = ball(2_000);
    thread::scope(|scope| {
        scope.spawn(|| futures_lite::future::block_on(one));
        runner.run(two);
    });
}

/// Two runners throw a ball: a thread that drives one loop is a stranger to the other.
pub fn p73_runners_wake_each_other(s: &Subject) {
    let (left, right) = (s.runner(), s.runner());
    thread::scope(|scope| {
        let stop = Gate::new("stop");
        for runner in [&left, &right] {
            // each has a caller, for those that only callers drive
            let stopped = stop.clone();
            scope.spawn(move || runner.run(stopped.passed()));
        }
        let (throws, catches) = ball(1_000);
        let task = left.spawn(throws);
        right.run(catches);
        task.join().unwrap();
        let (throws, catches) = ball(1_000);
        let (throws, catches) = (left.spawn(throws), right.spawn(catches));
        left.run(async { throws.await.unwrap() });
        right.run(async { catches.await.unwrap() });
        stop.open();
    });
    s.step("from the threads of both");
    thread::scope(|scope| {
        let (one, two) = ball(1_000);
        scope.spawn(|| left.run(one));
        right.run(two);
    });
}

/// A wake-up that arrives while the future is being polled counts.
pub fn p73_a_wakeup_during_the_poll(s: &Subject) {
    let runner = s.runner();
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel::<(Waker, mpsc::Sender<()>)>();
        scope.spawn(move || {
            for (waker, done) in receive {
                waker.wake();
                done.send(()).unwrap();
            }
        });
        let woken_inside = |times: usize| {
            let (send, mut left) = (send.clone(), times);
            poll_fn(move |cx| {
                if left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                let (done, was_done) = mpsc::channel();
                send.send((cx.waker().clone(), done)).unwrap();
                was_done.recv_timeout(HANG).unwrap();
                Poll::Pending
            })
        };
        runner.run(woken_inside(1_000));
        runner.spawn(woken_inside(1_000)).join().unwrap();
        let body = woken_inside(1_000);
        runner.spawn_local(move || body).join().unwrap();
        drop(send);
    });
}

/// A future that wakes itself, by value, by reference, many times, is polled again.
pub fn p73_a_future_wakes_itself(s: &Subject) {
    let runner = s.runner();
    let wakes_itself = |times: usize| {
        let mut left = times;
        poll_fn(move |cx| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            match left % 3 {
                0 => cx.waker().wake_by_ref(),
                1 => {
                    let by_value = cx.waker().clone();
                    by_value.wake();
                }
                _ => (0..5).for_each(|_| cx.waker().wake_by_ref()),
            }
            Poll::Pending
        })
    };
    runner.run(wakes_itself(10_000));
    runner.spawn(wakes_itself(10_000)).join().unwrap();
    runner.spawn_local(move || wakes_itself(10_000)).join().unwrap();
}

/// Eight threads wake one future at once, again and again.
pub fn p73_many_threads_wake_one_future(s: &Subject) {
    let runner = s.runner();
    for round in 0..30 {
        s.step(format!("round {round}"));
        let (count, slot) = (AtomicUsize::new(0), Mutex::new(None::<Waker>));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        count.fetch_add(1, SeqCst);
                        let waker = lock(&slot).clone();
                        if let Some(waker) = waker {
                            waker.wake();
                        }
                    }
                });
            }
            runner.run(poll_fn(|cx| {
                *lock(&slot) = Some(cx.waker().clone());
                match count.load(SeqCst) {
                    800 => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            }));
        });
    }
}

/// A waker that outlives its future, its task or its runner is harmless.
pub fn p73_a_waker_outlives_everything(s: &Subject) {
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let keep = || {
        let wakers = wakers.clone();
        poll_fn(move |cx| {
            lock(&wakers).push(cx.waker().clone());
            Poll::Ready(())
        })
    };
    let fire = || lock(&wakers).iter().for_each(Waker::wake_by_ref);
    let runner = s.runner();
    runner.run(keep());
    runner.run(async { runner.run(keep()) });
    runner.spawn(keep()).join().unwrap();
    let body = keep();
    runner.spawn_local(move || body).join().unwrap();
    assert_eq!(lock(&wakers).len(), 4);
    fire();
    s.step("while others wait");
    let stop = Gate::new("stop");
    thread::scope(|scope| {
        let firing = scope.spawn(|| {
            while !stop.is_open() {
                fire();
                thread::yield_now();
            }
        });
        for _ in 0..100 {
            runner.run(yields(2));
            runner.run(runner.sleep(Duration::from_micros(50)));
        }
        stop.open();
        firing.join().unwrap();
    });
    s.step("after the close");
    runner.close().unwrap();
    fire();
    drop(runner);
    fire();
    let elsewhere = std::mem::take(&mut *lock(&wakers));
    thread::scope(|scope| _ = scope.spawn(|| drop(elsewhere)));
}

//! Tasks: their values, their panics, their handles.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_core::{Runner, Task};

use crate::Subject;
use crate::tools::{Gate, HANG, Witness, at_once, boom, drive_until, hold, text_of, yields};

/// A task runs to its end and gives its value to whoever joins it, from wherever it was spawned.
pub fn p26_spawn_and_join(s: &Subject) {
    let runner = s.runner();
    assert_eq!(runner.spawn(async { 1 }).join().unwrap(), 1);
    let task = runner.spawn(async {
        yields(10).await;
        String::from("two")
    });
    assert_eq!(task.join().unwrap(), "two");
    s.step("from a call");
    let (task, ()) = runner.run(async { (runner.spawn(async { 3 }), yields(1).await) });
    assert_eq!(task.join().unwrap(), 3);
    s.step("from a task");
    let inner = runner.clone();
    let spawns = runner.spawn(async move { (inner.spawn(async { 4 }), yields(1).await) });
    let (task, ()) = spawns.join().unwrap();
    assert_eq!(task.join().unwrap(), 4);
    s.step("from another thread");
    let task = thread::scope(|scope| scope.spawn(|| runner.spawn(async { 5 })).join().unwrap());
    assert_eq!(task.join().unwrap(), 5);
    s.step("inside enter");
    let task = runner.enter(|| runner.spawn(async { 6 }));
    assert_eq!(task.join().unwrap(), 6);
    assert_eq!(runner.stats().tasks, 0);
}

/// Eight threads spawn and join, with yields in between.
pub fn p26_spawn_and_join_from_many_threads(s: &Subject) {
    let runner = s.runner();
    let sums = at_once(8, |thread| {
        let mut sum = 0;
        for n in 0..500 {
            let task = runner.spawn(async move {
                yields(n % 4).await;
                n
            });
            sum += match (thread + n) % 2 {
                0 => task.join().unwrap(),
                _ => runner.run(async { task.await.unwrap() }),
            };
        }
        sum
    });
    assert_eq!(sums, [500 * 499 / 2; 8]);
    assert_eq!(runner.stats().tasks, 0);
}

/// A task may be joined on another thread than the one that spawned it.
pub fn p26_a_handle_moves_between_threads(s: &Subject) {
    let runner = s.runner();
    let (send, receive) = std::sync::mpsc::channel::<Task<usize>>();
    thread::scope(|scope| {
        let joiner = scope.spawn(move || receive.iter().map(|task| task.join().unwrap()).sum::<usize>());
        for n in 0..500 {
            let spawned = runner.spawn(async move {
                yields(n % 3).await;
                n
            });
            send.send(spawned).unwrap();
        }
        drop(send);
        assert_eq!(joiner.join().unwrap(), 500 * 499 / 2);
    });
}

/// A task that is never joined runs to its end when it is detached, and its value is dropped.
pub fn p31_detach(s: &Subject) {
    let runner = s.runner();
    let (witness, done) = (Witness::new(), Gate::new("done"));
    let (token, end) = (witness.token(), done.clone());
    let detached = runner.spawn(async move {
        yields(5).await;
        end.open();
        token
    });
    detached.detach();
    runner.run(async {
        done.passed().await;
        witness.seen(1).await;
    });
    assert_eq!(witness.drops(), 1);
}

/// A panic in a task reaches whoever joins it, with what it carried, and nobody else.
pub fn p27_a_panic_reaches_the_joiner_alone(s: &Subject) {
    let runner = s.runner();
    let (hit, inner) = (Gate::new("hit"), runner.clone());
    let passed = hit.clone();
    let bystander = runner.spawn(async move {
        passed.passed().await;
        inner.sleep(Duration::from_micros(100)).await;
        1
    });
    for pendings in [0, 1, 7] {
        let task = runner.spawn(async move {
            yields(pendings).await;
            boom("in a task")
        });
        let error = task.join().map(|(): ()| ()).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled(), "{error:?}");
        assert!(error.to_string().contains("in a task"), "{error}");
        assert_eq!(text_of(&*error.into_panic()), "in a task");
    }
    s.step("a panic that nobody joins");
    let witness = Witness::new();
    let token = witness.token();
    let lost = runner.spawn(async move {
        let _token = token;
        yields(1).await;
        boom("nobody listens")
    });
    let lost: Task<()> = lost;
    lost.detach();
    runner.run(witness.seen(1));
    s.step("the others");
    hit.open();
    assert_eq!(bystander.join().unwrap(), 1);
    assert_eq!(runner.run(async { 2 }), 2);
    drive_until(&runner, || runner.stats().tasks == 0);
    runner.close().unwrap();
}

/// A panic with a value that is no text keeps its value.
pub fn p27_a_panic_keeps_its_payload(s: &Subject) {
    let runner = s.runner();
    let task = runner.spawn(async { std::panic::resume_unwind(Box::new(42_u8)) });
    let error = task.join().map(|(): ()| ()).unwrap_err();
    assert_eq!(error.into_panic().downcast_ref(), Some(&42_u8));
}

/// A hundred tasks panic while as many others work: each join tells its own story.
pub fn p27_many_panics_among_others(s: &Subject) {
    let runner = s.runner();
    let tasks: Vec<Task<usize>> = (0..200)
        .map(|n| {
            runner.spawn(async move {
                yields(n % 5).await;
                if n % 2 == 0 { boom(&n.to_string()) } else { n }
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        match task.join() {
            Ok(value) => assert_eq!((value, n % 2), (n, 1)),
            Err(error) => assert_eq!(text_of(&*error.into_panic()), n.to_string()),
        }
    }
}

/// An output that nobody takes is dropped where its task ran; a panic of its destructor stays there.
pub fn p27_a_panic_of_an_output_that_nobody_takes(s: &Subject) {
    let runner = s.runner();
    let outlived = |start: &dyn Fn(Output)| {
        let gone = Gate::new("the output is dropped");
        start(Output(gone.clone()));
        runner.run(gone.passed());
        assert_eq!(runner.spawn(async { 1 }).join().unwrap(), 1);
    };
    s.step("a task");
    outlived(&|output| runner.spawn(async move { output }).detach());
    s.step("a local task");
    outlived(&|output| runner.spawn_local(move || async move { output }).detach());
    s.step("a blocking job");
    outlived(&|output| runner.unblock(move || output).detach());
    drive_until(&runner, || runner.stats().tasks == 0);
    s.step("by a handle that is dropped late");
    outlived(&|output| {
        let task = runner.spawn(async move { output });
        drive_until(&runner, || task.is_finished());
    });
    runner.close().unwrap();
}

/// Opens its gate when it is dropped, and panics.
struct Output(Gate);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.open();
        boom("in a destructor")
    }
}

/// A task is a future: it can be awaited, in a call and in another task.
pub fn p28_a_task_is_a_future(s: &Subject) {
    let runner = s.runner();
    let task = runner.spawn(async {
        yields(2).await;
        1
    });
    assert_eq!(runner.run(task).unwrap(), 1);
    let child = runner.spawn(async {
        yields(2).await;
        2
    });
    let parent = runner.spawn(async move { child.await.unwrap() + 1 });
    assert_eq!(runner.run(parent).unwrap(), 3);
    let panicked = runner.spawn(async { boom("awaited") });
    let error = runner.run(panicked).map(|(): ()| ()).unwrap_err();
    assert_eq!(text_of(&*error.into_panic()), "awaited");
}

/// A limited join gives nothing before the task is done, leaves it alone, and gives it later.
pub fn p29_join_timeout(s: &Subject) {
    let runner = s.runner();
    let go = Gate::new("go");
    let passed = go.clone();
    let mut task = runner.spawn(async move {
        passed.passed().await;
        yields(2).await;
        3
    });
    for limit in [Duration::ZERO, Duration::from_millis(3)] {
        let start = Instant::now();
        assert!(task.join_timeout(limit).is_none());
        assert!(start.elapsed() >= limit, "it gave up early");
        assert!(!task.is_finished());
    }
    go.open();
    assert_eq!(task.join_timeout(HANG).unwrap().unwrap(), 3);
    s.step("a finished task and no time");
    let mut task = runner.spawn(async { 4 });
    drive_until(&runner, || task.is_finished());
    assert_eq!(task.join_timeout(Duration::ZERO).unwrap().unwrap(), 4);
    s.step("a panic");
    let mut task: Task<()> = runner.spawn(async { boom("limited") });
    assert!(task.join_timeout(HANG).unwrap().unwrap_err().is_panic());
}

/// `is_finished` turns once the task is done, however it ended.
pub fn p32_is_finished(s: &Subject) {
    let runner = s.runner();
    let go = Gate::new("go");
    let (passed, also) = (go.clone(), go.clone());
    let good = runner.spawn(async move { passed.passed().await });
    let bad: Task<()> = runner.spawn(async move {
        also.passed().await;
        boom("finished")
    });
    runner.run(runner.sleep(Duration::from_millis(1)));
    assert!(!good.is_finished() && !bad.is_finished());
    go.open();
    drive_until(&runner, || good.is_finished() && bad.is_finished());
    good.join().unwrap();
    assert!(bad.join().unwrap_err().is_panic());
}

/// `stats` counts the tasks that live, and no others.
pub fn p32_stats_count_the_tasks(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let tasks: Vec<_> = (0..10).map(|_| runner.spawn(hold(witness.token()))).collect();
    runner.run(yields(3));
    assert_eq!(runner.stats().tasks, 10);
    for task in tasks {
        assert!(task.cancel().is_none());
    }
    assert_eq!((runner.stats().tasks, witness.drops()), (0, 10));
}

/// `stats` counts the polls that take longer than the builder's limit, and no others.
pub fn p32_stats_count_slow_polls(s: &Subject) {
    let slow = |runner: &pontoon_core::Runner| {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let task = runner.spawn(async move {
            yields(1).await;
            // nobody sends: the poll takes its time
            _ = receive.recv_timeout(Duration::from_millis(5));
            yields(1).await;
        });
        task.join().unwrap();
        drop(send);
        runner.stats().slow_polls
    };
    assert!(slow(&s.builder().slow_poll(Duration::from_millis(1)).build()) >= 1);
    assert_eq!(slow(&s.builder().slow_poll(10 * HANG).build()), 0);
    assert_eq!(slow(&s.runner()), 0);
}

/// However many threads drive and wake, no task is polled by two of them at once.
pub fn p36_polls_never_overlap(s: &Subject) {
    let runner = s.runner();
    let (send, receive) = async_channel::unbounded::<usize>();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let receive = receive.clone();
            let body = Box::pin(async move {
                let mut sum = 0;
                while let Ok(n) = receive.recv().await {
                    sum += n;
                    yields(1).await;
                }
                sum
            });
            let busy = AtomicBool::new(false);
            runner.spawn(Alone { body, busy })
        })
        .collect();
    at_once(4, |_| {
        for n in 0..500 {
            send.try_send(n).unwrap();
            runner.run(yields(1));
        }
    });
    send.close();
    let sum: usize = tasks.into_iter().map(|task| task.join().unwrap()).sum();
    assert_eq!(sum, 4 * (0..500).sum::<usize>());
}

/// Panics when it is polled while it is being polled.
struct Alone<F> {
    body: Pin<Box<F>>,
    busy: AtomicBool,
}

impl<F: Future> Future for Alone<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        assert!(!self.busy.swap(true, SeqCst), "two polls at once");
        let polled = self.body.as_mut().poll(cx);
        self.busy.store(false, SeqCst);
        polled
    }
}

/// As many tasks block at once as there are workers, and one more on the runner's own thread, while nobody calls.
pub fn p100_workers_run_tasks(s: &Subject) {
    let executor = s.executor();
    let runner = s.builder_on(executor.clone()).start().unwrap();
    let threads = executor.workers() + 1;
    assert!(threads > 1);
    for round in 0..50 {
        s.step(format!("round {round}"));
        all_at_once(&runner, threads).wait();
        s.step(format!("round {round}, spawned by a task"));
        let (inner, (send, receive)) = (runner.clone(), mpsc::channel());
        runner.spawn(async move { send.send(all_at_once(&inner, threads)).unwrap() }).detach();
        receive.recv().unwrap().wait();
    }
}

/// So they do on a runner that nobody has started, from the first task on; and when one of them has panicked.
pub fn p100_workers_start_at_a_spawn(s: &Subject) {
    let executor = s.executor();
    let runner = s.builder_on(executor.clone()).build();
    let worked = runner.spawn(async { 1 });
    assert_eq!(worked.join().unwrap(), 1);
    all_at_once(&runner, executor.workers() + 1).wait();
    s.step("after a panic");
    let panicked = runner.spawn(async { boom("on a worker") });
    assert!(panicked.join().map(|(): ()| ()).unwrap_err().is_panic());
    all_at_once(&runner, executor.workers() + 1).wait();
    runner.close().unwrap();
}

/// Spawns `count` tasks that block until the last of them has come, which opens the gate.
fn all_at_once(runner: &Runner, count: usize) -> Gate {
    let (came, all) = (Arc::new(AtomicUsize::new(0)), Gate::new("the tasks block at once"));
    for _ in 0..count {
        let (came, all) = (came.clone(), all.clone());
        let blocks = runner.spawn(async move {
            if came.fetch_add(1, SeqCst) + 1 == count {
                all.open();
            }
            all.wait();
        });
        blocks.detach();
    }
    all
}

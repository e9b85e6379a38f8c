//! Tasks that never move, and tasks that say when they are ready.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pontoon_core::{JoinError, Task};

use crate::Subject;
use crate::tools::{Gate, Witness, boom, drive_until, hold, host_thread, lock, text_of, watched, yields};

/// A local task need not be `Send`, and gives its value like any other.
pub fn p33_local_tasks_are_not_send(s: &Subject) {
    let runner = s.runner();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            runner.spawn_local(move || {
                let list = Rc::new(RefCell::new(vec![n]));
                async move {
                    for _ in 0..3 {
                        yields(1).await;
                        list.borrow_mut().push(n);
                    }
                    Rc::try_unwrap(list).unwrap().into_inner()
                }
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.join().unwrap(), [n; 4]);
    }
}

/// The factory and every poll of a local task are on the runner's own thread, by its name.
pub fn p33_local_tasks_stay_on_the_runners_thread(s: &Subject) {
    let runner = s.builder().thread_name("conformance").build();
    let host = host_thread(&runner);
    let named = runner.spawn_local(|| async { thread::current().name().map(str::to_owned) });
    assert_eq!(named.join().unwrap().as_deref(), Some("conformance"));
    let seen: Arc<Mutex<HashSet<_>>> = Arc::default();
    for round in 0..30 {
        let (made, polled, inner) = (seen.clone(), seen.clone(), runner.clone());
        let task = runner.spawn_local(move || {
            lock(&made).insert(thread::current().id());
            let body = async move {
                yields(3).await;
                inner.sleep(Duration::from_micros(100)).await;
                inner.unblock(|| ()).await.unwrap();
            };
            watched(body, move || _ = lock(&polled).insert(thread::current().id()))
        });
        match round % 2 {
            0 => task.join().unwrap(),
            _ => runner.run(async { task.await.unwrap() }),
        }
    }
    assert_eq!(*lock(&seen), HashSet::from([host]));
}

/// A local task may spawn local tasks, call and be woken by other threads.
pub fn p33_local_tasks_spawn_and_call(s: &Subject) {
    let runner = s.runner();
    let (go, inner) = (Gate::new("go"), runner.clone());
    let passed = go.clone();
    let task = runner.spawn_local(move || async move {
        let child = inner.spawn_local(|| async {
            yields(1).await;
            1
        });
        let nested = inner.run(async {
            yields(1).await;
            2
        });
        passed.passed().await;
        child.await.unwrap() + nested
    });
    thread::scope(|scope| _ = scope.spawn(|| go.open()));
    assert_eq!(task.join().unwrap(), 3);
}

/// A factory that panics on the runner's thread: its joiner is told, the loop lives on.
pub fn p34_a_factory_that_panics(s: &Subject) {
    let runner = s.runner();
    for _ in 0..10 {
        let witness = Witness::new();
        let token = witness.token();
        let task = runner.spawn_local(move || {
            let _token = token;
            if yields_nothing() {
                boom("in the factory")
            }
            async {}
        });
        let error = task.join().unwrap_err();
        assert!(error.is_panic(), "{error:?}");
        assert_eq!(text_of(&*error.into_panic()), "in the factory");
        assert_eq!(witness.drops(), 1);
    }
    assert_eq!(runner.spawn_local(|| async { 1 }).join().unwrap(), 1);
    assert_eq!(runner.spawn(async { 2 }).join().unwrap(), 2);
    assert_eq!(runner.stats().tasks, 0);
    runner.close().unwrap();
}

/// True, without the compiler's knowledge.
fn yields_nothing() -> bool {
    std::hint::black_box(true)
}

/// `start_task` waits until the task says that it is ready, and the task goes on.
pub fn p35_start_task(s: &Subject) {
    let runner = s.runner();
    let stop = Gate::new("stop");
    let (stopped, inner) = (stop.clone(), runner.clone());
    let started = runner.start_task(|ready| async move {
        yields(3).await;
        inner.sleep(Duration::from_millis(1)).await;
        ready.set(8080_u16);
        stopped.passed().await;
        "served"
    });
    let (port, task) = started.unwrap();
    assert_eq!(port, 8080);
    runner.run(yields(3));
    assert!(!task.is_finished());
    stop.open();
    assert_eq!(task.join().unwrap(), "served");
    s.step("from a call and a task");
    let (n, task) = runner.run(async { serve(&runner).unwrap() });
    assert_eq!((n, task.cancel()), (1, None));
    let inner = runner.clone();
    let spawned = runner.spawn(async move { serve(&inner).unwrap() });
    let (n, task) = spawned.join().unwrap();
    assert_eq!((n, task.cancel()), (1, None));
}

fn serve(runner: &pontoon_core::Runner) -> Result<(u8, Task<()>), JoinError> {
    runner.start_task(|ready| async move {
        yields(2).await;
        ready.set(1);
        hold(()).await;
    })
}

/// A task that ends, panics or gives up before it is ready: the starter is told, nothing stays.
pub fn p35_start_task_that_never_gets_ready(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    s.step("it ends");
    let token = witness.token();
    let ended = runner.start_task::<(), _, _>(|ready| async move {
        let _kept = (ready, token);
        yields(2).await;
    });
    assert!(!ended.unwrap_err().is_panic());
    s.step("it panics");
    let token = witness.token();
    let panicked = runner.start_task::<(), _, _>(|ready| async move {
        let _kept = (ready, token);
        yields(2).await;
        boom("not ready")
    });
    let error = panicked.map(|(_, task): (_, Task<()>)| drop(task)).unwrap_err();
    assert_eq!(text_of(&*error.into_panic()), "not ready");
    s.step("it gives up and goes on");
    let token = witness.token();
    let gave_up = runner.start_task::<(), _, _>(|ready| async move {
        yields(2).await;
        drop(ready);
        hold(token).await;
    });
    let error = gave_up.unwrap_err();
    assert!(error.is_not_ready(), "{error:?}");
    runner.run(witness.seen(3));
    drive_until(&runner, || runner.stats().tasks == 0);
}

/// While `start_task` waits, its runner may close.
pub fn p35_start_task_on_a_runner_that_closes(s: &Subject) {
    let runner = s.runner();
    let inside = Gate::new("inside");
    let error = thread::scope(|scope| {
        let starting = scope.spawn(|| {
            let started = runner.start_task::<(), _, _>(|ready| {
                let entered = inside.clone();
                async move {
                    entered.open();
                    hold(ready).await;
                }
            });
            started.map(|(_, task)| drop(task)).unwrap_err()
        });
        inside.wait();
        runner.close().unwrap();
        starting.join().unwrap()
    });
    assert!(!error.is_panic(), "{error:?}");
}

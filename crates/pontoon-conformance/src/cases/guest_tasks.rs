//! Guest mode: the tasks of a guest and their handles.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use pontoon_core::guest::{Guest, GuestScope};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, play, start};
use crate::tools::{Gate, Witness, at_once, hold, yields};

/// A handle is a future of the task's output, for any task of the guest.
pub fn p80_a_task_is_a_future(s: &Subject) {
    let sum = play(s, async {
        let scope = GuestScope::current().unwrap();
        let one = scope.spawn_local(async {
            yields(2).await;
            1
        });
        let two = scope.remote().spawn(async { 2 });
        let inner = scope.clone();
        let both = scope.spawn_local(async move {
            let three = inner.spawn_local(async { 3 });
            one.await.unwrap() + two.await.unwrap() + three.await.unwrap()
        });
        both.await.unwrap()
    });
    assert_eq!(sum.unwrap(), 6);
}

/// A handle that is dropped cancels its task; one that is detached does not.
pub fn p80_dropping_the_handle_cancels(s: &Subject) {
    let witness = Witness::new();
    let tokens = witness.clone();
    play(s, async move {
        let scope = GuestScope::current().unwrap();
        let (one, two, three) = (tokens.token(), tokens.token(), tokens.token());
        let local = scope.spawn_local(hold(one));
        let remote = scope.remote().spawn(hold(two));
        yields(1).await;
        assert_eq!(tokens.drops(), 0);
        drop(local);
        drop(remote);
        tokens.seen(2).await;
        let gate = Gate::new("the detached task ran on");
        let open = gate.clone();
        scope
            .spawn_local(async move {
                yields(5).await;
                drop(three);
                open.open();
            })
            .detach();
        gate.passed().await;
    })
    .unwrap();
    assert_eq!(witness.drops(), 3);
}

/// `cancel` waits until the task is gone, and gives the output of a task that had one.
pub fn p80_cancel(s: &Subject) {
    let witness = Witness::new();
    let tokens = witness.clone();
    play(s, async move {
        let scope = GuestScope::current().unwrap();
        let unpolled = scope.spawn_local(hold(tokens.token()));
        assert!(unpolled.cancel().await.is_none());
        assert_eq!(tokens.drops(), 1);
        let waiting = scope.spawn_local(hold(tokens.token()));
        yields(1).await;
        assert!(waiting.cancel().await.is_none());
        assert_eq!(tokens.drops(), 2);
        let ended = scope.spawn_local(async { 5 });
        while !ended.is_finished() {
            yields(1).await;
        }
        assert_eq!(ended.cancel().await, Some(5));
        s_tasks(&scope, 1);
    })
    .unwrap();
}

fn s_tasks(scope: &GuestScope, count: usize) {
    assert_eq!(scope.stats().tasks, count, "the tasks that live");
}

/// A handle may go to another thread, and be awaited or dropped there, in another runtime.
pub fn p80_a_handle_on_another_thread(s: &Subject) {
    let host = MainLoop::new();
    let runner = s.runner();
    let (run, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    let shared = Rc::new(Cell::new(1));
    let kept = shared.clone();
    let awaited = run.scope().spawn_local(async move {
        yields(3).await;
        kept.set(2);
        7
    });
    let kept = shared.clone();
    let dropped = run.scope().spawn_local(async move { hold(kept).await });
    let remote = run.remote();
    let other = thread::spawn(move || {
        assert_eq!(runner.run(awaited).unwrap(), 7);
        drop(dropped);
        assert_eq!(runner.run(remote.spawn(async { 8 })).unwrap(), 8);
        remote.request_stop();
    });
    host.until(|| run.is_finished());
    results.one().unwrap();
    other.join().unwrap();
    assert_eq!((shared.get(), Rc::strong_count(&shared)), (2, 1), "its values went on their own thread");
}

/// Any number of threads spawn at once, and every task runs.
pub fn p80_many_threads_spawn(s: &Subject) {
    const TASKS: usize = 200;
    let host = MainLoop::new();
    let witness = Witness::new();
    let seen = witness.clone();
    let (run, results) = start(s, &host, async move { seen.seen(4 * TASKS).await });
    let remote = run.remote();
    let tokens = witness.clone();
    let threads = thread::spawn(move || {
        at_once(4, |_| {
            for n in 0..TASKS {
                let token = tokens.token();
                let task = async move {
                    yields(n % 3).await;
                    drop(token);
                };
                remote.spawn(task).detach();
            }
        });
    });
    host.until(|| run.is_finished());
    threads.join().unwrap();
    results.one().unwrap();
    assert_eq!(witness.drops(), 4 * TASKS);
}

/// The counts of a guest tell the truth.
pub fn p80_stats(s: &Subject) {
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    let task = run.scope().spawn_local(yields(4));
    host.until(|| task.is_finished());
    let stats = run.stats();
    assert_eq!((stats.polls, stats.tasks), (1 + 5, 1));
    assert!((1..=5).contains(&stats.ticks), "{} ticks", stats.ticks);
    run.scope().request_stop();
    host.until(|| run.is_finished());
    results.one().unwrap();
    assert_eq!(run.stats().tasks, 0);
}

/// A guest that is ending or has ended takes no tasks: what is spawned is dropped, and its handle says so.
pub fn p80_a_task_that_comes_too_late(s: &Subject) {
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async {});
    let (scope, remote) = (run.scope(), run.remote());
    host.until(|| run.is_finished());
    results.one().unwrap();
    let witness = Witness::new();
    let local = scope.spawn_local(hold(witness.token()));
    let sent = remote.spawn(hold(witness.token()));
    assert_eq!(witness.drops(), 2);
    assert!(local.is_finished() && sent.is_finished());
    assert!(s.runner().run(local).unwrap_err().is_cancelled());
    assert!(s.runner().run(sent.cancel()).is_none());
}

/// Timers of tasks that end early are gone with them: nothing wakes a guest for them.
pub fn p80_a_cancelled_timer(s: &Subject) {
    let executor = s.executor();
    let runtime = executor.clone();
    let host = MainLoop::new();
    let results = Results::new();
    let main = async move {
        let scope = GuestScope::current().unwrap();
        for _ in 0..20 {
            let sleep = executor.sleep(Duration::from_secs(3600));
            let task = scope.spawn_local(sleep);
            yields(1).await;
            assert!(task.cancel().await.is_none());
        }
    };
    let run = Guest::new(runtime).start(host.entry(), main, results.done()).unwrap();
    host.until(|| run.is_finished());
    results.one().unwrap();
}

//! Waits that stand on top of what they wait for: they end, well or with a typed error.

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures_lite::stream;
use pontoon_core::{BoxFuture, JoinError, RunError, Runner, Task};

use crate::Subject;
use crate::tools::{Witness, at_odds, drive_until, lock, panics, yields};

/// When a nested call that goes nowhere gives up.
pub(super) const STUCK: Duration = Duration::from_millis(100);

/// What a wait gave: a value, or why it was refused.
type Ended<T> = Result<T, String>;

/// A task that joins itself gets an error that names the remedy, and goes on.
pub fn p24_a_task_that_joins_itself(s: &Subject) {
    join_itself(s, |_, me| refusal(me.join()));
}

/// The same through a nested call.
pub fn p24_a_task_that_joins_itself_in_a_nested_call(s: &Subject) {
    join_itself(s, |runner, me| match runner.try_run(me) {
        Ok(joined) => refusal(joined),
        Err(refused) => Some(refused),
    });
}

/// The same with a limit: it is refused at once, or the limit passes.
pub fn p24_a_task_that_joins_itself_with_a_limit(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK).build();
    let (send, receive) = async_channel::bounded::<Task<u8>>(1);
    let (done, ended) = mpsc::channel();
    let task = runner.spawn(async move {
        let mut me = receive.recv().await.unwrap();
        let joined = me.join_timeout(Duration::from_millis(5));
        done.send(matches!(joined, None | Some(Err(_)))).unwrap();
        me.detach();
        7
    });
    send.try_send(task).unwrap();
    let refused = answer(&runner, &ended);
    assert!(refused);
}

/// A task that cancels itself does not wait for itself.
pub fn p24_a_task_that_cancels_itself(s: &Subject) {
    let runner = s.runner();
    let witness = Witness::new();
    let token = witness.token();
    let (send, receive) = async_channel::bounded::<Task<()>>(1);
    let task = runner.spawn(async move {
        let _token = token;
        let me = receive.recv().await.unwrap();
        assert!(me.cancel().is_none());
        yields(3).await;
    });
    send.try_send(task).unwrap();
    runner.run(witness.seen(1));
    assert_eq!(runner.run(async { 1 }), 1);
    runner.close().unwrap();
}

fn refusal(joined: Result<(), JoinError>) -> Option<RunError> {
    joined.unwrap_err().refused().cloned()
}

/// Hands a task its own handle, lets it join itself with `join`, and looks at the error.
fn join_itself(s: &Subject, join: fn(&Runner, Task<()>) -> Option<RunError>) {
    let runner = s.builder().stuck_after(STUCK).build();
    let (send, receive) = async_channel::bounded::<Task<()>>(1);
    let (done, ended) = mpsc::channel();
    let inner = runner.clone();
    let task = runner.spawn(async move {
        let me = receive.recv().await.unwrap();
        done.send(join(&inner, me)).unwrap();
    });
    send.try_send(task).unwrap();
    let refusal = answer(&runner, &ended);
    let Some(RunError::WouldDeadlock(why)) = refusal else {
        panic!("the join gave {refusal:?}");
    };
    assert!(!why.reason().is_empty() && !why.remedy().is_empty(), "{why:?}");
    assert_eq!(runner.run(async { 1 }), 1);
    runner.close().unwrap();
}

/// A waits in a nested call, the inner loop polls B, and B waits for A; then what A waits for
/// arrives. Both end: with their values, or with an error that says why not.
pub fn p24_inversion_by_join(s: &Subject) {
    for round in 0..20 {
        s.step(format!("round {round}"));
        let runner = s.builder().stuck_after(STUCK).build();
        let (x, waits_for_x) = async_channel::bounded::<u8>(1);
        let (handle, waits_for_handle) = async_channel::bounded::<Task<Ended<u8>>>(1);
        let ended: Arc<Mutex<Vec<&str>>> = Arc::default();

        let (inner, log) = (runner.clone(), ended.clone());
        let a = runner.spawn(async move {
            let got = inner.try_run(async { waits_for_x.recv().await.unwrap() });
            lock(&log).push("a");
            got.map_err(|error| error.to_string())
        });
        let (log, inside) = (ended.clone(), x.clone());
        let b = runner.spawn(async move {
            let a = waits_for_handle.recv().await.unwrap();
            // from now on x is on its way, from a thread that nobody holds up
            thread::spawn(move || inside.try_send(9));
            let joined = a.join();
            lock(&log).push("b");
            match joined {
                Ok(a) => a,
                Err(error) => Err(error.to_string()),
            }
        });
        handle.try_send(a).unwrap();
        match b.join().unwrap() {
            Ok(value) => assert_eq!(value, 9),
            Err(text) => assert!(text.contains("wait for ever"), "{text}"),
        }
        drive_until(&runner, || !lock(&ended).is_empty());
        assert_eq!(runner.run(async { 1 }), 1);
        runner.close().unwrap();
        drop(x);
    }
}

/// The same where B does not join A, but waits for a message that A sends when it is through.
pub fn p24_inversion_by_message(s: &Subject) {
    for round in 0..5 {
        s.step(format!("round {round}"));
        let runner = s.builder().stuck_after(STUCK).build();
        let (x, waits_for_x) = async_channel::bounded::<u8>(1);
        let (y, waits_for_y) = async_channel::bounded::<u8>(1);

        let inner = runner.clone();
        let a = runner.spawn(async move {
            let got = inner.try_run(async { waits_for_x.recv().await.unwrap() })?;
            // nobody may wait for it any more
            let _ = y.send(got).await;
            Ok::<_, RunError>(got)
        });
        let inner = runner.clone();
        let b = runner.spawn(async move {
            thread::spawn(move || x.try_send(9));
            inner.try_run(async { waits_for_y.recv().await.unwrap_or(0) })
        });
        for ended in [a.join().unwrap(), b.join().unwrap()] {
            assert!(matches!(ended, Ok(9 | 0) | Err(RunError::WouldDeadlock(_))), "{ended:?}");
        }
        assert_eq!(runner.run(async { 1 }), 1);
        runner.close().unwrap();
    }
}

/// A call that waits, and the text of its refusal.
type Nested = fn(&Runner, BoxFuture<'static, u8>) -> String;

/// Such a call, where the refusal is an error.
pub(super) fn refused<F: Future<Output: Debug>>(runner: &Runner, waits: F) -> String {
    match runner.try_run(waits) {
        Err(error @ RunError::WouldDeadlock(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The same in a call, in its first poll and in later ones, and in a stream that is iterated.
pub fn p24_inversion_in_a_call(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK).build();
    for late in [0, 1, 3] {
        s.step(format!("a call, after {late} polls"));
        runner.run(at_odds(late, |waits| refused(&runner, waits)));
        s.step(format!("a call in a call, after {late} polls"));
        runner.run(at_odds(late, |waits| runner.run(async { refused(&runner, waits) })));
        s.step(format!("a stream, after {late} polls"));
        let item = stream::once_future(at_odds(late, |waits| refused(&runner, waits)));
        assert_eq!(runner.wrap_iter(item).count(), 1);
    }
    assert_eq!(runner.run(async { 1 }), 1);
    runner.close().unwrap();
}

/// The same in a task, in a local one, in a call that a task makes, and where callers do not drive.
pub fn p24_inversion_in_a_task(s: &Subject) {
    let higher = |inner: &Runner, waits: BoxFuture<'static, u8>| inner.run(async { refused(inner, waits) });
    for (drives, lates) in [(true, [0, 1, 3].as_slice()), (false, &[1])] {
        let runner = s.builder().stuck_after(STUCK).callers_drive(drives).build();
        for &late in lates {
            s.step(format!("a task, after {late} polls; callers drive: {drives}"));
            let inner = runner.clone();
            let task = runner.spawn(async move { at_odds(late, |waits| refused(&inner, waits)).await });
            task.join().unwrap();
            s.step(format!("a local task, after {late} polls; callers drive: {drives}"));
            let inner = runner.clone();
            let local = move || async move { at_odds(late, |waits| refused(&inner, waits)).await };
            runner.spawn_local(local).join().unwrap();
            s.step(format!("a call in a task, after {late} polls; callers drive: {drives}"));
            let inner = runner.clone();
            let task = runner.spawn(async move { at_odds(late, |waits| higher(&inner, waits)).await });
            task.join().unwrap();
        }
        s.step(format!("a call; callers drive: {drives}"));
        runner.run(at_odds(1, |waits| higher(&runner, waits)));
        assert_eq!(runner.run(async { 1 }), 1);
        runner.close().unwrap();
    }
}

/// The same where another runner's call is what stands on top.
pub fn p24_inversion_across_runners(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK).build();
    let other = s.builder().stuck_after(STUCK).build();
    for late in [0, 1] {
        let sent: Nested = |other, waits| panics(|| other.run_send(waits));
        for (name, nested) in [("run", refused as Nested), ("run_send", sent)] {
            s.step(format!("{name} in a call, after {late} polls"));
            let (x, y) = (other.clone(), other.clone());
            runner.run(at_odds(late, |waits| nested(&x, waits)));
            s.step(format!("{name} in a task, after {late} polls"));
            runner.spawn(async move { at_odds(late, |waits| nested(&y, waits)).await }).join().unwrap();
        }
    }
    assert_eq!(runner.run(async { 1 }), 1);
    other.close().unwrap();
    runner.close().unwrap();
}

/// A nested call that waits for long, while nothing below it could go on, is let wait.
pub fn p24_a_long_wait_is_no_inversion(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK / 10).build();
    let long = || runner.try_run(runner.sleep(STUCK));
    s.step("in a call");
    runner.run(async { long() }).unwrap();
    s.step("in a task");
    let inner = runner.clone();
    let task = runner.spawn(async move { inner.try_run(inner.sleep(STUCK)) });
    task.join().unwrap().unwrap();
    s.step("not nested");
    long().unwrap();
}

/// A crowd of tasks, each of which waits in a nested call for the one before it, started in the
/// worst order: the last first.
pub fn p24_a_chain_of_nested_waits(s: &Subject) {
    let runner = s.builder().stuck_after(STUCK).build();
    for round in 0..10 {
        s.step(format!("round {round}"));
        let (first, mut before) = async_channel::bounded::<usize>(1);
        let mut tasks = Vec::new();
        for _ in 0..10 {
            let (after, next) = async_channel::bounded(1);
            let (inner, waits) = (runner.clone(), before);
            before = next;
            tasks.push(runner.spawn(async move {
                let got = inner.try_run(async { waits.recv().await });
                match got {
                    // what comes after may have been refused
                    Ok(Ok(n)) => _ = after.try_send(n + 1),
                    Ok(Err(_)) | Err(RunError::WouldDeadlock(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }));
        }
        tasks.reverse();
        first.try_send(0).unwrap();
        for task in tasks {
            task.join().unwrap();
        }
        if let Ok(n) = before.try_recv() {
            assert_eq!(n, 10);
        }
        runner.run(yields(1));
    }
}

/// Drives `runner`, whoever else does, until a task has answered.
fn answer<T>(runner: &Runner, answers: &mpsc::Receiver<T>) -> T {
    let mut answer = None;
    drive_until(runner, || {
        answer = answers.try_recv().ok();
        answer.is_some()
    });
    answer.expect("it was there")
}

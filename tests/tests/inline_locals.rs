//! Local tasks of an inline runner: one thread keeps those that it has polled, and only those.

use futures_lite::future;
use pontoon_tests::{contexts::FLAVOURS, trial::within};
use std::{sync::mpsc, thread, time::Duration};

/// A task that was only ever queued belongs to no thread: whoever waits for it polls it, even if the thread that polled
/// the one before never comes back.
#[test]
fn a_queued_local_task_is_bound_to_no_thread() {
    for flavour in FLAVOURS.iter().filter(|flavour| flavour.inline) {
        within(flavour.name, move |steps| {
            let runner = flavour.runner();
            let (release, released) = async_channel::bounded::<()>(1);
            let (polled, was_polled) = mpsc::channel();
            let (second, spawned) = mpsc::channel();
            steps.at("the first thread polls a local task");
            let theirs = runner.clone();
            let first = thread::spawn(move || {
                let task = theirs.spawn_local(move || async move { released.recv().await.unwrap() });
                theirs.run(future::yield_now());
                assert!(!task.is_finished());
                polled.send(()).unwrap();
                spawned.recv().unwrap();
                release.try_send(()).unwrap();
                task.join().unwrap();
            });
            was_polled.recv().unwrap();
            let mut task = runner.spawn_local(|| async { 2 });
            second.send(()).unwrap();
            steps.at("the first thread ends");
            first.join().unwrap();
            steps.at("this thread joins its own local task");
            let ended = task.join_timeout(Duration::from_secs(5));
            assert_eq!(ended.expect("nobody polls it").unwrap(), 2);
        })
        .unwrap();
    }
}

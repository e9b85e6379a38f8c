//! Tasks that a library gives to tokio itself go on while nobody calls, from the first call on that has left one.

use futures_lite::{StreamExt as _, stream};
use pontoon::{Runner, Tokio};
use pontoon_tests::trial::{DEADLINE, within};
use std::{sync::mpsc::channel, time::Duration};

fn goes_on(name: &str, spawn: fn(&Runner, Box<dyn FnOnce() + Send>)) {
    let went = within(name, move |_| {
        let runner = Runner::new(Tokio::new());
        let (sender, heard) = channel();
        spawn(&runner, Box::new(move || sender.send(()).unwrap()));
        // This thread is outside of the loop.
        heard.recv_timeout(DEADLINE / 2).expect("nobody drives the task");
        runner.close().unwrap();
    });
    went.unwrap();
}

#[test]
fn a_task_of_a_ready_call_goes_on() {
    goes_on("ready call", |runner, tell| runner.run(async { drop(tokio::spawn(async { tell() })) }));
}

#[test]
fn a_task_of_enter_goes_on() {
    goes_on("enter", |runner, tell| drop(runner.enter(|| tokio::spawn(async { tell() }))));
}

#[test]
fn a_task_of_a_ready_item_goes_on() {
    goes_on("item", |runner, tell| {
        let mut items = runner.wrap_iter(stream::once(tell).map(|tell| tokio::spawn(async { tell() })));
        drop(items.next());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_that_leaves_no_task_starts_no_thread() {
    let runner = Runner::builder(Tokio::new()).thread_name("lazy").build();
    assert_eq!(runner.run(async { 42 }), 42);
    assert_eq!(runner.enter(|| 42), 42);
    assert!(!threads().iter().any(|name| name == "lazy"));
    runner.run(runner.sleep(Duration::from_millis(1)));
    assert!(threads().iter().any(|name| name == "lazy"));
}

/// The names of this process's threads.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.flatten().filter_map(|task| Some(name(task).ok()?.trim().to_owned())).collect()
}

//! What handles print of themselves.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use futures_lite::io::Cursor;
use futures_lite::stream;
use pontoon_core::guest::{GuestError, GuestScope, queue};
use pontoon_core::{Hand, Outcome, Task};

use crate::Subject;
use crate::main_loop::{MainLoop, Results, guest, start};
use crate::session::Fault;
use crate::tools::{Gate, OnDrop, boom, drive_until, hold, lock, yields};

/// That the text of `handle` begins with the name of its type and has each of `facts` in it.
#[track_caller]
fn says(handle: &dyn Debug, facts: &[&str]) {
    let text = format!("{handle:?}");
    let (name, facts) = facts.split_first().expect("a name");
    assert!(text.starts_with(name), "`{text}` does not begin with `{name}`");
    for fact in facts {
        assert!(text.contains(fact), "`{text}` lacks `{fact}`");
    }
}

/// A runner and its builder tell the executor and the state.
pub fn p99_runners(s: &Subject) {
    let name = format!("executor: {:?}", s.executor().name());
    says(&s.builder().thread_name("ferry"), &["Builder {", &name, "\"ferry\""]);
    let runner = s.runner();
    says(&runner, &["Runner {", &name, "closed: false"]);
    runner.close().unwrap();
    says(&runner, &["Runner {", &name, "closed: true"]);
}

/// Tasks, iterators, guards and adapters tell how far they are.
pub fn p99_what_a_runner_makes(s: &Subject) {
    let runner = s.runner();
    s.step("tasks");
    let gate = Gate::new("the task may end");
    let passed = gate.clone();
    let task = runner.spawn(async move { passed.passed().await });
    says(&task, &["Task {", "is_finished: false"]);
    gate.open();
    drive_until(&runner, || task.is_finished());
    says(&task, &["Task {", "is_finished: true"]);
    let started = runner.start_task(|ready| async move {
        says(&ready, &["Ready"]);
        ready.set(());
    });
    let ((), task) = started.unwrap();
    task.join().unwrap();
    let panicked = runner.spawn(async { boom("lost at sea") });
    let error = panicked.join().map(|(): ()| ()).unwrap_err();
    says(&error, &["JoinError(", "lost at sea"]);
    s.step("iterators");
    let mut items = runner.wrap_iter(stream::iter(0..1));
    says(&items, &["Iter {", "ended: false"]);
    assert_eq!((items.next(), items.next()), (Some(0), None));
    says(&items, &["Iter {", "ended: true"]);
    let items = runner.wrap_iter(stream::iter(0..2)).prefetch(3);
    drive_until(&runner, || format!("{items:?}").contains("ahead: 2"));
    says(&items, &["Prefetch {", "ahead: 2", "limit: 3"]);
    let items = runner.unblock_iter(0..1);
    drive_until(&runner, || format!("{items:?}").contains("waiting: 1"));
    says(&items, &["UnblockIter {"]);
    s.step("contexts");
    let closures = || pontoon_core::context(async || Ok::<_, Fault>("a session"), async |_, _: Outcome<'_>| Ok(()));
    says(&closures(), &["Closures {"]);
    says(&runner.wrap_context(closures()).unwrap(), &["Context(", "a session"]);
    let generator = pontoon_core::generator(async |hand: Hand<u8>| {
        says(&hand, &["Hand"]);
        let _ = hand.over(7).await;
        Ok::<_, Fault>(())
    });
    says(&generator, &["Generator {", "entered: false"]);
    says(&runner.wrap_context(generator).unwrap(), &["Context(", "7"]);
    s.step("adapters");
    says(&runner.wrap_io(Cursor::new("a letter")), &["Io(", "a letter"]);
}

/// A handle can be printed where it is used: in its own task, in a drop, and inside of the call that waits for it.
pub fn p99_anywhere(s: &Subject) {
    let runner = s.runner();
    s.step("in its own task");
    let shared = Arc::new(Mutex::new(None::<Task<String>>));
    let (mine, within) = (shared.clone(), runner.clone());
    let placed = Gate::new("the handle is where the task finds it");
    let there = placed.clone();
    *lock(&shared) = Some(runner.spawn(async move {
        there.passed().await;
        format!("{:?} {within:?}", lock(&mine))
    }));
    placed.open();
    drive_until(&runner, || lock(&shared).as_ref().is_some_and(Task::is_finished));
    let text = lock(&shared).take().unwrap().join().unwrap();
    assert!(text.contains("is_finished: false") && text.contains("closed: false"), "{text}");
    s.step("in a drop, while the runner closes");
    let said = Arc::new(Mutex::new(String::new()));
    let (told, within) = (said.clone(), runner.clone());
    let dropped = OnDrop::new(move || *lock(&told) = format!("{within:?}"));
    runner.spawn(hold(dropped)).detach();
    runner.run(yields(1));
    runner.close().unwrap();
    assert!(lock(&said).contains("Runner {"), "{said:?}");
}

/// What a guest consists of tells its state.
pub fn p99_guests(s: &Subject) {
    says(&guest(s), &["Guest {", &format!("executor: {:?}", s.executor().name()), "budget: "]);
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async {
        let scope = GuestScope::current().unwrap();
        scope.stopped().await;
    });
    let task = run.scope().spawn_local(async { GuestScope::current().unwrap().stopped().await });
    let remote = run.remote();
    says(&run, &["GuestRun {", "is_finished: false"]);
    says(&remote, &["GuestRemote {", "is_finished: false"]);
    says(&task, &["GuestTask {", "is_finished: false"]);
    says(&run.scope(), &["GuestScope {", "tasks: 2"]);
    let tick = host.tick();
    says(&tick, &["Tick"]);
    tick.run();
    assert!(remote.request_stop());
    host.until(|| run.is_finished());
    results.one().unwrap();
    says(&run, &["GuestRun {", "is_finished: true"]);
    says(&remote, &["GuestRemote {", "is_finished: true"]);
    says(&task, &["GuestTask {", "is_finished: true"]);
    says(&run.scope(), &["GuestScope {", "tasks: 0"]);
    s.step("the poll form");
    says(&guest(s).into_future(async {}).unwrap(), &["GuestFuture {", "is_finished: false"]);
    s.step("a queue");
    let (entry, ticks) = queue(|| ());
    says(&entry, &["QueueHost"]);
    assert!(ticks.is_empty());
    says(&ticks, &["TickQueue {", "waiting: 0"]);
    let results = Results::new();
    let run = guest(s).start(entry, async {}, results.done()).unwrap();
    assert!(!ticks.is_empty());
    says(&ticks, &["TickQueue {", "waiting: 1"]);
    while !run.is_finished() {
        ticks.run();
    }
    results.one().unwrap();
    s.step("a panic");
    let host = MainLoop::new();
    let (run, results) = start(s, &host, async { boom("overboard") });
    host.until(|| run.is_finished());
    let result: Result<(), GuestError> = results.one();
    let Err(GuestError::Panicked(panic)) = result else { panic!("{result:?}") };
    says(&panic, &["Panic(", "overboard"]);
    assert!(panic.to_string().contains("overboard"), "{panic}");
}

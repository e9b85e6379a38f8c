//! Guest mode: panics, of main, tasks, destructors, `done` and the worker.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use pontoon_core::guest::{Budget, Guest, GuestError, GuestScope};

use crate::main_loop::{MainLoop, Results, guest, play, start};
use crate::spy::Spy;
use crate::tools::{OnDrop, Witness, boom, hold, hushed, panics, text_of, yields};
use crate::{Subject, child};

fn payload(error: GuestError) -> String {
    match error {
        GuestError::Panicked(panic) => text_of(&*panic.into_payload()),
        other => panic!("another error: {other:?}"),
    }
}

/// `done` gets the payload of main's panic; the other tasks are dropped as ever.
pub fn p84_a_panic_in_main(s: &Subject) {
    let witness = Witness::new();
    let tokens = witness.clone();
    let result = play(s, async move {
        GuestScope::current().unwrap().spawn_local(hold(tokens.token())).detach();
        let _mine = tokens.token();
        yields(1).await;
        boom("whoops")
    });
    let error = result.map(|_: ()| ()).unwrap_err();
    assert!(error.to_string().contains("whoops") && format!("{error:?}").contains("whoops"), "{error}");
    assert_eq!(payload(error), "whoops");
    assert_eq!(witness.drops(), 2);
    s.step("the poll form, and the panic goes on");
    let future = guest(s).into_future(async { boom("on and on") }).unwrap();
    let error = s.runner().run(future).map(|_: ()| ()).unwrap_err();
    let GuestError::Panicked(panic) = error else { unreachable!("{error}") };
    assert_eq!(panics(|| panic.resume()), "on and on");
}

/// A panic of a task reaches whoever joins it; main and the host hear nothing.
pub fn p84_a_panic_in_a_task(s: &Subject) {
    let joined = play(s, async {
        let scope = GuestScope::current().unwrap();
        scope.spawn_local(async { boom("nobody joins") }).detach();
        let local = scope.spawn_local(async { boom("local") });
        let remote = scope.remote().spawn(async {
            yields(2).await;
            boom("remote")
        });
        let texts =
            [local.await, remote.await].map(|result: Result<(), _>| text_of(&*result.unwrap_err().into_panic()));
        yields(2).await;
        texts
    });
    assert_eq!(joined.unwrap(), ["local", "remote"]);
}

/// Destructors that panic break what they belong to, and not the guest.
pub fn p84_a_panic_in_a_destructor(s: &Subject) {
    let printed = child::run(s, "guest drop panics");
    assert!(printed.contains("the guests ended well"), "{printed}");
}

/// In a process of its own: a panic in the wrong place aborts.
pub(crate) fn guest_drop_panics(s: &Subject) -> ExitCode {
    let bad = || OnDrop::new(|| boom("in a drop"));
    let _ = hushed(|| {
        let result = play(s, async move {
            let scope = GuestScope::current().unwrap();
            let cancelled = scope.spawn_local(hold(bad()));
            yields(1).await;
            drop(cancelled);
            yields(1).await;
            let task = scope.spawn_local(hold(bad()));
            yields(1).await;
            let _ = task.cancel().await;
            // its future is dropped when it ends
            let ended = scope.spawn_local(async move {
                let _bad = bad();
                1
            });
            assert!(ended.await.is_err(), "the panic is the task's");
            // nobody wants its output
            scope.spawn_local(async move { bad() }).detach();
            scope.remote().spawn(async move { bad() }).detach();
            yields(2).await;
            // those that the end drops
            scope.spawn_local(hold(bad())).detach();
            scope.remote().spawn(hold(bad())).detach();
            yields(1).await;
            2
        });
        println!("main gave {:?}", result.map_err(|error| error.to_string()));
        let result = play(s, async move {
            let _bad = bad();
            GuestScope::current().unwrap().cancel();
            yields(1).await;
        });
        println!("and then {:?}", result.map_err(|error| error.to_string()));
    });
    let alive = play(s, async { 3 });
    assert_eq!(alive.unwrap(), 3);
    println!("the guests ended well");
    ExitCode::SUCCESS
}

/// A panic of `done` is the host's, from the tick that called it; other guests of the thread live on.
pub fn p84_a_panic_in_done(s: &Subject) {
    let host = MainLoop::new();
    let (other, results) = start(s, &host, async { GuestScope::current().unwrap().stopped().await });
    host.turn();
    let run = guest(s).start(host.entry(), async {}, |_| boom("done")).unwrap();
    assert_eq!(panics(|| host.until(|| run.is_finished())), "done");
    assert!(run.is_finished());
    assert_eq!(run.stats().tasks, 0);
    drop(run);
    s.step("while the run is dropped");
    let run = guest(s).start(host.entry(), hold(()), |_| boom("done again")).unwrap();
    assert_eq!(panics(|| drop(run)), "done again");
    other.scope().request_stop();
    host.until(|| other.is_finished());
    results.one().unwrap();
}

/// Where the worker panics the guest ends with that: nobody would wait for its timers any more.
pub fn p84_a_panic_of_the_worker(s: &Subject) {
    let witness = Witness::new();
    let host = MainLoop::new();
    let results = Results::<()>::new();
    let run = guest(s)
        .on_worker_start(|| boom("at its start"))
        .start(host.entry(), hold(witness.token()), results.done())
        .unwrap();
    host.until(|| run.is_finished());
    assert_eq!(payload(results.one().unwrap_err()), "at its start");
    s.step("while it waits");
    let broken = Arc::new(AtomicBool::new(false));
    let crash = |broken: &Arc<AtomicBool>| {
        let broken = broken.clone();
        move || {
            if broken.load(SeqCst) {
                boom("in its wait")
            }
        }
    };
    let spy = Spy::new(s).default_engine().before_poll(crash(&broken));
    let run = Guest::new(spy).start(host.entry(), hold(witness.token()), results.done()).unwrap();
    host.turn();
    broken.store(true, SeqCst);
    let remote = run.remote();
    std::thread::spawn(move || remote.spawn(async {}).detach()).join().unwrap();
    host.until(|| run.is_finished());
    assert_eq!(payload(results.one().unwrap_err()), "in its wait");
    assert_eq!(witness.drops(), 2);
    s.step("in the poll form, while it is to wake a guest that is always busy");
    let spy = Spy::new(s).default_engine().before_poll(crash(&broken));
    let busy = Guest::new(spy).budget(Budget::default().polls(4)).into_future(yields(usize::MAX)).unwrap();
    let error = s.runner().run(busy).unwrap_err();
    assert_eq!(payload(error), "in its wait");
    s.step("in the poll form, before it is");
    let busy = guest(s)
        .on_worker_start(|| boom("at its start"))
        .budget(Budget::default().polls(4))
        .into_future(yields(usize::MAX))
        .unwrap();
    let error = s.runner().run(busy).unwrap_err();
    assert_eq!(payload(error), "at its start");
}

//! The flavours, and the places in a program from which sync code may call.

use crate::trial::Steps;
use futures_lite::future;
use pontoon::{AsyncStd, Builder, Executor, RunError, Runner, Smol, Tokio};
use std::{
    cell::RefCell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{self, Runtime},
    task::LocalSet,
};

/// Whose sockets and timers a flavour's clients use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// async-io's.
    Smol,
    /// async-std's.
    AsyncStd,
    /// tokio's.
    Tokio,
}

/// A backend and how its runner is built.
#[derive(Clone, Copy)]
pub struct Flavour {
    /// As in the names of trials.
    pub name: &'static str,
    /// Whose clients it serves.
    pub family: Family,
    /// Whether the runner has no thread of its own.
    pub inline: bool,
    executor: fn() -> Arc<dyn Executor>,
}

impl fmt::Debug for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Flavour {
    /// A builder on a new executor of this flavour.
    pub fn builder(&self) -> Builder {
        let builder = Runner::builder((self.executor)());
        if self.inline { builder.without_thread() } else { builder }
    }

    /// A new executor of this flavour.
    pub fn executor(&self) -> Arc<dyn Executor> {
        (self.executor)()
    }

    /// A new runner of this flavour.
    pub fn runner(&self) -> Runner {
        self.builder().build()
    }
}

/// A runtime that runs for the whole process, to be adopted.
pub fn running() -> &'static Runtime {
    static RUNNING: OnceLock<Runtime> = OnceLock::new();
    RUNNING.get_or_init(|| multi_thread(2))
}

const fn flavour(name: &'static str, family: Family, inline: bool, executor: fn() -> Arc<dyn Executor>) -> Flavour {
    Flavour { name, family, inline, executor }
}

/// Every flavour that the tests run on.
pub const FLAVOURS: &[Flavour] = &[
    flavour("smol", Family::Smol, false, || Arc::new(Smol::new())),
    flavour("smol_workers", Family::Smol, false, || Arc::new(Smol::with_workers(2))),
    flavour("smol_inline", Family::Smol, true, || Arc::new(Smol::new())),
    flavour("async_std", Family::AsyncStd, false, || Arc::new(AsyncStd::new())),
    flavour("async_std_inline", Family::AsyncStd, true, || Arc::new(AsyncStd::new())),
    flavour("tokio", Family::Tokio, false, || Arc::new(Tokio::new())),
    flavour("tokio_inline", Family::Tokio, true, || Arc::new(Tokio::new())),
    flavour("tokio_multi1", Family::Tokio, false, || Arc::new(Tokio::multi_thread(1))),
    flavour("tokio_multi4", Family::Tokio, false, || Arc::new(Tokio::multi_thread(4))),
    flavour("tokio_multi1_inline", Family::Tokio, true, || Arc::new(Tokio::multi_thread(1))),
    flavour("tokio_handle", Family::Tokio, false, || Arc::new(Tokio::from_handle(running().handle().clone()))),
];

/// What a trial works with.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The runner under test.
    pub runner: Runner,
    /// Its flavour.
    pub flavour: Flavour,
    /// Where the trial stands.
    pub steps: Steps,
    /// The tokio runtime whose context the runner's values belong to.
    pub home: Option<runtime::Id>,
}

impl Bench {
    /// A fresh runner.
    ///
    /// # Panics
    ///
    /// Panics if the runner's context cannot be entered from a plain thread.
    pub fn new(flavour: Flavour, steps: Steps) -> Self {
        let runner = flavour.runner();
        let home = (flavour.family == Family::Tokio).then(|| {
            let look = || runner.enter(|| runtime::Handle::current().id());
            thread::scope(|scope| scope.spawn(look).join()).expect("the context of a plain thread")
        });
        Self { runner, flavour, steps, home }
    }
}

/// The operation, to be run inside a context.
pub type Body = Box<dyn FnOnce() + Send + 'static>;

/// A place in a program from which sync code may call.
#[derive(Clone, Copy)]
pub struct Spot {
    /// As in the names of trials.
    pub name: &'static str,
    /// Whether the flavour has such a place.
    pub exists: fn(&Flavour) -> bool,
    /// Runs the body there, and returns when that has returned.
    pub stand: fn(&Bench, Body),
}

impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn spot(name: &'static str, stand: fn(&Bench, Body)) -> Spot {
    Spot { name, exists: |_| true, stand }
}

const fn hosted(name: &'static str, stand: fn(&Bench, Body)) -> Spot {
    Spot { name, exists: |flavour| !flavour.inline, stand }
}

const fn on_tokio(name: &'static str, stand: fn(&Bench, Body)) -> Spot {
    Spot { name, exists: |flavour| matches!(flavour.family, Family::Tokio), stand }
}

/// Every place.
pub const SPOTS: &[Spot] = &[
    spot("plain", |_, body| body()),
    spot("own_guard", |bench, body| bench.runner.enter(body)),
    spot("call", |bench, body| bench.runner.run(async { body() })),
    spot("task_joined", |bench, body| bench.runner.spawn(async { body() }).join().unwrap()),
    spot("local_joined", |bench, body| bench.runner.spawn_local(|| async { body() }).join().unwrap()),
    spot("task_nested", |bench, body| {
        let runner = bench.runner.clone();
        bench.runner.spawn(async move { runner.spawn(async { body() }).join().unwrap() }).join().unwrap();
    }),
    hosted("task_detached", |bench, body| elsewhere(body, |body| bench.runner.spawn(async { body() }).detach())),
    hosted("local_on_host", |bench, body| {
        elsewhere(body, |body| bench.runner.spawn_local(|| async { body() }).detach());
    }),
    hosted("nested_on_host", |bench, body| {
        let runner = bench.runner.clone();
        let outer = move |body: Body| async move { runner.spawn_local(|| async { body() }).join().unwrap() };
        elsewhere(body, |body| bench.runner.spawn_local(|| outer(body)).detach());
    }),
    hosted("deep_on_host", |bench, body| {
        let runner = bench.runner.clone();
        elsewhere(body, |body| bench.runner.spawn_local(move || async move { deep(&runner, 100, body) }).detach());
    }),
    spot("unblock", |bench, body| bench.runner.unblock(body).join().unwrap()),
    spot("tokio_current_main", |_, body| current_thread().block_on(async { body() })),
    spot("tokio_current_task", |_, body| {
        current_thread().block_on(async { tokio::spawn(async { body() }).await.unwrap() });
    }),
    spot("tokio_multi_main", |_, body| multi_thread(2).block_on(async { body() })),
    spot("tokio_multi1_task", |_, body| {
        multi_thread(1).block_on(async { tokio::spawn(async { body() }).await.unwrap() });
    }),
    spot("tokio_multi2_task", |_, body| {
        multi_thread(2).block_on(async { tokio::spawn(async { body() }).await.unwrap() });
    }),
    spot("tokio_local_set_on_current", |_, body| {
        LocalSet::new()
            .block_on(&current_thread(), async { tokio::task::spawn_local(async { body() }).await.unwrap() });
    }),
    spot("tokio_local_set_on_multi", |_, body| {
        LocalSet::new().block_on(&multi_thread(2), async { tokio::task::spawn_local(async { body() }).await.unwrap() });
    }),
    spot("tokio_local_set_in_worker", |_, body| {
        multi_thread(2).block_on(async {
            let nested = move || {
                tokio::task::block_in_place(|| {
                    runtime::Handle::current().block_on(LocalSet::new().run_until(async {
                        tokio::task::spawn_local(async { body() }).await.unwrap();
                    }));
                });
            };
            tokio::spawn(async { nested() }).await.unwrap();
        });
    }),
    spot("tokio_spawn_blocking", |_, body| {
        current_thread().block_on(async { tokio::task::spawn_blocking(body).await.unwrap() });
    }),
    spot("tokio_block_in_place", |_, body| {
        let task = async { tokio::task::block_in_place(body) };
        multi_thread(2).block_on(async { tokio::spawn(task).await.unwrap() });
    }),
    spot("tokio_guard_current", |_, body| {
        let runtime = current_thread();
        let _guard = runtime.enter();
        body();
    }),
    spot("tokio_guard_multi", |_, body| {
        let runtime = multi_thread(1);
        let _guard = runtime.enter();
        body();
    }),
    spot("smol_block_on", |_, body| smol::block_on(async { body() })),
    spot("smol_task", |_, body| elsewhere(body, |body| smol::spawn(async { body() }).detach())),
    spot("async_std_block_on", |_, body| async_std::task::block_on(async { body() })),
    spot("async_std_task", |_, body| elsewhere(body, |body| drop(async_std::task::spawn(async { body() })))),
    spot("other_smol", |_, body| in_other(Smol::new(), body)),
    spot("other_smol_workers", |_, body| in_other(Smol::with_workers(1), body)),
    spot("other_async_std", |_, body| in_other(AsyncStd::new(), body)),
    spot("other_tokio", |_, body| in_other(Tokio::new(), body)),
    spot("other_tokio_multi", |_, body| in_other(Tokio::multi_thread(1), body)),
    spot("other_tokio_call", |_, body| Runner::new(Tokio::new()).run(async { body() })),
    spot("other_tokio_native", |_, body| in_native(&Runner::new(Tokio::new()), body)),
    spot("other_tokio_multi_native", |_, body| in_native(&Runner::new(Tokio::multi_thread(1)), body)),
    on_tokio("own_native", |bench, body| in_native(&bench.runner, body)),
    on_tokio("own_native_blocking", |bench, body| {
        let job = bench.runner.enter(|| tokio::task::spawn_blocking(body));
        bench.runner.run(job).unwrap();
    }),
    spot("unwinding", |_, body| {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _last = Last(Some(body));
            resume_unwind(Box::new("unwinding"));
        }));
        assert!(unwound.is_err());
    }),
    spot("thread_local_unused", |_, body| at_thread_exit(body, || ())),
    spot("thread_local_after_use", |bench, body| {
        // What the runtime keeps in thread-locals is destroyed first.
        let bench = bench.clone();
        at_thread_exit(body, move || use_up(&bench));
    }),
    spot("thread_local_before_use", |bench, body| {
        // What the runtime keeps in thread-locals is destroyed last.
        let bench = bench.clone();
        let thread = thread::spawn(move || {
            use_up(&bench);
            LAST.with(|last| *last.borrow_mut() = Some(Last(Some(body))));
        });
        thread.join().unwrap();
    }),
];

/// A current-thread runtime that has nothing to do with ours.
///
/// # Panics
///
/// Panics if it cannot be made.
pub fn current_thread() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A multi-thread runtime that has nothing to do with ours.
///
/// # Panics
///
/// Panics if it cannot be made.
pub fn multi_thread(workers: usize) -> Runtime {
    runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("a runtime")
}

/// Runs the body in the thread that `start` sends it to; this one waits without a seat.
fn elsewhere(body: Body, start: impl FnOnce(Body)) {
    let (sender, receiver) = mpsc::channel();
    start(Box::new(move || {
        body();
        let _ = sender.send(());
    }));
    receiver.recv().expect("the body was dropped instead of called");
}

/// Runs the body in a task on the own thread of another runner.
fn in_other(executor: impl Executor, body: Body) {
    let other = Runner::new(executor);
    elsewhere(body, |body| other.spawn_local(|| async { body() }).detach());
}

/// Runs the body in a task that tokio schedules by itself.
fn in_native(runner: &Runner, body: Body) {
    let task = runner.enter(|| tokio::spawn(async { body() }));
    runner.run(task).unwrap();
}

fn deep(runner: &Runner, levels: usize, body: Body) {
    if levels == 0 { body() } else { runner.run(async move { deep(runner, levels - 1, body) }) }
}

/// Calls the body when it is dropped.
struct Last(Option<Body>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            body();
        }
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Runs the body in a thread-local's destructor that is known before `work` has run on that thread.
fn at_thread_exit(body: Body, work: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(move || {
        LAST.with(|last| *last.borrow_mut() = Some(Last(Some(body))));
        work();
    });
    thread.join().unwrap();
}

/// Makes the runtime keep whatever it keeps in this thread's locals.
fn use_up(bench: &Bench) {
    bench.runner.run(future::yield_now());
    bench.runner.run(bench.runner.sleep(Duration::from_millis(1)));
}

/// What an operation met instead of its result.
#[derive(Clone, Debug)]
pub struct Refused(pub String);

impl From<RunError> for Refused {
    fn from(error: RunError) -> Self {
        Self(error.to_string())
    }
}

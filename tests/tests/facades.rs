//! Generated facades and what they consist of: the ends of their values, their guards, and where their calls run (P93–P96).

use futures_lite::future;
use pontoon::{AsyncStd, Bound, Executor, Runner, Smol, Tokio, blocking};
use pontoon_tests::{
    contexts::{FLAVOURS, Family, Flavour, current_thread},
    trial::{Steps, text_of, within},
};
use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Command, ExitStatus},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};
use tokio::runtime;

/// Runs a test on every flavour, under a deadline.
fn on_every_flavour(name: &str, test: fn(&Flavour, &Steps)) {
    for flavour in FLAVOURS {
        within(&format!("{name} on {}", flavour.name), move |steps| test(flavour, steps)).unwrap();
    }
}

/// What became of a value: how it ended, and in whose context.
#[derive(Clone, Debug, Default)]
struct Fate(Arc<Mutex<Vec<Event>>>);

type Event = (&'static str, Option<runtime::Id>);

impl Fate {
    fn note(&self, event: &'static str) {
        self.0.lock().unwrap().push((event, here()));
    }

    fn events(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|(event, _)| *event).collect()
    }

    /// Everything happened in the context of a runner on `flavour`, as far as that has one.
    #[track_caller]
    fn assert_at(&self, flavour: &Flavour, home: Option<runtime::Id>) {
        if flavour.family == Family::Tokio {
            assert!(home.is_some());
            for (event, place) in &*self.0.lock().unwrap() {
                assert_eq!(*place, home, "{event}");
            }
        }
    }
}

fn here() -> Option<runtime::Id> {
    runtime::Handle::try_current().ok().map(|handle| handle.id())
}

/// How a guard closes.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Well,
    Never,
    Panicking,
}

/// A value that notes its ends.
#[blocking(close = end, close_limit = Duration::from_millis(50))]
#[derive(Debug)]
pub struct Guarded {
    fate: Fate,
    manner: Manner,
    runner: Runner,
}

#[blocking]
impl Guarded {
    /// Consumes it.
    pub async fn finish(self) -> &'static str {
        future::yield_now().await;
        self.fate.note("finished");
        "finished"
    }

    async fn end(&mut self) -> Result<(), String> {
        self.runner.sleep(Duration::from_micros(10)).await;
        self.fate.note("closed");
        match self.manner {
            Manner::Well => Err("nobody sees this".into()),
            Manner::Never => future::pending().await,
            Manner::Panicking => resume_unwind(Box::new("in the close")),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.fate.note("dropped");
    }
}

fn guard(runner: &Runner, fate: &Fate, manner: Manner) -> BlockingGuarded {
    let guarded = Guarded { fate: fate.clone(), manner, runner: runner.clone() };
    BlockingGuarded::from_async_on(guarded, runner.clone())
}

#[test]
fn a_guard_closes_on_drop() {
    on_every_flavour("a_guard_closes_on_drop", |flavour, steps| {
        let runner = flavour.runner();
        let home = runner.enter(here);
        for manner in [Manner::Well, Manner::Never, Manner::Panicking] {
            steps.at(format!("{manner:?}"));
            let (fate, start) = (Fate::default(), Instant::now());
            drop(guard(&runner, &fate, manner));
            assert_eq!(fate.events(), ["closed", "dropped"]);
            fate.assert_at(flavour, home);
            let took = start.elapsed();
            assert_eq!(took >= Duration::from_millis(50), matches!(manner, Manner::Never), "{took:?}");
        }
        steps.at("consumed");
        let fate = Fate::default();
        assert_eq!(guard(&runner, &fate, Manner::Well).finish(), "finished");
        drop(guard(&runner, &fate, Manner::Well).into_async());
        assert_eq!(fate.events(), ["finished", "dropped", "dropped"]);
    });
}

#[test]
fn a_guard_closes_while_unwinding() {
    on_every_flavour("a_guard_closes_while_unwinding", |flavour, steps| {
        let runner = flavour.runner();
        for manner in [Manner::Well, Manner::Never, Manner::Panicking] {
            steps.at(format!("{manner:?}"));
            let fate = Fate::default();
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let _guard = guard(&runner, &fate, manner);
                resume_unwind(Box::new("the first"));
            }));
            assert_eq!(text_of(&*unwound.unwrap_err()), "the first");
            assert_eq!(fate.events(), ["closed", "dropped"]);
        }
    });
}

#[test]
fn a_guard_of_a_closed_runner_is_only_dropped() {
    on_every_flavour("a_guard_of_a_closed_runner_is_only_dropped", |flavour, _| {
        let runner = flavour.runner();
        let fate = Fate::default();
        runner.run(future::yield_now());
        let guard = guard(&runner, &fate, Manner::Well);
        runner.close().unwrap();
        drop(guard);
        assert_eq!(fate.events(), ["dropped"]);
    });
}

/// A value that may panic when it is dropped.
struct Brittle(Fate, bool);

impl Drop for Brittle {
    fn drop(&mut self) {
        self.0.note("dropped");
        if self.1 {
            resume_unwind(Box::new("in the drop"));
        }
    }
}

#[test]
fn a_value_is_dropped_in_context() {
    on_every_flavour("a_value_is_dropped_in_context", |flavour, steps| {
        let runner = flavour.runner();
        let home = runner.enter(here);
        let bound = |fate: &Fate, brittle| Bound::new(Brittle(fate.clone(), brittle), runner.clone());
        let fate = Fate::default();
        steps.at("on a plain thread");
        drop(bound(&fate, false));
        steps.at("on another thread");
        thread::scope(|scope| scope.spawn(|| drop(bound(&fate, false))).join().unwrap());
        if !flavour.inline {
            steps.at("in a task of another runtime");
            current_thread().block_on(async { drop(bound(&fate, false)) });
        }
        steps.at("in a call");
        runner.run(async { drop(bound(&fate, false)) });
        steps.at("its panic is passed on");
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(bound(&fate, true))));
        assert_eq!(text_of(&*dropped.unwrap_err()), "in the drop");
        steps.at("but not while unwinding");
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _bound = bound(&fate, true);
            resume_unwind(Box::new("the first"));
        }));
        assert_eq!(text_of(&*unwound.unwrap_err()), "the first");
        fate.assert_at(flavour, home);
        assert_eq!(fate.events().len(), if flavour.inline { 5 } else { 6 });

        steps.at("after the runner was closed");
        let fate = Fate::default();
        let last = bound(&fate, false);
        runner.close().unwrap();
        drop(last);
        assert_eq!(fate.events(), ["dropped"]);
        steps.at("taken out");
        let value = Bound::new(Brittle(fate.clone(), false), runner.clone()).into_inner();
        assert_eq!(fate.events().len(), 1);
        drop(value);
        assert_eq!(fate.events().len(), 2);
    });
}

thread_local! {
    static LAST: RefCell<Option<Bound<Brittle>>> = const { RefCell::new(None) };
}

#[test]
fn a_value_is_dropped_by_a_thread_that_ends() {
    on_every_flavour("a_value_is_dropped_by_a_thread_that_ends", |flavour, steps| {
        let runner = &flavour.runner();
        for used_before in [true, false] {
            steps.at(format!("used before: {used_before}"));
            let fate = Fate::default();
            let bound = Bound::new(Brittle(fate.clone(), false), runner.clone());
            let thread = thread::spawn({
                let runner = runner.clone();
                move || {
                    // Whichever comes first is destroyed last.
                    if used_before {
                        runner.run(future::yield_now());
                    }
                    LAST.with(|last| *last.borrow_mut() = Some(bound));
                    runner.run(future::yield_now());
                }
            });
            thread.join().unwrap();
            assert_eq!(fate.events(), ["dropped"]);
        }
    });
}

/// A second panic in a drop aborts the process: seen from outside.
#[test]
fn a_drop_adds_no_abort() {
    const CHILD: &str = "PONTOON_TEST_FACADES";
    if std::env::var_os(CHILD).is_some() {
        panic::set_hook(Box::new(|_| ()));
        let runner = Runner::new(Tokio::new());
        runner.run(future::yield_now());
        let fate = Fate::default();
        let _guard = guard(&runner, &fate, Manner::Panicking);
        let _bound = Bound::new(Brittle(fate, true), runner.clone());
        panic!("the only one");
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["a_drop_adds_no_abort", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(ExitStatus::code(&child.status), Some(101), "{}", String::from_utf8_lossy(&child.stderr));
}

/// Where a call runs before and after it waits.
#[derive(Debug)]
#[blocking]
pub struct Wanderer;

#[blocking]
impl Wanderer {
    /// It may move.
    pub async fn free(&self, wait: impl Future<Output = ()> + Send) -> (ThreadId, ThreadId) {
        let before = thread::current().id();
        wait.await;
        (before, thread::current().id())
    }

    /// It may not, by its arguments.
    pub async fn bound(&self, wait: impl Future<Output = ()>, text: Rc<str>) -> (ThreadId, ThreadId) {
        let before = thread::current().id();
        wait.await;
        drop(text);
        (before, thread::current().id())
    }

    /// It may not, because it is told so.
    #[blocking(local)]
    pub async fn told(&self, wait: impl Future<Output = ()> + Send) -> (ThreadId, ThreadId) {
        let before = thread::current().id();
        wait.await;
        (before, thread::current().id())
    }
}

#[test]
fn a_call_moves_where_it_may() {
    within("a_call_moves_where_it_may", |_| {
        let here = thread::current().id();
        let nap = Duration::from_millis(1);
        for (runner, overshadowed) in [(Runner::new(Smol::new()), true), (Runner::new(Tokio::new()), false)] {
            let wanderer = BlockingWanderer::from_async_on(Wanderer, runner.clone());
            // The thread of a current-thread runtime is captive in it while it blocks.
            current_thread().block_on(async {
                let (before, after) = wanderer.free(runner.sleep(nap));
                assert_eq!(
                    before != here,
                    overshadowed,
                    "tokio in sight: smol's future is elsewhere from the first poll"
                );
                assert_ne!(after, here, "it waited elsewhere");
                assert_eq!(wanderer.bound(runner.sleep(nap), Rc::from("here")), (here, here));
                assert_eq!(wanderer.told(runner.sleep(nap)), (here, here));
            });
            let in_place = wanderer.free(runner.sleep(nap));
            assert_eq!(in_place, (here, here), "in place, where nothing speaks against it");
        }
    })
    .unwrap();
}

/// One facade for each backend's shared runner.
#[derive(Debug)]
pub struct Named(&'static str, Option<runtime::Id>);

impl Named {
    async fn make() -> Self {
        future::yield_now().await;
        let runner = Runner::current().expect("made in a call");
        Self(runner.executor().name(), here())
    }

    fn name(&self) -> &'static str {
        self.0
    }

    fn place(&self) -> (Option<runtime::Id>, Option<runtime::Id>) {
        (self.1, here())
    }
}

pontoon::facade! {
    struct OnSmol(Named) in Smol;
    async fn make() -> Self;
    fn name(&self) -> &'static str;

    struct OnAsyncStd(Named) in AsyncStd;
    async fn make() -> Self;
    fn name(&self) -> &'static str;

    struct OnTokio(Named) in Tokio;
    fn make() -> Self;
    fn name(&self) -> &'static str;
    fn place(&self) -> (Option<runtime::Id>, Option<runtime::Id>);

    struct OnWhatever(Named);
    fn name(&self) -> &'static str;
}

#[test]
fn each_backend_has_one_runner_for_all_facades() {
    fn same(one: &Runner, other: &Runner) {
        assert!(std::ptr::eq(
            one.executor() as *const dyn Executor as *const (),
            other.executor() as *const _ as *const ()
        ));
    }
    within("each_backend_has_one_runner_for_all_facades", |_| {
        let (smol, async_std, tokio) = (OnSmol::make(), OnAsyncStd::make(), OnTokio::make());
        assert_eq!(
            [smol.name(), async_std.name()],
            [Smol::shared(), AsyncStd::shared()].map(|it| it.executor().name())
        );
        assert_eq!(tokio.name(), Tokio::shared().executor().name());
        same(smol.runner(), Smol::shared());
        same(async_std.runner(), AsyncStd::shared());
        same(tokio.runner(), Tokio::shared());
        let home = Tokio::shared().enter(here);
        assert_eq!(tokio.place(), (home, home));
        let whatever = OnWhatever::from_async(smol.into_async());
        same(whatever.runner(), pontoon::global());
        assert_eq!(whatever.name(), Smol::shared().executor().name());
        // The same from inside a foreign runtime of the backend's own kind.
        current_thread().block_on(async {
            assert_eq!(OnTokio::make().place(), (home, home), "not the runtime around it");
            assert_eq!(OnSmol::make().name(), Smol::shared().executor().name());
        });
    })
    .unwrap();
}

#[test]
fn a_refusal_is_at_the_callers_line() {
    static LINE: AtomicUsize = AtomicUsize::new(0);
    within("a_refusal_is_at_the_callers_line", |_| {
        let runner = Runner::new(Smol::new());
        let wanderer = BlockingWanderer::from_async_on(Wanderer, runner.clone());
        runner.close().unwrap();
        let (hook, this) = (panic::take_hook(), thread::current().id());
        panic::set_hook(Box::new(move |info| {
            // Other tests panic meanwhile.
            if let Some(location) = info.location().filter(|_| thread::current().id() == this) {
                assert_eq!(location.file(), file!());
                LINE.store(location.line() as usize, Ordering::SeqCst);
            }
        }));
        let refused = catch_unwind(AssertUnwindSafe(|| wanderer.free(future::ready(())))).unwrap_err();
        panic::set_hook(hook);
        assert_eq!(LINE.load(Ordering::SeqCst), line!() as usize - 2);
        assert!(text_of(&*refused).starts_with("the runner is closed"));
    })
    .unwrap();
}

/// A tree, whose methods give references that are not `self`.
#[blocking]
#[derive(Debug, Default)]
pub struct Tree {
    child: Option<Box<Tree>>,
    size: u32,
}

#[blocking]
impl Tree {
    /// Itself.
    pub async fn grow(&mut self) -> &mut Self {
        self.size += 1;
        self
    }

    /// Another.
    pub fn child(&mut self) -> Option<&mut Self> {
        self.child.as_deref_mut()
    }

    /// How large.
    pub fn size(&self) -> u32 {
        self.size
    }
}

#[test]
fn a_builder_that_gives_another_is_found_out() {
    let mut tree = BlockingTree::from_async_on(Tree::default(), Runner::new(Smol::new()));
    assert_eq!(tree.grow().grow().size(), 2);
    assert!(tree.child().is_none());
    tree.as_async_mut().child = Some(Box::default());
    let found = catch_unwind(AssertUnwindSafe(|| tree.child().map(drop))).unwrap_err();
    assert!(text_of(&*found).contains("mark it `#[blocking(skip)]`"), "{}", text_of(&*found));
}

#[test]
fn a_bound_value_forwards() {
    fn threads<T: Send + Sync>(_: &T) {}
    let runner = Runner::new(Smol::new());
    let mut bound = Bound::new(vec![1], runner.clone());
    threads(&bound);
    bound.push(2);
    let copy = bound.clone();
    assert_eq!((bound.len(), copy.as_slice()), (2, &[1, 2][..]));
    assert!(format!("{copy:?}").starts_with("Bound { value: [1, 2], runner: Runner {"), "{copy:?}");
    assert!(!copy.runner().is_closed());
    assert_eq!(copy.into_inner(), [1, 2]);
}

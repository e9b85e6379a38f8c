//! `#[anysync]` on every flavour: what it makes works from both sides, and the same as its function would by hand.

use futures_core::Stream;
use futures_lite::{StreamExt as _, future, stream};
use pontoon::{Any, AnyContext, AsyncContext, Ending, Hand, RunError, Runner, Task, anysync};
use pontoon_tests::{
    contexts::{FLAVOURS, Family, Flavour},
    trial::within,
};
use std::{
    cell::RefCell,
    future::pending,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Runs `test` on every flavour, each with a runner of its own.
fn on_every_flavour(name: &str, test: impl Fn(&Runner, &Flavour) + Copy + Send + 'static) {
    for flavour in FLAVOURS {
        within(&format!("{name} on {flavour:?}"), move |steps| {
            steps.at(flavour.name);
            test(&flavour.runner(), flavour);
        })
        .unwrap_or_else(|text| panic!("{}: {text}", flavour.name));
    }
}

/// Which loop polls this thread, if one does.
fn here() -> Option<usize> {
    Runner::current().map(|runner| loop_of(&runner))
}

fn loop_of(runner: &Runner) -> usize {
    std::ptr::from_ref(runner.executor()).cast::<()>() as usize
}

/// Which loop polled, and whether it was inside tokio.
type Place = (Option<usize>, bool);

/// Tells where it was when it went.
#[derive(Debug)]
struct Gone(Arc<Mutex<Vec<Place>>>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.lock().unwrap().push((here(), tokio::runtime::Handle::try_current().is_ok()));
    }
}

#[anysync]
async fn count(counter: &AtomicUsize) -> usize {
    future::yield_now().await;
    counter.fetch_add(1, Ordering::Relaxed) + 1
}

#[test]
fn nothing_runs_before_it_is_run_or_awaited() {
    on_every_flavour("nothing_runs_before_it_is_run_or_awaited", |runner, _| {
        let counter = AtomicUsize::new(0);
        drop(count(&counter));
        let later = count(&counter).on(runner);
        assert_eq!(counter.load(Ordering::Relaxed), 0);
        assert_eq!(later.run(), 1);
        assert_eq!(runner.run(async { count(&counter).await }), 2);
        assert_eq!(count(&counter).run_on(runner), 3);
    });
}

#[anysync(runner = runner)]
async fn append(runner: &Runner, items: &mut Vec<Rc<u32>>, item: &RefCell<u32>) -> usize {
    let kept = Rc::new(*item.borrow());
    future::yield_now().await;
    runner.sleep(Duration::from_millis(1)).await;
    items.push(kept);
    items.len()
}

#[test]
fn arguments_are_borrowed_and_nothing_is_send() {
    on_every_flavour("arguments_are_borrowed_and_nothing_is_send", |runner, _| {
        let mut items = Vec::new();
        let item = RefCell::new(7);
        assert_eq!(append(runner, &mut items, &item).run(), 1);
        *item.borrow_mut() = 8;
        assert_eq!(runner.run(append(runner, &mut items, &item)), 2);
        assert_eq!(items, [Rc::new(7), Rc::new(8)]);
    });
}

#[anysync]
async fn doubled(runner: Runner, number: u32) -> (u32, Option<usize>) {
    runner.sleep(Duration::from_millis(1)).await;
    (number * 2, here())
}

#[test]
fn what_is_send_is_spawned() {
    on_every_flavour("what_is_send_is_spawned", |runner, _| {
        let tasks: Vec<Task<_>> = (0..10).map(|number| doubled(runner.clone(), number).on(runner).spawn()).collect();
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(task.join().unwrap(), (number * 2, Some(loop_of(runner))));
        }
    });
}

#[anysync(runner = runner)]
async fn outer(runner: Runner, depth: u32) -> (u32, usize) {
    if depth == 0 {
        future::yield_now().await;
        assert_eq!(here(), Some(loop_of(&runner)));
        return (0, runner.stats().depth);
    }
    let before = runner.stats().depth;
    // Inside the loop that it runs on.
    let (sum, depth) = outer(runner.clone(), depth - 1).run();
    assert!(depth > before, "the inner call is no nested one");
    (sum + 1, before)
}

#[test]
fn run_works_inside_the_running_loop() {
    on_every_flavour("run_works_inside_the_running_loop", |runner, _| {
        assert_eq!(outer(runner.clone(), 5).run().0, 5);
        let theirs = runner.clone();
        assert_eq!(runner.spawn_local(move || async move { outer(theirs, 3).run().0 }).join().unwrap(), 3);
        // Awaited, it is no call.
        let (sum, depth) = runner.run(outer(runner.clone(), 0));
        assert_eq!((sum, depth), (0, 1));
    });
}

#[test]
fn run_works_inside_the_loop_of_another_runner() {
    on_every_flavour("run_works_inside_the_loop_of_another_runner", |runner, _| {
        let global = pontoon::global();
        let ((_, inside), (_, outside)) = runner.run(async {
            let inside = doubled(global.clone(), 1).run();
            (inside, doubled(runner.clone(), 1).await)
        });
        assert_eq!(inside, Some(loop_of(global)), "`run` is on the global runner");
        assert_eq!(outside, Some(loop_of(runner)), "to await is to stay");
    });
}

#[test]
fn run_works_inside_a_foreign_runtime() {
    on_every_flavour("run_works_inside_a_foreign_runtime", |runner, flavour| {
        let foreign = tokio::runtime::Builder::new_current_thread().build().unwrap();
        foreign.block_on(async {
            let call = || doubled(runner.clone(), 2).on(runner);
            // Nobody could drive it there, and the call says so.
            if flavour.inline && flavour.family == Family::Tokio {
                assert!(matches!(call().try_run(), Err(RunError::WouldDeadlock(_))));
                return;
            }
            let expected = (4, Some(loop_of(runner)));
            assert_eq!(call().run(), expected);
            assert_eq!(call().run_send(), expected);
        });
    });
}

#[anysync(runner = runner)]
fn places(runner: &Runner, count: usize) -> impl Stream<Item = Option<usize>> {
    stream::unfold(count, async move |left| {
        runner.sleep(Duration::from_millis(1)).await;
        (left > 0).then(|| (here(), left - 1))
    })
}

#[test]
fn streams_land_on_the_same_loop_from_both_sides() {
    on_every_flavour("streams_land_on_the_same_loop_from_both_sides", |runner, _| {
        let expected = vec![Some(loop_of(runner)); 3];
        assert_eq!(Vec::from_iter(places(runner, 3)), expected);
        assert_eq!(places(runner, 3).iter_on(runner).collect::<Vec<_>>(), expected);
        assert_eq!(runner.run(async { places(runner, 3).collect::<Vec<_>>().await }), expected);
        // Begun in one world and ended in the other.
        let mut both = Box::pin(places(runner, 3));
        let first = runner.run(both.next());
        let rest = runner.wrap_iter(both);
        assert_eq!(first.into_iter().chain(rest).collect::<Vec<_>>(), expected);
        // Inside the loop, too.
        assert_eq!(runner.run(async { Vec::from_iter(places(runner, 3)) }), expected);
    });
}

#[test]
fn a_stream_that_is_not_finished_is_dropped_in_context() {
    #[anysync(runner = runner)]
    fn endless(runner: &Runner, gone: Gone) -> impl Stream<Item = u32> {
        stream::unfold(gone, async |gone| Some((1, gone)))
    }

    on_every_flavour("a_stream_that_is_not_finished_is_dropped_in_context", |runner, flavour| {
        let gone = Arc::default();
        let taken = endless(runner, Gone(Arc::clone(&gone))).into_iter().take(3).sum::<u32>();
        assert_eq!(taken, 3);
        let [(_, in_tokio)] = gone.lock().unwrap()[..] else { panic!("{gone:?}") };
        assert_eq!(in_tokio, flavour.family == Family::Tokio);
    });
}

type Log = Mutex<Vec<(Ending, Option<usize>)>>;

/// It cannot be entered without a name, and with the name `stuck` it cannot be exited.
#[anysync(runner = runner)]
async fn session(runner: &Runner, log: &Log, name: &str, hand: Hand<String>) -> io::Result<()> {
    future::yield_now().await;
    if name.is_empty() {
        return Err(io::Error::other("no name"));
    }
    let ending = hand.over(format!("{name} is in")).await;
    runner.sleep(Duration::from_millis(1)).await;
    log.lock().unwrap().push((ending, here()));
    if name == "stuck" { Err(io::Error::other("stuck")) } else { Ok(()) }
}

#[test]
fn contexts_are_entered_and_exit_on_drop() {
    on_every_flavour("contexts_are_entered_and_exit_on_drop", |runner, _| {
        let log = Log::default();
        let place = Some(loop_of(runner));
        let guard = session(runner, &log, "ann").enter().unwrap();
        assert_eq!(*guard, "ann is in");
        assert!(log.lock().unwrap().is_empty());
        drop(guard);
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
        session(runner, &log, "ann").enter_on(runner).unwrap().close().unwrap();
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _guard = session(runner, &log, "ann").enter().unwrap();
            std::panic::resume_unwind(Box::new("out"));
        }));
        assert!(unwound.is_err());
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Unwinding, place)));
        // Inside the loop, too.
        runner.run(async { drop(session(runner, &log, "ann").enter().unwrap()) });
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
        assert!(log.lock().unwrap().is_empty());
    });
}

#[test]
fn a_body_sees_the_value_and_the_exit_sees_the_body() {
    on_every_flavour("a_body_sees_the_value_and_the_exit_sees_the_body", |runner, _| {
        let log = Log::default();
        let place = Some(loop_of(runner));
        let failure = Ending::Failure("so".into());
        let length = session(runner, &log, "ann").with(|text| Ok::<_, io::Error>(text.len()));
        assert_eq!(length.unwrap(), 9);
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
        let failed = session(runner, &log, "stuck").with(|_| Err::<(), _>(io::Error::other("so")));
        assert_eq!(failed.unwrap_err().to_string(), "so");
        assert_eq!(log.lock().unwrap().pop(), Some((failure.clone(), place)));

        runner.run(async {
            let length = session(runner, &log, "ann").with_async(async |text: &mut String| {
                future::yield_now().await;
                text.push('!');
                Ok::<_, io::Error>(text.len())
            });
            assert_eq!(length.await.unwrap(), 10);
            assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
            let failed = session(runner, &log, "stuck").with_async(async |_| Err::<(), _>(io::Error::other("so")));
            assert_eq!(failed.await.unwrap_err().to_string(), "so");
            assert_eq!(log.lock().unwrap().pop(), Some((failure, place)));
            let stuck = session(runner, &log, "stuck").with_async(async |_| Ok::<_, io::Error>(()));
            assert_eq!(stuck.await.unwrap_err().to_string(), "stuck");
            assert_eq!(log.lock().unwrap().pop(), Some((Ending::Success, place)));
        });
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            runner.run(
                session(runner, &log, "ann")
                    .with_async(async |_| -> io::Result<()> { std::panic::resume_unwind(Box::new("out")) }),
            )
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"out"));
        assert_eq!(log.lock().unwrap().pop(), Some((Ending::Unwinding, place)));
        assert!(log.lock().unwrap().is_empty());
    });
}

#[test]
fn a_body_that_is_cancelled_is_not_exited() {
    on_every_flavour("a_body_that_is_cancelled_is_not_exited", |runner, _| {
        let log = Log::default();
        let body = session(runner, &log, "ann").with_async(async |_| pending::<io::Result<()>>().await);
        assert!(matches!(runner.run_timeout(Duration::from_millis(20), body), Err(RunError::TimedOut)));
        assert!(log.lock().unwrap().is_empty());
    });
}

#[test]
fn the_prelude_changes_nothing() {
    on_every_flavour("the_prelude_changes_nothing", |runner, _| {
        #[expect(unused_imports, reason = "its methods are not the ones that are called")]
        use pontoon::prelude::*;

        let place = Some(loop_of(runner));
        assert_eq!(doubled(runner.clone(), 1).on(runner).run(), (2, place));
        assert_eq!(places(runner, 1).into_blocking_iter().next(), Some(place));
    });
}

#[test]
fn a_context_by_type_is_entered_from_both_sides() {
    #[derive(Default)]
    struct Door(Arc<AtomicBool>);

    impl AsyncContext for Door {
        type Value = u32;
        type Error = io::Error;

        async fn enter(&mut self) -> io::Result<u32> {
            self.0.store(true, Ordering::Relaxed);
            Ok(42)
        }

        async fn exit(self, value: u32, _: pontoon::Outcome<'_>) -> io::Result<()> {
            assert_eq!(value, 42);
            self.0.store(false, Ordering::Relaxed);
            Ok(())
        }
    }

    on_every_flavour("a_context_by_type_is_entered_from_both_sides", |runner, _| {
        let door = Door::default();
        let open = Arc::clone(&door.0);
        let guard = AnyContext::new(door).on(runner).enter().unwrap();
        assert!(open.load(Ordering::Relaxed));
        assert_eq!(*guard, 42);
        drop(guard);
        assert!(!open.load(Ordering::Relaxed));
        let door = AnyContext::new(Door(Arc::clone(&open)));
        let seen = runner.run(door.with_async(async |_| Ok::<_, io::Error>(open.load(Ordering::Relaxed))));
        assert!(seen.unwrap());
        assert!(!open.load(Ordering::Relaxed));
    });
}

#[test]
fn contexts_that_a_runner_keeps_exit_when_it_closes() {
    #[anysync]
    async fn kept(log: Arc<Mutex<Vec<u32>>>, number: u32, hand: Hand<u32>) -> io::Result<()> {
        hand.over(number).await;
        log.lock().unwrap().push(number);
        Ok(())
    }

    on_every_flavour("contexts_that_a_runner_keeps_exit_when_it_closes", |runner, _| {
        let log = Arc::default();
        for number in 1..=3 {
            assert_eq!(runner.enter_context(kept(Arc::clone(&log), number)).unwrap(), number);
        }
        assert!(log.lock().unwrap().is_empty());
        runner.close().unwrap();
        assert_eq!(*log.lock().unwrap(), [3, 2, 1]);
    });
}

#[test]
fn errors_reach_the_caller() {
    #[anysync]
    async fn number(text: &str) -> Result<u32, std::num::ParseIntError> {
        future::yield_now().await;
        text.parse()
    }

    #[anysync]
    fn numbers(text: &str) -> impl Stream<Item = Result<u32, std::num::ParseIntError>> {
        stream::iter(text.split(' ')).then(async |word| number(word).await)
    }

    on_every_flavour("errors_reach_the_caller", |runner, _| {
        assert_eq!(number("5").run_on(runner), Ok(5));
        assert!(number("x").run_on(runner).is_err());
        let seen: Vec<_> = numbers("1 x 3").on(runner).into_iter().map(|item| item.is_ok()).collect();
        assert_eq!(seen, [true, false, true]);
        let log = Log::default();
        assert_eq!(session(runner, &log, "").enter().unwrap_err().to_string(), "no name");
        assert_eq!(session(runner, &log, "stuck").enter().unwrap().close().unwrap_err().to_string(), "stuck");
        runner.close().unwrap();
        assert!(matches!(number("5").on(runner).try_run(), Err(RunError::Closed)));
        let refused = catch_unwind(AssertUnwindSafe(|| number("5").on(runner).run()));
        assert_eq!(refused.unwrap_err().downcast_ref::<String>(), Some(&RunError::Closed.to_string()));
    });
}

#[test]
fn a_limit_ends_the_call_and_what_it_held() {
    #[anysync(runner = runner)]
    async fn stuck(runner: &Runner, _gone: Gone) {
        pending().await
    }

    #[anysync(runner = runner)]
    async fn quick(runner: &Runner) -> u32 {
        runner.sleep(Duration::from_millis(1)).await;
        1
    }

    on_every_flavour("a_limit_ends_the_call_and_what_it_held", |runner, _| {
        let gone = Arc::default();
        let ended = stuck(runner, Gone(Arc::clone(&gone))).run_timeout(Duration::from_millis(5));
        assert!(matches!(ended, Err(RunError::TimedOut)));
        let [(place, _)] = gone.lock().unwrap()[..] else { panic!("{gone:?}") };
        assert_eq!(place, Some(loop_of(runner)), "the argument goes with the call, on its loop");
        assert_eq!(quick(runner).run_timeout(Duration::from_secs(30)).unwrap(), 1);
    });
}

/// Writes its name when it is dropped.
struct Named(&'static str, Rc<RefCell<Vec<&'static str>>>);

impl Drop for Named {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

/// The compiler's own `async fn` and the macro's, of the same text.
macro_rules! twins {
    ($($attr:tt)*) => {
        $($attr)*
        async fn dropping(self_: Named, _: Named, (a, _): (Named, Named), _unused: Named, mut last: Named) {
            let _inside = Named("inside", Rc::clone(&last.1));
            last.0 = "last, renamed";
            drop(a);
            future::yield_now().await;
            let _ = &self_;
        }

        #[allow(dead_code, reason = "it is there to be dropped")]
        struct Owner(Named);

        impl Owner {
            $($attr)*
            async fn gone(self, also: Named) {
                let _ = also;
            }
        }
    };
}

mod by_the_compiler {
    use super::*;

    twins!();

    pub(super) fn log(runner: &Runner, polls: bool) -> Vec<&'static str> {
        let log = Rc::default();
        let named = |name| Named(name, Rc::clone(&log));
        let future = dropping(named("self_"), named("_"), (named("a"), named("b")), named("_unused"), named("last"));
        if polls {
            runner.run(future)
        } else {
            drop(future)
        }
        runner.run(Owner(named("owner")).gone(named("also")));
        log.take()
    }
}

mod by_the_macro {
    use super::*;

    twins!(#[anysync]);

    pub(super) fn log(runner: &Runner, polls: bool) -> Vec<&'static str> {
        let log = Rc::default();
        let named = |name| Named(name, Rc::clone(&log));
        let future = dropping(named("self_"), named("_"), (named("a"), named("b")), named("_unused"), named("last"));
        if polls {
            runner.run(future)
        } else {
            drop(future)
        }
        Owner(named("owner")).gone(named("also")).run_on(runner);
        log.take()
    }
}

#[test]
fn arguments_are_dropped_as_by_the_compiler() {
    on_every_flavour("arguments_are_dropped_as_by_the_compiler", |runner, _| {
        let run = by_the_compiler::log(runner, true);
        assert_eq!(run.len(), 9);
        assert_eq!(by_the_macro::log(runner, true), run);
        let unpolled = by_the_compiler::log(runner, false);
        assert_eq!(by_the_macro::log(runner, false), unpolled);
    });
}

#[test]
fn a_value_is_as_large_as_by_the_compiler() {
    #[anysync]
    async fn ours(first: [u64; 16], _: [u64; 4], third: &[u64]) -> u64 {
        future::yield_now().await;
        first[0] + third[0]
    }

    async fn theirs(first: [u64; 16], _: [u64; 4], third: &[u64]) -> u64 {
        future::yield_now().await;
        first[0] + third[0]
    }

    let ours = ours([0; 16], [0; 4], &[]);
    let theirs = theirs([0; 16], [0; 4], &[]);
    assert_eq!(size_of_val(&ours), size_of_val(&theirs) + size_of::<Option<Runner>>());
}

#[test]
fn auto_traits_are_those_of_the_function() {
    fn send<T: Send>(_: &T) {}

    trait NotSend<Marker> {
        fn seen(&self) {}
    }
    impl<T: ?Sized> NotSend<()> for T {}
    struct Sends;
    impl<T: ?Sized + Send> NotSend<Sends> for T {}

    #[anysync]
    async fn local(_held: Rc<u32>) {}

    send(&doubled(pontoon::global().clone(), 1));
    // It would be ambiguous which of the two is meant if it were `Send`.
    local(Rc::new(1)).seen();
}

#[test]
fn a_debug_text_says_on_which_runner() {
    let value: Any<_> = doubled(pontoon::global().clone(), 1);
    assert_eq!(format!("{value:?}"), "Any { runner: None, .. }");
    let runner = FLAVOURS[0].runner();
    let text = format!("{:?}", places(&runner, 1));
    assert!(text.starts_with("AnyStream { runner: Some(Runner { executor:"), "{text}");
}

//! What the feature `tracing` shows, on every flavour: each test subscribes and looks at the spans.

use futures_lite::{future, stream};
use pontoon::{
    RunError, Runner, context,
    guest::{Budget, Guest},
};
use pontoon_tests::{
    contexts::{FLAVOURS, Flavour},
    traces::{Collector, Log, Span, log},
    trial::{Steps, within},
};
use std::{
    collections::HashSet,
    io,
    panic::Location,
    sync::{Arc, Mutex, mpsc},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};
use tracing::{Level, info_span};

/// Runs `f` for each of the flavours, with this process' subscriber in place.
fn on_each(wanted: impl Fn(&Flavour) -> bool, f: fn(&'static Flavour, &Steps)) {
    Collector::default().install();
    for flavour in FLAVOURS.iter().filter(|flavour| wanted(flavour)) {
        within(flavour.name, move |steps| f(flavour, steps)).unwrap_or_else(|text| panic!("{}: {text}", flavour.name));
    }
}

fn on_all(f: fn(&'static Flavour, &Steps)) {
    on_each(|_| true, f);
}

/// Calls `f` within a span of its own, and gives the id of that.
fn scope<T>(f: impl FnOnce() -> T) -> (u64, T) {
    let span = info_span!(target: "pontoon_tests", "scope");
    let id = span.id().expect("somebody subscribes").into_u64();
    (id, span.in_scope(f))
}

/// A call that does not end before it has parked. Gives the span around it.
fn call_that_parks(runner: &Runner) -> u64 {
    let span = info_span!(target: "pontoon_tests", "scope");
    let id = span.id().expect("somebody subscribes").into_u64();
    let (open, opened) = async_channel::bounded::<()>(1);
    let has_parked = |log: Log| log.spans.values().any(|span| span.name == "parked" && log.is_within(span.id, id));
    thread::scope(|scope| {
        scope.spawn(move || {
            while !has_parked(log()) {
                thread::yield_now();
            }
            open.try_send(()).unwrap();
        });
        span.in_scope(|| runner.run(opened.recv())).unwrap();
    });
    id
}

fn spin(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() <= duration {}
}

fn assert_balanced(span: &Span) {
    assert_eq!(span.entries.len(), span.exits, "{span:#?}");
    assert!(span.closed_at.is_some(), "{span:#?}");
}

#[test]
fn a_ready_call_is_one_span() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let (scope, ()) = scope(|| runner.run(async {}));
        let log = log();
        let call = log.one_below(scope, "call");
        assert_eq!((call["op"].as_str(), call["depth"].as_str(), call["in_task"].as_str()), ("run", "0", "false"));
        assert_eq!(call["backend"], runner.executor().name());
        assert_eq!((call.metadata.target(), *call.metadata.level()), ("pontoon::call", Level::TRACE));
        assert_eq!(call.entries, [thread::current().id()]);
        assert_balanced(call);
        assert!(log.below(call.id, "wait").is_empty(), "it waited");
    });
}

#[test]
fn a_call_that_waits_takes_a_seat_and_parks() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let scope = call_that_parks(&runner);
        let log = log();
        let call = log.one_below(scope, "call");
        let wait = log.one_below(call.id, "wait");
        assert_eq!((wait["seat"].as_str(), wait["place"].as_str(), wait["end"].as_str()), ("caller", "plain", "ready"));
        assert_balanced(wait);
        let parked = log.below(wait.id, "parked");
        assert!(!parked.is_empty(), "nobody parked");
        for parked in parked {
            assert_eq!(parked["seat"], "caller");
            assert_eq!(parked.entries, [thread::current().id()]);
            assert_balanced(parked);
        }
        assert_eq!(log.said_in(wait.id, "caller_leads").len(), 1);
    });
}

#[test]
fn a_caller_that_does_not_drive_has_no_lead() {
    on_each(
        |flavour| !flavour.inline,
        |flavour, _| {
            let runner = flavour.builder().callers_drive(false).build();
            let scope = call_that_parks(&runner);
            let log = log();
            let wait = log.one_below(log.one_below(scope, "call").id, "wait");
            assert_eq!((wait["seat"].as_str(), wait["place"].as_str()), ("waiter", "plain"));
            assert!(!log.below(wait.id, "parked").is_empty());
            assert!(log.said_in(wait.id, "caller_leads").is_empty());
        },
    );
}

#[test]
fn each_way_to_call_has_its_name() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let ops = |f: &dyn Fn()| {
            let (scope, ()) = scope(f);
            log().below(scope, "call").into_iter().cloned().collect::<Vec<_>>()
        };
        let assert_ops = |calls: &[Span], expected: &str| {
            assert!(!calls.is_empty(), "no call for {expected}");
            assert!(calls.iter().all(|call| call["op"] == expected), "{expected}: {calls:#?}");
        };
        assert_ops(&ops(&|| assert!(runner.try_run(async {}).is_ok())), "run");
        assert_ops(&ops(&|| runner.run_send(async {})), "run_send");
        assert_ops(&ops(&|| assert_eq!(runner.wrap_iter(stream::iter(0..3)).next(), Some(0))), "next");
        assert_ops(&ops(&|| assert_eq!(runner.wrap_iter(stream::iter(0..99)).count(), 99)), "next");
        assert_ops(&ops(&|| runner.spawn(async {}).join().unwrap()), "join");
        let late = ops(&|| {
            let late = runner.run_timeout(Duration::from_millis(1), future::pending::<()>());
            assert!(matches!(late, Err(RunError::TimedOut)));
        });
        assert_ops(&late, "run_timeout");
        assert_eq!(late[0]["error"], RunError::TimedOut.to_string());
        assert_eq!(log().one_below(late[0].id, "wait")["end"], "timed out");
        runner.close().unwrap();
        let refused = ops(&|| assert!(matches!(runner.try_run(async {}), Err(RunError::Closed))));
        assert_eq!(refused[0]["error"], RunError::Closed.to_string());
    });
}

#[test]
fn a_nested_call_lies_in_the_outer_one() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let (scope, ()) = scope(|| {
            runner.run(async {
                future::yield_now().await;
                runner.run(future::yield_now());
            });
        });
        let log = log();
        let outer = log.one_below(scope, "call");
        let inner = log.one_below(log.one_below(outer.id, "wait").id, "call");
        assert_eq!((outer["depth"].as_str(), inner["depth"].as_str()), ("0", "1"));
        assert_eq!(log.below(inner.id, "wait").len(), 1);
    });
}

/// A call that moves to a thread outside of a runtime that holds its own.
#[test]
fn a_call_that_moves_keeps_its_parent() {
    on_each(
        |flavour| flavour.name == "smol" || flavour.name == "tokio",
        |flavour, _| {
            let runner = flavour.runner();
            let outer = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (scope, ()) = scope(|| outer.block_on(async { runner.run_send(future::yield_now()) }));
            let log = log();
            let call = log.one_below(scope, "call");
            let wait = log.one_below(call.id, "wait");
            assert_ne!(wait.entries, [thread::current().id()], "it did not move");
            assert_eq!((wait["seat"].as_str(), wait["end"].as_str()), ("caller", "ready"));
        },
    );
}

/// A task that waits for `rounds` to be given, and notes which threads poll it.
struct Nomad {
    task: pontoon::Task<()>,
    next: async_channel::Sender<()>,
    seen: Arc<Mutex<Vec<ThreadId>>>,
    at: &'static Location<'static>,
}

impl Nomad {
    fn new(runner: &Runner) -> Self {
        let (next, rounds) = async_channel::unbounded::<()>();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let polls = seen.clone();
        let mut body = Box::pin(async move { while rounds.recv().await.is_ok() {} });
        let body = future::poll_fn(move |cx| {
            polls.lock().unwrap().push(thread::current().id());
            body.as_mut().poll(cx)
        });
        let (task, at) = (runner.spawn(body), Location::caller());
        Self { task, next, seen, at }
    }

    fn seen(&self) -> Vec<ThreadId> {
        self.seen.lock().unwrap().clone()
    }

    /// Has it polled on this thread, in a call.
    fn poll_here(&self, runner: &Runner) {
        while !self.seen().contains(&thread::current().id()) {
            runner.run(async {
                self.next.try_send(()).unwrap();
                for _ in 0..10 {
                    future::yield_now().await;
                }
            });
        }
    }
}

#[test]
fn a_task_is_one_span_on_every_seat() {
    on_all(|flavour, steps| {
        let runner = flavour.runner();
        let (scope, nomad) = scope(|| {
            runner.run(async {});
            Nomad::new(&runner)
        });
        let me = thread::current().id();
        if !flavour.inline {
            steps.at("nobody calls: the runner's thread, or a worker, polls it");
            while nomad.seen().iter().all(|thread| *thread == me) {
                nomad.next.try_send(()).unwrap();
                thread::yield_now();
            }
        }
        steps.at("this thread polls it");
        nomad.poll_here(&runner);
        steps.at("another caller polls it");
        let other = thread::scope(|scope| {
            let polls = scope.spawn(|| {
                nomad.poll_here(&runner);
                thread::current().id()
            });
            polls.join().unwrap()
        });
        steps.at("it ends");
        let Nomad { task, next, seen, at } = nomad;
        drop(next);
        task.join().unwrap();
        let seen = seen.lock().unwrap().clone();

        let log = log();
        let runner_id = log.runner_below(scope);
        let spans = log.of_runner(&runner_id, "task");
        assert_eq!(spans.len(), 1, "{spans:#?}");
        let span = spans[0];
        assert_eq!(span["kind"], "task");
        assert!(span["location"].starts_with(&format!("{}:{}:", at.file(), at.line())), "{span:#?}");
        assert_eq!((span.parent, span.follows.as_slice()), (None, [scope].as_slice()), "a task outlives its spawner");
        let threads: HashSet<_> = seen.iter().collect();
        assert!(threads.contains(&me) && threads.contains(&other));
        if !flavour.inline {
            assert!(threads.len() > 2, "the runner's own thread had no part in it");
        }
        // Each poll, in order, on its thread; the last entry is that of the end.
        let polls = &span.entries[..seen.len()];
        assert_eq!(polls, seen, "not what the task itself saw");
        assert!(span.entries.len() <= seen.len() + 1, "{span:#?}");
        let ends = log.said_in(span.id, "task_ended");
        assert_eq!(ends.iter().map(|end| end["outcome"].as_str()).collect::<Vec<_>>(), ["completed"]);
    });
}

#[test]
fn tasks_end_in_three_ways() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let (scope, ()) = scope(|| runner.run(async {}));
        runner.spawn(async {}).join().unwrap();
        runner.spawn(async { panic!("on purpose") }).join().unwrap_err();
        assert!(runner.spawn(future::pending::<()>()).cancel().is_none());
        runner.spawn_local(|| async {}).join().unwrap();
        runner.unblock(|| ()).join().unwrap();
        runner.close().unwrap();
        let log = log();
        let runner_id = log.runner_below(scope);
        let tasks = log.of_runner(&runner_id, "task");
        let ends: Vec<_> = tasks
            .iter()
            .map(|task| {
                let ends = log.said_in(task.id, "task_ended");
                assert_eq!(ends.len(), 1, "{task:#?}");
                assert_balanced(task);
                (task["kind"].as_str(), ends[0]["outcome"].as_str())
            })
            .collect();
        let expected = [
            ("task", "completed"),
            ("task", "panicked"),
            ("task", "cancelled"),
            ("local", "completed"),
            ("blocking", "completed"),
        ];
        assert_eq!(ends, expected);
    });
}

/// The runner's own thread steps aside while calls keep coming, and takes over when they stop.
#[test]
fn hand_overs_are_told_and_counted() {
    on_each(
        |flavour| !flavour.inline,
        |flavour, steps| {
            let runner = flavour.runner();
            let (scope, ()) = scope(|| runner.run(async {}));
            let mut rounds = 0;
            while runner.stats().hand_overs == 0 {
                rounds += 1;
                steps.at(format!("call {rounds}"));
                // Each of them parks, and soon after the one before.
                runner.run(runner.sleep(Duration::from_micros(50)));
            }
            steps.at("nobody calls: a task that the runner's thread runs");
            let (sender, receiver) = mpsc::channel();
            runner.spawn(async move { sender.send(thread::current().id()).unwrap() }).detach();
            receiver.recv().unwrap();
            steps.at("closing");
            let stats = runner.stats();
            runner.close().unwrap();

            let log = log();
            let runner_id = log.runner_below(scope);
            let hosts = log.of_runner(&runner_id, "host");
            assert_eq!(hosts.len(), 1);
            let host = hosts[0];
            assert_balanced(host);
            let [thread] = host.entries[..] else { panic!("{host:#?}") };
            assert_ne!(thread, thread::current().id());

            let asides = log.below(host.id, "aside");
            let (steps_aside, takes_over) =
                (log.said_of(&runner_id, "host_steps_aside"), log.said_of(&runner_id, "host_takes_over"));
            assert!(asides.len() >= stats.hand_overs && stats.hand_overs > 0);
            assert_eq!((steps_aside.len(), takes_over.len()), (asides.len(), asides.len()));
            // Driving and standing aside take turns, on the host's thread alone.
            let driving = log.below(host.id, "driving");
            assert_eq!(driving.len(), asides.len() + 1);
            for (place, aside) in asides.iter().enumerate() {
                assert_eq!(aside.entries, [thread]);
                assert_balanced(aside);
                assert!(driving[place].closed_at < Some(steps_aside[place].at));
                assert!(steps_aside[place].at < aside.at && aside.closed_at < Some(takes_over[place].at));
                assert!(takes_over[place].at < driving[place + 1].at);
                assert_eq!((steps_aside[place].thread, takes_over[place].thread), (thread, thread));
                assert_eq!(*steps_aside[place].metadata.level(), Level::DEBUG);
            }
        },
    );
}

#[test]
fn a_slow_poll_is_a_warning_with_the_place_of_its_task() {
    on_all(|flavour, _| {
        let limit = Duration::from_millis(20);
        let runner = flavour.builder().slow_poll(limit).build();
        let (scope, ()) = scope(|| runner.run(async {}));
        runner.spawn(async {}).join().unwrap();
        let at = Location::caller().line() + 1;
        runner.spawn(async move { spin(limit) }).join().unwrap();
        let stats = runner.stats();
        let log = log();
        let runner_id = log.runner_below(scope);
        let slow = log.said_of(&runner_id, "slow_poll");
        // A busy machine may make the other one slow, too.
        assert_eq!(slow.len(), stats.slow_polls);
        let location = format!("{}:{at}:", file!());
        let slow = slow.iter().find(|event| event["location"].starts_with(&location)).expect("no warning");
        assert_eq!((slow.metadata.target(), *slow.metadata.level()), ("pontoon::slow", Level::WARN));
        assert!(slow["took_us"].parse::<u64>().unwrap() >= 20_000);
        assert_eq!(slow["limit_us"], "20000");
        let task = log.of_runner(&runner_id, "task").into_iter().find(|task| task["id"] == slow["task"]);
        assert!(task.expect("it names its task")["location"].starts_with(&location));
    });
}

#[test]
fn a_close_shows_its_phases() {
    on_all(|flavour, _| {
        let runner = flavour.runner();
        let (scope, ()) = scope(|| {
            runner.run(async {});
            runner
                .enter_context(context(
                    async || Ok(()),
                    async |(), _| Err::<(), io::Error>(io::Error::other("the exit fails")),
                ))
                .unwrap();
            runner.spawn(future::pending::<()>()).detach();
            assert_eq!(runner.close().unwrap_err().exits().len(), 1);
        });
        let log = log();
        let runner_id = log.runner_below(scope);
        let close = log.one_below(scope, "close");
        assert_balanced(close);
        assert_eq!((close["runner"].as_str(), close["tasks"].as_str()), (runner_id.as_str(), "1"));
        assert_eq!((close.metadata.target(), *close.metadata.level()), ("pontoon::close", Level::DEBUG));
        let [exits, cancel, join] = ["exits", "cancel", "join"].map(|phase| log.one_below(close.id, phase));
        assert!(exits.closed_at < Some(cancel.at) && cancel.closed_at < Some(join.at), "not in this order");
        assert_eq!(log.one_below(exits.id, "call")["op"], "exit");

        let closed = log.said_in(close.id, "closed");
        assert_eq!(closed.len(), 1);
        let fields = ["failed_exits", "abandoned", "timed_out"].map(|field| closed[0][field].as_str());
        assert_eq!(fields, ["1", "0", "false"]);
        assert!(join.closed_at < Some(closed[0].at));
        let task = log.of_runner(&runner_id, "task")[0].id;
        let ended = log.said_in(task, "task_ended")[0];
        assert_eq!(ended["outcome"], "cancelled");
        assert!(exits.closed_at < Some(ended.at) && Some(ended.at) < join.closed_at);
        let stops = log.of_runner(&runner_id, "stop");
        assert_eq!(stops.len(), 1);
        assert_eq!(log.is_within(stops[0].id, join.id), flavour.inline, "whoever leaves last stops the runtime");
        assert!(ended.at < stops[0].at && stops[0].closed_at < Some(closed[0].at));
    });
}

#[test]
fn a_guest_shows_its_ticks() {
    on_all(|flavour, _| {
        let slice = Duration::from_millis(2);
        let at = Location::caller().line() + 4;
        let guest = Guest::new(flavour.executor())
            .budget(Budget::default().slice(slice))
            .debug(slice, |_| ())
            .into_future(async move {
                future::yield_now().await;
                spin(slice * 3);
            })
            .unwrap();
        let (scope, stats) = scope(|| {
            let mut guest = guest;
            future::block_on(&mut guest).unwrap();
            guest.guest().scope().stats()
        });
        let log = log();
        let ticks = log.below(scope, "tick");
        assert_eq!(ticks.len() as u64, stats.ticks);
        let polls: u64 = ticks.iter().map(|tick| tick["polls"].parse::<u64>().unwrap()).sum();
        assert_eq!(polls, stats.polls);
        let of_guest = |fields: &pontoon_tests::traces::Fields| fields.get("guest") == ticks[0].fields.get("guest");
        let main = log.spans.values().find(|span| span.name == "task" && of_guest(&span.fields)).expect("its main");
        assert_eq!(main["kind"], "main");
        assert!(main["location"].starts_with(&format!("{}:{at}:", file!())), "{main:#?}");
        assert!(polls < main.entries.len() as u64 + 1 && !log.said_in(main.id, "task_ended").is_empty());

        let over: Vec<_> = ticks.iter().flat_map(|tick| log.said_in(tick.id, "over_budget")).collect();
        assert!(over.iter().any(|over| over["over_us"].parse::<u64>().unwrap() >= 4_000), "{over:#?}");
        let slow = |name| log.events.iter().filter(move |event| event.name == name);
        assert!(slow("slow_poll").any(|slow| slow["location"] == main["location"]));
        let slow_ticks =
            slow("slow_tick").filter(|slow| slow.parent.is_some_and(|tick| log.spans[&tick].parent == Some(scope)));
        assert!(slow_ticks.count() > 0);
        let ended = log.events.iter().find(|event| event.name == "guest_ended" && of_guest(&event.fields));
        assert_eq!(ended.expect("its end")["how"], "done");
    });
}

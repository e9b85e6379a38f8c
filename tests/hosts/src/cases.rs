//! What a guest does in every host, on every engine. No case waits for time to pass: it ends when what it is about has
//! happened, and a host that fails it hangs, up to the deadline of its trial.

use crate::{
    Ended, Events,
    engines::{Engine, echo_server},
    hostings::Hosting,
    trial::Steps,
};
use futures_lite::future;
use pontoon::guest::{GuestError, GuestScope};
use std::{
    cell::{Cell, RefCell},
    future::pending,
    ops::ControlFlow,
    rc::Rc,
    thread,
    time::Duration,
};

/// A case, by name.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called in reports.
    pub name: &'static str,
    /// Panics if the host fails.
    pub run: fn(Hosting, Engine, &Steps),
}

/// All of them.
pub const CASES: &[Case] = &[
    Case { name: "talks_and_sleeps_while_the_host_goes_on", run: talks_and_sleeps_while_the_host_goes_on },
    Case { name: "shares_values_with_the_host", run: shares_values_with_the_host },
    Case { name: "many_messages_between_tasks", run: many_messages_between_tasks },
    Case { name: "an_idle_guest_asks_for_nothing", run: an_idle_guest_asks_for_nothing },
    Case { name: "ends_with_the_output_of_main", run: ends_with_the_output_of_main },
    Case { name: "is_cancelled_by_the_host", run: is_cancelled_by_the_host },
    Case { name: "is_told_when_the_host_quits", run: is_told_when_the_host_quits },
    Case { name: "a_busy_guest_leaves_the_host_its_turns", run: a_busy_guest_leaves_the_host_its_turns },
];

/// How often the host has an event of its own.
const PACE: Duration = Duration::from_millis(1);

/// Counts, on one thread.
type Count = Rc<Cell<u64>>;

fn add_one(count: &Count) -> u64 {
    count.set(count.get() + 1);
    count.get()
}

/// Sets a mark when it is dropped, and says on which thread.
struct Mark(Rc<RefCell<Vec<&'static str>>>, &'static str, thread::ThreadId);

impl Drop for Mark {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.2, "dropped on another thread");
        self.0.borrow_mut().push(self.1);
    }
}

fn scope() -> GuestScope {
    GuestScope::current().expect("inside the guest")
}

fn output(ended: Ended) -> u64 {
    ended.expect("the host lets the guest end").expect("main has an output")
}

/// Round trips and timers of the runtime's own, in two tasks, while the host has its events.
fn talks_and_sleeps_while_the_host_goes_on(hosting: Hosting, engine: Engine, steps: &Steps) {
    let address = echo_server();
    let events = Count::default();
    let (seen, steps) = (events.clone(), steps.clone());
    let main = async move {
        let talk = move |number: u8| async move {
            let mut connection = (engine.connect)(address).await.expect("a connection");
            for round in 0..20 {
                let mut bytes = [number, round, 0xff];
                connection.exchange(&mut bytes).await.expect("an answer");
                assert_eq!(bytes, [number, round, 0xff]);
            }
            20
        };
        steps.at("two tasks talk to the server");
        let other = scope().spawn_local(talk(1));
        let mut rounds = talk(2).await;
        rounds += other.await.expect("the other task");
        steps.at("it sleeps until the host has had five events");
        while events.get() < 5 {
            (engine.sleep)(PACE).await;
            rounds += 1;
        }
        steps.at("the guest ends");
        rounds
    };
    let count = move || {
        add_one(&seen);
        ControlFlow::Continue(())
    };
    assert!(output((hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, count))) >= 40);
}

/// The host and a task take turns with a value that no other thread may touch.
fn shares_values_with_the_host(hosting: Hosting, engine: Engine, steps: &Steps) {
    const ROUNDS: usize = 10;
    let here = thread::current().id();
    let log = Rc::new(RefCell::new(Vec::new()));
    let (turn, turns) = async_channel::bounded::<()>(1);
    let (guests, hosts, told) = (log.clone(), log.clone(), steps.clone());
    let main = async move {
        assert_eq!(thread::current().id(), here);
        let log = guests.clone();
        let task = scope().spawn_local(async move {
            for round in 0..ROUNDS {
                told.at(format!("the guest waits for the host, round {round}"));
                turns.recv().await.expect("the host has its end");
                assert_eq!(thread::current().id(), here);
                log.borrow_mut().push("guest");
            }
        });
        task.await.expect("the task");
        guests.borrow().len() as u64
    };
    let event = move || {
        assert_eq!(thread::current().id(), here);
        let mut log = hosts.borrow_mut();
        // Not before the guest has answered.
        if log.len() < 2 * ROUNDS && log.last() != Some(&"host") {
            log.push("host");
            turn.try_send(()).expect("the guest is there");
        }
        ControlFlow::Continue(())
    };
    let length = output((hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event)));
    assert_eq!(length, 2 * ROUNDS as u64);
    assert_eq!(*log.borrow(), ["host", "guest"].repeat(ROUNDS));
}

/// More messages of tokio's channels than one of tokio's budgets allows, within few ticks: a budget that belongs to the
/// host and is never refilled would stop them for ever.
fn many_messages_between_tasks(hosting: Hosting, engine: Engine, steps: &Steps) {
    steps.at("1000 messages");
    let main = async {
        let (sender, mut receiver) = ::tokio::sync::mpsc::unbounded_channel();
        let (answer, mut answers) = ::tokio::sync::mpsc::unbounded_channel();
        scope()
            .spawn_local(async move {
                while let Some(message) = receiver.recv().await {
                    answer.send(message + 1).expect("main listens");
                }
            })
            .detach();
        let mut message = 0;
        while message < 1000 {
            sender.send(message).expect("the task listens");
            message = answers.recv().await.expect("an answer");
        }
        message
    };
    let events = Events::new(PACE, || ControlFlow::Continue(()));
    assert_eq!(output((hosting.run)((engine.guest)(), Box::pin(main), events)), 1000);
}

/// A guest that waits costs the host nothing: from some event on, five of them pass without a tick in between.
fn an_idle_guest_asks_for_nothing(hosting: Hosting, engine: Engine, steps: &Steps) {
    let (rest, rested) = async_channel::bounded::<()>(1);
    let shared = Rc::new(RefCell::new(None::<GuestScope>));
    let set = shared.clone();
    let main = async move {
        // It has been woken before: by a task, and by a timer of the runtime's.
        scope().spawn_local(future::yield_now()).await.expect("the task");
        (engine.sleep)(PACE).await;
        *set.borrow_mut() = Some(scope());
        rested.recv().await.expect("the host has its end");
        set.borrow_mut().take();
        scope().stats().ticks
    };
    let (mut seen, mut quiet) = (0, 0);
    let event = move || {
        if let Some(scope) = &*shared.borrow() {
            let ticks = scope.stats().ticks;
            quiet = if ticks == seen { quiet + 1 } else { 0 };
            seen = ticks;
            if quiet == 5 {
                rest.try_send(()).expect("main waits");
            }
        }
        ControlFlow::Continue(())
    };
    steps.at("the guest rests");
    let ticks = output((hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event)));
    assert!(ticks < 50, "{ticks} ticks for a guest that does next to nothing");
}

/// Main has an output: it comes out, and what else there was is gone, on this thread.
fn ends_with_the_output_of_main(hosting: Hosting, engine: Engine, steps: &Steps) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let here = thread::current().id();
    let (tasks, events) = (log.clone(), Count::default());
    let (seen, told) = (events.clone(), steps.clone());
    let main = async move {
        let (mark, (started, start)) = (Mark(tasks.clone(), "task dropped", here), async_channel::bounded::<()>(1));
        scope()
            .spawn_local(async move {
                let _mark = mark;
                started.try_send(()).expect("main waits");
                pending::<()>().await;
            })
            .detach();
        told.at("the task starts");
        start.recv().await.expect("the task starts");
        told.at("main sleeps until the host has had an event");
        while events.get() == 0 {
            (engine.sleep)(PACE).await;
        }
        tasks.borrow_mut().push("main");
        told.at("main has ended");
        7
    };
    let event = move || {
        add_one(&seen);
        ControlFlow::Continue(())
    };
    assert_eq!(output((hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event))), 7);
    assert_eq!(*log.borrow(), ["main", "task dropped"]);
}

/// An event of the host's cancels the guest: its tasks are dropped, and it ends without an output.
fn is_cancelled_by_the_host(hosting: Hosting, engine: Engine, steps: &Steps) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let here = thread::current().id();
    let shared = Rc::new(RefCell::new(None::<GuestScope>));
    let (marks, set) = (log.clone(), shared.clone());
    let main = async move {
        let _main = Mark(marks.clone(), "main", here);
        let mark = Mark(marks, "task", here);
        scope()
            .spawn_local(async move {
                let _mark = mark;
                pending::<()>().await;
            })
            .detach();
        *set.borrow_mut() = Some(scope());
        pending().await
    };
    let event = move || {
        if let Some(scope) = shared.borrow_mut().take() {
            assert!(scope.cancel());
        }
        ControlFlow::Continue(())
    };
    steps.at("the host cancels");
    let ended = (hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event));
    assert!(matches!(ended, Some(Err(GuestError::Cancelled))), "{ended:?}");
    let mut dropped = log.take();
    dropped.sort_unstable();
    assert_eq!(dropped, ["main", "task"]);
}

/// The host's loop quits while the guest has work: the guest is told in the host's way, and is gone after that.
fn is_told_when_the_host_quits(hosting: Hosting, engine: Engine, steps: &Steps) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let here = thread::current().id();
    let started = Rc::new(Cell::new(false));
    let (marks, set) = (log.clone(), started.clone());
    let main = async move {
        let _main = Mark(marks, "main", here);
        loop {
            set.set(true);
            future::yield_now().await;
        }
    };
    let event = move || if started.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    steps.at("the host quits");
    let guest = (engine.guest)().on_abandoned(|_| {});
    let ended = (hosting.run)(guest, Box::pin(main), Events::new(PACE, event));
    assert!(hosting.orphan.is(&ended), "{ended:?}, not {:?}", hosting.orphan);
    assert_eq!(*log.borrow(), ["main"]);
}

/// Three tasks that are always ready, until the host has had fifty events between their ticks.
fn a_busy_guest_leaves_the_host_its_turns(hosting: Hosting, engine: Engine, steps: &Steps) {
    const EVENTS: u64 = 50;
    let events = Count::default();
    let shared = Rc::new(RefCell::new(None::<GuestScope>));
    // How many ticks there had been at each event.
    let ticks = Rc::new(RefCell::new(Vec::new()));
    let (seen, set, at_event) = (events.clone(), shared.clone(), ticks.clone());
    let main = async move {
        *set.borrow_mut() = Some(scope());
        for _ in 0..2 {
            let events = events.clone();
            let busy = async move {
                while events.get() < EVENTS {
                    future::yield_now().await;
                }
            };
            scope().spawn_local(busy).detach();
        }
        while events.get() < EVENTS {
            future::yield_now().await;
        }
        set.borrow_mut().take();
        scope().stats().polls
    };
    let event = move || {
        if let Some(scope) = &*shared.borrow() {
            add_one(&seen);
            at_event.borrow_mut().push(scope.stats().ticks);
        }
        ControlFlow::Continue(())
    };
    steps.at("the host waits for its turns");
    let polls = output((hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event)));
    let ticks = ticks.take();
    assert!(ticks.len() as u64 >= EVENTS, "{ticks:?}");
    // The guest had turns, too, from the first of these events to the last.
    assert!(ticks.last() > ticks.first(), "{ticks:?}");
    assert!(polls > EVENTS, "{polls} polls");
}

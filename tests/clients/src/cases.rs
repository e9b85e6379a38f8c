//! What is done with every client, in every place. The order of things is kept by the proxy before the server: no case
//! waits for time to pass, and a client or a bridge that fails it hangs, up to the deadline of its trial.

use crate::{
    client::{Client, ITEMS, Result},
    places::{Backend, Body, Place},
    proxy::Proxy,
    servers::{self, Kind, Server},
    trial::{Steps, text_of},
};
use pontoon::{Outcome, RunError, Runner, context};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Barrier, mpsc},
    thread,
    time::Duration,
};

/// What a slow server gets.
const SHORT: Duration = Duration::from_millis(100);

/// What nothing here takes, and less than the deadline of a trial.
const LONG: Duration = Duration::from_secs(15);

/// How many call at once.
const CALLERS: u64 = 8;

/// What a case works with.
#[derive(Clone, Debug)]
pub struct Bench {
    runner: Runner,
    place: Place,
    steps: Steps,
    server: Kind,
}

/// A case, by name.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// As in the names of trials.
    pub name: &'static str,
    /// Panics if it fails.
    pub run: fn(&Bench),
}

/// All of them, for one client.
pub fn of<C: Client>() -> Vec<Case> {
    vec![
        Case { name: "session", run: session::<C> },
        Case { name: "stream_stopped_early", run: stream_stopped_early::<C> },
        Case { name: "eight_callers", run: eight_callers::<C> },
        Case { name: "server_restarted", run: server_restarted::<C> },
        Case { name: "slow_server", run: slow_server::<C> },
    ]
}

/// The names of the cases, as [`of`] has them.
pub const NAMES: [&str; 5] = ["session", "stream_stopped_early", "eight_callers", "server_restarted", "slow_server"];

/// Runs a case in a place, with a runner of its own that is closed there.
///
/// # Panics
///
/// If the case does.
pub fn run(case: Case, backend: Backend, place: Place, server: Kind, steps: &Steps) {
    let bench = Bench { runner: backend.runner(), place, steps: steps.clone(), server };
    steps.at("entering the place");
    stand(
        place,
        Box::new(move || {
            (case.run)(&bench);
            bench.steps.at("closing the runner");
            bench.runner.close().expect("everything ends within the limit");
        }),
    );
}

/// Stands in the place; a panic comes out as it was.
fn stand(place: Place, body: Body) {
    let (sender, receiver) = mpsc::channel();
    (place.stand)(Box::new(move || {
        let _ = sender.send(catch_unwind(AssertUnwindSafe(body)));
    }));
    if let Err(payload) = receiver.recv().expect("the place runs what it gets") {
        resume_unwind(payload);
    }
}

impl Bench {
    /// A proxy before the server that all share.
    fn proxy(&self) -> Proxy {
        self.steps.at("starting the server");
        Proxy::to(servers::shared(self.server).expect("a server")).expect("a proxy")
    }

    /// Opens a session and sees that it answers.
    fn connect<C: Client>(&self, proxy: &Proxy) -> Result<C> {
        self.steps.at("connecting");
        let client = self.runner.run(C::connect(proxy.port()))?;
        self.steps.at("the first answer");
        assert_eq!(self.runner.run(client.ask(1))?, 1);
        Ok(client)
    }

    /// Ends a session, however well its server is.
    fn close<C: Client>(&self, client: C) -> Result<()> {
        self.steps.at("closing the client");
        self.runner.run_timeout(LONG, client.close()).expect("closing a client takes no time")
    }
}

/// What is opened async is closed async, by hand and by drop, and the server sees it.
fn session<C: Client>(bench: &Bench) {
    let (runner, proxy) = (&bench.runner, bench.proxy());
    let enter = async || C::connect(proxy.port()).await;
    let exit = async |client: C, _: Outcome<'_>| client.close().await;
    bench.steps.at("entering a session");
    let held = runner.wrap_context(context(enter, exit)).expect("a session");
    bench.steps.at("asking in a session");
    assert_eq!(runner.run(held.ask(7)).expect("an answer"), 7);
    assert!(proxy.open() > 0, "nobody is connected");
    bench.steps.at("closing a session");
    held.close().expect("a good end");
    bench.steps.at("waiting until the server is left");
    proxy.until_all_closed();
    bench.steps.at("entering another");
    let dropped = runner.wrap_context(context(enter, exit)).expect("a session");
    bench.steps.at("asking in another");
    assert_eq!(runner.run(dropped.ask(8)).expect("an answer"), 8);
    assert!(proxy.open() > 0, "nobody is connected");
    bench.steps.at("dropping a session");
    drop(dropped);
    bench.steps.at("waiting until the server is left again");
    proxy.until_all_closed();
}

/// A stream is an iterator; leaving it leaves nothing in the way of what comes after.
fn stream_stopped_early<C: Client>(bench: &Bench) {
    let (runner, proxy) = (&bench.runner, bench.proxy());
    let client: C = bench.connect(&proxy).expect("a client");
    for taken in [3, 40, 0] {
        bench.steps.at(format!("a stream of which {taken} are taken"));
        let mut iter = runner.wrap_iter(runner.run(client.stream()).expect("a stream"));
        for number in 1..=taken {
            assert_eq!(iter.next().expect("an item").expect("a good item"), number);
        }
        bench.steps.at(format!("leaving it after {taken}"));
        drop(iter);
        bench.steps.at("asking after that");
        assert_eq!(runner.run(client.ask(taken)).expect("an answer"), taken);
    }
    bench.steps.at("a stream of which all are taken");
    let iter = runner.wrap_iter(runner.run(client.stream()).expect("a stream"));
    let all = iter.take(usize::try_from(ITEMS).expect("a small number"));
    let count = all.zip(1..).filter(|(item, number)| item.as_ref().is_ok_and(|item| item == number)).count();
    assert_eq!(count as u64, ITEMS);
    bench.close(client).expect("a good end");
    bench.steps.at("waiting until the server is left");
    proxy.until_all_closed();
}

/// Eight threads, each in such a place, share one client. The first of their requests is on its way when the others come.
fn eight_callers<C: Client>(bench: &Bench) {
    let proxy = bench.proxy();
    let client: Arc<C> = Arc::new(bench.connect(&proxy).expect("a client"));
    let together = Arc::new(Barrier::new(usize::try_from(CALLERS).expect("a small number") + 1));
    bench.steps.at("eight callers");
    proxy.hold();
    let callers = (0..CALLERS).map(|caller| {
        let (client, together, runner, place) = (client.clone(), together.clone(), bench.runner.clone(), bench.place);
        thread::spawn(move || {
            let body = move || {
                together.wait();
                for round in 0..5 {
                    let number = caller * 100 + round;
                    assert_eq!(runner.run(client.ask(number)).expect("an answer"), number);
                }
            };
            stand(place, Box::new(body));
        })
    });
    let callers: Vec<_> = callers.collect();
    together.wait();
    proxy.until_held();
    proxy.pass();
    for caller in callers {
        if let Err(payload) = caller.join() {
            panic!("a caller failed: {}", text_of(&*payload));
        }
    }
    bench.close(Arc::into_inner(client).expect("the callers have ended")).expect("a good end");
}

/// The server dies while a call is on its way, and comes back: an error, no hang, and a new session.
fn server_restarted<C: Client>(bench: &Bench) {
    let runner = &bench.runner;
    bench.steps.at("starting a server");
    let mut server = Server::start(bench.server).expect("a server");
    let proxy = Arc::new(Proxy::to(server.port()).expect("a proxy"));
    let client: C = bench.connect(&proxy).expect("a client");
    proxy.hold();
    let door = proxy.clone();
    let killer = thread::spawn(move || {
        door.until_held();
        server.kill();
        server
    });
    bench.steps.at("a call whose server dies");
    let error = runner.run(client.ask(2)).expect_err("there was no server to answer").to_string();
    assert!(!error.is_empty(), "an error without words");
    let mut server = killer.join().expect("the server was killed");
    proxy.pass();
    bench.steps.at("calling a server that is not there");
    let absent = runner.run(async { C::connect(proxy.port()).await?.ask(3).await });
    assert!(!absent.expect_err("there was no server to connect to").to_string().is_empty(), "an error without words");
    bench.steps.at("starting the server again");
    server.restart().expect("the server comes back");
    // Its connection is gone, so that it may complain; it may not hang.
    let _ = bench.close(client);
    let client: C = bench.connect(&proxy).expect("a new session");
    assert_eq!(runner.run(client.ask(4)).expect("an answer"), 4);
    bench.close(client).expect("a good end");
}

/// The server says nothing: the caller gets its time back, and the rest goes on.
fn slow_server<C: Client>(bench: &Bench) {
    let (runner, proxy) = (&bench.runner, bench.proxy());
    let client: C = bench.connect(&proxy).expect("a client");
    proxy.hold();
    bench.steps.at("a call to a slow server");
    match runner.run_timeout(SHORT, client.ask(2)) {
        Err(RunError::TimedOut) => {}
        other => panic!("{other:?} instead of a time that is up"),
    }
    bench.steps.at("connecting to a slow server");
    match runner.run_timeout(SHORT, async { C::connect(proxy.port()).await?.ask(3).await }) {
        Err(RunError::TimedOut) => {}
        other => panic!("{other:?} instead of a time that is up"),
    }
    proxy.pass();
    if C::OUTLIVES_A_CANCELLED_CALL {
        bench.steps.at("the same client, after that");
        assert_eq!(runner.run(client.ask(4)).expect("an answer"), 4);
    }
    // The answer that nobody waits for any more may spoil its end; it may not hang.
    let _ = bench.close(client);
    let client: C = bench.connect(&proxy).expect("a new session");
    bench.close(client).expect("a good end");
    bench.steps.at("waiting until the server is left");
    proxy.until_all_closed();
}

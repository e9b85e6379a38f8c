//! What the examples show, in several places and against each server that there is; and that they are short.
#![forbid(unsafe_code)]

#[cfg(all(feature = "redis-smol", feature = "redis-tokio"))]
mod dual_runtime;
#[cfg(feature = "postgres")]
mod postgres;

use example_facades::{
    feed,
    servers::{self, Server},
};
use libtest_mimic::{Arguments, Trial};
use pontoon_tests::{
    contexts::current_thread,
    trial::{Steps, within},
};
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use tokio::runtime;

/// How many lines of code an example may have, its imports and its use included.
const LINES: usize = 60;

/// A server that starts with the first trial that needs it, and ends with the last value of this.
#[derive(Clone)]
struct Host {
    name: &'static str,
    there: bool,
    start: fn() -> io::Result<Option<Server>>,
    server: Arc<OnceLock<Server>>,
    /// Whose examples use the server: all of them use the same keys there.
    turn: Arc<Mutex<()>>,
}

impl Host {
    fn new(name: &'static str, there: bool, start: fn() -> io::Result<Option<Server>>) -> Self {
        Self { name, there, start, server: Arc::default(), turn: Arc::default() }
    }

    fn address(&self) -> &str {
        &self.server.get_or_init(|| (self.start)().expect("it starts").expect("it is installed")).address
    }
}

/// An example: its name, whether its feature is on, and what shows it.
type Example = (&'static str, Option<Show>);
type Show = fn(&str, &mut dyn Write) -> Result<(), Box<dyn Error>>;
/// A case: its name, and what it does with a server.
type Case = (&'static str, fn(&str, &Steps));
/// A place: its name, and what calls something there.
type Place = (&'static str, fn(&dyn Fn()));

macro_rules! example {
    ($name:literal, $feature:literal, $show:path) => {{
        #[cfg(feature = $feature)]
        let example: Example = ($name, Some($show));
        #[cfg(not(feature = $feature))]
        let example: Example = (concat!($name, " (needs the feature ", $feature, ")"), None);
        example
    }};
}

/// Where a facade is used.
const PLACES: [Place; 5] = [
    ("plain_thread", |work| work()),
    ("tokio_worker", |work| {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async { work() });
    }),
    ("tokio_current_thread", |work| current_thread().block_on(async { work() })),
    ("smol_task", |work| smol::block_on(async { work() })),
    ("call_of_its_runner", |work| pontoon::Smol::shared().run(async { work() })),
];

#[derive(Default)]
struct List {
    trials: Vec<Trial>,
    notes: Vec<String>,
}

impl List {
    fn add(&mut self, name: String, ignored: bool, test: impl FnOnce(&Steps) + Send + 'static) {
        let title = name.clone();
        let trial = Trial::test(name, move || Ok(within(&title, test)?));
        self.trials.push(trial.with_ignored_flag(ignored));
    }

    /// An example has to print what its documentation says, in every place.
    fn example(&mut self, (name, show): Example, text: &'static str, hosts: &[Host]) {
        for host in hosts {
            let there = host.there && show.is_some();
            let says = if there { "runs" } else { "NOT RUN" };
            self.notes.push(format!("{name} on {}: {says}", host.name));
            for (place, within) in PLACES {
                let host = host.clone();
                self.add(format!("{name}::{}::{place}", host.name), !there, move |steps| {
                    steps.at("waiting for its turn");
                    let _turn = host.turn.lock().unwrap_or_else(PoisonError::into_inner);
                    let address = host.address();
                    steps.at("showing it");
                    within(&|| {
                        let mut printed = Vec::new();
                        show.expect("its feature is on")(address, &mut printed).unwrap();
                        assert_eq!(String::from_utf8(printed).unwrap(), documented(text));
                    });
                });
            }
        }
    }

    #[cfg_attr(
        not(any(feature = "postgres", all(feature = "redis-smol", feature = "redis-tokio"))),
        expect(dead_code, reason = "each of its uses has a feature")
    )]
    fn cases(&mut self, name: &str, cases: &[Case], hosts: &[Host]) {
        for host in hosts {
            for &(case, test) in cases {
                let (place, host) = (host.name, host.clone());
                self.add(format!("{name}::{place}::{case}"), !host.there, move |steps| test(host.address(), steps));
            }
        }
    }
}

/// What the head of an example says that it prints.
fn documented(text: &str) -> String {
    let block = text.lines().skip_while(|line| *line != "//! ```text").skip(1).take_while(|line| *line != "//! ```");
    block.map(|line| format!("{}\n", line.trim_start_matches("//! "))).collect()
}

fn main() -> ExitCode {
    let texts = [
        ("feed", include_str!("../src/feed.rs")),
        ("postgres", include_str!("../src/postgres.rs")),
        ("redis", include_str!("../src/redis/facade.rs")),
    ];
    let mut list = List::default();
    for (name, text) in texts {
        list.add(format!("lines::{name}"), false, move |_| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count();
            assert!(lines < LINES, "{lines} lines of code");
        });
    }
    let [(_, feed_text), (_, postgres_text), (_, redis_text)] = texts;

    let feed_host = Host::new("in_process", true, || servers::feed().map(Some));
    list.example(("feed", Some(feed::show)), feed_text, &[feed_host]);

    let redis_hosts = [
        Host::new("in_process", true, || servers::resp().map(Some)),
        Host::new("redis_server", servers::has_redis(), servers::redis),
    ];
    list.example(example!("redis_smol", "redis-smol", example_facades::redis::smol::show), redis_text, &redis_hosts);
    list.example(example!("redis_tokio", "redis-tokio", example_facades::redis::tokio::show), redis_text, &redis_hosts);
    let async_std = example!("redis_async_std", "redis-async-std", example_facades::redis::async_std::show);
    list.example(async_std, redis_text, &redis_hosts);
    #[cfg(all(feature = "redis-smol", feature = "redis-tokio"))]
    list.cases("dual_runtime", &dual_runtime::CASES, &redis_hosts);

    let postgres_hosts = [Host::new("postgresql", servers::has_postgres(), servers::postgres)];
    list.example(example!("postgres", "postgres", example_facades::postgres::show), postgres_text, &postgres_hosts);
    #[cfg(feature = "postgres")]
    list.cases("postgres", &postgres::CASES, &postgres_hosts);

    let List { trials, notes } = list;
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    for note in notes {
        println!("{note}");
    }
    conclusion.exit_code()
}

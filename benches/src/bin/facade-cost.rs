//! Counts the instructions of a call through a generated facade, and of the same call written by hand on `Runner`.
//!
//! Each is counted as `instructions` counts.
#![forbid(unsafe_code)]

use futures_core::Stream;
use futures_lite::{future, stream};
use pontoon::{Bound, Iter, Runner, Smol, Tokio};
use pontoon_benches::callgrind::{WORK, count};
use std::{env, error::Error, hint::black_box, process::ExitCode};

/// How much a generated call may cost of one that is written by hand.
const LIMIT: f64 = 1.02;

/// A client whose calls are ready at once, so that nothing but the way to them is counted.
#[pontoon::blocking(backend = Smol)]
struct Client {
    numbers: Vec<u32>,
    name: String,
}

#[pontoon::blocking(backend = Smol)]
impl Client {
    pub(crate) async fn get(&self, number: usize) -> Option<u32> {
        self.numbers.get(number).copied()
    }

    pub(crate) async fn set(&mut self, number: usize, value: u32) -> Result<(), usize> {
        *self.numbers.get_mut(number).ok_or(number)? = value;
        Ok(())
    }

    pub(crate) async fn generic<K: Into<u64> + Copy>(&self, key: &K) -> u64 {
        (*key).into() + self.name.len() as u64
    }

    /// Its future holds a page.
    pub(crate) async fn large(&self, page: [u8; 4096]) -> u8 {
        let page = black_box(page);
        if self.numbers.is_empty() {
            future::yield_now().await;
        }
        page[7]
    }

    pub(crate) fn sync(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn items(&self, to: u32) -> impl Stream<Item = u32> + '_ {
        stream::iter(0..to)
    }

    pub(crate) async fn copy(&self) -> Self {
        Self { numbers: Vec::new(), name: String::new() }
    }
}

/// The same by hand.
struct ByHand {
    client: Client,
    runner: Runner,
}

impl ByHand {
    fn get(&self, number: usize) -> Option<u32> {
        self.runner.run_send(self.client.get(number))
    }

    fn set(&mut self, number: usize, value: u32) -> Result<(), usize> {
        self.runner.run_send(self.client.set(number, value))
    }

    fn generic<K: Into<u64> + Copy>(&self, key: &K) -> u64 {
        self.runner.run(self.client.generic(key))
    }

    fn large(&self, page: [u8; 4096]) -> u8 {
        self.runner.run_send(self.client.large(page))
    }

    fn sync(&self) -> usize {
        self.runner.enter(|| self.client.sync())
    }

    fn items(&self, to: u32) -> Iter<impl Stream<Item = u32> + '_> {
        let stream = self.runner.enter(|| self.client.items(to));
        self.runner.wrap_iter(stream)
    }

    fn copy(&self) -> Bound<Client> {
        Bound::new(self.runner.run_send(self.client.copy()), self.runner.clone())
    }
}

fn client() -> Client {
    Client { numbers: (0..16).collect(), name: "name".into() }
}

/// What is counted: a name, and how to do it so often, each way.
type Workload = (&'static str, fn(&BlockingClient, u32), fn(&ByHand, u32));

macro_rules! workload {
    ($name:literal, $client:ident, $number:ident => $call:expr) => {
        workload!($name, $client, $number => $call, $call)
    };
    ($name:literal, $client:ident, $number:ident => $call:expr, $hand:expr) => {
        (
            $name,
            |$client, ops| (0..ops).for_each(|$number| _ = black_box($call)),
            |$client, ops| (0..ops).for_each(|$number| _ = black_box($hand)),
        )
    };
}

const WORKLOADS: [Workload; 6] = [
    workload!("call", client, number => client.get(black_box(number as usize % 16))),
    workload!("generic call", client, number => client.generic(black_box(&number))),
    workload!("large call", client, number => client.large(black_box([number as u8; 4096]))),
    workload!("sync method", client, _number => client.sync()),
    workload!("iterator", client, _number => client.items(black_box(4)).count()),
    workload!("result and drop", client, _number => drop(client.copy())),
];

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => check(),
        [WORK, runtime, way, name, ops] => work(runtime, way, name, ops).map(|()| true),
        _ => Err("usage: facade-cost".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("facade-cost: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(runtime: &str, way: &str, name: &str, ops: &str) -> Result<(), Box<dyn Error>> {
    let ops = ops.parse()?;
    let runner = if runtime == "smol" { Runner::new(Smol::new()) } else { Runner::new(Tokio::new()) };
    if name == "exclusive call" {
        // The only one that changes the client.
        if way == "facade" {
            let mut client = BlockingClient::from_async_on(client(), runner);
            (0..ops).for_each(|number| _ = black_box(client.set(black_box(3), number)));
        } else {
            let mut client = ByHand { client: client(), runner };
            (0..ops).for_each(|number| _ = black_box(client.set(black_box(3), number)));
        }
        return Ok(());
    }
    let (_, facade, by_hand) = WORKLOADS.iter().find(|(known, ..)| *known == name).ok_or("no such workload")?;
    if way == "facade" {
        facade(&BlockingClient::from_async_on(client(), runner), ops);
    } else {
        by_hand(&ByHand { client: client(), runner }, ops);
    }
    Ok(())
}

fn check() -> Result<bool, Box<dyn Error>> {
    let mut good = true;
    println!("{:24} {:>9} {:>9} {:>8}", "instructions", "by hand", "facade", "more");
    for runtime in ["smol", "tokio"] {
        for name in WORKLOADS.iter().map(|(name, ..)| *name).chain(["exclusive call"]) {
            let (hand, facade) = (count(&[runtime, "hand", name])?, count(&[runtime, "facade", name])?);
            let verdict = if facade > hand * LIMIT { "  FAILED" } else { "" };
            good &= verdict.is_empty();
            let more = (facade / hand - 1.0) * 100.0;
            println!("{:24} {hand:9.1} {facade:9.1} {more:+7.1}%{verdict}", format!("{name} {runtime}"));
        }
    }
    Ok(good)
}

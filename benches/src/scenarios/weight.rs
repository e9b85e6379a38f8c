//! What a runner and its tasks weigh. Each figure is of a process of its own, because memory that was used once is used
//! again.

use super::{Entry, Env, Needs, Scenario, Unit};
use crate::{
    meter::Meter,
    subjects::{Loop, Subject, Who, ours, smol, tokio},
};
use futures_lite::future::yield_now;
use std::{env, fs, future::pending, hint::black_box, io, process::Command};

/// The argument that makes the binary weigh one subject.
pub const WEIGH: &str = "weigh";

struct Body {
    who: Who,
    runner: fn() -> f64,
    tasks: fn() -> f64,
    in_parent: [fn(&Env, &mut Meter); 2],
}

const fn body<S: Loop>() -> Body {
    Body { who: S::WHO, runner: runners::<S>, tasks: ten_thousand::<S>, in_parent: [ask_runner::<S>, ask_tasks::<S>] }
}

const BODIES: [Body; 11] = [
    body::<ours::Pontoon<ours::OnSmol>>(),
    body::<ours::Pontoon<ours::OnAsyncStd>>(),
    body::<ours::Pontoon<ours::OnTokio>>(),
    body::<ours::Pontoon<ours::OnTokioMulti>>(),
    body::<ours::Pontoon<ours::InlineSmol>>(),
    body::<ours::Pontoon<ours::InlineTokio>>(),
    body::<tokio::InPlace>(),
    body::<tokio::HandleBlockOn>(),
    body::<tokio::HostedBlockOn>(),
    body::<smol::InPlace>(),
    body::<smol::HostedBlockOn>(),
];

pub(super) fn runner() -> Scenario {
    let about = "resident memory of a runner that has been called and waits, thread and runtime included";
    scenario("memory-runner", about, |body| body.in_parent[0])
}

pub(super) fn tasks() -> Scenario {
    let about = "resident memory of 10,000 tasks that wait, with 64 bytes of their own each";
    scenario("memory-10000-tasks", about, |body| body.in_parent[1])
}

fn scenario(name: &'static str, about: &'static str, round: fn(&Body) -> fn(&Env, &mut Meter)) -> Scenario {
    let entries = BODIES.iter().map(|body| Entry { who: body.who, round: round(body) }).collect();
    Scenario {
        name,
        about,
        unit: Unit::KiB,
        rounds: 5,
        quick_rounds: 1,
        one_core: false,
        needs: Needs::Nothing,
        entries,
    }
}

fn ask_runner<S: Subject>(_: &Env, meter: &mut Meter) {
    ask(S::WHO.name, "runner", meter);
}

fn ask_tasks<S: Subject>(_: &Env, meter: &mut Meter) {
    ask(S::WHO.name, "tasks", meter);
}

fn ask(who: &str, what: &str, meter: &mut Meter) {
    let binary = env::current_exe().expect("this program has a path");
    let output = Command::new(binary).args([WEIGH, what, who]).output().expect("it can be started again");
    meter.sample(String::from_utf8_lossy(&output.stdout).trim().parse().expect("it says a number"));
}

/// Weighs one subject and says how many KiB it is.
///
/// # Errors
///
/// If there is no such subject.
pub fn weigh(what: &str, who: &str) -> io::Result<()> {
    let body = BODIES.iter().find(|body| body.who.name == who).ok_or(io::ErrorKind::NotFound)?;
    println!("{}", if what == "runner" { (body.runner)() } else { (body.tasks)() });
    Ok(())
}

const RUNNERS: u32 = 32;

fn runners<S: Loop>() -> f64 {
    let one = || {
        let subject = S::start();
        subject.background(pending());
        subject.call(yield_now());
        subject
    };
    // What is there once, however many follow.
    let first = one();
    let before = resident();
    let more: Vec<_> = (0..RUNNERS).map(|_| one()).collect();
    let weight = (resident() - before) / f64::from(RUNNERS);
    drop((first, more));
    weight
}

fn ten_thousand<S: Loop>() -> f64 {
    let subject = S::start();
    let task = || async {
        let own = black_box([1_u8; 64]);
        pending::<()>().await;
        black_box(&own);
    };
    subject.background(task());
    subject.call(yield_now());
    let before = resident();
    for number in 0..10_000 {
        subject.background(task());
        // Each is polled once, as a task that waits has been.
        if number % 50 == 0 {
            subject.call(yield_now());
        }
    }
    let marker = subject.spawn(yield_now());
    subject.join(marker);
    let weight = resident() - before;
    drop(subject);
    weight
}

/// KiB of this process in memory.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(f64::NAN)
}

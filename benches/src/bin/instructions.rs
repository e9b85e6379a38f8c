//! Counts the instructions of an operation and holds them against the counts that are kept in the repository.
//!
//! The program runs itself under valgrind's callgrind, once with few operations and once with more; the difference,
//! shared by the operations between, is the price of one. Start, warm-up and end cancel out, so the figure hardly moves
//! from run to run, on a busy machine too. It depends on the compiler and on the locked dependencies.
//!
//! Where the runner's own thread has a part in an operation, the order of the threads moves the count by up to a tenth,
//! even as the least of a few runs under valgrind's fair scheduler. Such a count is shown, and not judged: inline, the
//! same operation takes place on one thread, and its count stands still.
#![forbid(unsafe_code)]

use futures_lite::{StreamExt as _, future, stream};
use pontoon_benches::{
    callgrind::{WORK, count},
    subjects::{Items as _, Loop as _, Nest as _, Subject as _, ours},
};
use serde_json::{Map, Value, json};
use std::{
    env,
    error::Error,
    fs,
    hint::black_box,
    path::Path,
    process::{Command, ExitCode},
};

const USAGE: &str = "\
usage: instructions [--bless | --rustc]
  --bless    write the counts down as those to compare with
  --rustc    only say which compiler the kept counts are of";

/// The counts that are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// How many times as many instructions as before are too many.
const JUMP: f64 = 1.05;

/// What is shown only.
const MOVING: [&str; 2] = ["spawn-join smol", "spawn-join tokio"];

/// A name, and the way to do so many of it.
type Workload = (&'static str, fn(u32));

/// What is counted.
const WORKLOADS: [Workload; 12] = [
    ("ready-call smol", ready_call::<ours::OnSmol>),
    ("ready-call tokio", ready_call::<ours::OnTokio>),
    ("ready-item smol", ready_item::<ours::OnSmol>),
    ("ready-item tokio", ready_item::<ours::OnTokio>),
    ("spawn-join smol", spawn_join::<ours::OnSmol>),
    ("spawn-join tokio", spawn_join::<ours::OnTokio>),
    ("spawn-join smol inline", spawn_join::<ours::InlineSmol>),
    ("spawn-join tokio inline", spawn_join::<ours::InlineTokio>),
    ("nested-call smol", nested_call::<ours::OnSmol>),
    ("nested-call tokio", nested_call::<ours::OnTokio>),
    ("nested-wait smol", nested_wait::<ours::OnSmol>),
    ("nested-wait tokio", nested_wait::<ours::OnTokio>),
];

fn ready_call<F: ours::Flavour>(ops: u32) {
    let subject = ours::Pontoon::<F>::start();
    for number in 0..ops {
        black_box(subject.call(async move { black_box(number) }));
    }
}

fn ready_item<F: ours::Flavour>(ops: u32) {
    let subject = ours::Pontoon::<F>::start();
    black_box(subject.items(stream::iter(0..u64::from(ops)).map(black_box)).fold(0, u64::wrapping_add));
}

fn spawn_join<F: ours::Flavour>(ops: u32) {
    let subject = ours::Pontoon::<F>::start();
    for number in 0..ops {
        assert_eq!(black_box(subject.join(subject.spawn(async move { black_box(number) }))), number);
    }
}

fn nested_call<F: ours::Flavour>(ops: u32) {
    ours::Pontoon::<F>::start().nest(ops, || async { black_box(1) });
}

fn nested_wait<F: ours::Flavour>(ops: u32) {
    ours::Pontoon::<F>::start().nest(ops, || async {
        future::yield_now().await;
        black_box(1)
    });
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => check(),
        ["--bless"] => bless(),
        ["--rustc"] => kept().map(|kept| {
            println!("{}", kept["rustc"].as_str().unwrap_or_default());
            true
        }),
        [WORK, name, ops] => work(name, ops).map(|()| true),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(name: &str, ops: &str) -> Result<(), Box<dyn Error>> {
    let (_, work) = WORKLOADS.iter().find(|(known, _)| *known == name).ok_or("no such workload")?;
    work(ops.parse()?);
    Ok(())
}

fn kept() -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(Path::new(KEPT))?)?)
}

fn check() -> Result<bool, Box<dyn Error>> {
    let kept = kept()?;
    let rustc = rustc()?;
    if kept["rustc"] != rustc.as_str() {
        return Err(
            format!("the kept counts are of {}, this is {rustc}: they cannot be compared", kept["rustc"]).into()
        );
    }
    let mut good = true;
    println!("{:24} {:>9} {:>9} {:>8}", "instructions", "kept", "now", "change");
    for (name, _) in WORKLOADS {
        let now = count(&[name])?;
        let Some(before) = kept["counts"][name].as_f64() else {
            println!("{name:24} {:>9} {now:9.1}  FAILED: not kept yet", "–");
            good = false;
            continue;
        };
        let verdict = if MOVING.contains(&name) {
            "  not judged"
        } else if now > before * JUMP {
            good = false;
            "  FAILED"
        } else if now * JUMP < before {
            "  less: worth keeping"
        } else {
            ""
        };
        println!("{name:24} {before:9.1} {now:9.1} {:+7.1}%{verdict}", (now / before - 1.0) * 100.0);
    }
    if !good {
        println!("a jump of more than {:.0} %; if it is meant, write it down with --bless", (JUMP - 1.0) * 100.0);
    }
    Ok(good)
}

fn bless() -> Result<bool, Box<dyn Error>> {
    let mut counts = Map::new();
    for (name, _) in WORKLOADS {
        let now = count(&[name])?;
        println!("{name:24} {now:9.1}");
        counts.insert(name.to_owned(), json!((now * 10.0).round() / 10.0));
    }
    fs::write(KEPT, format!("{:#}\n", json!({ "rustc": rustc()?, "counts": counts })))?;
    println!("written to instructions.json");
    Ok(true)
}

fn rustc() -> Result<String, Box<dyn Error>> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

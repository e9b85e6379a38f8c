//! Every place × every operation × every flavour: it works, or a typed error names the remedy. It never hangs, and tokio
//! never panics about nesting.

use libtest_mimic::{Arguments, Failed, FormatSetting, Trial};
use pontoon_tests::{
    contexts::{Bench, FLAVOURS, Flavour, Refused, SPOTS, Spot},
    operations::{OPERATIONS, Operation},
    trial,
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{Mutex, mpsc},
};

/// A place where a flavour cannot work, and why.
struct Impossible {
    spots: &'static [&'static str],
    /// None stands for all.
    flavours: &'static [&'static str],
    operations: fn(&Operation) -> bool,
    /// Part of the error that the caller gets: the remedy.
    remedy: &'static str,
    why: &'static str,
}

/// What a runtime makes impossible. Everything else has to work, and what stands here has to be refused.
const IMPOSSIBLE: &[Impossible] = &[
    Impossible {
        spots: &["thread_local_after_use"],
        flavours: &[],
        operations: |_| true,
        remedy: "call before the thread ends",
        why: "the runtimes keep values in thread-locals, and this thread has destroyed them",
    },
    Impossible {
        spots: &["own_native"],
        flavours: &["tokio", "tokio_inline"],
        operations: |operation| !operation.fresh && operation.name != "enter",
        remedy: "make the runner with `Tokio::multi_thread`",
        why: "a task of our own current-thread tokio runtime cannot wait for the thread that it blocks",
    },
    Impossible {
        spots: &["own_native"],
        flavours: &["tokio_inline"],
        operations: |operation| operation.fresh,
        remedy: "build the runner with its thread",
        why: "a fresh inline runner cannot drive its tokio runtime inside another one",
    },
    Impossible {
        spots: &[
            "tokio_current_main",
            "tokio_current_task",
            "tokio_multi_main",
            "tokio_local_set_on_current",
            "tokio_local_set_on_multi",
            "other_tokio_native",
        ],
        flavours: &["tokio_inline", "tokio_multi1_inline"],
        operations: |operation| operation.waits,
        remedy: "build the runner with its thread",
        why: "an inline runner cannot be driven inside another tokio runtime that its caller cannot step out of",
    },
    Impossible {
        spots: &["tokio_spawn_blocking", "tokio_block_in_place", "tokio_guard_current", "tokio_guard_multi"],
        flavours: &["tokio_inline", "tokio_multi1_inline"],
        operations: |operation| operation.waits,
        remedy: "build the runner with its thread",
        why: "tokio does not tell a guard or a blocking job from the inside of its own `block_on`, so an inline runner \
              does not try to drive there",
    },
    Impossible {
        spots: &["tokio_multi1_task", "tokio_multi2_task", "tokio_local_set_in_worker", "other_tokio_multi_native"],
        flavours: &["tokio_inline", "tokio_multi1_inline"],
        operations: |operation| operation.name == "facade_callback",
        remedy: "build the runner with its thread",
        why: "the call around the callback waits in `block_in_place`, and tokio does not tell that from its own `block_on`",
    },
    Impossible {
        spots: &["unblock", "own_native_blocking"],
        flavours: &["tokio_inline", "tokio_multi1_inline"],
        operations: |operation| operation.fresh,
        remedy: "build the runner with its thread",
        why: "a fresh inline runner on a blocking thread of another tokio runtime does not try to drive there either",
    },
];

fn impossible(spot: &Spot, flavour: &Flavour, operation: &Operation) -> Option<&'static Impossible> {
    IMPOSSIBLE.iter().find(|row| {
        let flavours = row.flavours.is_empty() || row.flavours.contains(&flavour.name);
        row.spots.contains(&spot.name) && flavours && (row.operations)(operation)
    })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Works,
    Refused,
    Failed,
}

type Table = BTreeMap<(usize, usize), Vec<Outcome>>;

static TABLE: Mutex<Table> = Mutex::new(BTreeMap::new());

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.format.is_none() && !arguments.list {
        arguments.format = Some(FormatSetting::Terse);
    }
    trial::watch_panics();
    let mut trials = Vec::new();
    for (column, flavour) in FLAVOURS.iter().enumerate() {
        for (row, spot) in SPOTS.iter().enumerate().filter(|(_, spot)| (spot.exists)(flavour)) {
            for operation in OPERATIONS {
                let name = format!("{}::{}::{}", flavour.name, spot.name, operation.name);
                let title = name.clone();
                trials.push(Trial::test(title, move || {
                    let outcome = attempt(&name, flavour, spot, operation);
                    let seen = *outcome.as_ref().unwrap_or(&Outcome::Failed);
                    TABLE.lock().unwrap().entry((row, column)).or_default().push(seen);
                    outcome.map(drop)
                }));
            }
        }
    }
    let listing = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !listing {
        print_table();
    }
    let provoked = trial::provoked();
    for line in &provoked {
        println!("tokio complained: {line}");
    }
    if provoked.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE }
}

fn attempt(
    name: &str,
    flavour: &'static Flavour,
    spot: &'static Spot,
    operation: &'static Operation,
) -> Result<Outcome, Failed> {
    let result = trial::within(name, move |steps| {
        let bench = Bench::new(*flavour, steps.clone());
        let (sender, receiver) = mpsc::channel();
        let inner = bench.clone();
        steps.at("entering the context");
        let body = Box::new(move || {
            inner.steps.at(operation.name);
            let result = catch_unwind(AssertUnwindSafe(|| (operation.act)(&inner)));
            let step = inner.steps.last();
            inner.steps.at("leaving the context");
            drop(inner);
            let _ = sender.send(result.map_err(|payload| format!("{} (at: {step})", trial::text_of(&*payload))));
        });
        let stood = catch_unwind(AssertUnwindSafe(|| (spot.stand)(&bench, body)));
        steps.at("dropping the runner");
        drop(bench);
        let result = receiver.try_recv().map_err(|_| "the context never ran the operation".to_owned());
        match (result, stood) {
            (Ok(Ok(result)), Ok(())) => Ok(result),
            (Ok(Err(text)), _) => Err(text),
            (result, Err(payload)) => {
                let how = result.err().unwrap_or_default();
                Err(format!("the context panicked: {}; {how}", trial::text_of(&*payload)))
            }
            (Err(text), _) => Err(text),
        }
    });
    let result: Result<(), Refused> = result.and_then(|result| result)?;
    match (result, impossible(spot, flavour, operation)) {
        (Ok(()), None) => Ok(Outcome::Works),
        (Err(Refused(text)), Some(row)) if text.contains(row.remedy) => Ok(Outcome::Refused),
        (Err(Refused(text)), Some(row)) => Err(format!("refused without `{}`: {text}", row.remedy).into()),
        (Err(Refused(text)), None) => Err(format!("refused: {text}").into()),
        (Ok(()), Some(row)) => Err(format!("it works, but the table says: {}", row.why).into()),
    }
}

fn print_table() {
    let table = TABLE.lock().unwrap();
    let mut text = String::new();
    for (number, flavour) in FLAVOURS.iter().enumerate() {
        let _ = writeln!(text, "{:>4}  {}", number + 1, flavour.name);
    }
    let _ = write!(text, "{:28}", "");
    for number in 1..=FLAVOURS.len() {
        let _ = write!(text, "{number:>7}");
    }
    let mut totals = [0; 3];
    for (row, spot) in SPOTS.iter().enumerate() {
        let _ = write!(text, "\n{:28}", spot.name);
        for column in 0..FLAVOURS.len() {
            let Some(outcomes) = table.get(&(row, column)) else {
                let _ = write!(text, "{:>7}", "-");
                continue;
            };
            let count = |outcome| outcomes.iter().filter(|other| **other == outcome).count();
            let counts = [Outcome::Works, Outcome::Refused, Outcome::Failed].map(count);
            for (total, count) in totals.iter_mut().zip(counts) {
                *total += count;
            }
            let cell = match counts {
                [works, 0, 0] => format!("{works}"),
                [works, refused, 0] => format!("{works}/{refused}"),
                [works, refused, failed] => format!("{works}/{refused}/{failed}!"),
            };
            let _ = write!(text, "{cell:>7}");
        }
    }
    println!("\n{text}\n\nworks {}, refused as the table says {}, failed {}", totals[0], totals[1], totals[2]);
    for row in IMPOSSIBLE {
        let flavours = if row.flavours.is_empty() { "all flavours".to_owned() } else { row.flavours.join(", ") };
        println!("  refused on {flavours} in {}: {}", row.spots.join(", "), row.why);
    }
}

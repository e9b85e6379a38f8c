//! The price of an operation in instructions: the program runs itself under valgrind's callgrind, once with few operations
//! and once with more; the difference, shared by the operations between, is the price of one.

use std::{env, error::Error, process::Command};

/// The first word of a run under valgrind.
pub const WORK: &str = "work";

const FEW: u32 = 512;
const MANY: u32 = 4608;
const RUNS: u32 = 3;

/// The instructions of one operation of `what`: this program's arguments behind [`WORK`], the number of operations last.
///
/// # Errors
///
/// If valgrind is not there, or the run fails.
pub fn count(what: &[&str]) -> Result<f64, Box<dyn Error>> {
    let (mut few, mut many) = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        few = few.min(collected(what, FEW)?);
        many = many.min(collected(what, MANY)?);
    }
    Ok((many - few) / f64::from(MANY - FEW))
}

/// The instructions of all threads of a run.
fn collected(what: &[&str], ops: u32) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=yes"])
        .arg(env::current_exe()?)
        .arg(WORK)
        .args(what)
        .arg(ops.to_string())
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let total = said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, total)| total.trim().parse());
    match total {
        Some(total) if output.status.success() => Ok(total?),
        _ => Err(format!("the run of {what:?} under valgrind failed:\n{said}").into()),
    }
}

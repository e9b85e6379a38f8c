//! Runs every cell, and prints, writes or checks the table.

use nix::unistd::Pid;
use pontoon_peers::{
    operations::Operation,
    outcome::distinct,
    places::Place,
    rows::{self, Row},
    run::{self, ADDRESSES, CELL, Cell},
    servers::Addresses,
    table::Results,
};
use std::{
    env,
    error::Error,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

const USAGE: &str = "\
usage: pontoon-peers [options]
  --only NAME       only the peers whose names contain NAME; may be given again
  --quick           a part of the places and operations
  --deadline SECS   how long a cell may take before it is killed and counts as a hang (20)
  --repeat N        how often each cell is run (1); where its runs differ, the table has all that came
  --jobs N          how many processes at a time (8)
  --write FILE      replace the tables of the peers that ran in that document
  --check FILE      fail if a class differs from that document's, or if ours are not as promised";

#[derive(Debug)]
struct Options {
    only: Vec<String>,
    quick: bool,
    deadline: Duration,
    jobs: usize,
    repeat: usize,
    write: Option<PathBuf>,
    check: Option<PathBuf>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let deadline = Duration::from_secs(20);
        let mut options =
            Self { only: Vec::new(), quick: false, deadline, jobs: 8, repeat: 1, write: None, check: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            let number = |text: String| text.parse::<usize>().map_err(|_| format!("{text} is no number\n{USAGE}"));
            match word.as_str() {
                "--only" => options.only.push(value()?),
                "--quick" => options.quick = true,
                "--deadline" => options.deadline = Duration::from_secs(number(value()?)? as u64),
                "--jobs" => options.jobs = number(value()?)?.max(1),
                "--repeat" => options.repeat = number(value()?)?.max(1),
                "--write" => options.write = Some(value()?.into()),
                "--check" => options.check = Some(value()?.into()),
                _ => return Err(format!("unknown option {word}\n{USAGE}")),
            }
        }
        if options.quick && options.write.is_some() {
            return Err("--write needs all places and operations, so it does not go with --quick".into());
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    if let Ok(cell) = env::var(CELL) {
        child(&cell);
    }
    match peers() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pontoon-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn peers() -> Result<bool, Box<dyn Error>> {
    let options = Options::parse(env::args().skip(1))?;
    let wanted = |row: &Row| options.only.is_empty() || options.only.iter().any(|name| row.name.contains(name));
    let (rows, not_run): (Vec<_>, Vec<_>) =
        rows::all().into_iter().filter(wanted).partition(|row| row.need.missing().is_none());
    let (places, operations): (&[_], &[_]) =
        if options.quick { (&Place::QUICK, &Operation::QUICK) } else { (&Place::ALL, &Operation::ALL) };
    let cells = Cell::all(&rows, places, operations);
    let at = Addresses::start(rows.iter().map(|row| row.need))?;
    let again = cells.repeat(options.repeat);
    let done = AtomicUsize::new(0);
    let outcomes = run::run(&rows, &again, &at, options.deadline, options.jobs, |cell, outcome| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let name = rows[cell.row].title();
        eprintln!(
            "{done}/{} {name}, {}, {}: {} {}",
            again.len(),
            cell.place,
            cell.operation,
            outcome.class(),
            outcome.text()
        );
    });
    at.end();
    let of = |cell: usize| distinct(outcomes[cell..].iter().step_by(cells.len()).cloned());
    let outcomes: Vec<_> = (0..cells.len()).map(of).collect();
    let results = Results { rows: &rows, cells: &cells, outcomes: &outcomes };
    println!("{}", results.markdown());
    for row in not_run {
        println!("NOT RUN {}: {}", row.title(), row.need.missing().unwrap_or_default());
    }
    if let Some(document) = &options.write {
        results.write(document)?;
    }
    let complaints =
        options.check.as_ref().map(|document| results.complaints(document)).transpose()?.unwrap_or_default();
    for complaint in &complaints {
        println!("DIFFERS: {complaint}");
    }
    Ok(complaints.is_empty())
}

/// In the process of a cell.
fn child(cell: &str) -> ! {
    let mut words = cell.split("::").collect::<Vec<_>>();
    let (operation, place) = (words.pop(), words.pop());
    let name = words.join("::");
    let row = rows::all().into_iter().find(|row| row.name == name).expect("a peer of that name");
    let place = Place::ALL.into_iter().find(|known| Some(&*format!("{known:?}")) == place);
    let operation = Operation::ALL.into_iter().find(|known| Some(&*format!("{known:?}")) == operation);
    let at = env::var(ADDRESSES).ok().and_then(|text| Addresses::parse(&text)).expect("the addresses");
    row.act(place.expect("a place of that name"), operation.expect("an operation of that name"), &at, fork)
}

/// The id of the new process, or `None` in it.
#[expect(unsafe_code, reason = "fork has no safe form: what the child may touch is what is looked at here")]
fn fork() -> Option<Pid> {
    // SAFETY: the new process does what a program that forks carelessly does; no lock of this program is held.
    match unsafe { nix::unistd::fork() } {
        Ok(nix::unistd::ForkResult::Parent { child }) => Some(child),
        Ok(nix::unistd::ForkResult::Child) => None,
        Err(error) => panic!("no fork: {error}"),
    }
}

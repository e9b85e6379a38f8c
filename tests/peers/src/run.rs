//! Starts the process of a cell, listens to it, and kills it at a deadline.

use crate::{operations::Operation, outcome::Outcome, places::Place, rows::Row, servers::Addresses};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    env,
    io::{self, Read as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// Names the cell to the child.
pub const CELL: &str = "PONTOON_PEERS_CELL";
/// Names the servers to the child.
pub const ADDRESSES: &str = "PONTOON_PEERS_ADDRESSES";

/// A cell of the table.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The number of its peer among all rows.
    pub row: usize,
    /// Where.
    pub place: Place,
    /// What.
    pub operation: Operation,
}

impl Cell {
    /// The cells that exist of those rows, places and operations.
    pub fn all(rows: &[Row], places: &[Place], operations: &[Operation]) -> Vec<Self> {
        let mut cells = Vec::new();
        for (row, about) in rows.iter().enumerate() {
            for place in places.iter().copied().filter(|place| about.has(*place)) {
                cells.extend(operations.iter().map(|operation| Self { row, place, operation: *operation }));
            }
        }
        cells
    }
}

/// Runs the cells, so many at a time, and tells each outcome.
///
/// # Panics
///
/// If a process cannot be started.
pub fn run(
    rows: &[Row],
    cells: &[Cell],
    at: &Addresses,
    deadline: Duration,
    jobs: usize,
    told: impl Fn(&Cell, &Outcome) + Sync,
) -> Vec<Outcome> {
    let next = Mutex::new(cells.iter().enumerate());
    let outcomes = Mutex::new(vec![Outcome::None; cells.len()]);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let Some((number, cell)) = lock(&next).next() else { break };
                    let outcome = one(&rows[cell.row], cell, at, deadline).expect("a process");
                    told(cell, &outcome);
                    lock(&outcomes)[number] = outcome;
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one cell. Its process has a group of its own, so that a child that it forked ends with it.
fn one(row: &Row, cell: &Cell, at: &Addresses, deadline: Duration) -> io::Result<Outcome> {
    let name = format!("{}::{:?}::{:?}", row.name, cell.place, cell.operation);
    let mut child = Command::new(env::current_exe()?)
        .env(CELL, name)
        .env(ADDRESSES, at.to_string())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let mut output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.read_to_end(&mut bytes);
        let _ = sender.send(());
        read.map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    // The end of the output is that of the process, and of its child.
    let hung = receiver.recv_timeout(deadline).is_err();
    if hung {
        // It may have ended by itself meanwhile.
        let _ = killpg(group, Signal::SIGKILL);
    }
    let status = child.wait()?;
    let said = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
    let last = |mark: &str| said.lines().filter_map(|line| line.strip_prefix(mark)).next_back().unwrap_or_default();
    if hung {
        return Ok(Outcome::Hang(last("> ").to_owned()));
    }
    let panicked = said.lines().filter_map(|line| line.strip_prefix("! ")).find(|text| !text.is_empty());
    let panicked = panicked.unwrap_or_default().to_owned();
    let (class, text) = last("= ").split_once(' ').unwrap_or_default();
    Ok(match (class, status.signal()) {
        ("ok", _) => Outcome::Ok,
        ("error", _) => Outcome::Error(text.to_owned()),
        ("panic", _) => Outcome::Panic(text.to_owned()),
        ("abort", _) | ("", Some(_)) => Outcome::Abort(panicked),
        _ => Outcome::Panic(format!("outside of the operation, at {}: {panicked}", last("> "))),
    })
}

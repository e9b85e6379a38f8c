//! Drop × cancel × panic × close × seat × flavour, every combination: see `pontoon_tests::matrix`.
//!
//! `PONTOON_MATRIX=<part of a cell's name>` plays the cells with that in their names alone; a failure prints the names.

use pontoon_tests::{
    contexts::FLAVOURS,
    matrix::{Cell, EVENTS, IMPOSSIBLE, SEATS, STATES, WORKS, cells},
    process,
    trial::within,
};
use std::{
    env,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// How many cells are played at once.
const PLAYERS: usize = 4;

#[test]
fn every_cell_keeps_the_contract() {
    // panics are among what is played
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let all: Vec<_> = cells().collect();
    assert_eq!(all.len(), FLAVOURS.len() * SEATS.len() * WORKS.len() * STATES.len() * EVENTS.len() * 2);
    let mut rows = vec![0; IMPOSSIBLE.len()];
    let mut possible = Vec::new();
    for cell in &all {
        match cell.impossible() {
            Some(row) => rows[row] += 1,
            None => possible.push(*cell),
        }
    }
    println!("{} cells, of which cannot be:", all.len());
    for (row, count) in IMPOSSIBLE.iter().zip(&rows) {
        println!("{count:6}  {}", row.why);
    }
    let only = env::var("PONTOON_MATRIX").ok();
    // neighbours are of different flavours: those on the adopted runtime take turns
    possible
        .sort_by_key(|cell| (format!("{:?}{:?}{:?}{:?}", cell.work, cell.state, cell.event, cell.seat), cell.fussy));
    possible.retain(|cell| only.as_deref().is_none_or(|only| format!("{cell:?}").contains(only)));
    println!("{:6}  are played", possible.len());
    let start = Instant::now();
    let faults = play(&possible);
    std::panic::set_hook(loud);
    println!("played in {:?}; {} failed", start.elapsed(), faults.len());
    for fault in faults.iter().take(40) {
        println!("{fault}");
    }
    assert!(faults.is_empty(), "{} cells of {} failed", faults.len(), possible.len());
    for (row, count) in IMPOSSIBLE.iter().zip(rows) {
        assert_eq!(count, row.count, "{}", row.why);
    }
    let left: Vec<_> = process::threads().into_iter().filter(|name| name.starts_with("cell")).collect();
    assert!(left.is_empty(), "left at the end: {left:?}");
}

fn play(cells: &[Cell]) -> Vec<String> {
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // its workers are held by one cell at a time
    let adopted = Mutex::new(());
    thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let shares = cell.flavour.name == "tokio_handle";
                    let _turn = shares.then(|| adopted.lock().unwrap_or_else(PoisonError::into_inner));
                    let played = within(&format!("{cell:?}"), move |steps| cell.play(steps));
                    if let Err(text) = played.and_then(|played| played) {
                        faults.lock().unwrap().push(format!("{cell:?}\n    {text}"));
                    }
                }
            });
        }
    });
    faults.into_inner().unwrap()
}

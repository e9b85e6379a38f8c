//! One workload per scenario, many subjects: pontoon beside what it competes with.
//!
//! | where | what |
//! |---|---|
//! | [`subjects`] | the ways to call async code from sync code, ours and the peers', one file per family |
//! | [`scenarios`] | what is measured, one generic workload each |
//! | [`meter`] | samples, context switches and CPU time of one subject in one scenario |
//! | [`compare`] | the rounds: every subject in turn, again and again, in one process |
//! | [`report`] | the table, `results.json`, the plots, and what had to be shown |
//! | [`server`] | the other process: it echoes, and answers GET |
//! | [`callgrind`] | instructions of an operation |
//! | `facades`, `daemons` | real clients and the servers they need, with the feature `peers` |
#![forbid(unsafe_code)]

pub mod callgrind;
pub mod client;
pub mod compare;
#[cfg(feature = "peers")]
pub mod daemons;
#[cfg(feature = "peers")]
pub mod facades;
pub mod io;
pub mod meter;
pub mod pace;
pub mod pin;
pub mod report;
pub mod scenarios;
pub mod server;
pub mod subjects;

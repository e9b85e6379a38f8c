//! The blocking APIs of others, and ours, in the same places of a program: what works, what panics, what hangs.
//!
//! | module | |
//! |---|---|
//! | [`peer`] | what a peer has to do: one trait, an adapter per peer in `peers` |
//! | [`places`] | where it is done |
//! | [`operations`] | what is done there |
//! | [`cell`] | one of them in one place, in a process of its own |
//! | [`run`] | starts that process, listens, and kills it at a deadline |
//! | [`outcome`] | what came of it, in one word, and the reasons that are known |
//! | [`rows`] | the peers |
//! | [`table`] | the document: written, and checked |
//! | [`servers`] | what the peers talk to |
//! | [`daemons`] | how PostgreSQL and the message bus are started: a file of `tests/clients` |
#![forbid(unsafe_code)]

pub mod cell;
pub mod daemons;
mod echo;
pub mod operations;
pub mod outcome;
mod own;
pub mod peer;
mod peers;
pub mod places;
pub mod rows;
pub mod run;
pub mod servers;
pub mod table;

/// The examples of the comparison are tests.
#[cfg(all(doctest, feature = "comparison"))]
#[doc = include_str!("../../../docs/comparison/rust.md")]
struct Comparison;

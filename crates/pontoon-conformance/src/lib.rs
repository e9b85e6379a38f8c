//! The conformance suite of pontoon: what every backend has to keep, ours or yours.
//!
//! A backend implements [`Executor`](pontoon_core::Executor), in some fifty lines; the core makes the rest of it. Whether
//! the two keep what pontoon promises is not a matter of reading: this crate runs one case, or several, for each promise of
//! the contract, in each flavour of the backend that you name.
//!
//! # Examples
//!
//! A backend without any runtime, in the file of the test that examines it. The test is declared in `Cargo.toml` with
//! `harness = false`, and `cargo test` runs it:
//!
#![doc = concat!("```no_run\n", include_str!("../tests/bare.rs"), "```")]
//!
//! # What is examined
//!
//! A [`Subject`] is a backend in one flavour: under a runner with a thread of its own ([`Subject::hosted`]) or without one
//! ([`Subject::inline`]), single-threaded or with workers, owned or adopted. [`run`] takes as many as you like and makes a
//! trial of each case on each, named `subject::case`:
//!
//! ```text
//! cargo test --test bare                                 # everything
//! cargo test --test bare -- p24                          # one promise, on every subject
//! cargo test --test bare -- --exact bare::p25_depth      # one trial
//! cargo test --test bare -- --list
//! ```
//!
//! # What is missing
//!
//! What a flavour cannot have is data, never a case that returns early: the cases name the [`Capability`]s that they need,
//! and a subject names those that it lacks, with a reason ([`Subject::lacks`]). What is not run for such a lack is listed
//! as ignored and counted, and the output ends with two tables: the cases × subjects, and what each subject has or why
//! it has not.
//!
//! # When a case hangs
//!
//! Each trial has a thread of its own and a [`DEADLINE`]. One that hangs fails with the last step that it told, and its
//! thread is left behind, because nothing can end it; the others go on. A case that could end the process is played in a
//! child process: the test starts itself again, so its `main` should do nothing before it calls [`run`].
//!
//! # Tests of your own
//!
//! [`tools`] is what the cases are written with: gates that order threads and tasks, witnesses of drops, panics that are
//! expected. [`exercise`] does a bit of everything, for "does it work from here?". [`deadline`] runs a closure that may
//! hang.
#![forbid(unsafe_code)]

pub mod cases;
pub mod tools;

mod capability;
mod child;
mod exercise;
mod harness;
mod main_loop;
mod report;
mod session;
mod spy;
mod subject;

pub use capability::Capability;
pub use exercise::exercise;
pub use harness::{DEADLINE, Fault, deadline, run};
pub use subject::Subject;

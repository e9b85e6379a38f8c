//! What the macros of pontoon write compiles in a crate of edition 2024, and without a warning.
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic, missing_docs, unused_lifetimes, unused_qualifications, warnings)]

pub mod anysync;
pub mod blocking;
pub mod facade;

//! What the macros of pontoon write compiles in a crate of edition 2024, and without a warning.
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic, missing_docs, unused_lifetimes, unused_qualifications, warnings)]

#[path = "../../edition-2021/src/anysync.rs"]
pub mod anysync;
#[path = "../../edition-2021/src/blocking/mod.rs"]
pub mod blocking;
#[path = "../../edition-2021/src/facade.rs"]
pub mod facade;

//! What the tests of the workspace share.
#![forbid(unsafe_code)]

mod book;
pub mod contexts;
mod facades;
mod flavours;
pub mod histories;
pub mod matrix;
pub mod operations;
pub mod process;
pub mod random;
#[cfg(feature = "tracing")]
pub mod traces;
pub mod trial;

pub use flavours::flavours;

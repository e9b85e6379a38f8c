//! The conformance suite of pontoon.

mod capability;
pub mod cases;
mod child;
mod exercise;
mod harness;
mod report;
mod session;
mod subject;
pub mod tools;

pub use capability::Capability;
pub use exercise::exercise;
pub use harness::{DEADLINE, Fault, deadline, run};
pub use subject::Subject;

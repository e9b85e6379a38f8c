//! Sync facades over real async clients: redis' multiplexed connection in its builds for each runtime, tokio-postgres, and
//! a client of its own.
//!
//! Each has what a user would write in one file, and a program in `bin` that shows it. [`servers`] is what they talk to.
#![forbid(unsafe_code)]

pub mod feed;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod servers;

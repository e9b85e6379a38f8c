//! The crates that the quickstart's clients are written with, each below the feature of its backend.

#![forbid(unsafe_code)]

pub use futures_util;
#[cfg(feature = "tokio")]
pub use reqwest;
#[cfg(feature = "async-std")]
pub use {async_h1, async_std, http_types};
#[cfg(feature = "smol")]
pub use {async_io, http_body_util, hyper, smol_hyper};

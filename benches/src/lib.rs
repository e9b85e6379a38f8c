//! Benches.
#![forbid(unsafe_code)]

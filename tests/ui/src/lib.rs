//! The cases are in `fail` and `pass`.
#![forbid(unsafe_code)]

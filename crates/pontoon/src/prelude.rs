//! Extension traits that put the global runner behind a method call.
//!
//! # Examples
//!
//! ```
//! use futures_lite::stream;
//! use pontoon::prelude::*;
//!
//! assert_eq!(async { 6 * 7 }.run(), 42);
//! let items: Vec<i32> = stream::iter([1, 2, 3]).into_blocking_iter().collect();
//! assert_eq!(items, [1, 2, 3]);
//! ```
#![cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]

use crate::{Iter, global};
use futures_core::Stream;
use std::future::Future;

/// Adds [`run`](Self::run) to every future.
pub trait BlockingFuture: Future + Sized {
    /// Runs the future to its end on this thread, on the global runner.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`](crate::Runner::run).
    ///
    /// # Panics
    ///
    /// As [`Runner::run`](crate::Runner::run).
    #[track_caller]
    fn run(self) -> Self::Output {
        global().run(self)
    }
}

impl<F: Future> BlockingFuture for F {}

/// Adds [`into_blocking_iter`](Self::into_blocking_iter) to every stream.
pub trait BlockingStream: Stream + Sized {
    /// Turns the stream into an iterator, on the global runner.
    fn into_blocking_iter(self) -> Iter<Self> {
        global().wrap_iter(self)
    }
}

impl<S: Stream> BlockingStream for S {}

//! The chapters of the book are tests, too, on each backend that a build has. Those that need all of them, or tokio by
//! itself, are tests of the package `pontoon-tests`.
#![cfg(all(doctest, any(feature = "smol", feature = "async-std", feature = "tokio")))]

#[cfg(all(feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../docs/start.md")]
struct Start;

#[doc = include_str!("../../../docs/calling.md")]
struct Calling;

#[doc = include_str!("../../../docs/iterating.md")]
struct Iterating;

#[doc = include_str!("../../../docs/contexts.md")]
struct Contexts;

#[doc = include_str!("../../../docs/tasks.md")]
struct Tasks;

#[doc = include_str!("../../../docs/deadlines.md")]
struct Deadlines;

#[cfg(all(feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/facades.md")]
struct Facades;

#[cfg(all(feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/anysync.md")]
struct Anysync;

#[cfg(feature = "smol")]
#[doc = include_str!("../../../docs/guest.md")]
struct Guest;

#[cfg(feature = "smol")]
#[doc = include_str!("../../../docs/tracing.md")]
struct Tracing;

#[cfg(all(feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/comparison/python.md")]
struct Python;

//! Sync code drives async code, on whichever runtime the async library needs.
//!
//! A pontoon bridge floats: the road on top stays the same, whatever water is under it. The road is this crate; the water
//! is smol, async-std or tokio, chosen by cargo feature.
//!
//! ```
//! // One line, on the global runner:
//! assert_eq!(pontoon::run(async { 6 * 7 }), 42);
//!
//! // A runner of your own:
//! let runner = pontoon::runner();
//! let task = runner.spawn(async { "in the background" });
//! let items: Vec<i32> = runner.wrap_iter(futures_lite::stream::iter([1, 2, 3])).collect();
//! assert_eq!(items, [1, 2, 3]);
//! assert_eq!(task.join().unwrap(), "in the background");
//! runner.close().unwrap();
//! ```
//!
//! # Where to look
//!
//! | you want to | use |
//! |---|---|
//! | call async code from sync code | [`run`], [`Runner::run`], [`Runner::run_timeout`] |
//! | let work go on in the background | [`spawn`], [`Runner::spawn`], [`Runner::spawn_local`], [`Runner::start_task`] |
//! | iterate a stream | [`Runner::wrap_iter`] |
//! | hold something open and close it properly | [`AsyncContext`], [`Runner::wrap_context`], [`Runner::enter_context`] |
//! | read and write | [`Runner::wrap_io`] |
//! | write a function once, for async and for sync callers | `anysync`, [`Any`], [`AnyStream`], [`AnyContext`] |
//! | give an async type a blocking form | `#[blocking]`, `facade!`: see [`facade`](mod@facade) |
//! | call blocking code from async code | [`Runner::unblock`], [`Runner::unblock_iter`] |
//! | end it all | [`Runner::close`] |
//! | bring a runtime of your own | [`Executor`] |
//! | live in the main loop of a GUI, a game or another runtime | [`guest`] |
//!
//! # Features
//!
//! | feature | gives | for clients of |
//! |---|---|---|
//! | `smol` (default) | [`Smol`] | async-io, async-net, smol |
//! | `async-std` | [`AsyncStd`] | async-std |
//! | `tokio` | [`Tokio`] | tokio, hyper, reqwest |
//!
//! Features only add: each brings a dependency and a type, and with `tokio` on, the others see when they are inside a
//! tokio runtime. With several of them the default backend is tokio, then
//! async-std, then smol, because each can serve the libraries of the next.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod facade;
pub mod prelude;

mod anysync;
mod global;
mod strangers;

#[cfg(feature = "macros")]
pub use anysync::anysync;
#[doc(hidden)]
pub use anysync::support as __anysync;
pub use anysync::{Any, AnyContext, AnyStream};
#[cfg(feature = "macros")]
pub use facade::macros::{blocking, facade};
#[doc(hidden)]
pub use facade::private as __private;
pub use facade::{Bound, IntoAsync, IntoBlocking};
#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
pub use global::{global, run, runner, set_global, spawn};
pub use pontoon_core::{
    AsyncContext, BoxFuture, Builder, CloseError, Closures, Context, Ending, Executor, Generator, Hand, Io, Iter, Job,
    JoinError, Outcome, Place, Prefetch, Ready, RunError, Runner, Stats, Task, TooDeep, UnblockIter, WouldBlock,
    context, generator, guest,
};

#[cfg(feature = "tokio")]
pub use pontoon_tokio::Tokio;
#[cfg(feature = "async-std")]
pub use strangers::AsyncStd;
#[cfg(feature = "smol")]
pub use strangers::Smol;

/// The examples in the README are tests, too.
#[cfg(all(doctest, feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So are those in the guide to guest mode.
#[cfg(all(doctest, feature = "smol"))]
#[doc = include_str!("../../../docs/guest.md")]
struct GuestMode;

/// So are those in the chapter on `#[anysync]`.
#[cfg(all(doctest, feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/anysync.md")]
struct AnysyncChapter;

/// So are those in the chapter on facades.
#[cfg(all(doctest, feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/facades.md")]
struct FacadesChapter;

/// So are those beside Python's.
#[cfg(all(doctest, feature = "macros", feature = "smol"))]
#[doc = include_str!("../../../docs/comparison/python.md")]
struct PythonChapter;

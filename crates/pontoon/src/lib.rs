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
//! | you want to | use | chapter |
//! |---|---|---|
//! | call async code from sync code | [`run`], [`Runner::run`], [`Runner::try_run`], [`Runner::run_send`] | Calling |
//! | limit how long that takes | [`Runner::run_timeout`], [`Task::join_timeout`] | Deadlines, cancellation and panics |
//! | be in the runtime's context | [`Runner::enter`] | Calling |
//! | choose how a runner is built | [`Runner::builder`], [`Builder`] | Calling |
//! | choose the runtime | [`Smol`], [`AsyncStd`], [`Tokio`], [`set_global`] | Choosing a backend |
//! | let work go on in the background | [`spawn`], [`Runner::spawn`], [`Runner::spawn_local`], [`Runner::start_task`], [`Task`] | Tasks |
//! | call blocking code from async code | [`Runner::unblock`], [`Runner::unblock_iter`] | Tasks |
//! | iterate a stream | [`Runner::wrap_iter`], [`Iter::prefetch`] | Iterating, reading and writing |
//! | read and write | [`Runner::wrap_io`] | Iterating, reading and writing |
//! | hold something open and close it properly | [`AsyncContext`], [`context()`], [`generator()`], [`Runner::wrap_context`], [`Runner::with_context`], [`Runner::enter_context`] | Contexts and closing |
//! | end it all | [`Runner::close`] | Contexts and closing |
//! | give an async type a blocking form | [`#[blocking]`](macro@blocking), [`facade!`](macro@facade); what they are made of is in [`facade`](mod@facade) | Sync facades |
//! | write a function once, for async and for sync callers | [`#[anysync]`](macro@anysync), [`Any`], [`AnyStream`], [`AnyContext`] | Functions for both sides |
//! | call as a method, on the global runner | [`prelude`] | Calling |
//! | live in the main loop of a GUI, a game or another runtime | [`guest`] | Guest mode |
//! | bring a runtime of your own | [`Executor`] | Your own backend |
//! | know why a call was refused | [`RunError`], [`WouldBlock`], [`TooDeep`] | Nesting and deadlocks |
//!
//! The chapters are those of the book, in the folder `docs` of the repository; `docs/contract.md` there has the numbered
//! promises.
//!
//! # What a call does
//!
//! A future is polled where the call stands, inside the runtime's context: it may borrow, and need not be `Send`. One that
//! is ready touches no queue and no thread. While one waits, its thread runs the loop's tasks and turns the runtime's
//! reactor, so it must not hold a lock that a task takes. When nobody waits, the runner's own thread does that. Calls work
//! inside each other, inside tasks and inside foreign runtimes, or give a typed error that names the remedy.
//!
//! # Features
//!
//! | feature | gives | for clients of |
//! |---|---|---|
//! | `smol` (default) | [`Smol`] | async-io, async-net, smol |
//! | `async-std` | [`AsyncStd`] | async-std |
//! | `tokio` | [`Tokio`] | tokio, hyper, reqwest |
//! | `macros` (default) | `#[blocking]`, `facade!`, `#[anysync]` | their authors; it builds `syn` |
//! | `tracing` | spans and events of the loop, for the crate `tracing` | |
//!
//! Features only add: each backend brings a dependency and a type, and with `tokio` on, the others see when they are inside
//! a tokio runtime. With several of them the default backend is tokio, then async-std, then smol, because each can serve
//! the libraries of the next.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod facade;
pub mod prelude;

mod anysync;
mod book;
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

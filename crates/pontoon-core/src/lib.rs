//! The runtime-agnostic core of pontoon: one re-entrant run loop through which sync code drives async code.
//!
//! Users depend on the crate `pontoon`, which adds the backends. This crate holds what they share:
//!
//! | you want to | use |
//! |---|---|
//! | call async code from sync code | [`Runner::run`], [`Runner::run_timeout`], [`Runner::run_send`] |
//! | let work go on in the background | [`Runner::spawn`], [`Runner::spawn_local`], [`Runner::start_task`], [`Task`] |
//! | iterate a stream | [`Runner::wrap_iter`], [`Iter`], [`Prefetch`] |
//! | hold something open and close it properly | [`AsyncContext`], [`Runner::wrap_context`], [`Runner::enter_context`] |
//! | read and write | [`Runner::wrap_io`] |
//! | call blocking code from async code | [`Runner::unblock`], [`Runner::unblock_iter`] |
//! | end it all | [`Runner::close`] |
//! | bring a runtime of your own | [`Executor`] |
//! | live in a foreign main loop | [`guest`] |
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod guest;

mod caught;
mod context;
mod current;
mod error;
mod executor;
mod fork;
mod io;
mod iter;
mod ready;
mod run_loop;
mod runner;
mod sync;
mod task;
mod trace;
mod unblock;
mod woken;

pub use context::{AsyncContext, Closures, Context, Ending, Generator, Hand, Outcome, context, generator};
pub use error::{CloseError, JoinError, RunError, TooDeep, WouldBlock};
pub use executor::{BoxFuture, Executor, Job, Place};
pub use fork::{ASYNC_IO, ProcessWide};
pub use io::Io;
pub use iter::{Iter, Prefetch};
pub use ready::Ready;
pub use runner::{Builder, Runner, Stats};
pub use task::Task;
pub use unblock::UnblockIter;

/// For the models in `tests/loom`; not there without the model checker.
#[cfg(pontoon_loom)]
#[doc(hidden)]
pub mod model {
    pub use crate::sync::model::{RULES, time::set_step};
}

//! What the models of the run loop's protocol stand on: a backend, a gate and the search. See docs/model.md.
#![forbid(unsafe_code)]

#[cfg(pontoon_loom)]
mod backend;
#[cfg(pontoon_loom)]
mod explore;
#[cfg(pontoon_loom)]
mod gate;

#[cfg(pontoon_loom)]
pub use {
    backend::{Backend, Reactor},
    explore::{Thread, explore, explored, go},
    gate::{Counted, Drops, Gate},
};

//! Real clients against real servers, through every backend and from inside foreign runtimes.
//!
//! | module | |
//! |---|---|
//! | [`client`] | what a client has to do: one trait, an adapter per client in `clients` |
//! | [`cases`] | what is done with every client |
//! | [`places`] | where it is done: a plain thread, and three runtimes that are not ours |
//! | [`servers`] | the servers, started on the loopback; `websocket` is one inside this process, and `own` starts it |
//! | [`proxy`] | stands before a server, holds requests back, and knows who is connected |
//! | [`rows`] | which client runs on which backend |
//! | [`table`] | what came of it |
#![forbid(unsafe_code)]

pub mod cases;
pub mod client;
mod clients;
mod own;
pub mod places;
pub mod proxy;
pub mod rows;
pub mod servers;
pub mod table;
pub mod trial;
pub mod websocket;

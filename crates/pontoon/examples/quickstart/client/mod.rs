//! The async side: one HTTP client per backend, each with a `Session` of the same shape.
//!
//! With several backends on, this picks the one that `pontoon::runner` picks.

#[cfg(all(feature = "async-std", not(feature = "tokio")))]
#[path = "async_h1.rs"]
mod chosen;

#[cfg(all(feature = "smol", not(any(feature = "async-std", feature = "tokio"))))]
#[path = "hyper.rs"]
mod chosen;

#[cfg(feature = "tokio")]
#[path = "reqwest.rs"]
mod chosen;

#[cfg(not(any(feature = "smol", feature = "async-std", feature = "tokio")))]
compile_error!("the quickstart needs a backend: feature `smol`, `async-std` or `tokio`");

pub(crate) use chosen::{CLIENT, Session};

use example_clients::futures_util::{
    AsyncBufRead, AsyncBufReadExt as _, Stream,
    io::{self, copy, sink},
};
use std::pin::Pin;

/// Any error at all: each client has its own.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP response whose body is still on its way.
pub(crate) struct Response {
    body: Pin<Box<dyn AsyncBufRead>>,
}

impl Response {
    /// The body, line by line, as it arrives.
    pub(crate) fn lines(&mut self) -> impl Stream<Item = io::Result<String>> {
        (&mut self.body).lines()
    }

    /// Reads what is left of the body, so that the connection ends in good order or is free again.
    pub(crate) async fn finish(mut self) -> Result<(), Error> {
        copy(&mut self.body, &mut sink()).await?;
        Ok(())
    }
}

//! The guest: one async HTTP client per backend, each written as its users write it.
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
compile_error!("the guest needs a backend: feature `smol`, `async-std` or `tokio`");

pub(crate) use chosen::{CLIENT, backend};

use example_clients::futures_util::{AsyncRead, AsyncReadExt as _};
use std::{cell::Cell, net::SocketAddr, pin::Pin};

/// Any error at all: each client has its own.
pub(crate) type Error = Box<dyn std::error::Error>;

/// An HTTP response whose body is still on its way.
struct Response {
    size: Option<u64>,
    body: Pin<Box<dyn AsyncRead>>,
}

/// How far a download is. The guest writes it, the host reads it: both are on one thread, so there is no lock.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) got: Cell<u64>,
    pub(crate) size: Cell<u64>,
}

/// The guest's main: downloads whatever the server has. Gives the number of bytes.
pub(crate) async fn download(server: SocketAddr, progress: &Progress) -> Result<u64, Error> {
    let mut response = chosen::get(server).await?;
    progress.size.set(response.size.ok_or("a download of unknown size")?);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match response.body.read(&mut buffer).await? {
            0 => return Ok(progress.got.get()),
            n => progress.got.set(progress.got.get() + n as u64),
        }
    }
}

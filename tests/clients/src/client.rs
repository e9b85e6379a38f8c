//! What every client has to do.

use futures_lite::{Stream, StreamExt as _, stream};
use std::{error, future::Future, pin::Pin};

/// Whatever went wrong, in the client's words.
pub type Error = Box<dyn error::Error + Send + Sync>;

/// A result of a client's.
pub type Result<T> = std::result::Result<T, Error>;

/// A stream of a client's: the numbers from 1 on, more of them than anybody takes.
pub type Items<'a> = Pin<Box<dyn Stream<Item = Result<u64>> + Send + 'a>>;

/// How many items a client's stream has.
pub const ITEMS: u64 = 500;

/// An adapter: a client, used as its own users use it.
pub trait Client: Send + Sync + Sized + 'static {
    /// Whether the client goes on to answer after a call of it was cancelled in the middle. A bare connection does not:
    /// the answer is still to come.
    const OUTLIVES_A_CANCELLED_CALL: bool = true;

    /// Opens a session with the server on that port of the loopback.
    fn connect(port: u16) -> impl Future<Output = Result<Self>> + Send;

    /// Has the server give the number back.
    fn ask(&self, number: u64) -> impl Future<Output = Result<u64>> + Send;

    /// Has the server send [`ITEMS`] numbers.
    fn stream(&self) -> impl Future<Output = Result<Items<'_>>> + Send;

    /// Ends the session in the client's own way.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// The bytes that the HTTP servers send as a stream: `0, 1, .., 250, 0, ..`.
pub fn pattern() -> Vec<u8> {
    (0..=250).cycle().take(PIECE * ITEMS as usize).collect()
}

/// How many bytes of a streamed body count as an item.
pub const PIECE: usize = 16 << 10;

/// Looks whether the chunks of a body follow each other, and counts their bytes in items.
pub fn numbers<'a, T: AsRef<[u8]>>(chunks: impl Stream<Item = Result<T>> + Send + 'a) -> Items<'a> {
    let mut bytes = 0;
    let mut count = move |chunk: &[u8]| {
        let before = bytes / PIECE;
        for byte in chunk {
            if usize::from(*byte) != bytes % 251 {
                return vec![Err(format!("byte {bytes} is {byte}").into())];
            }
            bytes += 1;
        }
        (before..bytes / PIECE).map(|piece| Ok(piece as u64 + 1)).collect()
    };
    Box::pin(chunks.flat_map(move |chunk| {
        stream::iter(match chunk {
            Ok(chunk) => count(chunk.as_ref()),
            Err(error) => vec![Err(error)],
        })
    }))
}

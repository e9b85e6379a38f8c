//! Sockets and timers of each runtime family, as far as the workloads need them.

use std::{future::Future, io, net::SocketAddr, time::Instant};

/// A runtime's own sockets and timers.
pub trait Io: 'static {
    /// A connected TCP socket.
    type Stream: Send + 'static;

    /// Connects to `address`.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Sends `message` and replaces it by the answer, which is as long.
    fn exchange(stream: &mut Self::Stream, message: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Ends at `deadline`.
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send;
}

/// `tokio::net` and `tokio::time`.
#[derive(Debug)]
pub struct Tokio;

impl Io for Tokio {
    type Stream = tokio::net::TcpStream;

    async fn connect(address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn exchange(stream: &mut Self::Stream, message: &mut [u8]) -> io::Result<()> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        stream.write_all(message).await?;
        stream.read_exact(message).await.map(drop)
    }

    async fn sleep_until(deadline: Instant) {
        tokio::time::sleep_until(deadline.into()).await;
    }
}

/// async-io's sockets and timers.
#[derive(Debug)]
pub struct Smol;

impl Io for Smol {
    type Stream = async_io::Async<std::net::TcpStream>;

    async fn connect(address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = async_io::Async::<std::net::TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    async fn exchange(stream: &mut Self::Stream, message: &mut [u8]) -> io::Result<()> {
        use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
        stream.write_all(message).await?;
        stream.read_exact(message).await
    }

    async fn sleep_until(deadline: Instant) {
        async_io::Timer::at(deadline).await;
    }
}

/// `async_std::net` and `async_std::task::sleep`.
#[derive(Debug)]
pub struct AsyncStd;

impl Io for AsyncStd {
    type Stream = async_std::net::TcpStream;

    async fn connect(address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = async_std::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn exchange(stream: &mut Self::Stream, message: &mut [u8]) -> io::Result<()> {
        use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
        stream.write_all(message).await?;
        stream.read_exact(message).await
    }

    async fn sleep_until(deadline: Instant) {
        async_std::task::sleep(deadline.saturating_duration_since(Instant::now())).await;
    }
}

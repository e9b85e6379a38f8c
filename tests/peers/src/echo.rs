//! The same small client on the sockets of each runtime.

use crate::{
    peer::{Result, expect},
    servers::Addresses,
};
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, Stream, stream};
use std::{future::Future, net::TcpStream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A client of the echo server.
pub(crate) trait Echo: Send + Sized + 'static {
    /// Connects.
    fn connect(at: &Addresses) -> impl Future<Output = Result<Self>> + Send;

    /// Sends the bytes, and reads as many.
    fn echo(&mut self, bytes: &mut [u8; 4]) -> impl Future<Output = Result> + Send;

    /// Asks, and looks at the answer.
    fn ask(&mut self) -> impl Future<Output = Result> + Send {
        async {
            let mut bytes = *b"ping";
            self.echo(&mut bytes).await?;
            expect(&bytes, b"ping")
        }
    }

    /// Answers without end.
    fn answers(&mut self) -> impl Stream<Item = Result> + Send + '_ {
        stream::unfold(self, async |this| Some((this.ask().await, this)))
    }
}

/// On tokio's sockets.
#[derive(Debug)]
pub(crate) struct TokioEcho(tokio::net::TcpStream);

impl Echo for TokioEcho {
    async fn connect(at: &Addresses) -> Result<Self> {
        Ok(Self(tokio::net::TcpStream::connect(at.echo).await?))
    }

    async fn echo(&mut self, bytes: &mut [u8; 4]) -> Result {
        self.0.write_all(bytes).await?;
        self.0.read_exact(bytes).await?;
        Ok(())
    }
}

/// On async-io's.
#[derive(Debug)]
pub(crate) struct SmolEcho(async_io::Async<TcpStream>);

impl Echo for SmolEcho {
    async fn connect(at: &Addresses) -> Result<Self> {
        Ok(Self(async_io::Async::<TcpStream>::connect(at.echo).await?))
    }

    async fn echo(&mut self, bytes: &mut [u8; 4]) -> Result {
        self.0.write_all(bytes).await?;
        self.0.read_exact(bytes).await?;
        Ok(())
    }
}

/// On async-std's.
#[derive(Debug)]
pub(crate) struct AsyncStdEcho(async_std::net::TcpStream);

impl Echo for AsyncStdEcho {
    async fn connect(at: &Addresses) -> Result<Self> {
        Ok(Self(async_std::net::TcpStream::connect(at.echo).await?))
    }

    async fn echo(&mut self, bytes: &mut [u8; 4]) -> Result {
        self.0.write_all(bytes).await?;
        self.0.read_exact(bytes).await?;
        Ok(())
    }
}

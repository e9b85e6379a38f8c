//! The engines that guests run on: a guest, a connection and a timer of each.

use futures_lite::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use pontoon::{AsyncStd, Smol, Tokio, guest::Guest};
use std::{
    future::Future,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    pin::Pin,
    thread,
    time::Duration,
};

/// A future that stays on its thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A connection that is being made.
pub type Connecting = Local<'static, io::Result<Box<dyn Connection>>>;

/// A runtime as the cases use it: through its own types, as its users do.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// What it is called in reports.
    pub name: &'static str,
    /// A guest on it.
    pub guest: fn() -> Guest,
    /// A connection of the runtime's own.
    pub connect: fn(SocketAddr) -> Connecting,
    /// A timer of the runtime's own.
    pub sleep: fn(Duration) -> Local<'static, ()>,
}

/// All of them.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "smol",
        guest: || Guest::new(Smol::new()),
        connect: |address| {
            Box::pin(async move {
                let stream = async_io::Async::<TcpStream>::connect(address).await?;
                Ok(Box::new(stream) as Box<dyn Connection>)
            })
        },
        sleep: |duration| Box::pin(async move { _ = async_io::Timer::after(duration).await }),
    },
    Engine {
        name: "async-std",
        guest: || Guest::new(AsyncStd::new()),
        connect: |address| {
            Box::pin(async move {
                let stream = async_std::net::TcpStream::connect(address).await?;
                Ok(Box::new(stream) as Box<dyn Connection>)
            })
        },
        sleep: |duration| Box::pin(async_std::task::sleep(duration)),
    },
    Engine { name: "tokio", guest: || Guest::new(Tokio::new()), connect: connect_tokio, sleep: sleep_tokio },
    Engine {
        name: "tokio-multi",
        guest: || Guest::new(Tokio::multi_thread(1)),
        connect: connect_tokio,
        sleep: sleep_tokio,
    },
];

fn connect_tokio(address: SocketAddr) -> Connecting {
    Box::pin(async move {
        let stream = ::tokio::net::TcpStream::connect(address).await?;
        Ok(Box::new(OfTokio(stream)) as Box<dyn Connection>)
    })
}

fn sleep_tokio(duration: Duration) -> Local<'static, ()> {
    Box::pin(::tokio::time::sleep(duration))
}

/// A connection to [`echo_server`].
pub trait Connection {
    /// Sends the bytes, and reads as many back into them.
    fn exchange<'a>(&'a mut self, bytes: &'a mut [u8]) -> Local<'a, io::Result<()>>;
}

impl<T: AsyncRead + AsyncWrite + Unpin> Connection for T {
    fn exchange<'a>(&'a mut self, bytes: &'a mut [u8]) -> Local<'a, io::Result<()>> {
        Box::pin(async move {
            self.write_all(bytes).await?;
            bytes.fill(0);
            self.read_exact(bytes).await
        })
    }
}

struct OfTokio(::tokio::net::TcpStream);

impl Connection for OfTokio {
    fn exchange<'a>(&'a mut self, bytes: &'a mut [u8]) -> Local<'a, io::Result<()>> {
        use ::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        Box::pin(async move {
            self.0.write_all(bytes).await?;
            bytes.fill(0);
            self.0.read_exact(bytes).await.map(drop)
        })
    }
}

/// A server that says back what it hears, on threads of its own.
///
/// # Panics
///
/// If there is no port to be had.
pub fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || -> io::Result<()> {
                let mut stream = stream?;
                let mut heard = [0; 1024];
                loop {
                    match stream.read(&mut heard)? {
                        0 => return Ok(()),
                        n => stream.write_all(&heard[..n])?,
                    }
                }
            });
        }
    });
    address
}

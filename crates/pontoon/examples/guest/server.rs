//! A deliberately plain async HTTP server: one download after the other, each piece at its time. It has a thread of its
//! own, where a real one would have a machine.

use example_clients::{
    async_io::{Async, Timer, block_on},
    futures_util::{AsyncReadExt as _, AsyncWriteExt as _},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// How many pieces a download has.
const PIECES: usize = 384;
/// How many bytes a piece has.
const PIECE: usize = 64 * 1024;
/// How long after the last one a piece is sent.
const PAUSE: Duration = Duration::from_millis(8);

/// How many bytes the client has to end up with.
pub(crate) const SIZE: u64 = (PIECES * PIECE) as u64;

/// Serves on a port of the loopback interface, as long as the process lives.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.get_ref().local_addr()?;
    thread::spawn(move || {
        block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                if let Err(error) = serve(stream).await {
                    eprintln!("the server lost a client: {error}");
                }
            }
        });
    });
    Ok(address)
}

async fn serve(mut stream: Async<TcpStream>) -> io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        request.push(byte[0]);
    }
    stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n").as_bytes()).await?;
    let piece = [0x70; PIECE];
    for _ in 0..PIECES {
        stream.write_all(&piece).await?;
        Timer::after(PAUSE).await;
    }
    Ok(())
}

//! hyper on smol: async-io connects, smol-hyper adapts, hyper speaks HTTP. One connection, and one for each stream.

use crate::client::{Client, Items, Result, numbers};
use async_io::Async;
use async_lock::Mutex;
use futures_lite::stream;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use pontoon::{Runner, Task};
use smol_hyper::rt::FuturesIo;
use std::net::TcpStream;

type Sender = SendRequest<Empty<Bytes>>;
type Connection = Task<hyper::Result<()>>;

pub(crate) struct Hyper {
    port: u16,
    sender: Mutex<Sender>,
    connection: Connection,
}

async fn dial(port: u16) -> Result<(Sender, Connection)> {
    let stream = Async::<TcpStream>::connect(([127, 0, 0, 1], port)).await?;
    let (sender, connection) = http1::handshake(FuturesIo::new(stream)).await?;
    // hyper leaves it to its user to drive the connection: a task for the runner that polls this call.
    let runner = Runner::current().ok_or("called outside of a runner")?;
    Ok((sender, runner.spawn(connection)))
}

async fn get(sender: &mut Sender, path: &str) -> Result<Response<Incoming>> {
    sender.ready().await?;
    let request = Request::get(path).header("host", "127.0.0.1").body(Empty::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    Ok(response)
}

impl Client for Hyper {
    // Its connection is closed instead.
    const OUTLIVES_A_CANCELLED_CALL: bool = false;

    async fn connect(port: u16) -> Result<Self> {
        let (sender, connection) = dial(port).await?;
        Ok(Self { port, sender: Mutex::new(sender), connection })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let mut sender = self.sender.lock().await;
        let body = get(&mut sender, &format!("/ask/{number}")).await?.into_body().collect().await?;
        Ok(std::str::from_utf8(&body.to_bytes())?.parse()?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let (mut sender, connection) = dial(self.port).await?;
        let body = get(&mut sender, "/pattern").await?.into_body();
        let chunks = stream::try_unfold((body, sender, connection), async |(mut body, sender, connection)| {
            let Some(frame) = body.frame().await else { return Ok(None) };
            let chunk = frame?.into_data().map_err(|_| "trailers")?;
            Ok(Some((chunk, (body, sender, connection))))
        });
        Ok(numbers(chunks))
    }

    async fn close(self) -> Result<()> {
        drop(self.sender);
        Ok(self.connection.await??)
    }
}

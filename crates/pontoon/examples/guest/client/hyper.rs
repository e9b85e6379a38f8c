//! hyper, on smol: async-io connects, smol-hyper adapts, hyper speaks HTTP.

use super::{Error, Response};
use example_clients::{
    async_io::Async,
    futures_util::TryStreamExt as _,
    http_body_util::{BodyExt as _, Empty},
    hyper::{
        Request,
        body::{Body as _, Bytes},
        client::conn::http1,
        header::HOST,
    },
    smol_hyper::rt::FuturesIo,
};
use pontoon::{Executor, Smol, guest::GuestScope};
use std::{
    io,
    net::{SocketAddr, TcpStream},
};

pub(crate) const CLIENT: &str = "hyper on smol";

pub(crate) fn backend() -> impl Executor {
    Smol::new()
}

pub(super) async fn get(server: SocketAddr) -> Result<Response, Error> {
    let stream = Async::<TcpStream>::connect(server).await?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await?;

    // hyper leaves it to its user to drive the connection: a task of the guest that polls us.
    let guest = GuestScope::current().ok_or("not in a guest")?;
    guest.spawn_local(connection).detach();

    let request = Request::get("/").header(HOST, server.to_string()).body(Empty::<Bytes>::new())?;
    let body = sender.send_request(request).await?.into_body();
    let size = body.size_hint().exact();
    let body = body.into_data_stream().map_err(io::Error::other).into_async_read();
    Ok(Response { size, body: Box::pin(body) })
}

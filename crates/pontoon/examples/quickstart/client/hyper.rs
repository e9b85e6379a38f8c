//! hyper, on smol: async-io connects, smol-hyper adapts, hyper speaks HTTP.

use super::{Error, Response};
use example_clients::{
    async_io::Async,
    futures_util::TryStreamExt as _,
    http_body_util::{BodyExt as _, Empty},
    hyper::{
        self, Method, Request,
        body::{Bytes, Incoming},
        client::conn::http1,
        header,
    },
    smol_hyper::rt::FuturesIo,
};
use pontoon::Runner;
use std::{
    io,
    net::{SocketAddr, TcpStream},
};

pub(crate) const CLIENT: &str = "hyper on smol";

/// Logged in. Each request opens a connection of its own.
#[derive(Clone)]
pub(crate) struct Session {
    server: SocketAddr,
    token: String,
}

impl Session {
    pub(crate) async fn log_in(server: SocketAddr) -> Result<Session, Error> {
        let mut session = Session { server, token: String::new() };
        let answer = session.send(Method::POST, "/login").await?;
        let token = answer.into_body().collect().await?.to_bytes();
        session.token = String::from_utf8(token.into())?;
        Ok(session)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Response, Error> {
        let pieces = self.send(Method::GET, path).await?.into_data_stream();
        let body = pieces.map_err(io::Error::other).into_async_read();
        Ok(Response { body: Box::pin(body) })
    }

    pub(crate) async fn log_out(self) -> Result<(), Error> {
        self.send(Method::POST, "/logout").await?;
        Ok(())
    }

    async fn send(&self, method: Method, path: &str) -> Result<hyper::Response<Incoming>, Error> {
        let stream = Async::<TcpStream>::connect(self.server).await?;
        let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await?;

        // hyper leaves it to its user to drive the connection: a task for the runner that polls this call.
        let runner = Runner::current().ok_or("not called through a runner")?;
        runner.spawn(connection).detach();

        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.server.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::<Bytes>::new())?;
        let answer = sender.send_request(request).await?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", answer.status()).into());
        }
        Ok(answer)
    }
}

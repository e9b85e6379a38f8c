//! async-h1, on async-std.

use super::{Error, Response};
use example_clients::{
    async_h1,
    async_std::net::TcpStream,
    http_types::{self, Method, Request, Url, headers},
};
use std::net::SocketAddr;

pub(crate) const CLIENT: &str = "async-h1 on async-std";

/// Logged in. Each request opens a connection of its own.
#[derive(Clone)]
pub(crate) struct Session {
    server: SocketAddr,
    token: String,
}

impl Session {
    pub(crate) async fn log_in(server: SocketAddr) -> Result<Session, Error> {
        let mut session = Session { server, token: String::new() };
        session.token = session.send(Method::Post, "/login").await?.body_string().await?;
        Ok(session)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Response, Error> {
        let answer = self.send(Method::Get, path).await?;
        Ok(Response { body: Box::pin(answer) })
    }

    pub(crate) async fn log_out(self) -> Result<(), Error> {
        self.send(Method::Post, "/logout").await?;
        Ok(())
    }

    async fn send(&self, method: Method, path: &str) -> Result<http_types::Response, Error> {
        let stream = TcpStream::connect(self.server).await?;
        let url = Url::parse(&format!("http://{}{path}", self.server))?;
        let mut request = Request::new(method, url);
        request.insert_header(headers::AUTHORIZATION, format!("Bearer {}", self.token));
        let answer = async_h1::connect(stream, request).await?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", answer.status()).into());
        }
        Ok(answer)
    }
}

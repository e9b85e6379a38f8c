//! async-h1, on async-std.

use super::{Error, Response};
use example_clients::{
    async_h1,
    async_std::net::TcpStream,
    http_types::{Method, Request, Url},
};
use pontoon::{AsyncStd, Executor};
use std::net::SocketAddr;

pub(crate) const CLIENT: &str = "async-h1 on async-std";

pub(crate) fn backend() -> impl Executor {
    AsyncStd::new()
}

pub(super) async fn get(server: SocketAddr) -> Result<Response, Error> {
    let stream = TcpStream::connect(server).await?;
    let request = Request::new(Method::Get, Url::parse(&format!("http://{server}/"))?);
    let answer = async_h1::connect(stream, request).await?;
    let size = answer.len().map(|size| size as u64);
    Ok(Response { size, body: Box::pin(answer) })
}

//! reqwest, on tokio.

use super::{Error, Response};
use example_clients::{futures_util::TryStreamExt as _, reqwest};
use pontoon::{Executor, Tokio};
use std::{io, net::SocketAddr};

pub(crate) const CLIENT: &str = "reqwest on tokio";

pub(crate) fn backend() -> impl Executor {
    Tokio::new()
}

pub(super) async fn get(server: SocketAddr) -> Result<Response, Error> {
    let answer = reqwest::get(format!("http://{server}/")).await?.error_for_status()?;
    let size = answer.content_length();
    let body = answer.bytes_stream().map_err(io::Error::other).into_async_read();
    Ok(Response { size, body: Box::pin(body) })
}

//! async-h1: requests over a TCP stream of async-std's, and another stream for each body that is streamed.

use crate::client::{Client, Items, Result, numbers};
use async_lock::Mutex;
use async_std::net::TcpStream;
use futures_lite::{AsyncReadExt as _, stream};
use http_types::{Method, Request, Response, Url};
use std::net::Shutdown;

pub(crate) struct AsyncH1 {
    port: u16,
    stream: Mutex<TcpStream>,
}

async fn dial(port: u16) -> Result<TcpStream> {
    Ok(TcpStream::connect(("127.0.0.1", port)).await?)
}

async fn get(port: u16, stream: TcpStream, path: &str) -> Result<Response> {
    let request = Request::new(Method::Get, Url::parse(&format!("http://127.0.0.1:{port}{path}"))?);
    let response = async_h1::connect(stream, request).await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    Ok(response)
}

impl Client for AsyncH1 {
    const OUTLIVES_A_CANCELLED_CALL: bool = false;

    async fn connect(port: u16) -> Result<Self> {
        Ok(Self { port, stream: Mutex::new(dial(port).await?) })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let stream = self.stream.lock().await;
        let mut response = get(self.port, stream.clone(), &format!("/ask/{number}")).await?;
        Ok(response.body_string().await?.parse()?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let body = get(self.port, dial(self.port).await?, "/pattern").await?.take_body();
        Ok(numbers(stream::try_unfold(body, async |mut body| {
            let mut chunk = vec![0; 4096];
            let length = body.read(&mut chunk).await?;
            chunk.truncate(length);
            Ok((length > 0).then_some((chunk, body)))
        })))
    }

    async fn close(self) -> Result<()> {
        Ok(self.stream.into_inner().shutdown(Shutdown::Both)?)
    }
}

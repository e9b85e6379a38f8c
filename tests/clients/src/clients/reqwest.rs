//! reqwest: a pool of connections to nginx; a body as a stream.

use crate::client::{Client, Items, Result, numbers};
use futures_lite::StreamExt as _;

pub(crate) struct Reqwest {
    client: reqwest::Client,
    server: String,
}

impl Client for Reqwest {
    async fn connect(port: u16) -> Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { client, server: format!("http://127.0.0.1:{port}") })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let response = self.client.get(format!("{}/ask/{number}", self.server)).send().await?;
        Ok(response.error_for_status()?.text().await?.parse()?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let response = self.client.get(format!("{}/pattern", self.server)).send().await?.error_for_status()?;
        Ok(numbers(response.bytes_stream().map(|chunk| Ok(chunk?))))
    }

    async fn close(self) -> Result<()> {
        // Its connections end with it.
        Ok(())
    }
}

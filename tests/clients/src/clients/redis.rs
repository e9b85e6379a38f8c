//! redis 1: commands on a multiplexed connection, messages on one of their own.

use crate::client::{Client, ITEMS, Items, Result};
use futures_lite::StreamExt as _;
use redis::aio::MultiplexedConnection;

pub(crate) struct Redis {
    client: redis::Client,
    connection: MultiplexedConnection,
}

impl Client for Redis {
    async fn connect(port: u16) -> Result<Self> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/"))?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self { client, connection })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        Ok(redis::cmd("ECHO").arg(number).query_async(&mut self.connection.clone()).await?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let mut messages = self.client.get_async_pubsub().await?;
        let mut connection = self.connection.clone();
        let id: u64 = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
        let channel = format!("numbers-{id}");
        messages.subscribe(&channel).await?;
        let mut publish = redis::pipe();
        for number in 1..=ITEMS {
            publish.cmd("PUBLISH").arg(&channel).arg(number).ignore();
        }
        publish.query_async::<()>(&mut connection).await?;
        Ok(Box::pin(messages.into_on_message().map(|message| Ok(message.get_payload()?))))
    }

    async fn close(self) -> Result<()> {
        // Its connection ends with the last handle of it.
        Ok(())
    }
}

//! tokio-postgres: one connection, driven by a task of tokio's; rows as a stream.

use crate::client::{Client, ITEMS, Items, Result};
use futures_lite::StreamExt as _;
use tokio::task::JoinHandle;
use tokio_postgres::{Config, Error, NoTls};

pub(crate) struct TokioPostgres {
    client: tokio_postgres::Client,
    connection: JoinHandle<std::result::Result<(), Error>>,
}

impl Client for TokioPostgres {
    async fn connect(port: u16) -> Result<Self> {
        let (client, connection) = Config::new().host("127.0.0.1").port(port).user("postgres").connect(NoTls).await?;
        Ok(Self { client, connection: tokio::spawn(connection) })
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let row = self.client.query_one("SELECT $1::int8", &[&i64::try_from(number)?]).await?;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let rows = self.client.query_raw("SELECT generate_series(1, $1::int8)", [i64::try_from(ITEMS)?]).await?;
        Ok(Box::pin(rows.map(|row| Ok(u64::try_from(row?.try_get::<_, i64>(0)?)?))))
    }

    async fn close(self) -> Result<()> {
        // The connection ends when the last client of it is gone.
        drop(self.client);
        Ok(self.connection.await??)
    }
}

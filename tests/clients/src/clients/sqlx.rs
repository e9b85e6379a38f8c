//! sqlx: a pool of two connections to PostgreSQL; rows as a stream.

use crate::client::{Client, ITEMS, Items, Result};
use futures_lite::StreamExt as _;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::time::Duration;

pub(crate) struct Sqlx(PgPool);

impl Client for Sqlx {
    async fn connect(port: u16) -> Result<Self> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("postgres");
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5));
        Ok(Self(pool.connect_with(options).await?))
    }

    async fn ask(&self, number: u64) -> Result<u64> {
        let asked = sqlx::query_scalar("SELECT $1::int8").bind(i64::try_from(number)?);
        let answer: i64 = asked.fetch_one(&self.0).await?;
        Ok(u64::try_from(answer)?)
    }

    async fn stream(&self) -> Result<Items<'_>> {
        let rows = sqlx::query_scalar("SELECT generate_series(1, $1::int8)").bind(i64::try_from(ITEMS)?);
        let rows = rows.fetch(&self.0).map(|row: sqlx::Result<i64>| Ok(u64::try_from(row?)?));
        Ok(Box::pin(rows))
    }

    async fn close(self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }
}

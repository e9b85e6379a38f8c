//! PostgreSQL: `postgres`, and a facade of ours over tokio-postgres, which that crate stands on, too.

use crate::{
    peer::{ITEMS, Peer, Result, expect},
    places::Body,
    servers::Addresses,
};
use postgres::fallible_iterator::FallibleIterator as _;
use std::sync::Mutex;
use tokio_postgres::{Error as Failed, NoTls, Row, RowStream};

const QUERY: &str = "select 41 + 1";
const ROWS: &str = "select generate_series(1, 50)";

/// `postgres`: a current-thread runtime inside each connection.
pub(crate) struct Blocking(postgres::Client);

impl Peer for Blocking {
    const CALLBACK: Option<&'static str> = Some("a notice callback");

    fn new(at: &Addresses) -> Result<Self> {
        Ok(Self(postgres::Client::connect(&at.postgres(), NoTls)?))
    }

    fn call(&mut self) -> Result {
        expect(self.0.query_one(QUERY, &[])?.get::<_, i32>(0), 42)
    }

    fn iterate(&mut self) -> Result {
        let rows = self.0.query_raw(ROWS, [0_i32; 0])?;
        expect(rows.take(ITEMS).count()?, ITEMS)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        let body = Mutex::new(Some(body));
        let mut config: postgres::Config = at.postgres().parse()?;
        config.notice_callback(move |_| {
            if let Some(body) = body.lock().ok().and_then(|mut body| body.take()) {
                body();
            }
        });
        Ok(config.connect(NoTls)?.batch_execute("do $$ begin raise notice 'now'; end $$")?)
    }
}

pontoon::facade! {
    /// A connection.
    #[derive(Debug)]
    pub(crate) struct Client(tokio_postgres::Client) in pontoon::Tokio;

    /// Connects.
    async fn connect = self::connect(config: &str) -> Result<Self, Failed>;
    /// The one row of a query.
    async fn query_one = self::query_one(&self, sql: &str) -> Result<Row, Failed>;
    /// Its rows, as they come.
    iter fn query = self::query(&self, sql: &str) -> Result<RowStream, Failed>;
    /// The one row of a query, handed to a callback.
    async fn with = self::with(&self, sql: &str, callback: impl FnOnce(Row) + Send) -> Result<(), Failed>;
}

async fn connect(config: &str) -> Result<tokio_postgres::Client, Failed> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn query_one(client: &tokio_postgres::Client, sql: &str) -> Result<Row, Failed> {
    client.query_one(sql, &[]).await
}

async fn query(client: &tokio_postgres::Client, sql: &str) -> Result<RowStream, Failed> {
    client.query_raw(sql, [0_i32; 0]).await
}

async fn with(client: &tokio_postgres::Client, sql: &str, callback: impl FnOnce(Row) + Send) -> Result<(), Failed> {
    callback(client.query_one(sql, &[]).await?);
    Ok(())
}

/// The facade: on the one runner that all facades on tokio share.
#[derive(Debug)]
pub(crate) struct Facade(Client);

impl Peer for Facade {
    const CALLBACK: Option<&'static str> = Some("a callback that an async function calls");

    fn new(at: &Addresses) -> Result<Self> {
        Ok(Self(Client::connect(&at.postgres())?))
    }

    fn call(&mut self) -> Result {
        expect(self.0.query_one(QUERY)?.get::<_, i32>(0), 42)
    }

    fn iterate(&mut self) -> Result {
        let rows: std::result::Result<Vec<_>, _> = self.0.query(ROWS)?.take(ITEMS).collect();
        expect(rows?.len(), ITEMS)
    }

    fn inside(at: &Addresses, body: Body) -> Result {
        Ok(Self::new(at)?.0.with(QUERY, |_| body())?)
    }
}

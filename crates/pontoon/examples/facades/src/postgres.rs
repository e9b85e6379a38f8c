//! PostgreSQL, for sync callers:
//!
//! ```text
//! 2 planets
//! Mercury
//! Venus
//! rolled back: 2 planets
//! committed: 3 planets
//! copied: Mercury Venus Earth
//! ```

use std::{error::Error, io::Write};
use tokio_postgres::{CopyOutStream, Error as Failed, NoTls, Row, RowStream, types::ToSql};

pontoon::facade! {
    /// A connection to PostgreSQL.
    #[derive(Debug)]
    pub struct Client(tokio_postgres::Client) in pontoon::Tokio;

    /// Connects.
    ///
    /// # Errors
    ///
    /// Where no PostgreSQL listens.
    async fn connect = self::connect(config: &str) -> Result<Self, Failed>;

    /// Runs statements.
    ///
    /// # Errors
    ///
    /// What the server says.
    async fn batch_execute(&self, sql: &str) -> Result<(), Failed>;

    /// The one row that a query has.
    ///
    /// # Errors
    ///
    /// What the server says.
    async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Failed>;

    /// The rows of a query, as they come.
    ///
    /// # Errors
    ///
    /// What the server says.
    iter fn query = self::query(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<RowStream, Failed>;

    /// What `COPY .. TO STDOUT` gives, as it comes.
    ///
    /// # Errors
    ///
    /// What the server says.
    iter fn copy_out(&self, sql: &str) -> Result<CopyOutStream, Failed>;

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// What the server says.
    async fn transaction(&mut self) -> Result<Transaction<'_>, Failed>;

    /// A transaction. Dropping it waits until it is rolled back.
    pub struct Transaction<'c>(tokio_postgres::Transaction<'c>) in pontoon::Tokio, close = rollback;

    /// Runs a statement, and gives the number of rows.
    ///
    /// # Errors
    ///
    /// What the server says.
    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Failed>;

    /// Keeps what was done.
    ///
    /// # Errors
    ///
    /// What the server says.
    async fn commit(self) -> Result<(), Failed>;
}

async fn connect(config: &str) -> Result<tokio_postgres::Client, Failed> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn query(
    client: &tokio_postgres::Client,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<RowStream, Failed> {
    client.query_raw(sql, params.iter().copied()).await
}

/// Uses it, and writes what happens.
///
/// # Errors
///
/// What the server says.
pub fn show(config: &str, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut client = Client::connect(config)?;
    client.batch_execute("CREATE TEMP TABLE planet (name TEXT); INSERT INTO planet VALUES ('Mercury'), ('Venus')")?;
    let count = |client: &Client| Ok::<i64, Failed>(client.query_one("SELECT count(*) FROM planet", &[])?.get(0));
    writeln!(out, "{} planets", count(&client)?)?;
    for row in client.query("SELECT name FROM planet", &[])? {
        writeln!(out, "{}", row?.get::<_, &str>(0))?;
    }
    let earth = ("INSERT INTO planet VALUES ($1)", &[&"Earth" as &(dyn ToSql + Sync)]);
    let transaction = client.transaction()?;
    transaction.execute(earth.0, earth.1)?;
    drop(transaction);
    writeln!(out, "rolled back: {} planets", count(&client)?)?;
    let transaction = client.transaction()?;
    transaction.execute(earth.0, earth.1)?;
    transaction.commit()?;
    writeln!(out, "committed: {} planets", count(&client)?)?;
    let lines = client.copy_out("COPY planet TO STDOUT")?.collect::<Result<Vec<_>, _>>()?.concat();
    writeln!(out, "copied: {}", String::from_utf8(lines)?.trim().replace('\n', " "))?;
    Ok(())
}

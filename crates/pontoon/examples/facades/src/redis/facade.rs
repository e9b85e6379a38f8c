//! The commands of redis that an account needs, for sync callers:
//!
//! ```text
//! PONG
//! alice has 100
//! alice has 70, bob has 30
//! account:alice
//! account:bob
//! ```

use super::{Backend, client};
use client::{
    AsyncCommands as _, AsyncConnectionConfig, AsyncIter, RedisError, RedisResult, aio::MultiplexedConnection,
};
use std::{error::Error, io::Write, time::Duration};

pontoon::facade! {
    /// A connection to redis. Its clones share a socket.
    #[derive(Clone, Debug)]
    pub struct Connection(MultiplexedConnection) in Backend;

    /// Connects.
    ///
    /// # Errors
    ///
    /// Where no redis listens.
    async fn connect = self::connect(url: &str) -> RedisResult<Self>;

    /// Says `PONG`.
    ///
    /// # Errors
    ///
    /// When the connection is lost, as in each of these.
    fn ping(&mut self) -> RedisResult<String>;

    /// Sets a number.
    ///
    /// # Errors
    ///
    /// See [`ping`](Self::ping).
    fn set(&mut self, key: &str, value: i64) -> RedisResult<()>;

    /// Reads a number.
    ///
    /// # Errors
    ///
    /// See [`ping`](Self::ping).
    fn get(&mut self, key: &str) -> RedisResult<Option<i64>>;

    /// The keys that match a pattern, as they come.
    ///
    /// # Errors
    ///
    /// See [`ping`](Self::ping).
    iter fn keys = scan_match(&mut self, pattern: &str) -> Result<AsyncIter<'_, String>, RedisError>;

    /// Moves an amount in one transaction, and gives what both have then.
    ///
    /// # Errors
    ///
    /// See [`ping`](Self::ping).
    async fn transfer = self::transfer(&mut self, from: &str, to: &str, amount: i64) -> RedisResult<(i64, i64)>;
}

async fn connect(url: &str) -> RedisResult<MultiplexedConnection> {
    // The default is less patient than a busy machine needs.
    let patience = Duration::from_secs(30);
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(patience.into()).set_response_timeout(patience.into());
    client::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

async fn transfer(redis: &mut MultiplexedConnection, from: &str, to: &str, amount: i64) -> RedisResult<(i64, i64)> {
    client::pipe().atomic().decr(from, amount).incr(to, amount).query_async(redis).await
}

/// Uses it, and writes what happens.
///
/// # Errors
///
/// When the connection is lost.
pub fn show(url: &str, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut redis = Connection::connect(url)?;
    writeln!(out, "{}", redis.ping()?)?;
    redis.set("account:alice", 100)?;
    redis.set("account:bob", 0)?;
    writeln!(out, "alice has {}", redis.get("account:alice")?.unwrap_or_default())?;
    let (alice, bob) = redis.transfer("account:alice", "account:bob", 30)?;
    writeln!(out, "alice has {alice}, bob has {bob}")?;
    let mut keys = redis.keys("account:*")?.collect::<RedisResult<Vec<_>>>()?;
    keys.sort();
    Ok(keys.iter().try_for_each(|key| writeln!(out, "{key}"))?)
}

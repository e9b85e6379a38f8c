//! Traits, and what implements them.

use super::{
    BlockingClient, BlockingRow, Client, Error, Result, Row,
    shapes::{BlockingEither, Either},
};
use futures_core::Stream;
use pontoon::blocking;
use std::future::Future;

/// A store of any kind.
#[blocking(wrap(Row))]
#[allow(async_fn_in_trait, reason = "whether they are `Send` is up to each implementor")]
pub trait Store {
    /// What it keeps.
    type Value: Clone;
    /// How many it keeps.
    const SIZE: usize;

    /// Reads.
    async fn read(&self, key: &str) -> Option<Self::Value>;

    /// Reads, or gives another.
    async fn read_or(&self, key: &str, other: Self::Value) -> Self::Value {
        self.read(key).await.unwrap_or(other)
    }

    /// All keys.
    fn names(&self) -> impl Stream<Item = String> + '_;

    /// A row.
    fn row(&self, key: &str) -> impl Future<Output = Result<Row>> + Send;

    /// The number of keys.
    fn size(&self) -> usize {
        Self::SIZE
    }
}

#[blocking(wrap(Row))]
impl Store for Client {
    type Value = String;
    const SIZE: usize = 7;

    async fn read(&self, key: &str) -> Option<Self::Value> {
        self.get(key).await
    }

    fn names(&self) -> impl Stream<Item = String> + '_ {
        self.keys()
    }

    async fn row(&self, key: &str) -> Result<Row> {
        let text = self.get(key).await.ok_or_else(|| Error("no row".into()))?;
        Ok(Row { text })
    }
}

/// A trait whose blocking form has another name, and whose value is wrapped.
#[blocking(trait_name = OpenNow, wrap(Row))]
#[allow(async_fn_in_trait, reason = "whether they are `Send` is up to each implementor")]
pub trait Open<K> {
    /// What is opened.
    type Opened;

    /// Opens.
    ///
    /// # Errors
    ///
    /// If it cannot.
    async fn open(key: K) -> Result<Self::Opened>
    where
        Self: Sized;
}

#[blocking(trait_name = OpenNow, backend = pontoon::Smol, wrap(Row))]
impl Open<u32> for Either {
    type Opened = Row;

    async fn open(key: u32) -> Result<Self::Opened> {
        Ok(Row { text: key.to_string() })
    }
}

//! `facade!` over types of another crate, the same in each edition.

/// What stands for another crate: it knows nothing of pontoon.
#[allow(clippy::missing_errors_doc, reason = "it is there to be wrapped")]
pub mod foreign {
    use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
    use futures_lite::{StreamExt as _, future, stream};
    use std::{collections::BTreeMap, io, sync::Arc, sync::Mutex};

    /// Everything that the server has.
    type Table = Arc<Mutex<BTreeMap<String, u32>>>;

    /// A connection.
    #[derive(Clone, Debug, Default)]
    pub struct Connection {
        table: Table,
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// Where there is nobody.
    pub async fn connect(address: &str) -> io::Result<Connection> {
        future::yield_now().await;
        if address.is_empty() { Err(io::ErrorKind::AddrNotAvailable.into()) } else { Ok(Connection::default()) }
    }

    impl Connection {
        /// Another one.
        pub async fn again(other: &Self) -> Self {
            future::yield_now().await;
            other.clone()
        }

        /// Begins.
        pub async fn begin(&mut self) -> io::Result<Transaction<'_>> {
            future::yield_now().await;
            Ok(Transaction { connection: self, changes: Vec::new() })
        }

        /// How many.
        #[must_use]
        pub fn len(&self) -> usize {
            self.lock().len()
        }

        /// Whether there is nothing.
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// All rows.
        pub async fn rows(&self, from: &str) -> io::Result<BoxStream<'static, io::Result<(String, u32)>>> {
            future::yield_now().await;
            let rows: Vec<_> =
                self.lock().range(from.to_owned()..).map(|(key, value)| Ok((key.clone(), *value))).collect();
            Ok(stream::iter(rows).boxed())
        }

        /// All keys.
        pub fn keys(&self) -> impl Stream<Item = String> + 'static {
            stream::iter(self.lock().keys().cloned().collect::<Vec<_>>())
        }

        fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u32>> {
            self.table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    /// What can be asked of anything that has a connection.
    pub trait Commands {
        /// Reads.
        fn get<'a, K: AsRef<str> + Send + Sync + 'a, R: From<u32>>(&'a mut self, key: K) -> BoxFuture<'a, Option<R>>;
    }

    impl Commands for Connection {
        fn get<'a, K: AsRef<str> + Send + Sync + 'a, R: From<u32>>(&'a mut self, key: K) -> BoxFuture<'a, Option<R>> {
            Box::pin(async move {
                future::yield_now().await;
                self.lock().get(key.as_ref()).copied().map(R::from)
            })
        }
    }

    /// A transaction.
    #[derive(Debug)]
    pub struct Transaction<'c> {
        connection: &'c mut Connection,
        changes: Vec<(String, u32)>,
    }

    impl Transaction<'_> {
        /// Stores for later.
        pub fn set(&mut self, key: &str, value: u32) -> &mut Self {
            self.changes.push((key.into(), value));
            self
        }

        /// Commits.
        pub async fn commit(self) -> io::Result<()> {
            future::yield_now().await;
            self.connection.lock().extend(self.changes);
            Ok(())
        }

        /// Rolls back.
        pub async fn rollback(self) -> io::Result<()> {
            future::yield_now().await;
            self.connection.lock().insert("rolled back".into(), u32::try_from(self.changes.len()).unwrap_or(u32::MAX));
            Ok(())
        }
    }
}

use foreign::Commands as _;
use futures_core::{Stream, stream::BoxStream};
use std::io;

type Row = io::Result<(String, u32)>;

pontoon::facade! {
    /// A connection, for sync callers.
    #[derive(Clone, Debug)]
    pub struct Connection(foreign::Connection) in pontoon::Smol;

    /// Connects.
    ///
    /// # Errors
    ///
    /// Where there is nobody.
    async fn connect = foreign::connect(address: &str) -> io::Result<Self>;

    /// Another one.
    #[must_use]
    fn again(other: &Self) -> Self;

    /// Reads.
    fn get(&mut self, key: &str) -> Option<u64>;

    /// Reads a small one.
    fn get_as<R: From<u32> + Send> = get(&mut self, key: &str) -> Option<R>;

    /// Reads what need not be `Send`.
    #[blocking(local)]
    fn get_here<R: From<u32>> = get(&mut self, key: &str) -> Option<R>;

    /// How many.
    #[must_use]
    fn len(&self) -> usize;

    /// Whether there is nothing.
    #[must_use]
    fn is_empty(&self) -> bool;

    /// All rows.
    ///
    /// # Errors
    ///
    /// Never.
    iter fn rows(&self, from: &str) -> io::Result<BoxStream<'static, Row>>;

    /// All keys.
    #[must_use]
    fn keys(&self) -> impl Stream<Item = String> + 'static;

    /// Begins.
    ///
    /// # Errors
    ///
    /// Never.
    async fn begin(&mut self) -> io::Result<Transaction<'_>>;

    /// Begins, by the name there.
    ///
    /// # Errors
    ///
    /// Never.
    async fn start = begin(&mut self) -> io::Result<foreign::Transaction<'_>>;

    /// A transaction that rolls back on drop.
    #[derive(Debug)]
    pub struct Transaction<'c>(foreign::Transaction<'c>) in pontoon::Smol, close = rollback;

    /// Stores for later.
    fn set(&mut self, key: &str, value: u32) -> &mut Self;

    /// Commits.
    ///
    /// # Errors
    ///
    /// Never.
    async fn commit(self) -> io::Result<()>;

    /// One of anything.
    #[derive(Clone)]
    pub(crate) struct Whatever<T>(Option<T>) where T: Clone in pontoon::Smol, cfg(not(any()));

    fn take(&mut self) -> Option<T>;
    pub(self) fn is_some(&self) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facade_of_foreign_types() {
        assert!(Connection::connect("").is_err());
        let mut connection = Connection::connect("here").unwrap();
        let mut other = Connection::again(&connection);
        assert!(connection.is_empty());
        let mut transaction = connection.begin().unwrap();
        transaction.set("a", 1).set("b", 2);
        transaction.commit().unwrap();
        assert_eq!((connection.len(), other.get("b"), other.get_as("c")), (2, Some(2), None::<u32>));
        assert_eq!(other.get_here("b"), Some(2_u32));
        drop(other.start().unwrap());
        assert_eq!(other.get_as::<u64>("rolled back"), Some(0));
        assert_eq!(connection.keys().collect::<Vec<_>>(), ["a", "b", "rolled back"]);
        let rows: io::Result<Vec<_>> = connection.rows("b").unwrap().collect();
        assert_eq!(rows.unwrap(), [("b".into(), 2), ("rolled back".into(), 0)]);
        assert!(format!("{:?}", connection.clone()).starts_with("Connection(Connection {"));
    }

    #[test]
    fn a_facade_of_a_generic_type() {
        let mut some = Whatever::from_async(Some(1));
        assert!(some.is_some());
        assert_eq!(some.clone().take(), Some(1));
        assert_eq!(some.take(), Some(1));
        assert!(!some.is_some());
    }
}

//! A client of every shape under `#[blocking]`, the same in each edition.
#![allow(clippy::unused_async, reason = "a future that is ready at once is a shape, too")]

pub mod shapes;
pub mod traits;

#[cfg(test)]
mod tests;

use futures_core::Stream;
use futures_lite::{future, stream};
use pontoon::blocking;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    num::ParseIntError,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<ParseIntError> for Error {
    fn from(error: ParseIntError) -> Self {
        Self(error.to_string())
    }
}

/// The alias that every client has.
pub type Result<T> = std::result::Result<T, Error>;

type Table = Arc<Mutex<BTreeMap<String, String>>>;

/// A client of a table.
///
/// # Examples
///
/// ```ignore
/// let client = Client::connect("here").await?;
/// ```
#[blocking]
#[derive(Clone, Debug, Default)]
pub struct Client {
    address: String,
    table: Table,
    retries: u32,
    log: Arc<Mutex<Vec<String>>>,
}

/// A place.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// To the right.
    pub x: u32,
    /// Up.
    pub y: u32,
}

#[blocking(backend = pontoon::Smol, wrap(Transaction, Row, Pair => BlockingTwo))]
impl Client {
    /// How many it is.
    pub const LANES: usize = 2;

    /// Connects.
    ///
    /// # Errors
    ///
    /// An [`Error`] where there is nobody.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let client = Client::connect("here").await?;
    /// ```
    pub async fn connect(address: impl Into<String>) -> Result<Self> {
        future::yield_now().await;
        let address = address.into();
        if address.is_empty() {
            return Err(Error("nobody is there".into()));
        }
        Ok(Self { address, table: Table::default(), retries: 0, log: Arc::default() })
    }

    /// The type by its own name.
    pub async fn by_name(address: &str) -> Client {
        Self { address: address.into(), ..Self::default() }
    }

    /// Optionally.
    pub async fn maybe(address: &str) -> Option<Self> {
        Self::connect(address).await.ok()
    }

    /// A function without a value.
    #[must_use]
    pub fn version() -> &'static str {
        "1"
    }

    /// Generic, and unsized.
    pub async fn get<K: AsRef<str> + ?Sized>(&self, key: &K) -> Option<String> {
        future::yield_now().await;
        self.table().get(key.as_ref()).cloned()
    }

    /// By two references, of which one is in the result.
    pub async fn longest<'a>(&self, one: &'a str, other: &str) -> &'a str {
        if one.len() < other.len() { "" } else { one }
    }

    /// What it borrows from itself.
    pub async fn peer(&self) -> &str {
        &self.address
    }

    /// A sync method.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sync, and exclusive.
    pub fn address_mut(&mut self) -> &mut String {
        &mut self.address
    }

    /// Stores.
    ///
    /// # Errors
    ///
    /// If the value is empty.
    pub async fn put<'a>(&self, key: &str, value: impl Into<Cow<'a, str>>) -> Result<()> {
        let value = value.into().into_owned();
        if value.is_empty() {
            return Err(Error("empty".into()));
        }
        self.table().insert(key.to_owned(), value);
        Ok(())
    }

    /// A builder by value.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// A builder by reference.
    pub fn set_retries(&mut self, retries: u32) -> &mut Self {
        self.retries = retries;
        self
    }

    /// A builder that may fail.
    ///
    /// # Errors
    ///
    /// If it is no number.
    pub fn parse_retries(&mut self, retries: &str) -> Result<&mut Self> {
        self.retries = retries.parse()?;
        Ok(self)
    }

    /// An async builder that may fail.
    ///
    /// # Errors
    ///
    /// If it is no number.
    pub async fn load_retries(self, retries: &str) -> Result<Self> {
        future::yield_now().await;
        let retries = retries.parse()?;
        Ok(Self { retries, ..self })
    }

    /// Patterns in place of names.
    #[allow(clippy::many_single_char_names, reason = "each stands at its place in a pattern")]
    pub async fn patterns(
        &self,
        mut sum: u32,
        Point { x, y }: Point,
        (a, [b, ..]): (u32, [u32; 3]),
        _: &str,
        &c: &u32,
    ) -> u32 {
        sum += x + y;
        sum + a + b + c
    }

    /// Names that the macro may use itself.
    pub async fn names(&self, value: u32, runner: u32, this: u32, given: u32, address: u32, r#type: u32) -> u32 {
        value + runner + this + given + address + r#type
    }

    /// Numbers in types, and bounds in two places.
    pub async fn lanes<T, const N: usize>(&self, items: [T; N]) -> Vec<T>
    where
        T: Clone + Ord,
    {
        let mut items = items.to_vec();
        items.sort();
        items.truncate(Self::LANES);
        items
    }

    /// Its own constant in a type.
    pub async fn sized(&self, items: [u8; Self::LANES]) -> [u8; Self::LANES] {
        items
    }

    /// What only the caller can tell.
    ///
    /// # Errors
    ///
    /// If it cannot be parsed.
    pub async fn parsed<T: std::str::FromStr>(&self, key: &str) -> std::result::Result<T, Option<T::Err>> {
        self.get(key).await.ok_or(None)?.parse().map_err(Some)
    }

    /// Nothing in the arguments says which type.
    pub async fn size_of<T>(&self) -> usize {
        size_of::<T>()
    }

    /// A future that may not move between threads.
    pub async fn local(&self, text: Rc<str>) -> usize {
        let shared = Rc::clone(&text);
        future::yield_now().await;
        shared.len()
    }

    /// A future that could move, and is told not to.
    #[blocking(local)]
    pub async fn told(&self) -> u32 {
        self.retries
    }

    /// A future, shown.
    #[expect(clippy::manual_async_fn, reason = "to see it shown")]
    pub fn shown(&self, add: u32) -> impl Future<Output = u32> + Send + '_ {
        async move { self.retries + add }
    }

    /// A future, boxed.
    #[must_use]
    pub fn boxed<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>> {
        Box::pin(self.get(key))
    }

    /// A stream that borrows.
    pub fn keys(&self) -> impl Stream<Item = String> + '_ {
        stream::iter(self.table().keys().cloned().collect::<Vec<_>>())
    }

    /// A stream by name.
    #[blocking(iter)]
    pub fn numbers(&self, to: u32) -> stream::Iter<std::ops::Range<u32>> {
        stream::iter(0..to)
    }

    /// A stream in a box.
    #[must_use]
    pub fn boxed_numbers(&self, to: u32) -> Pin<Box<dyn Stream<Item = u32> + Send>> {
        Box::pin(stream::iter(0..to))
    }

    /// A stream that may not come, of items that may fail.
    ///
    /// # Errors
    ///
    /// If it is no number.
    pub async fn fallible<'a>(&'a self, to: &str) -> Result<impl Stream<Item = Result<u32>> + 'a> {
        let to: u32 = to.parse()?;
        Ok(stream::iter((0..to).map(|number| if number == 3 { Err(Error("three".into())) } else { Ok(number) })))
    }

    /// A stream of wrapped types.
    pub fn rows(&self) -> impl Stream<Item = Result<Row>> + '_ {
        let rows: Vec<_> = self.table().values().cloned().map(|text| Ok(Row { text })).collect();
        stream::iter(rows)
    }

    /// A stream of streams.
    pub fn nested(&self) -> impl Stream<Item = impl Stream<Item = u32>> {
        stream::iter((0..3).map(|to| stream::iter(0..to)))
    }

    /// Something hidden that borrows, or may.
    pub async fn hidden(&self, from: &u32) -> impl Iterator<Item = u32> {
        let from = *from;
        future::yield_now().await;
        from..self.retries
    }

    /// A stream that borrows, or may.
    pub async fn hidden_stream(&self, from: &u32) -> Option<impl Stream<Item = u32>> {
        let from = *from;
        future::yield_now().await;
        Some(stream::iter(from..self.retries))
    }

    /// A stream that borrows nothing.
    pub fn detached(&self) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..self.retries)
    }

    /// Perhaps a stream, by name.
    #[blocking(iter)]
    pub async fn maybe_numbers(&self, to: Option<u32>) -> Option<stream::Iter<std::ops::Range<u32>>> {
        to.map(|to| stream::iter(0..to))
    }

    /// Begins.
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn begin(&mut self) -> Result<Transaction<'_>> {
        future::yield_now().await;
        Ok(Transaction { client: self, changes: Vec::new() })
    }

    /// Wrapped types in containers.
    pub async fn all(&self) -> Vec<Row> {
        self.table().values().cloned().map(|text| Row { text }).collect()
    }

    /// Wrapped types in a tuple and a map, and one by another name.
    ///
    /// # Errors
    ///
    /// Never.
    #[allow(clippy::type_complexity, reason = "to see it mapped")]
    pub async fn mixed(&self, text: &str) -> Result<(Row, usize, Option<Row>, HashMap<u32, Row>, Pair<u8>)> {
        let row = |text: &str| Row { text: text.to_owned() };
        Ok((row(text), text.len(), Some(row("x")), HashMap::from([(1, row("y"))]), Pair(1, 2)))
    }

    /// Gives itself back if it fails.
    ///
    /// # Errors
    ///
    /// Always.
    pub async fn failing(self) -> std::result::Result<(), (Self, String)> {
        Err((self, "no".into()))
    }

    /// Wrapped types as arguments.
    pub async fn take(&self, one: Row, others: Vec<Row>, seen: &Row, other: Option<&Self>, two: (Row, u8)) -> String {
        let others: String = others.into_iter().map(|row| row.text).collect();
        let retries = other.map_or(0, |other| other.retries);
        format!("{}{others}{}{retries}{}{}", one.text, seen.text, two.0.text, two.1)
    }

    /// A callback.
    pub async fn each(&self, mut f: impl FnMut(&str, &str)) {
        let table = self.table().clone();
        for (key, value) in &table {
            future::yield_now().await;
            f(key, value);
        }
    }

    /// An async callback.
    pub async fn each_async<F, R>(&self, f: F) -> usize
    where
        F: Fn(String) -> R,
        R: Future<Output = usize>,
    {
        let table = self.table().clone();
        let mut sum = 0;
        for key in table.into_keys() {
            sum += f(key).await;
        }
        sum
    }

    /// A result that is mapped by hand.
    #[blocking(returns = Vec<BlockingRow>, with = |rows: [Row; 2], runner: &pontoon::Runner| {
        rows.into_iter().map(|row| BlockingRow::from_async_on(row, runner.clone())).collect()
    })]
    pub async fn by_hand(&self) -> [Row; 2] {
        [Row { text: "a".into() }, Row { text: "b".into() }]
    }

    /// Under another name.
    #[blocking(name = on_runner)]
    pub async fn runner(&self) -> u32 {
        self.retries
    }

    /// Not mirrored.
    #[blocking(skip)]
    pub async fn shared(self: Arc<Self>) -> u32 {
        self.retries
    }

    /// Attributes that are kept.
    #[deprecated(note = "to see it kept")]
    #[cfg(not(any()))]
    #[must_use]
    pub async fn attributes(&self) -> u32 {
        self.private().await
    }

    /// Not there.
    #[cfg(any())]
    pub async fn absent(&self) -> Missing {}

    /// For this crate.
    pub(crate) async fn inside(&self) -> u32 {
        self.private().await
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, text: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    async fn private(&self) -> u32 {
        self.retries
    }

    /// Ends.
    pub async fn finish(self) -> String {
        future::yield_now().await;
        self.address
    }
}

/// A row.
#[blocking(backend = pontoon::Smol)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    text: String,
}

#[blocking]
impl Row {
    /// Its text.
    pub async fn text(&self) -> &str {
        future::yield_now().await;
        &self.text
    }
}

/// Two of them.
#[blocking(name = BlockingTwo)]
#[derive(Debug)]
pub struct Pair<T>(T, T);

#[blocking(name = BlockingTwo)]
impl<T: Copy + std::ops::Add<Output = T>> Pair<T> {
    /// Their sum.
    pub async fn sum(&self) -> T {
        self.0 + self.1
    }
}

/// A transaction, which rolls back on drop.
#[blocking(close = rollback_mut, close_limit = std::time::Duration::from_secs(1))]
#[derive(Debug)]
pub struct Transaction<'c> {
    client: &'c mut Client,
    changes: Vec<(String, String)>,
}

#[blocking(wrap(Transaction))]
impl<'c> Transaction<'c> {
    /// Stores for later.
    pub async fn put(&mut self, key: &str, value: &str) -> &mut Self {
        self.changes.push((key.into(), value.into()));
        self
    }

    /// Inside this one.
    pub async fn nested(&mut self) -> Transaction<'_> {
        Transaction { client: self.client, changes: Vec::new() }
    }

    /// The client.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.client.address
    }

    /// What it was made of.
    pub fn into_changes(self) -> impl Iterator<Item = (String, String)> + use<'c> {
        self.changes.into_iter()
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// If a value is empty.
    pub async fn commit(self) -> Result<()> {
        for (key, value) in self.changes {
            self.client.put(&key, value).await?;
        }
        self.client.note("commit");
        Ok(())
    }

    async fn rollback_mut(&mut self) {
        future::yield_now().await;
        self.changes.clear();
        self.client.note("rollback");
    }
}

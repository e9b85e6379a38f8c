//! The macros, documented where their examples can run.

/// Writes the blocking form of an async type beside it: a facade.
///
/// It stands on a type, on its `impl` blocks, on traits and on their `impl` blocks. The async code stays as it is, and the
/// facade calls it: there is no second implementation and no second I/O stack. Calls work wherever those of
/// [`Runner`](crate::Runner) do: on plain threads, inside other runtimes, in a `Drop`, in a callback of another call.
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use futures_lite::{Stream, stream};
/// use pontoon::blocking;
/// use std::io;
///
/// /// A client of a key-value server.
/// #[blocking]
/// #[derive(Clone, Debug)]
/// pub struct Client {
///     address: String,
/// }
///
/// #[blocking(backend = pontoon::Smol, wrap(Transaction))]
/// impl Client {
///     /// Connects.
///     pub async fn connect(address: impl Into<String>) -> io::Result<Self> {
///         Ok(Self { address: address.into() })
///     }
///
///     /// Reads a value.
///     pub async fn get(&self, key: &str) -> Option<String> {
///         (key == "a").then(|| "1".to_owned())
///     }
///
///     /// All keys.
///     pub fn keys(&self) -> impl Stream<Item = String> + '_ {
///         stream::iter(["a".to_owned()])
///     }
///
///     /// Begins a transaction.
///     pub async fn begin(&mut self) -> io::Result<Transaction<'_>> {
///         Ok(Transaction { client: self })
///     }
///
///     /// Where the server is.
///     pub fn address(&self) -> &str {
///         &self.address
///     }
/// }
///
/// /// A transaction; the facade rolls it back on drop.
/// #[blocking(close = rollback_mut)]
/// pub struct Transaction<'c> {
///     client: &'c mut Client,
/// }
///
/// #[blocking]
/// impl Transaction<'_> {
///     /// Writes a value.
///     pub async fn put(&mut self, key: &str, value: &str) -> &mut Self {
///         # let _ = (key, value);
///         self
///     }
///
///     /// Keeps what was written.
///     pub async fn commit(self) -> io::Result<()> {
///         # let _ = self.client;
///         Ok(())
///     }
///
///     async fn rollback_mut(&mut self) -> io::Result<()> {
///         Ok(())
///     }
/// }
///
/// // What it is for: no runtime, no `await`.
/// let mut client = BlockingClient::connect("localhost")?;
/// assert_eq!(client.get("a").as_deref(), Some("1"));
/// assert_eq!(client.keys().collect::<Vec<_>>(), ["a"]);
/// assert_eq!(client.address(), "localhost");
/// let mut transaction = client.begin()?;
/// transaction.put("b", "2").put("c", "3");
/// transaction.commit()?;
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # What is written
///
/// On a struct or an enum `Client`: the struct `BlockingClient`, beside it and as visible. It is a
/// [`Bound`](crate::Bound): the value and its runner, and drops the value in the runtime's context. It has
///
/// | | |
/// |---|---|
/// | `from_async(value)` | a facade on the shared runner of `backend`, or on [`global`](crate::global) if none is named |
/// | `from_async_on(value, runner)` | a facade on any [`Runner`](crate::Runner) |
/// | `into_async(self)`, `as_async(&self)`, `as_async_mut(&mut self)` | the value, for async code |
/// | `runner(&self)` | its runner |
///
/// and `Clone` and `Debug`, if a `#[derive]` below the attribute has them. Every backend has one shared runner, so any
/// number of facades adds no thread.
///
/// On an inherent `impl`: one blocking method for each method that is `pub`, in whatever measure, with the same name:
///
/// | the method | its blocking form |
/// |---|---|
/// | `async fn`, `-> impl Future<Output = T>`, `-> BoxFuture<'_, T>` | gives the output |
/// | a sync method | calls it, in the runtime's context |
/// | `-> impl Stream<Item = T>`, `-> BoxStream<'_, T>`, also in a `Result` or an `Option` | gives [`Iter`](crate::Iter)`<..>` |
/// | `self`, `&self`, `&mut self`; no `self` | the same; runs on the backend's shared runner |
/// | `Self` and what [`wrap`](#options) lists, in results | the facade, on the same runner, also inside `Result`, `Option`, `Vec`, tuples, maps, aliases of these, and [containers of yours](mod@crate::facade) |
/// | the same in arguments, owned or by reference | takes the facade |
/// | `&mut Self` in a result, alone or in a `Result` | the facade that was called; a method that gives another value panics |
///
/// Generics, lifetimes, `impl Trait` arguments and patterns are kept. So are documentation, `#[cfg]`, `#[must_use]`,
/// `#[deprecated]` and lint levels; examples in the documentation that `.await` are left out, and a link to the async form
/// is added. Callbacks, and bounds of any kind, see the async types.
///
/// A future that is `Send` runs by [`Runner::run_send`](crate::Runner::run_send), any other by
/// [`Runner::run`](crate::Runner::run); inside a captive thread of another runtime the former may move and the latter may
/// not. In a generic method a type parameter counts as `Send` if its bounds say so.
///
/// On a trait `Store`: the trait `BlockingStore`. On `impl Store for Client`: `impl BlockingStore for BlockingClient`. If
/// `Store` has methods with a body, `BlockingStore` has them too, and only facades of implementors of `Store` can implement
/// it. `#[async_trait]` goes below `#[blocking]`.
///
/// # Options
///
/// | option | on | |
/// |---|---|---|
/// | `backend = Type` | types, `impl`, traits | whose shared runner `from_async`, or methods without `self`, run on: [`Smol`](crate::Smol), [`AsyncStd`](crate::AsyncStd), [`Tokio`](crate::Tokio), or any type with `fn shared() -> &'static Runner` |
/// | `name = Name` | types, and all their `impl`s | instead of `BlockingClient` |
/// | `wrap(A, path::B => C)` | `impl`, traits | other types that have facades: `BlockingA`, and `C`; written as in the signatures |
/// | `trait_name = Name` | traits, and all their `impl`s | instead of `BlockingStore` |
/// | `close = method` | types | the facade is a guard: when it is dropped, and its value was not consumed, it calls this async method, `self` or `&mut self`, visible or not |
/// | `close_limit = duration` | types | how long that may take; five seconds |
/// | `cfg(predicate)` | all | the facade is there by configuration: `cfg(feature = "blocking")` |
/// | `crate = path` | all | where `pontoon` is, if not at `::pontoon` |
///
/// On a method, `#[blocking(..)]` takes
///
/// | option | |
/// |---|---|
/// | `skip` | no blocking form |
/// | `iter` | the result is a stream by a name that does not say so, perhaps in a `Result` or an `Option` |
/// | `local` | the future does not move between threads, `Send` or not |
/// | `name = other` | the blocking form has another name |
/// | `returns = Type, with = function` | the blocking form returns `Type`, which `function(result, &Runner)` makes |
///
/// # Guards
///
/// A close on drop ends within its limit, in context, and never panics, while the thread unwinds too. Its error and its
/// panic have nowhere to go; a method that consumes the guard shows them. A close that the runner refuses, or that takes
/// too long, is reported on standard error, and the value is dropped in context.
///
/// # What is rejected
///
/// Each of these is an error at the token, and the remedy is in its text. `#[blocking(skip)]` on the method is always one.
///
/// | | because | instead |
/// |---|---|---|
/// | `self: Arc<Self>`, `Pin<&mut Self>`, `Box<Self>` | a facade has its value by itself | `self`, `&self`, `&mut self` |
/// | `&Client` or `&Row` in a result, if they are wrapped | there is no facade to refer to | an owned value |
/// | `Vec<impl Stream>` and the like | each stream would be polled alone | one merged stream |
/// | a stream as an argument | nobody would poll it | an iterator |
/// | a future inside the result | it would not be run | await it in the method |
/// | no `self`, and no `backend` | there is no runner | `backend = ..` |
/// | macro calls in the `impl` | their methods cannot be seen | an `impl` of their own |
/// | `#[async_trait]` above `#[blocking]` | it has rewritten the signatures | below it |
/// | `#[builder]` on a method | it changes the signature | an `impl` of its own |
/// | methods called `from_async`, `runner` and so on | the facade has them by itself | `name = other` |
/// | arguments under `#[cfg]` | a call cannot have them | two methods |
/// | `unsafe` and `extern` methods, `unsafe` traits | the facade cannot vouch for them | a safe method |
/// | wrapped types in `impl Iterator<Item = Self>`, in functions, among three type arguments | they cannot be converted | `returns = .., with = ..` |
///
/// # What it costs
///
/// A call costs what it would by hand: `cargo run --release -p pontoon-benches --bin facade-cost` counts the instructions
/// of both, and fails where they differ by more than 2 %. An iterator clones the runner's handle and boxes its stream, as
/// [`Runner::wrap_iter`](crate::Runner::wrap_iter) does; a facade in a result clones the handle.
#[cfg(feature = "macros")]
pub use pontoon_macros::blocking;

/// Writes the blocking form of an async type of another crate.
///
/// The type is named once, and the methods that sync code needs are declared as they are there.
///
/// ```
/// mod client {
///     use futures_lite::{Stream, stream};
///
///     pub struct Client(u32);
///
///     pub async fn connect(address: &str) -> std::io::Result<Client> {
///         Ok(Client(address.len() as u32))
///     }
///
///     impl Client {
///         pub async fn next(&mut self) -> u32 {
///             self.0 += 1;
///             self.0
///         }
///
///         pub fn last(&self) -> u32 {
///             self.0
///         }
///
///         pub fn count_down(&self) -> impl Stream<Item = u32> + '_ {
///             stream::iter((0..self.0).rev())
///         }
///
///         pub async fn begin(&mut self) -> Transaction<'_> {
///             Transaction(self)
///         }
///     }
///
///     pub struct Transaction<'c>(&'c mut Client);
///
///     impl Transaction<'_> {
///         pub async fn rollback(self) {
///             self.0.0 = 0;
///         }
///     }
/// }
///
/// # #[cfg(feature = "smol")] {
/// use futures_lite::Stream;
///
/// pontoon::facade! {
///     /// A client that counts.
///     pub struct Client(client::Client) in pontoon::Smol;
///
///     /// Connects.
///     async fn connect = client::connect(address: &str) -> std::io::Result<Self>;
///     /// Counts.
///     async fn next(&mut self) -> u32;
///     /// What was counted last.
///     fn last(&self) -> u32;
///     /// All the way down.
///     iter fn count_down(&self) -> impl Stream<Item = u32> + '_;
///     /// Begins a transaction.
///     async fn begin(&mut self) -> Transaction<'_>;
///
///     /// A transaction, which is rolled back on drop.
///     pub struct Transaction<'c>(client::Transaction<'c>) in pontoon::Smol, close = rollback;
/// }
///
/// let mut client = Client::connect("five!")?;
/// assert_eq!(client.next(), 6);
/// assert_eq!(client.count_down().collect::<Vec<_>>(), [5, 4, 3, 2, 1, 0]);
/// drop(client.begin());
/// assert_eq!(client.last(), 0);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Facades
///
/// ```text
/// <attributes> <visibility> struct Name<generics>(path::Type) <where ..> <in Backend> <, option>* ;
/// ```
///
/// Each is what [`#[blocking]`](macro@blocking) writes for a type, with the same `from_async` and so on. `in` names the
/// backend, whose shared runner `from_async` and methods without `self` run on. The options are `close`, `close_limit`,
/// `wrap(..)`, `cfg(..)` and `crate` of `#[blocking]`; of derives, `Clone` and `Debug` are forwarded. The facades of one
/// macro know each other: their own names and those of their types, as written there, are wrapped types.
///
/// # Methods
///
/// ```text
/// <attributes> <visibility> <async | iter> fn name<generics> <= target> (arguments) <-> Type> <where ..> ;
/// ```
///
/// They belong to the facade above them, and are as visible as that unless they say otherwise.
///
/// | | |
/// |---|---|
/// | `async fn` | an `async fn` there: the call is polled in place, and nothing comes before that |
/// | `fn` | anything else: it is called in the runtime's context; if it gives a future, that is run |
/// | `iter fn` | the same, and its result is a stream, perhaps in a `Result` or an `Option` |
///
/// A method is called as a method, with whatever traits are in scope; one without `self` is looked for in the type.
/// `= other` calls another one, and `= path::to::function` a function, with the value as its first argument if there is
/// one. Types are converted as by `#[blocking]`, whose options for methods may be used, too.
///
/// Where the target has type parameters that only its result tells, they have to be `Send`, or the method
/// `#[blocking(local)]`: whether a future may move is decided before they are known.
#[cfg(feature = "macros")]
pub use pontoon_macros::facade;

//! What `#[anysync]` makes: values that async code awaits and sync code runs.

mod context;
mod future;
mod stream;
pub mod support;

pub use context::AnyContext;
pub use future::Any;
pub use stream::AnyStream;

/// Makes a function callable from both sides: async code awaits its value, sync code runs it.
///
/// What the function returns depends on what it is:
///
/// | the function | returns | in async code | in sync code |
/// |---|---|---|---|
/// | `async fn f() -> T` | [`Any`]`<impl Future<Output = T>>` | `f().await` | `f().run()` |
/// | `fn s() -> impl Stream<Item = T>` | [`AnyStream`]`<impl Stream<Item = T>>` | `s().next().await` | `for item in s()` |
/// | `async fn c(hand: Hand<T>) -> Result<(), E>` | [`AnyContext`]`<impl AsyncContext<Value = T, Error = E>>` | `c().with_async(..).await` | `c().enter()` |
/// | `fn c() -> impl AsyncContext<..>` | [`AnyContext`]`<impl AsyncContext<..>>` | as above | as above |
/// | `fn f() -> impl Future<Output = T>` | [`Any`]`<impl Future<Output = T>>` | `f().await` | `f().run()` |
///
/// The value may also be inside a `Result` or an `Option`, and may be what an `async fn` gives: of
/// `async fn f() -> Result<impl Stream<Item = T>, E>` the stream is wrapped, too.
///
/// The call itself runs nothing, as with every `async fn`. Functions, methods and methods of traits, declared and defined,
/// may be generic, borrow their arguments, and take patterns and `impl Trait`; everything that is borrowed is captured,
/// in every edition. A context function takes its [`Hand`](crate::Hand) from the context: callers do not pass it.
///
/// # Options
///
/// - `runner = expression`: whose loop a blocking use runs on, a place that holds a `Runner` or leads to one; the
///   global runner if there is none. It is evaluated by each call, before the body, and may use the arguments.
/// - `future`, `stream`, `context`: what the returned type is, where it does not show it: a type by name, such as a boxed
///   stream. `future` also makes a function that takes a `Hand` an ordinary one.
/// - `crate = path`: where the `pontoon` crate is, if it is known under another name.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use futures_lite::{Stream, StreamExt as _, stream};
/// use pontoon::{Hand, anysync};
/// use std::io;
///
/// #[anysync]
/// async fn length(text: &str) -> usize {
///     text.len()
/// }
///
/// #[anysync]
/// fn words(text: &str) -> impl Stream<Item = &str> {
///     stream::iter(text.split(' '))
/// }
///
/// #[anysync(runner = pontoon::Smol::shared())]
/// async fn session(name: &str, hand: Hand<String>) -> io::Result<()> {
///     let opened = format!("{name} is open");
///     hand.over(opened).await;
///     Ok(()) // closed
/// }
///
/// // From sync code:
/// assert_eq!(length("pontoon").run(), 7);
/// assert_eq!(Vec::from_iter(words("one two")), ["one", "two"]);
/// let guard = session("the door").enter()?;
/// assert_eq!(*guard, "the door is open");
/// guard.close()?;
///
/// // From async code:
/// pontoon::run(async {
///     assert_eq!(length("pontoon").await, 7);
///     assert_eq!(words("one two").count().await, 2);
///     session("the door").with_async(async |text| Ok::<_, io::Error>(text.len())).await
/// })?;
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # What it refuses
///
/// A function that gives nothing to run, `const`, `unsafe` and `extern` functions, `main`, tests, and items that are no
/// functions: a compile error each, at the word that is to change, and with what to write instead.
#[cfg(feature = "macros")]
pub use pontoon_macros::anysync;

//! Functions of every shape under `#[anysync]`, the same in each edition.

use futures_core::Stream;
use futures_lite::stream;
use pontoon::{AsyncContext, Hand, Outcome, Runner, Smol, anysync, context};
use std::{
    convert::Infallible,
    error::Error,
    fmt::Display,
    future::Future,
    io,
    num::ParseIntError,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex},
};

/// Its braces are on one line, and needed.
#[rustfmt::skip]
#[anysync]
pub async fn short(number: u32) -> u32 { number }

/// A stream in as few.
#[rustfmt::skip]
#[anysync]
pub fn short_stream() -> impl Stream<Item = u32> { stream::once(1) }

/// Two borrowed arguments, of which one is in the output.
#[anysync]
pub async fn longest<'a>(first: &'a str, second: &str) -> &'a str {
    if first.len() < second.len() {
        return "";
    }
    first
}

/// An elided lifetime in the output.
#[anysync]
pub async fn trimmed(text: &str) -> &str {
    text.trim()
}

/// No output, and arguments that nobody uses.
#[anysync]
pub async fn nothing(_first: Rc<u32>, _: &mut u32) {}

/// Generic in types and numbers, with bounds in both places.
#[anysync]
pub async fn generic<T, const N: usize>(items: [T; N], also: impl Into<String>) -> (Vec<T>, String)
where
    T: Clone,
{
    (items.to_vec(), also.into())
}

/// A point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// To the right.
    pub x: u32,
    /// Up.
    pub y: u32,
}

/// Patterns in place of names.
#[anysync]
pub async fn patterns(
    mut sum: u32,
    Point { x, y }: Point,
    (_, (a, ref b)): (u8, (u32, u32)),
    &c: &u32,
    [d, ..]: [u32; 3],
) -> u32 {
    sum += x;
    sum + y + a + b + c + d
}

/// Arguments that are there by configuration, and lints on them.
#[anysync]
pub async fn configured(
    #[cfg(not(any()))] one: u32,
    #[cfg(any())] two: Missing,
    #[allow(unused_variables, reason = "to see it kept")] three: u32,
) -> u32 {
    one
}

/// Names that the macro might use for itself, and a keyword.
#[anysync(runner = Smol::shared())]
pub async fn names(value: u32, runner: u32, output: u32, arg0: u32, (arg1, r#type): (u32, u32)) -> u32 {
    value + runner + output + arg0 + arg1 + r#type
}

/// The body is coerced to the output, at its end and in the middle.
#[anysync]
pub async fn coerced(text: &str) -> Result<Box<dyn Fn() -> u32>, Box<dyn Error + Send + Sync>> {
    let number: u32 = text.parse()?;
    if number == 0 {
        return Err("nothing".into());
    }
    if number == 1 {
        return Ok(Box::new(|| 1));
    }
    Ok(Box::new(move || number))
}

/// The output is hidden.
#[anysync]
pub async fn hidden(number: u32) -> Option<impl Display> {
    if number == 0 {
        return None;
    }
    Some(number)
}

/// It calls itself.
#[anysync]
pub async fn recursive(number: u32) -> u32 {
    if number == 0 { 0 } else { number + Box::pin(recursive(number - 1)).await }
}

/// A lock in the last expression lives as long as in an `async fn`.
#[anysync]
pub async fn locked(lock: Mutex<u32>) -> u32 {
    *lock.lock().unwrap()
}

/// Writes its name when it is dropped.
#[derive(Debug)]
pub struct Noted<'l>(&'static str, &'l Mutex<Vec<&'static str>>);

impl Noted<'_> {
    fn number(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

/// In which order the temporaries and the locals go is a matter of the edition.
macro_rules! tail {
    ($(#[$attr:meta])* $name:ident) => {
        /// Ends in a temporary.
        $(#[$attr])*
        pub async fn $name(log: &Mutex<Vec<&'static str>>) -> usize {
            let _local = Noted("local", log);
            Noted("temporary", log).number()
        }
    };
}

tail!(
    #[anysync]
    tail_by_the_macro
);
tail!(tail_by_the_compiler);

/// The end is never reached.
#[anysync]
pub async fn unreached(text: &str) -> u32 {
    #![allow(clippy::panic, reason = "attributes inside a body are kept")]
    panic!("{text}")
}

/// Attributes of all kinds are kept.
#[anysync]
#[must_use]
#[inline]
#[cfg(not(any()))]
#[deprecated(note = "only to see it kept")]
pub async fn attributes() -> u32 {
    1
}

/// From a macro of the user's.
macro_rules! made {
    ($vis:vis $name:ident, $argument:pat => $ty:ty => $output:ty, $body:block) => {
        /// Made by a macro.
        #[anysync]
        $vis async fn $name($argument: $ty) -> $output $body
    };
}

made!(pub by_macro, (one, two) => (u32, u32) => Option<u32>, { one.checked_add(two) });

/// A stream that borrows.
#[anysync]
pub fn words<'a>(text: &'a str) -> impl Stream<Item = &'a str> + 'a {
    if text.is_empty() {
        return stream::iter(Vec::new());
    }
    stream::iter(text.split(' ').collect::<Vec<_>>())
}

/// A stream that changes what it borrows.
#[anysync]
pub fn drained<'a>(items: &'a mut Vec<u32>) -> impl Stream<Item = u32> + 'a {
    stream::iter(items.drain(..))
}

/// A stream by name.
#[anysync(stream)]
pub fn boxed(to: u32) -> Pin<Box<dyn Stream<Item = u32> + Send>> {
    if to == 0 {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(0..to))
}

/// A stream that may not come.
#[anysync]
pub fn fallible(text: &str) -> Result<impl Stream<Item = u32> + use<>, ParseIntError> {
    if text == "none" {
        return Ok(stream::iter(0..0));
    }
    let to = text.parse::<u32>()?;
    Ok(stream::iter(0..to))
}

/// A stream that comes later.
#[anysync(runner = Smol::shared())]
pub async fn later(text: &str) -> Result<impl Stream<Item = u32> + use<>, ParseIntError> {
    let to = text.parse::<u32>()?;
    Ok(stream::iter(0..to))
}

/// A future, shown.
#[anysync]
pub fn shown(number: u32) -> impl Future<Output = u32> {
    async move { number }
}

/// A future by name.
#[anysync(future)]
pub fn named(number: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move { number })
}

/// A context that cannot fail.
#[anysync]
pub async fn infallible(hand: Hand<u32>) {
    hand.over(42).await;
}

/// A context that borrows.
#[anysync]
pub async fn session<'a>(log: &'a Mutex<Vec<String>>, name: &'a str, hand: Hand<&'a str>) -> io::Result<()> {
    if name.is_empty() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let ending = hand.over(name).await;
    log.lock().unwrap().push(format!("{name}: {ending:?}"));
    Ok(())
}

/// A context that states its error.
#[anysync]
pub async fn stated(mut hands: (u32, u32), hand: Hand<u32>) -> Result<(), Box<dyn Error + Send + Sync>> {
    hands.0 += hands.1;
    hand.over(hands.0).await;
    Err("it cannot be closed".into())
}

/// A context from closures.
#[anysync]
pub fn closures(number: u32) -> impl AsyncContext<Value = u32, Error = Infallible> {
    context(async move || Ok(number), async |_: u32, _: Outcome<'_>| Ok(()))
}

/// A hand that is an argument like any other.
#[anysync(future)]
pub async fn with_hand(hand: Hand<u32>) -> io::Result<()> {
    hand.over(1).await;
    Ok(())
}

/// A type with methods.
#[derive(Debug)]
pub struct Client<'c, T> {
    runner: Runner,
    name: &'c str,
    values: Vec<T>,
}

impl<'c, T: Clone + Default> Client<'c, T> {
    /// A constructor.
    #[anysync]
    pub async fn connect(name: &'c str) -> Self {
        Self { runner: Smol::shared().clone(), name, values: vec![T::default()] }
    }

    /// By reference.
    #[anysync(runner = self.runner)]
    pub async fn name(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.name)
    }

    /// By exclusive reference.
    #[anysync]
    pub async fn push(&mut self, value: T) -> &mut T {
        self.values.push(value);
        let last = self.values.len() - 1;
        &mut self.values[last]
    }

    /// By value.
    #[anysync(runner = &self.runner)]
    pub async fn into_values(mut self) -> Vec<T> {
        self.values.reverse();
        self.values
    }

    /// By value, unused.
    #[anysync]
    pub async fn forget(self) {}

    /// In an `Arc`.
    #[anysync]
    pub async fn shared(self: Arc<Self>, also: &str) -> usize {
        self.name.len() + also.len()
    }

    /// Pinned.
    #[anysync]
    pub async fn pinned(self: Pin<&mut Self>) -> usize {
        self.values.len()
    }

    /// A stream of its own.
    #[anysync(runner = self.runner)]
    pub fn values<'a>(&'a self) -> impl Stream<Item = &'a T> + 'a + use<'a, 'c, T> {
        stream::iter(self.values.iter())
    }

    /// A context of its own.
    #[anysync]
    pub async fn open(&self, hand: Hand<&str>) -> io::Result<()> {
        hand.over(self.name).await;
        Ok(())
    }
}

/// A trait with all of it.
pub trait Store {
    /// Declared.
    #[anysync]
    async fn get(&self, key: &str) -> Option<u32>;

    /// Defined.
    #[anysync]
    async fn get_or(&self, key: &str, other: u32) -> u32 {
        self.get(key).await.unwrap_or(other)
    }

    /// A stream, declared.
    #[anysync]
    fn keys(&self) -> impl Stream<Item = String>;
}

/// A store of one.
#[derive(Debug)]
pub struct One(pub u32);

impl Store for One {
    #[anysync]
    async fn get(&self, key: &str) -> Option<u32> {
        (key == "one").then_some(self.0)
    }

    #[anysync]
    fn keys(&self) -> impl Stream<Item = String> {
        stream::once("one".to_owned())
    }
}

/// The crate under another name.
pub mod renamed {
    use pontoon as bridge;

    /// One of all.
    #[bridge::anysync(crate = bridge, runner = bridge::Smol::shared())]
    pub async fn one() -> u32 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::StreamExt as _;
    use pontoon::Any;

    fn is_send<T: Send>(value: T) -> T {
        value
    }

    #[test]
    fn functions() {
        let long = String::from("long");
        let first = {
            let short = String::from("x");
            longest(&long, &short).run()
        };
        assert_eq!(first, "long");
        assert_eq!(short(1).run(), 1);
        assert_eq!(Vec::from_iter(short_stream()), [1]);
        assert_eq!(trimmed(" a ").run(), "a");
        nothing(Rc::new(1), &mut 2).run();
        assert_eq!(generic([1, 2], "a").run(), (vec![1, 2], "a".to_owned()));
        assert_eq!(
            patterns(1, Point { x: 10, y: 100 }, (0, (1_000, 10_000)), &100_000, [1_000_000; 3]).run(),
            1_111_111
        );
        assert_eq!(configured(1, 2).run(), 1);
        assert_eq!(names(1, 2, 3, 4, (5, 6)).run(), 21);
        assert_eq!(coerced("7").run().unwrap()(), 7);
        assert_eq!(coerced("1").run().unwrap()(), 1);
        assert_eq!(coerced("0").run().err().unwrap().to_string(), "nothing");
        assert_eq!(hidden(3).run().unwrap().to_string(), "3");
        assert_eq!(recursive(4).run(), 10);
        assert_eq!(locked(Mutex::new(5)).run(), 5);
        assert_eq!(by_macro((1, 2)).run(), Some(3));
        assert_eq!(shown(3).run() + named(4).run(), 7);
        assert_eq!(renamed::one().run(), 1);
        #[allow(deprecated, reason = "it says so only to see it kept")]
        let one: Any<_> = attributes();
        assert_eq!(is_send(one).run(), 1);
    }

    #[test]
    fn temporaries_go_when_the_compiler_lets_them_go() {
        let log = Mutex::default();
        tail_by_the_macro(&log).run();
        pontoon::run(tail_by_the_compiler(&log));
        let log = log.into_inner().unwrap();
        assert_eq!(log.len(), 4);
        assert_eq!(log[..2], log[2..]);
    }

    #[test]
    #[should_panic(expected = "as it was told")]
    fn panics() {
        unreached("as it was told").run();
    }

    #[test]
    fn streams() {
        assert_eq!(Vec::from_iter(words("a b")), ["a", "b"]);
        assert_eq!(words("").into_iter().count(), 0);
        let mut items = vec![1, 2];
        assert_eq!(drained(&mut items).into_iter().sum::<u32>(), 3);
        assert!(items.is_empty());
        assert_eq!(is_send(boxed(3)).into_iter().count() + boxed(0).into_iter().count(), 3);
        assert_eq!(fallible("3").unwrap().into_iter().count(), 3);
        assert!(fallible("x").is_err());
        assert_eq!(later("3").run().unwrap().into_iter().count(), 3);
        assert_eq!(pontoon::run(async { later("3").await.unwrap().count().await }), 3);
    }

    #[test]
    fn contexts() {
        let Ok(value) = infallible().enter();
        assert_eq!(*value, 42);
        drop(value);
        let log = Mutex::new(Vec::new());
        let inside = session(&log, "a").with(|name| Ok::<_, io::Error>(name.len())).unwrap();
        assert_eq!(inside, 1);
        assert!(session(&log, "").enter().is_err());
        assert_eq!(*log.lock().unwrap(), ["a: Success"]);
        let guard = stated((1, 2)).enter().unwrap();
        assert_eq!(*guard, 3);
        assert_eq!(guard.close().unwrap_err().to_string(), "it cannot be closed");
        let Ok(value) = closures(5).enter();
        assert_eq!(*value, 5);
        let hand = pontoon::generator(with_hand);
        assert_eq!(*Smol::shared().wrap_context(hand).unwrap(), 1);
    }

    #[test]
    fn methods() {
        let name = String::from("name");
        let mut client = Client::<u32>::connect(&name).run();
        assert_eq!(client.name("a ").run(), "a name");
        *client.push(1).run() += 1;
        assert_eq!(Vec::from_iter(client.values()), [&0, &2]);
        assert_eq!(*client.open().enter().unwrap(), "name");
        assert_eq!(Pin::new(&mut client).pinned().run(), 2);
        assert_eq!(client.into_values().run(), [2, 0]);
        let other = Arc::new(Client::<u32>::connect(&name).run());
        assert_eq!(other.shared("xy").run(), 6);
        Client::<u32>::connect("x").run().forget().run();
    }

    #[test]
    fn traits() {
        fn all(store: &impl Store) -> (Option<u32>, u32, Vec<String>) {
            (store.get("one").run(), store.get_or("two", 2).run(), Vec::from_iter(store.keys()))
        }
        assert_eq!(all(&One(1)), (Some(1), 2, vec!["one".to_owned()]));
    }
}

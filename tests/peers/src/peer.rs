//! What a peer has to do.

use crate::{places::Body, servers::Addresses};
use std::error;

/// Whatever went wrong, in the peer's words.
pub type Error = Box<dyn error::Error + Send + Sync>;

/// A result of a peer's.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// How many items are taken of a stream.
pub const ITEMS: usize = 3;

/// An adapter: a blocking API, used as its own documentation says.
pub trait Peer: Sized + Send + 'static {
    /// Its own callback or future, from which somebody may call again; none if it has none.
    const CALLBACK: Option<&'static str>;

    /// Makes one.
    ///
    /// # Errors
    ///
    /// What it says.
    fn new(at: &Addresses) -> Result<Self>;

    /// Asks the server, and looks at the answer.
    ///
    /// # Errors
    ///
    /// What it says.
    fn call(&mut self) -> Result;

    /// Takes [`ITEMS`] items of what comes one by one.
    ///
    /// # Errors
    ///
    /// What it says.
    fn iterate(&mut self) -> Result;

    /// Has its own callback run the body.
    ///
    /// # Errors
    ///
    /// What it says.
    fn inside(at: &Addresses, body: Body) -> Result {
        let _ = (at, body);
        Err("it has no callback".into())
    }
}

/// An error unless the answer is the right one.
///
/// # Errors
///
/// What was answered instead.
pub fn expect<T: PartialEq + std::fmt::Debug>(answer: T, right: T) -> Result {
    if answer == right { Ok(()) } else { Err(format!("{answer:?} instead of {right:?}").into()) }
}

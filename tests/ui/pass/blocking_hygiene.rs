//! Nothing in the user's module gets between the macro and what it needs.
#![no_implicit_prelude]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![forbid(unsafe_code)]
#![allow(dead_code, reason = "they only stand in the way")]

mod core {}
mod std {}
mod facade {}
struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct Box;
struct Vec;
struct Clone;
struct Drop;
struct Runner;
struct Facade;
trait Send {}
trait Future {}
trait Here {
    fn run(self);
}
impl<T> Here for T {
    fn run(self) {}
}

/// A client.
#[::pontoon::blocking(close = close)]
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
pub struct Client {
    bound: u32,
}

#[::pontoon::blocking(backend = ::pontoon::Smol)]
impl Client {
    /// Makes one.
    pub async fn connect(runner: u32, value: u32) -> Self {
        Self { bound: runner + value }
    }

    /// Adds.
    pub async fn add(&mut self, value: u32, r#mut: u32) -> &mut Self {
        self.bound += value + r#mut;
        self
    }

    /// Sees.
    pub fn see(&self) -> u32 {
        self.bound
    }

    /// Ends.
    pub async fn close(self) {}
}

fn main() {
    let mut client = BlockingClient::connect(1, 2);
    let copy = ::std::clone::Clone::clone(&client);
    ::std::assert_eq!(client.add(3, 4).see(), 10);
    ::std::assert_eq!(copy.see(), 3);
    copy.close();
}

//! A function must be async, or return a value that is.

use futures_lite::{Stream, stream};
use pontoon::anysync;
use std::pin::Pin;

#[anysync]
fn nothing() {}

#[anysync]
fn number(of: u32) -> u32 {
    of
}

#[anysync]
fn items() -> impl Iterator<Item = u32> {
    0..3
}

#[anysync]
fn boxed() -> Pin<Box<dyn Stream<Item = u32>>> {
    Box::pin(stream::empty())
}

#[anysync(stream)]
async fn no_items() {}

#[anysync(context)]
fn no_context() {}

fn main() {}

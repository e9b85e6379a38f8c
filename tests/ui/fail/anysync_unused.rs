//! A value that nobody uses does nothing.
#![deny(unused_must_use)]

use futures_lite::{Stream, stream};
use pontoon::{Hand, anysync};

#[anysync]
async fn number() -> u32 {
    1
}

#[anysync]
fn numbers() -> impl Stream<Item = u32> {
    stream::once(1)
}

#[anysync]
async fn context(hand: Hand<u32>) {
    hand.over(1).await;
}

fn main() {
    number();
    numbers();
    context();
}

//! A context function has one hand, with a type, and returns nothing or a result.

use pontoon::{Hand, anysync};

#[anysync]
async fn two(first: Hand<u32>, second: Hand<u32>) {
    first.over(1).await;
    second.over(2).await;
}

#[anysync(stream)]
async fn stream(hand: Hand<u32>) {
    hand.over(1).await;
}

#[anysync]
async fn number(hand: Hand<u32>) -> u32 {
    hand.over(1).await;
    2
}

#[anysync]
async fn result(hand: Hand<u32>) -> Result<u32, String> {
    hand.over(1).await;
    Ok(2)
}

fn main() {}

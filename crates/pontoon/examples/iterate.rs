//! An async stream as an iterator: item by item, ahead of time, and stopped early.
//!
//! ```text
//! cargo run -p pontoon --example iterate
//! ```

#![forbid(unsafe_code)]

use example_clients::futures_util::{Stream, stream};
use pontoon::Runner;
use std::{ops::Range, time::Duration};

/// How long the server of these pages takes for one.
const ROUND_TRIP: Duration = Duration::from_millis(2);

/// A listing that comes page by page, each after a round trip. It says so when it is dropped.
fn pages(count: u32) -> impl Stream<Item = Range<u32>> + Send + 'static {
    let open = Open;
    stream::unfold((0, open), move |(page, open)| async move {
        if page == count {
            return None;
        }
        Runner::current().expect("polled by a runner").sleep(ROUND_TRIP).await;
        Some((page * 10..page * 10 + 10, (page + 1, open)))
    })
}

/// What a cursor on a server would be: it has to be given back.
struct Open;

impl Drop for Open {
    fn drop(&mut self) {
        println!("the cursor is closed");
    }
}

fn main() {
    let runner = pontoon::runner();

    // One round trip for each turn.
    for items in runner.wrap_iter(pages(3)) {
        println!("items {} to {}", items.start, items.end - 1);
    }

    // Up to eight pages are fetched while we are busy with another: the round trips overlap with our work.
    let sum: u32 = runner.wrap_iter(pages(20)).prefetch(8).flatten().sum();
    println!("the sum of 200 items is {sum}");

    // Whoever stops early drops the stream, in its runtime, before the next line of the program.
    let first = runner.wrap_iter(pages(u32::MAX)).prefetch(4).flatten().find(|item| item % 7 == 6);
    println!("found {first:?}");

    runner.close().expect("nothing is left open");
}

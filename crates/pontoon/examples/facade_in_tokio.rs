//! A blocking facade over an async client, used from plain threads and from inside tokio runtimes alike.
//!
//! ```text
//! cargo run -p pontoon --example facade_in_tokio --features tokio
//! ```

#![forbid(unsafe_code)]

use example_clients::{
    futures_util::{Stream, StreamExt as _, stream},
    tokio,
};
use std::time::Duration;

/// An async client, as its authors wrote it: on tokio, with its timers.
#[pontoon::blocking]
#[derive(Debug)]
pub struct Store {
    latency: Duration,
}

#[pontoon::blocking(backend = pontoon::Tokio)]
impl Store {
    /// Connects.
    pub async fn connect(latency: Duration) -> Self {
        tokio::time::sleep(latency).await;
        Self { latency }
    }

    /// The length of a key, after a round trip.
    pub async fn get(&self, key: &str) -> usize {
        tokio::time::sleep(self.latency).await;
        key.len()
    }

    /// All keys, each after a round trip.
    pub fn keys(&self) -> impl Stream<Item = &'static str> + '_ {
        stream::iter(["one", "three", "five"]).then(async |key| {
            tokio::time::sleep(self.latency).await;
            key
        })
    }
}

/// Sync code that does not know where it is called from.
fn report(from: &str) {
    let store = BlockingStore::connect(Duration::from_millis(1));
    let lengths: Vec<_> = store.keys().map(|key| store.get(key)).collect();
    println!("{from}: {lengths:?}");
}

fn main() {
    report("a plain thread");

    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    runtime.block_on(async { tokio::spawn(async { report("a worker of tokio") }).await }).expect("no panic");

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async { report("tokio on one thread") });
    runtime
        .block_on(async { tokio::task::spawn_blocking(|| report("tokio's blocking pool")).await })
        .expect("no panic");
}

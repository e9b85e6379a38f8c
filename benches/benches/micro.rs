//! The calls that touch no socket, one by one: `cargo bench -p pontoon-benches --bench micro`, with a part of a name to choose.
//!
//! The same subjects as in `compare`, through the same traits. These are for a look at one change; `compare` measures
//! the subjects against each other.
#![forbid(unsafe_code)]

use divan::{Bencher, black_box, counter::ItemsCount};
use futures_lite::{StreamExt as _, future::yield_now, stream};
use pontoon_benches::subjects::{Items, Loop, Nest, Pump, Subject, async_std, futures, ours, smol, tokio};
use std::fmt::{self, Display};

type OnSmol = ours::Pontoon<ours::OnSmol>;
type OnAsyncStd = ours::Pontoon<ours::OnAsyncStd>;
type OnTokio = ours::Pontoon<ours::OnTokio>;

fn main() {
    divan::main();
}

/// One subject in one bench.
#[derive(Clone, Copy)]
struct Way(&'static str, fn(Bencher<'_, '_>));

impl Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Divan finds the size of a sample from the first run: it must not be the one that starts threads.
fn measure<T>(bencher: Bencher<'_, '_>, mut work: impl FnMut() -> T) {
    for _ in 0..100 {
        black_box(work());
    }
    bencher.bench_local(work);
}

macro_rules! ways {
    ($round:ident: $($subject:ty),* $(,)?) => {
        [$(Way(<$subject as Subject>::WHO.name, $round::<$subject>)),*]
    };
}

#[divan::bench(args = ways![ready_call_by:
    OnSmol, OnAsyncStd, OnTokio, smol::InPlace, async_std::BlockOn, tokio::InPlace, tokio::HandleBlockOn,
    futures::Pollster,
])]
fn ready_call(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn ready_call_by<S: Subject>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    measure(bencher, || subject.call(async { black_box(1) }));
}

const ITEMS: u32 = 1024;

#[divan::bench(args = ways![ready_item_by:
    OnSmol, OnAsyncStd, OnTokio, smol::Lite, async_std::BlockOn, tokio::InPlace, tokio::HandleBlockOn,
    futures::Futures,
])]
fn ready_item(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn ready_item_by<S: Items>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    let all = || subject.items(stream::iter(0..u64::from(ITEMS)).map(black_box)).fold(0, u64::wrapping_add);
    measure(bencher.counter(ItemsCount::new(ITEMS)), all);
}

#[divan::bench(args = ways![item_from_task_by: OnSmol, OnAsyncStd, OnTokio, smol::BlockOn, async_std::BlockOn, tokio::HandleBlockOn])]
fn item_from_task(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn item_from_task_by<S: Pump>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    let all = || subject.pump(stream::iter(0..u64::from(ITEMS)).map(black_box)).fold(0, u64::wrapping_add);
    measure(bencher.counter(ItemsCount::new(ITEMS)), all);
}

#[divan::bench(args = ways![spawn_join_by:
    OnSmol, OnAsyncStd, OnTokio, smol::InPlace, async_std::BlockOn, tokio::InPlace, tokio::HandleBlockOn,
])]
fn spawn_join(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn spawn_join_by<S: Loop>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    measure(bencher, || subject.join(subject.spawn(async { black_box(1) })));
}

/// So many inner calls that the outer one does not count.
const NESTED: u32 = 256;

#[divan::bench(args = ways![nested_call_by: OnSmol, OnAsyncStd, OnTokio, smol::Lite, async_std::BlockOn, tokio::HandleBlockOn])]
fn nested_call(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn nested_call_by<S: Nest>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    measure(bencher.counter(ItemsCount::new(NESTED)), || subject.nest(NESTED, || async { black_box(1) }));
}

#[divan::bench(args = ways![nested_wait_by: OnSmol, OnAsyncStd, OnTokio, smol::Lite, async_std::BlockOn, tokio::HandleBlockOn])]
fn nested_wait(bencher: Bencher<'_, '_>, way: Way) {
    way.1(bencher);
}

fn nested_wait_by<S: Nest>(bencher: Bencher<'_, '_>) {
    let subject = S::start();
    let make = || async {
        yield_now().await;
        black_box(1)
    };
    measure(bencher.counter(ItemsCount::new(NESTED)), || subject.nest(NESTED, make));
}

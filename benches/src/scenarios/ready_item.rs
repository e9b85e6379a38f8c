//! An item of a stream that always has one.

use super::{Env, Scenario, entries};
use crate::{
    meter::Meter,
    subjects::{Items, async_std, futures, ours, smol, tokio},
};
use futures_lite::{StreamExt as _, stream};
use std::hint::black_box;

pub(super) fn scenario() -> Scenario {
    Scenario::short(
        "ready-item",
        "one item of a stream that always has one",
        entries![round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            tokio::InPlace,
            tokio::HandleBlockOn,
            smol::BlockOn,
            async_std::BlockOn,
            smol::Lite,
            futures::Futures,
        ],
    )
}

fn round<S: Items>(_: &Env, meter: &mut Meter) {
    let subject = S::start();
    meter.batches(20, |ops| {
        let items = subject.items(stream::iter(0..u64::from(ops)).map(black_box));
        black_box(items.fold(0, u64::wrapping_add));
    });
}

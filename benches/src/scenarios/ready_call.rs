//! A call of a future that is ready at once.

use super::{Env, Scenario, entries};
use crate::{
    meter::Meter,
    subjects::{Subject, async_std, futures, ours, smol, tokio},
};
use std::hint::black_box;

pub(super) fn scenario() -> Scenario {
    Scenario::short(
        "ready-call",
        "one call of a future that is ready",
        entries![round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            smol::InPlace,
            async_std::InPlace,
            tokio::InPlace,
            tokio::HandleBlockOn,
            tokio::HostedBlockOn,
            tokio::SpawnOneshot,
            tokio::ThreadPerCall,
            smol::BlockOn,
            smol::SpawnJoin,
            async_std::BlockOn,
            smol::Lite,
            futures::Pollster,
            futures::Futures,
        ],
    )
}

fn round<S: Subject>(_: &Env, meter: &mut Meter) {
    let subject = S::start();
    meter.batches(20, |ops| {
        for number in 0..ops {
            black_box(subject.call(async move { black_box(number) }));
        }
    });
}

//! A whole life: start, one call that has to wait, close.

use super::{Env, Needs, Scenario, Unit, entries};
use crate::{
    meter::Meter,
    subjects::{Subject, ours, smol, tokio},
};
use futures_lite::future::yield_now;

pub(super) fn scenario() -> Scenario {
    Scenario {
        name: "start-call-close",
        about: "start runtime and thread, call once, stop and join",
        unit: Unit::Micros,
        rounds: 15,
        quick_rounds: 3,
        one_core: false,
        needs: Needs::Nothing,
        entries: entries![round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            tokio::InPlace,
            tokio::HandleBlockOn,
            tokio::HostedBlockOn,
            tokio::SpawnOneshot,
            smol::InPlace,
            smol::HostedBlockOn,
        ],
    }
}

fn round<S: Subject>(_: &Env, meter: &mut Meter) {
    meter.batches(20, |ops| {
        for _ in 0..ops {
            let subject = S::start();
            subject.call(yield_now());
        }
    });
}

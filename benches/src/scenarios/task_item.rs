//! An item that a task of the loop fetched from a stream, with bounded room between the task and the caller.

use super::{Env, Scenario, entries};
use crate::{
    meter::Meter,
    subjects::{Pump, async_std, ours, smol, tokio},
};
use futures_lite::{StreamExt as _, stream};
use std::hint::black_box;

pub(super) fn scenario() -> Scenario {
    Scenario::short(
        "task-item",
        "one item from a task on the loop, which may be 64 items ahead",
        entries![round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::ByChannel<ours::OnSmol>,
            ours::ByChannel<ours::OnAsyncStd>,
            ours::ByChannel<ours::OnTokio>,
            tokio::HandleBlockOn,
            tokio::SpawnOneshot,
            smol::BlockOn,
            async_std::BlockOn,
        ],
    )
}

/// How many items one iterator gives: enough that its start and end do not count.
const ITEMS: u32 = 4096;

fn round<S: Pump>(_: &Env, meter: &mut Meter) {
    let subject = S::start();
    let drain = || {
        let items = subject.pump(stream::iter(0..u64::from(ITEMS)).map(black_box));
        assert_eq!(items.fold(0, |count, item| count + u64::from(black_box(item) < u64::MAX)), u64::from(ITEMS));
    };
    drain();
    meter.usage(20 * u64::from(ITEMS), |meter| {
        for _ in 0..20 {
            meter.share(ITEMS, drain);
        }
    });
}

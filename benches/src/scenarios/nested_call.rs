//! A call from inside a call.

use super::{Env, Scenario, entries};
use crate::{
    meter::Meter,
    subjects::{Nest, async_std, futures, ours, smol, tokio},
};
use futures_lite::future::yield_now;
use std::hint::black_box;

macro_rules! subjects {
    ($round:ident) => {
        entries![$round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            tokio::HandleBlockOn,
            smol::BlockOn,
            async_std::BlockOn,
            smol::Lite,
            futures::Pollster,
        ]
    };
}

pub(super) fn ready() -> Scenario {
    Scenario::short("nested-call", "one call of a ready future, from inside another call", subjects![ready_round])
}

pub(super) fn waiting() -> Scenario {
    Scenario::short(
        "nested-wait",
        "one call of a future that has to wait for its own wake-up, from inside another call",
        subjects![waiting_round],
    )
}

fn ready_round<S: Nest>(_: &Env, meter: &mut Meter) {
    round::<S, _>(meter, || async { black_box(1) });
}

fn waiting_round<S: Nest>(_: &Env, meter: &mut Meter) {
    round::<S, _>(meter, || async {
        yield_now().await;
        black_box(1)
    });
}

fn round<S: Nest, F: Future<Output = u32> + Send + 'static>(meter: &mut Meter, make: fn() -> F) {
    let subject = S::start();
    // At least a few inside each outer call: that one is not what is measured.
    meter.batches(20, |ops| subject.nest(ops.max(16), make));
}

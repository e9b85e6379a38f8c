//! A whole life: start, one call that has to wait or one task, close.

use super::{Entry, Env, Scenario, Unit, entries};
use crate::{
    meter::Meter,
    subjects::{Loop, Subject, ours, smol, tokio},
};
use futures_lite::future::yield_now;

macro_rules! subjects {
    ($round:ident) => {
        entries![$round:
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
        ]
    };
}

/// The call wakes itself. Pontoon starts its thread for tasks and for calls that wait for something else.
pub(super) fn of_a_call() -> Scenario {
    scenario("start-call-close", "start runtime and thread, call once, stop and join", subjects![call])
}

/// The task needs whatever the subject has to run tasks while nobody waits.
pub(super) fn of_a_task() -> Scenario {
    scenario("start-task-close", "start runtime and thread, spawn a task and join it, stop and join", subjects![task])
}

fn scenario(name: &'static str, about: &'static str, entries: Vec<Entry>) -> Scenario {
    Scenario { unit: Unit::Micros, ..Scenario::short(name, about, entries) }
}

fn call<S: Subject>(_: &Env, meter: &mut Meter) {
    meter.batches(20, |ops| {
        for _ in 0..ops {
            let subject = S::start();
            subject.call(yield_now());
        }
    });
}

fn task<S: Loop>(_: &Env, meter: &mut Meter) {
    meter.batches(20, |ops| {
        for _ in 0..ops {
            let subject = S::start();
            subject.join(subject.spawn(yield_now()));
        }
    });
}

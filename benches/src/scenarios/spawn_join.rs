//! A task is started and joined, from one thread or from eight.

use super::{Env, Scenario, entries};
use crate::{
    meter::{Meter, nanos},
    subjects::{Loop, async_std, futures, ours, smol, tokio},
};
use std::{hint::black_box, sync::Barrier, thread, time::Instant};

pub(super) fn one() -> Scenario {
    Scenario::short(
        "spawn-join-1",
        "spawn a task and join it",
        entries![alone:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::TokioSpawn,
            ours::Pontoon<ours::OnTokioMulti>,
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            smol::InPlace,
            async_std::InPlace,
            tokio::InPlace,
            tokio::HandleBlockOn,
            tokio::HostedBlockOn,
            tokio::SpawnOneshot,
            smol::BlockOn,
            smol::HostedBlockOn,
            async_std::BlockOn,
            futures::Pollster,
        ],
    )
}

pub(super) fn eight() -> Scenario {
    Scenario::short(
        "spawn-join-8",
        "spawn a task and join it, on eight threads at once; the time all of them took, shared by all tasks",
        entries![together:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::TokioSpawn,
            ours::Pontoon<ours::OnTokioMulti>,
            tokio::HandleBlockOn,
            tokio::HostedBlockOn,
            tokio::SpawnOneshot,
            smol::BlockOn,
            smol::HostedBlockOn,
            async_std::BlockOn,
            futures::Pollster,
        ],
    )
}

fn spawn_join<S: Loop>(subject: &S, ops: u32) {
    for number in 0..ops {
        let task = subject.spawn(async move { black_box(number) });
        assert_eq!(black_box(subject.join(task)), number);
    }
}

fn alone<S: Loop>(_: &Env, meter: &mut Meter) {
    let subject = S::start();
    meter.batches(20, |ops| spawn_join(&subject, ops));
}

const THREADS: u32 = 8;
const EACH: u32 = 200;

fn together<S: Loop + Sync>(_: &Env, meter: &mut Meter) {
    let subject = S::start();
    spawn_join(&subject, 10);
    for _ in 0..3 {
        let took = at_once(meter, THREADS, EACH, |_| (), |(), ops| spawn_join(&subject, ops));
        meter.sample(took / f64::from(THREADS * EACH));
    }
}

/// Lets `threads` threads do `work(own, each)` at the same time, after each has prepared its own. Gives the nanoseconds
/// from the first start to the last end.
pub(super) fn at_once<T>(
    meter: &mut Meter,
    threads: u32,
    each: u32,
    prepare: impl Fn(u32) -> T + Sync,
    work: impl Fn(&mut T, u32) + Sync,
) -> f64 {
    let barrier = Barrier::new(threads as usize + 1);
    let (barrier, prepare, work) = (&barrier, &prepare, &work);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    let mut own = prepare(number);
                    barrier.wait();
                    let start = Instant::now();
                    work(&mut own, each);
                    (start, Instant::now())
                })
            })
            .collect();
        barrier.wait();
        let times: Vec<_> = meter.usage(u64::from(threads) * u64::from(each), |_| {
            running.into_iter().map(|thread| thread.join().expect("the workload runs")).collect()
        });
        let start = times.iter().map(|(start, _)| *start).min();
        let end = times.iter().map(|(_, end)| *end).max();
        start.zip(end).map_or(0.0, |(start, end)| nanos(end - start))
    })
}

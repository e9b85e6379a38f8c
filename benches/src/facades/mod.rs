//! Real clients: through pontoon and other ways to block on them, beside the blocking facades that people use today.
//!
//! One file for each protocol: a workload, generic over the ways to make the call.

mod http;
mod postgres;
mod redis;

use crate::{
    meter::Meter,
    scenarios::{Entry, Env, Needs, Scenario, Unit},
    subjects::{Backend, Role, Who},
};

/// All threads and all servers on one processor.
pub(crate) fn scenarios() -> Vec<Scenario> {
    [&http::scenarios()[..], &postgres::scenarios(), &redis::scenarios()].concat()
}

/// The same, wherever the system puts the threads.
pub(crate) fn two_cores() -> Vec<Scenario> {
    let mut scenarios = scenarios();
    for scenario in &mut scenarios {
        scenario.name = match scenario.name {
            "http-get" => "http-get-two-cores",
            "http-5mb" => "http-5mb-two-cores",
            "postgres-query" => "postgres-query-two-cores",
            "postgres-rows" => "postgres-rows-two-cores",
            _ => "redis-ping-two-cores",
        };
        scenario.one_core = false;
    }
    scenarios
}

fn scenario(name: &'static str, about: &'static str, needs: Needs, entries: Vec<Entry>) -> Scenario {
    Scenario { name, about, unit: Unit::Micros, rounds: 15, quick_rounds: 2, one_core: true, needs, entries }
}

/// A facade that knows how to block, or what stands for it.
const fn peer(name: &'static str, backend: Backend) -> Who {
    Who { name, backend, role: Role::Peer }
}

/// The ways to make a call to a tokio client.
macro_rules! callers {
    ($round:ident) => {
        $crate::scenarios::entries![$round:
            $crate::subjects::ours::Pontoon<$crate::subjects::ours::OnTokio>,
            $crate::subjects::ours::Pontoon<$crate::subjects::ours::OnTokioMulti>,
            $crate::subjects::ours::Pontoon<$crate::subjects::ours::InlineTokio>,
            $crate::subjects::tokio::InPlace,
            $crate::subjects::tokio::HandleBlockOn,
        ]
    };
}
use callers;

/// Calls again and again.
fn calls(env: &Env, meter: &mut Meter, full: u32, mut call: impl FnMut()) {
    let count = env.count(full);
    for _ in 0..full.div_ceil(10) {
        call();
    }
    meter.usage(u64::from(count), |meter| {
        for _ in 0..count {
            meter.time(&mut call);
        }
    });
}

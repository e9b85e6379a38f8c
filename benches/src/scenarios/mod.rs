//! What is measured. Each file holds one workload, generic over its subjects.

mod callers;
mod echo;
mod guest;
mod lateness;
mod life;
mod nested_call;
mod ready_call;
mod ready_item;
mod spawn_join;
mod task_item;

pub mod weight;

use crate::{meter::Meter, subjects::Who};
use std::net::SocketAddr;

/// What a workload may use.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    /// A server in another process that sends back whatever comes in.
    pub echo: SocketAddr,
    /// A server in the same process that answers `GET /6` with six bytes, and `GET /5mb` with five megabytes.
    pub http: SocketAddr,
    /// The port of PostgreSQL on the loopback, if it runs.
    pub postgres: Option<u16>,
    /// The port of redis on the loopback, if it runs.
    pub redis: Option<u16>,
    /// The processes of all servers; 0 is none.
    pub processes: [u32; 3],
    /// Whether time is short.
    pub quick: bool,
}

impl Env {
    /// `full`, or the part of it that a quick run has time for.
    pub(crate) fn count(&self, full: u32) -> u32 {
        if self.quick { full.div_ceil(3) } else { full }
    }
}

/// What a sample counts, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds, shown as they are.
    Nanos,
    /// Nanoseconds, shown as microseconds.
    Micros,
    /// KiB of memory.
    KiB,
    /// Calls per second: more is better, and the 99th percentile is the one at the slow end.
    PerSecond,
}

impl Unit {
    /// Its name in the results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::Micros => "us",
            Self::KiB => "KiB",
            Self::PerSecond => "calls/s",
        }
    }

    /// A sample as it is shown.
    pub fn shown(self, sample: f64) -> f64 {
        match self {
            Self::Micros => sample / 1e3,
            Self::Nanos | Self::KiB | Self::PerSecond => sample,
        }
    }

    /// Whether more is better.
    pub fn more_is_better(self) -> bool {
        self == Self::PerSecond
    }
}

/// What must run beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing but our own server.
    Nothing,
    /// PostgreSQL.
    Postgres,
    /// redis.
    Redis,
}

impl Needs {
    /// Whether it is there.
    pub fn met(self, env: &Env) -> bool {
        match self {
            Self::Nothing => true,
            Self::Postgres => env.postgres.is_some(),
            Self::Redis => env.redis.is_some(),
        }
    }

    /// What is missing if it is not.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Nothing => "nothing is missing",
            Self::Postgres => "no PostgreSQL here: its programs initdb and postgres are not found, or did not start",
            Self::Redis => "no redis here: redis-server is not found, or did not start",
        }
    }
}

/// One subject in one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Who is measured.
    pub who: Who,
    /// Starts the subject, warms it up, measures it, and drops it.
    pub round: fn(&Env, &mut Meter),
}

/// One workload and all its subjects.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What `--scenario` calls it.
    pub name: &'static str,
    /// What an operation is.
    pub about: &'static str,
    /// What a sample counts.
    pub unit: Unit,
    /// How many rounds there are.
    pub rounds: u32,
    /// The rounds of a quick run.
    pub quick_rounds: u32,
    /// Whether all threads, those of the server too, share one processor.
    pub one_core: bool,
    /// What must run beside us.
    pub needs: Needs,
    /// Who takes part.
    pub entries: Vec<Entry>,
}

impl Scenario {
    /// One whose operations take nanoseconds and need nothing, so that a round of it is short.
    fn short(name: &'static str, about: &'static str, entries: Vec<Entry>) -> Self {
        let needs = Needs::Nothing;
        Self { name, about, unit: Unit::Nanos, rounds: 15, quick_rounds: 3, one_core: false, needs, entries }
    }
}

/// All scenarios, in the order in which they are run and shown.
pub fn all() -> Vec<Scenario> {
    let mut all = vec![
        ready_call::scenario(),
        ready_item::scenario(),
        task_item::scenario(),
        spawn_join::one(),
        spawn_join::eight(),
        nested_call::ready(),
        nested_call::waiting(),
        life::of_a_call(),
        life::of_a_task(),
        weight::runner(),
        weight::tasks(),
    ];
    all.extend(echo::two_cores());
    all.extend(callers::scenarios());
    all.extend(lateness::scenarios());
    all.extend(guest::scenarios());
    #[cfg(feature = "peers")]
    all.extend(crate::facades::two_cores());
    // Where threads have been stays with them for a while, so the scenarios that pin them come last.
    all.extend(echo::scenarios());
    #[cfg(feature = "peers")]
    all.extend(crate::facades::scenarios());
    all
}

/// The entries of a scenario: each subject with its instance of the generic workload.
macro_rules! entries {
    ($round:ident: $($subject:ty),* $(,)?) => {
        vec![$($crate::scenarios::Entry {
            who: <$subject as $crate::subjects::Subject>::WHO,
            round: $round::<$subject>,
        }),*]
    };
}
pub(crate) use entries;

/// The subjects that keep background work going while nobody calls.
macro_rules! hosted {
    ($round:ident) => {{
        use $crate::subjects::{async_std, futures, ours, smol, tokio};
        $crate::scenarios::entries![$round:
            ours::Pontoon<ours::OnSmol>,
            ours::Pontoon<ours::OnAsyncStd>,
            ours::Pontoon<ours::OnTokio>,
            ours::TokioSpawn,
            ours::Pontoon<ours::OnTokioMulti>,
            tokio::HandleBlockOn,
            tokio::HostedBlockOn,
            tokio::SpawnOneshot,
            tokio::ThreadPerCall,
            smol::BlockOn,
            smol::SpawnJoin,
            smol::HostedBlockOn,
            async_std::BlockOn,
            futures::Pollster,
        ]
    }};
}
use hosted;

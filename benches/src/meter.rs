//! Samples, context switches and CPU time of one subject in one scenario.

use nix::{
    sys::resource::{UsageWho, getrusage},
    time::{ClockId, clock_gettime},
};
use std::time::{Duration, Instant};

/// What one subject has shown so far.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// One value each, in the scenario's base unit: nanoseconds, calls per second, or KiB.
    pub samples: Vec<f64>,
    ops: u64,
    switches: u64,
    cpu: Duration,
}

/// How long one sample of a micro scenario should take at least: long against the clock's own cost.
const SAMPLE: Duration = Duration::from_micros(30);
const MOST_OPS: u32 = 1 << 16;

impl Meter {
    /// Adds one value that was measured in some other way.
    pub fn sample(&mut self, value: f64) {
        self.samples.push(value);
    }

    /// Runs `work` and counts what the whole process spent on it, as `ops` operations.
    pub fn usage<T>(&mut self, ops: u64, work: impl FnOnce(&mut Self) -> T) -> T {
        let (switches, cpu) = spent();
        let result = work(self);
        let (switches_after, cpu_after) = spent();
        self.ops += ops;
        self.switches += switches_after - switches;
        self.cpu += cpu_after.saturating_sub(cpu);
        result
    }

    /// Runs `call` and keeps how long it took.
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = call();
        self.samples.push(nanos(start.elapsed()));
        result
    }

    /// Runs `work`, `ops` operations, and keeps how long one of them took.
    pub fn share<T>(&mut self, ops: u32, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.samples.push(nanos(start.elapsed()) / f64::from(ops));
        result
    }

    /// Runs `work(ops)` in `count` batches, each a sample: the nanoseconds of one of its operations.
    ///
    /// The size of a batch is found first, which warms up too.
    pub fn batches(&mut self, count: u32, mut work: impl FnMut(u32)) {
        let mut ops = 1;
        // The first run of all starts what starts lazily, and a single slow one may be noise.
        while ops < MOST_OPS && (0..3).map(|_| timed(|| work(ops))).any(|took| took < SAMPLE) {
            ops *= 2;
        }
        self.usage(u64::from(count) * u64::from(ops), |meter| {
            for _ in 0..count {
                meter.share(ops, || work(ops));
            }
        });
    }

    /// The sample below which `share` of all lie.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index, rounded, within the samples"
        )]
        let index = (share * last as f64).round() as usize;
        sorted.get(index).copied()
    }

    /// Voluntary context switches of the whole process per operation.
    pub fn switches_per_op(&self) -> Option<f64> {
        (self.ops > 0).then(|| self.switches as f64 / self.ops as f64)
    }

    /// CPU time of the whole process per operation, in microseconds.
    pub fn cpu_us_per_op(&self) -> Option<f64> {
        (self.ops > 0).then(|| nanos(self.cpu) / 1e3 / self.ops as f64)
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// A duration as a number.
pub fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Voluntary context switches and CPU time of this process so far.
fn spent() -> (u64, Duration) {
    let switches = getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.voluntary_context_switches());
    let cpu = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
    (u64::try_from(switches).unwrap_or(0), cpu)
}

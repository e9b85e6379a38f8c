//! What had to be shown, row by row: met or missed, with the figures.

use super::table::number;
use crate::{
    compare::{Outcome, Row},
    subjects::{Backend, Role},
};
use std::fmt::{self, Display};

/// One bound and what was measured against it.
#[derive(Clone, Debug)]
pub struct Check {
    /// The scenario, and what of it.
    pub what: String,
    /// Which of ours.
    pub column: &'static str,
    /// How the figure came to be.
    pub figures: String,
    /// The figure.
    pub actual: f64,
    /// The most it may be, or the least if `at_least`.
    pub bound: f64,
    /// Whether more is better.
    pub at_least: bool,
    /// Whether it is only for information.
    pub aside: bool,
}

impl Check {
    /// Whether the figure keeps its bound.
    pub fn is_met(&self) -> bool {
        if self.at_least { self.actual >= self.bound } else { self.actual <= self.bound }
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.is_met(), self.aside) {
            (true, false) => "met",
            (false, false) => "MISSED",
            (true, true) => "(met)",
            (false, true) => "(missed)",
        };
        let sign = if self.at_least { '≥' } else { '≤' };
        let (actual, bound) = (number(Some(self.actual)), number(Some(self.bound)));
        write!(f, "{verdict:8} {:26} {:42} {actual:>7} {sign} {bound:<7} {}", self.column, self.what, self.figures)
    }
}

const SMOL: &str = "pontoon smol";
const ASYNC_STD: &str = "pontoon async-std";
const TOKIO: &str = "pontoon tokio";

/// How the scenarios end that let the system place the threads. It moves them as it likes, and from one run to the next
/// the same call takes twice as long or half: to look at, not to judge by.
const TWO_CORES: &str = "-two-cores";

const SMOL_NATIVE: &str = "smol LocalExecutor, async_io::block_on";
const TOKIO_NATIVE: &str = "tokio LocalSet, current_thread block_on";

/// How much worse than smol async-std may be.
const ASYNC_STD_BOUND: f64 = 1.1;

/// Every bound that the outcomes say something about.
pub fn checks(outcomes: &[Outcome]) -> Vec<Check> {
    let mut checks = Checks { outcomes, list: Vec::new() };

    checks.ratio("ready-call", SMOL, Against::Named("smol::block_on"), 0.5);
    checks.ratio("ready-call", TOKIO, Against::Named("tokio multi_thread(1) Handle::block_on"), 0.6);

    for place in ["", TWO_CORES] {
        let [echo, after_200us, after_2ms] = ["echo", "echo-200us", "echo-2ms"].map(|name| format!("{name}{place}"));
        for ours in [SMOL, TOKIO] {
            checks.ratio(&echo, ours, Against::Ideal, 1.10);
            checks.switches(&echo, ours, 1.0);
        }
        checks.ratio(&echo, TOKIO, Against::Named("tokio multi_thread(1) Handle::block_on"), 0.65);
        checks.ratio(&echo, TOKIO, Against::Named("tokio spawn + oneshot"), 0.65);
        for ours in [SMOL, TOKIO] {
            checks.ratio(&after_200us, ours, Against::Ideal, 1.15);
            checks.ratio(&after_2ms, ours, Against::BestPeer, 1.0);
        }
    }

    checks.value("ready-item", SMOL, 5.0);
    checks.value("ready-item", TOKIO, 10.0);
    for ours in [SMOL, TOKIO, "pontoon smol, own channel", "pontoon tokio, own channel"] {
        checks.ratio("task-item", ours, Against::BestPeer, 0.25);
    }

    checks.ratio("spawn-join-1", SMOL, Against::Named("smol::block_on"), 0.15);
    checks.ratio("spawn-join-1", TOKIO, Against::Named("tokio multi_thread(1) Handle::block_on"), 0.15);
    checks.ratio("spawn-join-8", SMOL, Against::Named("smol::block_on"), 0.5);
    checks.ratio("spawn-join-8", TOKIO, Against::Named("tokio multi_thread(1) Handle::block_on"), 0.5);
    for ours in [SMOL, TOKIO] {
        checks.value("nested-call", ours, 300.0);
        checks.value("nested-wait", ours, 300.0);
    }
    for life in ["start-call-close", "start-task-close"] {
        checks.ratio(life, SMOL, Against::Named("smol thread + executor, async_io::block_on"), 1.2);
        checks.ratio(life, TOKIO, Against::Named("tokio thread + current_thread, Handle::block_on"), 1.2);
    }
    for ours in [SMOL, TOKIO] {
        checks.ratio("callers-16", ours, Against::BestPeer, 1.0);
    }
    checks.later("lateness-storm", SMOL, "smol::block_on", 1000.0);
    checks.later("lateness-storm", TOKIO, "tokio multi_thread(1) Handle::block_on", 1000.0);

    for place in ["", TWO_CORES] {
        let scenario = |name| format!("{name}{place}");
        checks.ratio(&scenario("http-get"), TOKIO, Against::Named("reqwest::blocking"), 0.9);
        checks.ratio(&scenario("http-5mb"), TOKIO, Against::Named("reqwest::blocking"), 0.9);
        checks.ratio(&scenario("postgres-query"), TOKIO, Against::Named("postgres"), 1.05);
        checks.ratio(&scenario("postgres-rows"), TOKIO, Against::Named("postgres"), 0.7);
        checks.ratio(
            &scenario("postgres-rows"),
            "pontoon tokio, into a Vec",
            Against::Named("postgres, into a Vec"),
            0.7,
        );
        checks.ratio(&scenario("redis-ping"), TOKIO, Against::Named("sync redis"), 1.15);
    }

    let natives = [
        ("pontoon guest smol", "pontoon guest smol, between frames", SMOL_NATIVE),
        ("pontoon guest tokio", "pontoon guest tokio, between frames", TOKIO_NATIVE),
    ];
    for (ours, between, native) in natives {
        for place in ["", TWO_CORES] {
            checks.ratio(&format!("guest-echo{place}"), ours, Against::Named(native), 1.1);
            checks.ratio(&format!("guest-echo{place}"), between, Against::Named(native), 1.1);
        }
        checks.ratio("guest-switch", ours, Against::Named(native), 1.1);
        checks.p99("guest-tick-busy", ours, 1300.0);
        checks.value("guest-wake", ours, 30.0);
    }
    for row in outcomes.iter().filter(|outcome| outcome.name == "guest-host-timer").flat_map(|outcome| &outcome.rows) {
        if row.who.role == Role::Ours {
            checks.p99("guest-host-timer", row.who.name, 10_000.0);
        }
    }

    for outcome in outcomes {
        checks.ratio(outcome.name, ASYNC_STD, Against::Named(SMOL), ASYNC_STD_BOUND);
    }
    for check in &mut checks.list {
        let scenario = check.what.split(',').next().unwrap_or_default();
        check.aside = scenario.ends_with(TWO_CORES) || check.column.ends_with(", into a Vec");
    }
    checks.list
}

/// What ours is compared with.
#[derive(Clone, Copy)]
enum Against {
    Named(&'static str),
    Ideal,
    BestPeer,
}

struct Checks<'a> {
    outcomes: &'a [Outcome],
    list: Vec<Check>,
}

impl<'a> Checks<'a> {
    /// The outcome of `scenario` and our row in it, if it was run.
    fn find(&self, scenario: &str, ours: &str) -> Option<(&'a Outcome, &'a Row)> {
        let outcome = self.outcomes.iter().find(|outcome| outcome.name == scenario)?;
        Some((outcome, outcome.row(ours)?))
    }

    fn ratio(&mut self, scenario: &str, ours: &'static str, against: Against, bound: f64) {
        let Some((outcome, row)) = self.find(scenario, ours) else { return };
        let other = match against {
            Against::Named(name) => outcome.row(name),
            Against::Ideal => outcome.best(|other| of(other, Role::Ideal, row.who.backend)),
            Against::BestPeer => outcome.best(|other| of(other, Role::Peer, row.who.backend)),
        };
        let Some(other) = other else { return };
        let at_least = outcome.unit.more_is_better();
        let (mine, theirs, unit) = (number(Some(row.median)), number(Some(other.median)), outcome.unit.name());
        let limit = outcome.best(|row| row.who.role == Role::Limit);
        let limit = limit.map(|limit| format!("; {} of {}", number(Some(limit.median / other.median)), limit.who.name));
        self.list.push(Check {
            what: format!("{scenario}, ratio"),
            column: ours,
            figures: format!("{mine} to {theirs} {unit} of {}{}", other.who.name, limit.unwrap_or_default()),
            actual: row.median / other.median,
            bound: if at_least && bound > 1.0 { 1.0 / bound } else { bound },
            at_least,
            aside: false,
        });
    }

    fn value(&mut self, scenario: &str, ours: &'static str, bound: f64) {
        let Some((outcome, row)) = self.find(scenario, ours) else { return };
        let what = format!("{scenario}, {}", outcome.unit.name());
        self.list.push(Check {
            what,
            column: ours,
            figures: String::new(),
            actual: row.median,
            bound,
            at_least: false,
            aside: false,
        });
    }

    fn p99(&mut self, scenario: &str, ours: &'static str, bound: f64) {
        let Some((outcome, row)) = self.find(scenario, ours) else { return };
        self.list.push(Check {
            what: format!("{scenario}, p99, {}", outcome.unit.name()),
            column: ours,
            figures: String::new(),
            actual: row.p99,
            bound,
            at_least: false,
            aside: false,
        });
    }

    fn switches(&mut self, scenario: &str, ours: &'static str, bound: f64) {
        let Some((_, row)) = self.find(scenario, ours) else { return };
        let Some(actual) = row.switches_per_op else { return };
        let what = format!("{scenario}, voluntary switches a call");
        self.list.push(Check {
            what,
            column: ours,
            figures: String::new(),
            actual,
            bound,
            at_least: false,
            aside: false,
        });
    }

    /// How much later our 99th percentile is than that of the named peer.
    fn later(&mut self, scenario: &str, ours: &'static str, native: &str, bound: f64) {
        let Some((outcome, row)) = self.find(scenario, ours) else { return };
        let Some(native) = outcome.row(native) else { return };
        let (mine, theirs, unit) = (number(Some(row.p99)), number(Some(native.p99)), outcome.unit.name());
        self.list.push(Check {
            what: format!("{scenario}, p99 later by, {unit}"),
            column: ours,
            figures: format!("{mine} to {theirs} {unit} of {}", native.who.name),
            actual: row.p99 - native.p99,
            bound,
            at_least: false,
            aside: false,
        });
    }
}

fn of(row: &Row, role: Role, backend: Backend) -> bool {
    row.who.role == role && row.who.backend == backend
}

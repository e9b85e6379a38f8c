//! The rounds: every subject of a scenario in turn, again and again, so that noise hits all of them alike.

use crate::{
    meter::Meter,
    pin::Pinned,
    scenarios::{Env, Scenario, Unit},
    subjects::{Role, Who},
};
use indicatif::{ProgressBar, ProgressStyle};

/// What came of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What `--scenario` calls it.
    pub name: &'static str,
    /// What an operation is.
    pub about: &'static str,
    /// How the figures count.
    pub unit: Unit,
    /// One row for each subject.
    pub rows: Vec<Row>,
}

/// What one subject has shown in one scenario, in the scenario's unit.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Who.
    pub who: Who,
    /// The middle sample.
    pub median: f64,
    /// The sample that one in a hundred is worse than.
    pub p99: f64,
    /// Voluntary context switches of the whole process.
    pub switches_per_op: Option<f64>,
    /// CPU time of the whole process.
    pub cpu_us_per_op: Option<f64>,
    /// This median by that of the best peer on the same backend, or on none if it has no peer there.
    pub ratio_to_best_peer: Option<f64>,
    /// This median by that of the same runtime driven in place.
    pub ratio_to_ideal: Option<f64>,
}

impl Outcome {
    /// The row of the subject that is called `name`.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.who.name == name)
    }

    /// The best of the rows that `choose` chooses.
    pub fn best(&self, choose: impl Fn(&Row) -> bool) -> Option<&Row> {
        let better = |a: &&Row, b: &&Row| {
            let order = a.median.total_cmp(&b.median);
            if self.unit.more_is_better() { order.reverse() } else { order }
        };
        self.rows.iter().filter(|row| choose(row)).min_by(better)
    }
}

/// Runs `scenarios`, with a progress bar.
pub fn run(scenarios: &[Scenario], env: &Env) -> Vec<Outcome> {
    let rounds = |scenario: &Scenario| if env.quick { scenario.quick_rounds } else { scenario.rounds };
    let steps = scenarios.iter().map(|scenario| u64::from(rounds(scenario)) * scenario.entries.len() as u64).sum();
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos:>5}/{len}  {msg}") {
        bar.set_style(style);
    }
    let outcomes = scenarios.iter().map(|scenario| measure(scenario, rounds(scenario), env, &bar)).collect();
    bar.finish_and_clear();
    outcomes
}

fn measure(scenario: &Scenario, rounds: u32, env: &Env, bar: &ProgressBar) -> Outcome {
    let _pinned = scenario.one_core.then(|| Pinned::new(&env.processes));
    let mut meters = vec![Meter::default(); scenario.entries.len()];
    for round in 0..rounds {
        for index in order(scenario.entries.len(), round) {
            let entry = &scenario.entries[index];
            bar.set_message(format!("{}: {}", scenario.name, entry.who.name));
            (entry.round)(env, &mut meters[index]);
            bar.inc(1);
        }
    }
    let rows = scenario.entries.iter().zip(&meters).filter_map(|(entry, meter)| row(scenario.unit, entry.who, meter));
    let mut outcome = Outcome { name: scenario.name, about: scenario.about, unit: scenario.unit, rows: rows.collect() };
    compare(&mut outcome);
    outcome
}

/// Everybody once, after other neighbours in each round.
fn order(count: usize, round: u32) -> impl Iterator<Item = usize> {
    let round = round as usize;
    (0..count).map(move |index| {
        let index = if round % 2 == 0 { index } else { count - 1 - index };
        (index + round * 5) % count
    })
}

fn row(unit: Unit, who: Who, meter: &Meter) -> Option<Row> {
    let bad_end = if unit.more_is_better() { 0.01 } else { 0.99 };
    Some(Row {
        who,
        median: unit.shown(meter.quantile(0.5)?),
        p99: unit.shown(meter.quantile(bad_end)?),
        switches_per_op: meter.switches_per_op(),
        cpu_us_per_op: meter.cpu_us_per_op(),
        ratio_to_best_peer: None,
        ratio_to_ideal: None,
    })
}

fn compare(outcome: &mut Outcome) {
    let ratios: Vec<_> = outcome
        .rows
        .iter()
        .map(|row| {
            let other = |candidate: &Row| candidate.who.role == Role::Peer && candidate.who != row.who;
            let peer = outcome
                .best(|candidate| other(candidate) && candidate.who.backend == row.who.backend)
                .or_else(|| outcome.best(other));
            let ideal =
                outcome.best(|candidate| candidate.who.role == Role::Ideal && candidate.who.backend == row.who.backend);
            let ratio = |to: Option<&Row>| to.map(|to| row.median / to.median);
            (ratio(peer), ratio(ideal))
        })
        .collect();
    for (row, (peer, ideal)) in outcome.rows.iter_mut().zip(ratios) {
        row.ratio_to_best_peer = peer;
        row.ratio_to_ideal = ideal;
    }
}

//! `results.json`.

use crate::compare::Outcome;
use serde_json::{Value, json};

/// A list with one object for each subject of each scenario.
pub fn results(outcomes: &[Outcome]) -> Value {
    let row = |outcome: &Outcome| {
        let (scenario, unit) = (outcome.name, outcome.unit.name());
        let rows = outcome.rows.iter().map(move |row| {
            json!({
                "scenario": scenario,
                "subject": row.who.name,
                "backend": row.who.backend.name(),
                "role": row.who.role.name(),
                "unit": unit,
                "median": row.median,
                "p99": row.p99,
                "context_switches_per_op": row.switches_per_op,
                "cpu_us_per_op": row.cpu_us_per_op,
                "ratio_to_best_peer": row.ratio_to_best_peer,
                "ratio_to_ideal": row.ratio_to_ideal,
            })
        });
        rows.collect::<Vec<_>>()
    };
    Value::Array(outcomes.iter().flat_map(row).collect())
}

//! The tables, for a terminal or as Markdown.

use crate::compare::Outcome;
use std::fmt::{self, Display};

const HEAD: [&str; 7] = ["subject", "median", "p99", "switches/op", "CPU us/op", "to best peer", "to ideal"];

/// One outcome as lines of aligned columns.
#[derive(Debug)]
pub struct Plain<'a>(pub &'a Outcome);

/// One outcome as a Markdown table, and its plot, which is expected beside the page.
#[derive(Debug)]
pub struct Markdown<'a>(pub &'a Outcome);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        writeln!(f, "{} [{}]: {}", outcome.name, outcome.unit.name(), outcome.about)?;
        for cells in std::iter::once(HEAD.map(String::from)).chain(rows(outcome)) {
            let [subject, rest @ ..] = cells;
            write!(f, "  {subject:50}")?;
            for cell in rest {
                write!(f, " {cell:>12}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Display for Markdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        writeln!(f, "### {}\n\n{}, in {}.\n", outcome.name, capital(outcome.about), outcome.unit.name())?;
        writeln!(f, "| {} |", HEAD.join(" | "))?;
        writeln!(f, "|---{}|", "|--:".repeat(HEAD.len() - 1))?;
        for cells in rows(outcome) {
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        writeln!(f, "\n![{0}]({0}.svg)", outcome.name)
    }
}

fn rows(outcome: &Outcome) -> impl Iterator<Item = [String; 7]> {
    outcome.rows.iter().map(|row| {
        [
            row.who.name.to_owned(),
            number(Some(row.median)),
            number(Some(row.p99)),
            number(row.switches_per_op),
            number(row.cpu_us_per_op),
            ratio(row.ratio_to_best_peer),
            ratio(row.ratio_to_ideal),
        ]
    })
}

/// A figure with about three digits that count.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}x"))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

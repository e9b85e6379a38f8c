//! A plot of one scenario: a bar for each subject, ours against the others.

use super::table::number;
use crate::{compare::Outcome, subjects::Role};
use std::fmt::Write as _;

/// Colours that hold on white and on black; text takes the page's side.
const STYLE: &str = "
    text { font: 14px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 17px; font-weight: 600; }
    .note { font-size: 13px; fill: #59636e; }
    .value { font-variant-numeric: tabular-nums; }
    .ours { fill: #0969da; }
    .ideal { fill: #1a7f37; }
    .limit { fill: #1a7f37; }
    .peer { fill: #8c959f; }
    text.ours { fill: #0550ae; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .note { fill: #9198a1; }
      .ours { fill: #4493f8; }
      .ideal, .limit { fill: #3fb950; }
      .peer { fill: #6e7681; }
      text.ours { fill: #79c0ff; }
    }
";

const WIDTH: f64 = 960.0;
const NAMES: f64 = 400.0;
const VALUES: f64 = 110.0;
const LINE: f64 = 26.0;
const TOP: f64 = 74.0;

/// Where each entry of the legend begins.
const LEGEND: [f64; 3] = [600.0, 690.0, 870.0];

/// The plot as a document.
pub fn bars(outcome: &Outcome) -> String {
    let mut rows: Vec<_> = outcome.rows.iter().collect();
    rows.sort_by(|a, b| a.median.total_cmp(&b.median));
    if outcome.unit.more_is_better() {
        rows.reverse();
    }
    let scale = Scale::of(rows.iter().map(|row| row.median));
    let height = TOP + LINE * rows.len() as f64 + 14.0;
    let better = if outcome.unit.more_is_better() { "more is better" } else { "less is better" };
    let kind = if scale.log { ", logarithmic scale" } else { "" };

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{0}\">\n\
         <title>{0}: {1}</title>\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"12\" y=\"26\">{0}</text>\n\
         <text class=\"note\" x=\"12\" y=\"48\">{1}; median in {2}, {better}{kind}</text>\n",
        outcome.name,
        escape(outcome.about),
        outcome.unit.name(),
    );
    for (place, (class, text)) in
        [("ours", "pontoon"), ("ideal", "in place, or no async"), ("peer", "others")].iter().enumerate()
    {
        let x = LEGEND[place];
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"14\" width=\"14\" height=\"14\" rx=\"2\"/>\
             <text class=\"note\" x=\"{}\" y=\"26\">{text}</text>",
            x + 20.0,
        );
    }
    for (line, row) in rows.iter().enumerate() {
        let y = TOP + LINE * line as f64;
        let class = match row.who.role {
            Role::Ours => "ours",
            Role::Ideal => "ideal",
            Role::Limit => "limit",
            Role::Peer => "peer",
        };
        let length = scale.length(row.median) * (WIDTH - NAMES - VALUES);
        let label = NAMES - 10.0;
        let _ = writeln!(
            svg,
            "<text class=\"{class_text}\" x=\"{label}\" y=\"{base:.1}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{bar}\" rx=\"2\"/>\
             <text class=\"value\" x=\"{end:.1}\" y=\"{base:.1}\">{value}</text>",
            class_text = if row.who.role == Role::Ours { "ours" } else { "name" },
            name = escape(row.who.name),
            base = y + 14.0,
            bar = LINE - 8.0,
            end = NAMES + length + 8.0,
            value = number(Some(row.median)),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// From a value to the share of the room that its bar takes.
struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let high = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let low = values.fold(high, f64::min).max(high / 1e9);
        // Beyond this, the short bars of a linear scale could not be told apart.
        let log = high / low > 30.0;
        Self { low: if log { low / 2.0 } else { 0.0 }, high, log }
    }

    fn length(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            value / self.high
        };
        share.clamp(0.002, 1.0)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

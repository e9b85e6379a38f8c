//! Draws the trace that the example `trace` writes: a lane for each thread, a bar for each span.
//!
//! ```text
//! cargo run -p pontoon --example trace --features tracing -- target/trace.json
//! cargo run -p pontoon-benches --bin trace-svg target/trace.json docs/tracing/seats.svg
//! ```
#![forbid(unsafe_code)]

use serde_json::Value;
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::{self, Write as _},
    fs,
};

/// Colours that hold on white and on black; text takes the page's side.
const STYLE: &str = "
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 17px; font-weight: 600; }
    .note, .tick { font-size: 12px; fill: #59636e; }
    .tick { font-variant-numeric: tabular-nums; }
    .in { font-size: 11px; fill: #ffffff; }
    .lane { fill: #f6f8fa; }
    .grid { stroke: #d1d9e0; stroke-width: 1; }
    .call { fill: #0969da; }
    .wait { fill: #54aeff; }
    .parked { fill: #c8d1da; }
    .task { fill: #1a7f37; }
    .driving { fill: #8250df; }
    .aside { fill: #d1d9e0; }
    .grey { fill: #1f2328; }
    .close { fill: #9a6700; }
    .user { fill: #bf8700; }
    .event { fill: #cf222e; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .note, .tick { fill: #9198a1; }
      .in, .grey { fill: #ffffff; }
      .lane { fill: #161b22; }
      .grid { stroke: #30363d; }
      .parked { fill: #3d444d; }
      .aside { fill: #2a313c; }
      .call { fill: #1f6feb; }
      .wait { fill: #388bfd; }
      .task { fill: #2ea043; }
      .event { fill: #f85149; }
    }
";

const WIDTH: f64 = 1200.0;
const NAMES: f64 = 96.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 92.0;
const ROW: f64 = 18.0;
const GAP: f64 = 16.0;

/// What the colours mean.
const LEGEND: [(&str, &str); 9] = [
    ("driving", "the runner's thread drives"),
    ("aside", "it stands aside"),
    ("call", "a call"),
    ("wait", "it waits on a seat"),
    ("parked", "parked in the backend"),
    ("task", "a task is polled"),
    ("close", "closing"),
    ("event", "hand-over"),
    ("user", "the program's own"),
];

/// One stay of a thread in a span.
struct Bar {
    name: String,
    target: String,
    start: f64,
    end: f64,
    depth: usize,
}

#[derive(Default)]
struct Lane {
    name: String,
    bars: Vec<Bar>,
    /// Those that are not closed yet, outermost first.
    open: Vec<usize>,
    /// Hand-overs.
    marks: Vec<(f64, String)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = env::args().skip(1).collect();
    let [from, to] = &words[..] else { return Err("usage: trace-svg TRACE.json PICTURE.svg".into()) };
    let trace: Vec<Value> = serde_json::from_slice(&fs::read(from)?)?;
    let lanes = lanes(&trace)?;
    fs::write(to, draw(&lanes))?;
    println!("{} threads, {} bars", lanes.len(), lanes.iter().map(|lane| lane.bars.len()).sum::<usize>());
    Ok(())
}

/// Sorts the entries of a trace into lanes, in the order in which the threads appear.
fn lanes(trace: &[Value]) -> Result<Vec<Lane>, Box<dyn Error>> {
    let mut lanes = BTreeMap::<u64, Lane>::new();
    let mut last = 0.0_f64;
    for entry in trace {
        let lane = lanes.entry(entry["tid"].as_u64().ok_or("an entry of no thread")?).or_default();
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let at = entry["ts"].as_f64().unwrap_or(last);
        last = last.max(at);
        match text("ph").as_str() {
            "M" => lane.name = entry["args"]["name"].as_str().unwrap_or_default().to_owned(),
            "B" => {
                let bar = Bar { name: text("name"), target: text("cat"), start: at, end: at, depth: lane.open.len() };
                lane.open.push(lane.bars.len());
                lane.bars.push(bar);
            }
            "E" => {
                let bar = lane.open.pop().ok_or("a span ends that has not begun")?;
                lane.bars[bar].end = at;
            }
            "i" if text("name").starts_with("host_") => lane.marks.push((at, text("name"))),
            _ => {}
        }
    }
    for lane in lanes.values_mut() {
        for bar in std::mem::take(&mut lane.open) {
            lane.bars[bar].end = last;
        }
    }
    Ok(lanes.into_values().filter(|lane| !lane.bars.is_empty()).collect())
}

fn draw(lanes: &[Lane]) -> String {
    let bars = || lanes.iter().flat_map(|lane| &lane.bars);
    let start = bars().map(|bar| bar.start).fold(f64::MAX, f64::min);
    let end = bars().map(|bar| bar.end).fold(f64::MIN, f64::max);
    let scale = (WIDTH - NAMES - RIGHT) / (end - start).max(1.0);
    let x = |at: f64| NAMES + (at - start) * scale;
    let rows = |lane: &Lane| lane.bars.iter().map(|bar| bar.depth + 1).max().unwrap_or(1) as f64;
    let height = TOP + lanes.iter().map(|lane| rows(lane) * ROW + GAP).sum::<f64>() + 10.0;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"One loop, three seats: a trace\">\n<title>One loop, three seats: a trace</title>\n\
         <style>{STYLE}</style>\n<text class=\"title\" x=\"12\" y=\"26\">One loop, three seats: a trace</text>\n",
    );
    let mut left = 12.0;
    for (class, text) in LEGEND {
        put(
            &mut svg,
            format_args!(
                "<rect class=\"{class}\" x=\"{left}\" y=\"40\" width=\"12\" height=\"12\" rx=\"2\"/>\
                 <text class=\"note\" x=\"{}\" y=\"51\">{text}</text>",
                left + 17.0,
            ),
        );
        left += 38.0 + 5.9 * text.len() as f64;
    }
    let step = step(end - start);
    let mut at = 0.0;
    while at <= end - start {
        let place = x(start + at);
        put(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{place:.1}\" y1=\"{:.1}\" x2=\"{place:.1}\" y2=\"{:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{:.1} ms</text>",
                TOP - 8.0,
                height - 6.0,
                place + 3.0,
                TOP - 10.0,
                at / 1000.0,
            ),
        );
        at += step;
    }
    let mut top = TOP;
    for lane in lanes {
        let tall = rows(lane) * ROW;
        put(
            &mut svg,
            format_args!(
                "<rect class=\"lane\" x=\"{NAMES}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" rx=\"2\"/>\
                 <text x=\"12\" y=\"{:.1}\">{}</text>",
                WIDTH - NAMES - RIGHT,
                top + 13.0,
                escape(&lane.name),
            ),
        );
        for bar in &lane.bars {
            let (left, width) = (x(bar.start), ((bar.end - bar.start) * scale).max(0.7));
            let y = top + bar.depth as f64 * ROW + 1.0;
            put(
                &mut svg,
                format_args!(
                    "<rect class=\"{}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" rx=\"1.5\">\
                     <title>{}: {:.0} µs</title></rect>",
                    class(bar),
                    ROW - 2.0,
                    escape(&bar.name),
                    bar.end - bar.start,
                ),
            );
            // Roughly what a letter takes.
            if width > 6.2 * bar.name.len() as f64 + 6.0 {
                let (x, y) = (left + 3.0, y + 12.0);
                let on = if matches!(class(bar), "aside" | "parked") { "in grey" } else { "in" };
                put(
                    &mut svg,
                    format_args!("<text class=\"{on}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(&bar.name)),
                );
            }
        }
        for (at, name) in &lane.marks {
            let (x, y) = (x(*at), top - 7.0);
            put(
                &mut svg,
                format_args!(
                    "<path class=\"event\" d=\"M{x:.1} {:.1} l-4 -7 h8 z\"><title>{}</title></path>",
                    y + 7.0,
                    escape(name),
                ),
            );
        }
        top += tall + GAP;
    }
    svg.push_str("</svg>\n");
    svg
}

fn put(svg: &mut String, line: fmt::Arguments<'_>) {
    let _ = writeln!(svg, "{line}");
}

/// The colour of a bar.
fn class(bar: &Bar) -> &str {
    match (bar.target.as_str(), bar.name.as_str()) {
        ("pontoon::seat", "host") => "driving",
        ("pontoon::close", _) => "close",
        (target, name) if target.starts_with("pontoon::") => name,
        _ => "user",
    }
}

/// How far apart the lines of the grid are: a round number, so that there are about ten.
fn step(range: f64) -> f64 {
    let rough = range / 10.0;
    let magnitude = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|round| round * magnitude).into_iter().find(|step| *step >= rough).unwrap_or(rough)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

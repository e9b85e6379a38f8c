//! The document: a summary with a line per peer, and a table per peer with a line per place. A run replaces the lines
//! of the peers that it ran, and leaves the others as they are.

use crate::{
    operations::Operation,
    outcome::{CLASSES, Outcome, Reason},
    places::Place,
    rows::{REFUSED, Row},
    run::Cell,
};
use std::{fmt::Write as _, fs, io, path::Path};

/// What came of the cells.
#[derive(Debug)]
pub struct Results<'a> {
    /// The peers.
    pub rows: &'a [Row],
    /// What was run.
    pub cells: &'a [Cell],
    /// What came of each: more than one where it was repeated and did not come out the same.
    pub outcomes: &'a [Vec<Outcome>],
}

impl Results<'_> {
    fn of(&self, row: usize, place: Place) -> Vec<(Operation, &[Outcome])> {
        let both = self.cells.iter().zip(self.outcomes);
        both.filter(|(cell, _)| cell.row == row && cell.place == place)
            .map(|(cell, outcomes)| (cell.operation, &outcomes[..]))
            .collect()
    }

    /// A cell of the summary: the one word of all operations, or the words and their operations.
    fn summary(&self, row: usize, place: Place) -> String {
        let outcomes = self.of(row, place);
        let with = |class: &str| {
            let some =
                |(_, outcomes): &&(Operation, &[Outcome])| outcomes.iter().any(|outcome| outcome.class() == class);
            outcomes.iter().filter(some).collect::<Vec<_>>()
        };
        let parts: Vec<_> = CLASSES[..4]
            .iter()
            .filter_map(|class| {
                let cells = with(class);
                let names: Vec<_> = cells.iter().map(|(operation, _)| operation.title()).collect();
                match names.len() {
                    0 => None,
                    count if count == outcomes.len() => Some((*class).to_owned()),
                    _ => Some(format!("{class}: {}", names.join(", "))),
                }
            })
            .collect();
        match (outcomes.is_empty(), parts.is_empty()) {
            (true, _) => "-".into(),
            (_, true) => "ok".into(),
            _ => parts.join("; "),
        }
    }

    fn summary_line(&self, row: usize) -> String {
        let cells = Place::ALL.map(|place| self.summary(row, place)).join(" | ");
        format!("| {} | {cells} |", self.rows[row].title())
    }

    /// The table of a peer.
    fn details(&self, row: usize) -> String {
        let about = &self.rows[row];
        let mut text = format!("### {}\n\n{} {}", about.title(), about.of, about.version());
        if let Some(callback) = about.callback {
            let _ = write!(text, "; its own callback is {callback}");
        }
        let titles = Operation::ALL.map(Operation::title).join(" | ");
        let _ = write!(text, ".\n\n| place | {titles} |\n|---|{}", "---|".repeat(Operation::ALL.len()));
        for place in Place::ALL {
            let outcomes = self.of(row, place);
            if !outcomes.is_empty() {
                let cell =
                    |outcomes: &[Outcome]| outcomes.iter().map(Outcome::to_string).collect::<Vec<_>>().join(" or ");
                let of = |operation| outcomes.iter().find(|(other, _)| *other == operation);
                let cells =
                    Operation::ALL.map(|operation| of(operation).map_or("-".into(), |(_, outcomes)| cell(outcomes)));
                let _ = write!(text, "\n| {place} | {} |", cells.join(" | "));
            }
        }
        text
    }

    fn ran(&self, row: usize) -> bool {
        self.cells.iter().any(|cell| cell.row == row)
    }

    /// All that a document has of them.
    pub fn markdown(&self) -> String {
        let rows = || (0..self.rows.len()).filter(|row| self.ran(*row));
        let lines: Vec<_> = rows().map(|row| self.summary_line(row)).collect();
        let tables: Vec<_> = rows().map(|row| self.details(row)).collect();
        format!("{}\n{}\n\n{}\n", head(), lines.join("\n"), tables.join("\n\n"))
    }

    /// Replaces them in a document; a peer that it lacks comes last.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, or has no place for them.
    pub fn write(&self, document: &Path) -> io::Result<()> {
        let mut text = fs::read_to_string(document)?;
        for row in (0..self.rows.len()).filter(|row| self.ran(*row)) {
            let title = self.rows[row].title();
            replace(&mut text, "summary", &format!("| {title} | "), "\n", &self.summary_line(row))?;
            replace(&mut text, "details", &format!("### {title}\n"), "\n\n### ", &self.details(row))?;
        }
        fs::write(document, text)
    }

    /// What differs from a document, and what may not be.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn complaints(&self, document: &Path) -> io::Result<Vec<String>> {
        let text = fs::read_to_string(document)?;
        let mut complaints = Vec::new();
        let all = self.cells.iter().zip(self.outcomes);
        for (cell, outcome) in all.flat_map(|(cell, outcomes)| outcomes.iter().map(move |outcome| (cell, outcome))) {
            let row = &self.rows[cell.row];
            let name = format!("{}, {}, {}", row.title(), cell.place, cell.operation);
            match known(&text, &row.title(), *cell) {
                None => complaints.push(format!("{name}: {outcome}, and the document lacks it")),
                Some(known) if !agrees(row, *cell, &known, outcome) => {
                    complaints.push(format!("{name}: {outcome}, and the document says {}", known.cell));
                }
                Some(_) => (),
            }
            if row.ours && !may(row, *cell, outcome) {
                complaints.push(format!("{name}: {outcome}, which is ours: {}", outcome.text()));
            }
        }
        Ok(complaints)
    }
}

/// Whether an outcome is what the document says. In a forked child it is a race which calls of a peer hang, if any do.
fn agrees(row: &Row, cell: Cell, known: &Known<'_>, outcome: &Outcome) -> bool {
    let mut classes = known.cell.split(" or ").filter_map(|known| known.split(':').next());
    let race = cell.place == Place::Fork && !row.ours && known.line.contains("hang");
    classes.any(|class| class == outcome.class())
        || (race && ["ok", "hang"].contains(&outcome.class()) && classes_race(known.cell))
}

/// Whether a cell is of those that may come out either way.
fn classes_race(cell: &str) -> bool {
    cell == "ok" || cell.starts_with("hang")
}

/// Whether an outcome of ours is as promised.
fn may(row: &Row, cell: Cell, outcome: &Outcome) -> bool {
    let refused = REFUSED.iter().find(|refused| {
        row.name.contains(refused.rows) && refused.place == cell.place && refused.operations.contains(&cell.operation)
    });
    match refused {
        None => *outcome == Outcome::Ok,
        Some(refused) => {
            let reason = Reason::of(outcome.text());
            outcome.class() == refused.class && reason.is_some_and(|reason| reason.name == refused.reason)
        }
    }
}

/// What a document says of a cell, and of its peer in that place.
struct Known<'a> {
    cell: &'a str,
    line: &'a str,
}

fn known<'a>(text: &'a str, title: &str, cell: Cell) -> Option<Known<'a>> {
    let table = text.split_once(&format!("### {title}\n"))?.1;
    let table = table.split("\n### ").next()?;
    let line = table.lines().find_map(|line| line.strip_prefix(&format!("| {} | ", cell.place)))?;
    let column = Operation::ALL.iter().position(|operation| *operation == cell.operation)?;
    Some(Known { cell: line.trim_end_matches(" |").split(" | ").nth(column)?, line })
}

fn head() -> String {
    let places = Place::ALL.map(Place::title).join(" | ");
    format!("| peer | {places} |\n|---|{}", "---|".repeat(Place::ALL.len()))
}

/// Replaces what begins with `start`, up to `end`, between the marks of that name; or adds it there.
fn replace(text: &mut String, name: &str, start: &str, end: &str, new: &str) -> io::Result<()> {
    let (open, close) = (format!("<!-- {name}: written by pontoon-peers -->\n"), format!("\n<!-- end of {name} -->"));
    let missing = || io::Error::other(format!("the document has no marks for its {name}"));
    let from = text.find(&open).ok_or_else(missing)? + open.len();
    let to = from + text[from..].find(&close).ok_or_else(missing)?;
    let mut inside = text[from..to].to_owned();
    match inside.find(start) {
        Some(at) => {
            let length = inside[at..].find(end).unwrap_or(inside.len() - at);
            inside.replace_range(at..at + length, new);
        }
        None => {
            let gap = if inside.trim().is_empty() { "" } else { &end[..end.rfind('\n').map_or(0, |last| last + 1)] };
            inside.push_str(gap);
            inside.push_str(new);
        }
    }
    text.replace_range(from..to, &inside);
    Ok(())
}

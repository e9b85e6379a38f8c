//! What came of it, in a table: client × backend × place.

use crate::{
    cases,
    places::{PLACES, Place},
    rows::Row,
    servers::Kind,
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::Path,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Of each trial that ran, whether it passed: by row, place and case.
#[derive(Debug, Default)]
pub struct Results(Mutex<BTreeMap<(String, &'static str, &'static str), bool>>);

impl Results {
    /// A trial has ended.
    pub fn add(&self, row: &Row, place: Place, case: &'static str, passed: bool) {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.insert((row.name(), place.name, case), passed);
    }

    /// A cell of the table; none if nothing of it ran.
    fn cell(&self, row: &Row, place: Place) -> Option<String> {
        let results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |case| results.get(&(row.name(), place.name, case)).copied();
        let ran: Vec<_> = cases::NAMES.into_iter().filter_map(|case| Some((case, of(case)?))).collect();
        let failed: Vec<_> = ran.iter().filter(|(_, passed)| !passed).map(|(case, _)| *case).collect();
        match (ran.len(), &failed[..]) {
            (0, _) => None,
            (count, []) if count == cases::NAMES.len() => Some("ok".into()),
            (count, []) => Some(format!("ok, but only {count} of {} cases ran", cases::NAMES.len())),
            (_, failed) => Some(format!("FAILED: {}", failed.join(", "))),
        }
    }

    /// The line of a client in the table, and whether anything of it ran.
    fn line(&self, row: &Row) -> (String, bool) {
        let crates = row.crates.iter().map(|(name, version)| format!("{name} {}", locked(name, version)));
        let mut line =
            format!("| {} | {} | {} |", crates.collect::<Vec<_>>().join(" + "), row.backend, row.server.program().0);
        let why = row.cases.as_ref().err().map(|why| (*why).to_owned()).or_else(|| row.server.missing());
        let mut any = false;
        for place in PLACES {
            let cell = self.cell(row, place);
            any |= cell.is_some();
            let cell = cell.or_else(|| Some(format!("not run: {}", why.as_ref()?)));
            let _ = write!(line, " {} |", cell.as_deref().unwrap_or("not run: not asked for"));
        }
        (line, any)
    }

    /// The table of what this build has.
    pub fn table(&self, rows: &[Row]) -> String {
        let lines = rows.iter().filter(|row| row.cases.is_ok()).map(|row| self.line(row).0);
        [head()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }

    /// Puts what ran, and what could not for want of a server, into a document that has such a table, and leaves its
    /// other lines as they are.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, or if it lacks a line.
    pub fn write(&self, rows: &[Row], document: &Path) -> io::Result<()> {
        let mut text = fs::read_to_string(document)?;
        for row in rows {
            let (line, any) = self.line(row);
            // One that could not run loses what it had.
            if any || (row.cases.is_ok() && row.server.missing().is_some()) {
                replace(&mut text, &key(&line), &line)?;
            }
        }
        for (name, line) in versions(rows).lines().filter_map(|line| Some((line.split_once(": ")?.0, line))) {
            replace(&mut text, name, line)?;
        }
        fs::write(document, text)
    }
}

/// What a line of the table is known by: the client's name without its version, and the backend.
fn key(line: &str) -> String {
    line.split('|')
        .skip(1)
        .take(2)
        .map(|cell| cell.split_whitespace().next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("@")
}

fn replace(text: &mut String, name: &str, new: &str) -> io::Result<()> {
    let known = |line: &&str| line.starts_with('|') && key(line) == name || line.starts_with(&format!("{name}: "));
    let old = text.lines().find(known).map(str::to_owned);
    let old = old.ok_or_else(|| io::Error::other(format!("the document has no line for {name}")))?;
    *text = text.replace(&old, new);
    Ok(())
}

fn head() -> String {
    let places = PLACES.map(|place| place.title).join(" | ");
    format!("| client | backend | server | {places} |\n|---|---|---|{}", "---|".repeat(PLACES.len()))
}

/// What the servers that were needed say of their versions, a line each.
pub fn versions(rows: &[Row]) -> String {
    let needed = |kind: &Kind| rows.iter().any(|row| row.server == *kind && row.cases.is_ok());
    let lines = Kind::ALL
        .into_iter()
        .filter(needed)
        .filter_map(|kind| Some(format!("- {}: {}", kind.program().0, kind.version()?)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The version of a crate that the workspace is locked to.
fn locked(name: &str, version: &str) -> String {
    static LOCK: LazyLock<String> = LazyLock::new(|| {
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap_or_default()
    });
    let package = format!("name = \"{name}\"\nversion = \"{version}");
    let found = LOCK.split_once(&package).and_then(|(_, rest)| rest.split_once('"'));
    found.map_or_else(|| "?".into(), |(rest, _)| format!("{version}{rest}"))
}

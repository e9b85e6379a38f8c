//! The tables at the end of the output.

use std::collections::HashMap;

use crate::cases::CASES;
use crate::{Capability, Subject};

/// What became of one case on one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It ran and holds.
    Kept,
    /// It ran and failed.
    Broken,
    /// It was not run: the subject lacks what it needs.
    Lacks,
}

/// Prints the cases × subjects, what each subject has, and why it lacks the rest.
pub(crate) fn print(subjects: &[Subject], verdicts: &HashMap<(usize, usize), Verdict>) {
    cases(subjects, verdicts);
    totals(subjects, verdicts);
    capabilities(subjects);
}

fn cases(subjects: &[Subject], verdicts: &HashMap<(usize, usize), Verdict>) {
    let width = CASES.iter().map(|case| case.name.len()).max().unwrap_or(0);
    println!("cases × subjects (ok: kept, FAIL: broken, -: lacks what the case needs, .: filtered out)\n");
    for (column, subject) in subjects.iter().enumerate() {
        println!("  {:>2}  {}", column + 1, subject.name());
    }
    print!("\n  {:width$}", "");
    for column in 1..=subjects.len() {
        print!(" {column:>4}");
    }
    println!();
    for (row, case) in CASES.iter().enumerate() {
        if !(0..subjects.len()).any(|column| verdicts.contains_key(&(column, row))) {
            continue;
        }
        print!("  {:width$}", case.name);
        for column in 0..subjects.len() {
            let cell = match verdicts.get(&(column, row)) {
                Some(Verdict::Kept) => "ok",
                Some(Verdict::Broken) => "FAIL",
                Some(Verdict::Lacks) => "-",
                None => ".",
            };
            print!(" {cell:>4}");
        }
        println!();
    }
}

fn totals(subjects: &[Subject], verdicts: &HashMap<(usize, usize), Verdict>) {
    println!("\nsubjects: of {} cases\n", CASES.len());
    let width = name_width(subjects);
    for (column, subject) in subjects.iter().enumerate() {
        let count = |wanted| {
            let found = verdicts.iter().filter(|((at, _), is)| *at == column && **is == wanted);
            found.count()
        };
        println!(
            "  {:width$}  {:>3} kept  {:>3} broken  {:>3} lack something",
            subject.name(),
            count(Verdict::Kept),
            count(Verdict::Broken),
            count(Verdict::Lacks),
        );
    }
}

fn capabilities(subjects: &[Subject]) {
    println!("\ncapabilities\n");
    let width = name_width(subjects);
    for subject in subjects {
        let mut name = subject.name();
        for capability in Capability::ALL {
            let text = capability.to_string();
            match subject.why_not(capability) {
                None => println!("  {name:width$}  {text:19}  yes"),
                Some(why) => println!("  {name:width$}  {text:19}  no: {why}"),
            }
            name = "";
        }
    }
    println!();
}

fn name_width(subjects: &[Subject]) -> usize {
    let names = subjects.iter().map(|subject| subject.name().len());
    names.max().unwrap_or(0)
}

//! Every case that stands in the sources stands in the table, under its file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pontoon_conformance::cases::CASES;

/// `file::case` for each function of the sources that looks like a case.
fn written() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut cases = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the folder of the cases") {
        let path = entry.expect("an entry of the folder").path();
        let group = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let source = fs::read_to_string(&path).expect("a source file");
        for line in source.lines() {
            let Some(name) = line.trim_start().strip_prefix("pub fn ") else { continue };
            let name = name.split('(').next().unwrap_or(name);
            assert!(cases.insert(format!("{group}::{name}")), "{name} is written twice");
        }
    }
    cases
}

#[test]
fn no_case_goes_unlisted() {
    let written = written();
    let listed: BTreeSet<_> = CASES.iter().map(|case| format!("{}::{}", case.group, case.name)).collect();
    assert_eq!(listed.len(), CASES.len(), "a case is listed twice");
    let unlisted: Vec<_> = written.difference(&listed).collect();
    assert!(unlisted.is_empty(), "written and not listed: {unlisted:?}");
    let unwritten: Vec<_> = listed.difference(&written).collect();
    assert!(unwritten.is_empty(), "listed and not written: {unwritten:?}");
    assert!(written.len() > 150, "the sources were not read");
}

#[test]
fn every_case_is_named_after_a_promise() {
    for case in CASES {
        let (id, _) = case.name.split_once('_').expect("an id and a name");
        assert!(case.promises.iter().any(|promise| promise.eq_ignore_ascii_case(id)), "{}: {id}", case.name);
    }
}

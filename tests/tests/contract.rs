//! `docs/contract.md` and the suite speak of the same promises and the same cases.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pontoon_conformance::cases::CASES;

/// What the contract names, by promise: cases of the suite, and files of this package.
type Named = BTreeMap<String, BTreeSet<String>>;

fn contract() -> Named {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/contract.md")).expect("the contract");
    let mut promises = Named::new();
    for paragraph in text.split("\n**").skip(1) {
        let (id, rest) = paragraph.split_once("** ").expect("an id stands between asterisks");
        let names = rest.split('`').skip(1).step_by(2);
        let checks = names.filter(|name| is_case(name) || name.starts_with("tests/")).map(str::to_owned);
        let before = promises.insert(id.to_owned(), checks.collect());
        assert!(before.is_none(), "{id} stands twice in the contract");
    }
    promises
}

fn is_case(name: &str) -> bool {
    name.len() > 4 && name.starts_with('p') && name[1..3].bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn ids_are_consecutive() {
    let ids: BTreeSet<_> = contract().into_keys().collect();
    let expected: BTreeSet<_> = (1..=ids.len()).map(|n| format!("P{n:02}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn every_promise_names_its_cases() {
    let mut table = Named::new();
    for case in CASES {
        for promise in case.promises {
            table.entry((*promise).to_owned()).or_default().insert(case.name.to_owned());
        }
    }
    for (id, named) in contract() {
        let cases: BTreeSet<_> = named.iter().filter(|name| is_case(name)).cloned().collect();
        assert_eq!(cases, table.remove(&id).unwrap_or_default(), "{id}: the contract is left, the table is right");
        assert!(!named.is_empty(), "nothing checks {id}");
    }
    assert!(table.is_empty(), "cases of promises that the contract does not make: {table:?}");
}

#[test]
fn files_that_the_contract_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files: BTreeSet<_> = contract().into_values().flatten().filter(|name| !is_case(name)).collect();
    assert!(!files.is_empty());
    for file in files {
        assert!(root.join(&file).is_file(), "{file} does not exist");
    }
}

#[test]
fn a_case_is_named_after_its_first_promise() {
    for case in CASES {
        let first = case.promises[0].to_lowercase();
        assert!(case.name.starts_with(&format!("{first}_")), "{} is listed under {first}", case.name);
    }
}

#[test]
fn every_capability_is_needed_by_a_case() {
    let needed: BTreeSet<_> = CASES.iter().flat_map(|case| case.needs).collect();
    for capability in pontoon_conformance::Capability::ALL {
        assert!(needed.contains(&capability), "no case needs {capability}");
    }
    let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len(), "two cases have one name");
}

/// The chapter on backends shows what the suite runs, and speaks of cases and capabilities that there are.
#[test]
fn the_chapter_on_backends_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (chapter, bare) = (read("docs/own-backend.md"), read("crates/pontoon-conformance/tests/bare.rs"));
    let pieces: Vec<_> = chapter.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(pieces.len() >= 5, "the chapter shows {} pieces of the bare backend", pieces.len());
    for piece in pieces {
        assert!(bare.contains(piece), "this is not in bare.rs any more:\n{piece}");
    }
    for name in chapter.split('`').skip(1).step_by(2).filter(|name| is_case(name) && !name.ends_with("..")) {
        assert!(CASES.iter().any(|case| case.name == name), "the chapter speaks of {name}, which is no case");
    }
    for capability in pontoon_conformance::Capability::ALL {
        assert!(chapter.contains(&format!("`{capability:?}`")), "the chapter does not speak of {capability:?}");
    }
}

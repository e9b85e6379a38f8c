//! What needs no feature runs with the other tests: ours are as promised, and the program notices where a document is wrong.
#![forbid(unsafe_code)]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/peers.md");

fn peers(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pontoon-peers")).args(words).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A copy of the document with something else in it.
fn with(name: &str, old: &str, new: &str) -> PathBuf {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    assert!(text.contains(old), "the document has {old:?} no more");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text.replace(old, new)).expect("a file for the test");
    file
}

#[test]
#[cfg_attr(not(all(target_os = "linux", debug_assertions)), ignore = "it forks, and the document has debug builds")]
fn ours_are_as_promised() {
    let output = peers(&["--only", "**pontoon**, ", "--quick", "--check", DOCUMENT]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).matches("\n### **pontoon**").count(), 3, "{}", said(&output));
}

#[test]
#[cfg_attr(not(all(target_os = "linux", debug_assertions)), ignore = "it forks, and the document has debug builds")]
fn a_class_that_differs_is_noticed() {
    let document = with("differs.md", "error: forked |", "ok |");
    let output = peers(&["--only", "**pontoon**, `Tokio::new()`", "--quick", "--check", &document.to_string_lossy()]);
    assert!(!output.status.success());
    let complaint =
        "DIFFERS: **pontoon**, `Tokio::new()`, child after fork, call: error: forked, and the document says ok";
    assert!(said(&output).contains(complaint), "{}", said(&output));
}

#[test]
#[cfg_attr(not(all(target_os = "linux", debug_assertions)), ignore = "it forks, and the document has debug builds")]
fn a_document_is_filled_in() {
    let place = "<!-- summary: written by pontoon-peers -->\n\n<!-- end of summary -->\n\
                 <!-- details: written by pontoon-peers -->\n\n<!-- end of details -->\n";
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("empty.md");
    let name = file.to_string_lossy().into_owned();
    fs::write(&file, place).expect("a file for the test");
    let only = ["--only", "`Tokio::new()`"];
    // Twice: the second time it replaces what is there.
    for _ in 0..2 {
        assert!(peers(&[&only[..], &["--write", &name]].concat()).status.success());
    }
    let text = fs::read_to_string(&file).expect("the document");
    assert_eq!(text.matches("| **pontoon**, `Tokio::new()` |").count(), 1, "{text}");
    assert_eq!(text.matches("### **pontoon**, `Tokio::new()`\n").count(), 1, "{text}");
    assert_eq!(text.matches("\n| child after fork | ok | error: forked |").count(), 1, "{text}");
}

#[test]
#[cfg_attr(not(all(target_os = "linux", debug_assertions)), ignore = "it forks, and the document has debug builds")]
fn what_does_not_end_is_a_hang() {
    // No process can end before it is looked at.
    let output = peers(&["--only", "`Smol::new()`", "--quick", "--deadline", "0", "--check", DOCUMENT]);
    assert!(!output.status.success());
    assert_eq!(said(&output).matches("hang, and the document says").count(), 20, "{}", said(&output));
}

//! Sequences of operations on a runner, against the model of `pontoon_tests::histories`. The first byte is the flavour.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pontoon_tests::{
    contexts::FLAVOURS,
    histories::{DEADLINE, check, script::History},
};
use std::{process::abort, sync::Once};

const PLAYED: [&str; 5] = ["smol_inline", "smol", "tokio", "tokio_inline", "smol_workers"];

fuzz_target!(|data: &[u8]| {
    static ONCE: Once = Once::new();
    // panics are among what is played, and libfuzzer's hook ends the process at each
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let Some((first, rest)) = data.split_first() else { return };
    let name = PLAYED[usize::from(*first) % PLAYED.len()];
    let flavour = FLAVOURS.iter().find(|flavour| flavour.name == name).expect("a flavour of that name");
    let history = History::from_bytes(rest);
    if let Err(text) = check(&history, flavour, DEADLINE) {
        eprintln!("{name}: {text}\n{history}");
        abort();
    }
});

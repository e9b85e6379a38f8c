//! Inputs of the macros: they give Rust or errors, and never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pontoon_macro_inputs::{Input, expand};

fuzz_target!(|data: &[u8]| {
    expand(&Input::from_bytes(data));
});

//! No input makes a macro panic: random changes of what the tests and examples give to them.
//!
//! `PONTOON_MACRO_SEED=<seed>` plays other inputs, `PONTOON_MACRO_INPUTS=<n>` more; a failure prints the input.

use pontoon_macro_inputs::{Input, Macro, expand, real};
use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
};

const INPUTS: u64 = 2_000;
/// The most bytes that an input is made of: some forty changes.
const BYTES: u64 = 200;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn variable(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

#[test]
fn random_inputs_never_panic() {
    let (seed, count) = (variable("PONTOON_MACRO_SEED", 1), variable("PONTOON_MACRO_INPUTS", INPUTS));
    let mut refused = 0;
    for number in 0..count {
        let mut random = Random(seed.wrapping_add(number));
        // few changes more often than many
        let length = random.next() % (random.next() % BYTES + 4);
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let input = Input::from_bytes(&bytes);
        let expanded = catch_unwind(AssertUnwindSafe(|| expand(&input)));
        let expanded = expanded.unwrap_or_else(|_| panic!("input {number} of seed {seed}: {input}"));
        refused += u64::from(expanded.to_string().contains("compile_error"));
    }
    println!("{count} inputs, {refused} of them refused with an error");
    // both sides of the line are reached
    assert!(refused > count / 10 && refused < count, "{refused} of {count}");
}

#[test]
fn real_inputs_are_there() {
    let real = real::all();
    for which in [Macro::Blocking, Macro::AnySync, Macro::Facade] {
        let count = real.iter().filter(|input| input.which == which).count();
        println!("{count} real inputs of {which:?}");
        assert!(count >= 10, "{count} real inputs of {which:?}");
        let expanded = real.iter().filter(|input| input.which == which).map(expand);
        let good = expanded.filter(|expanded| !expanded.to_string().contains("compile_error")).count();
        assert!(good >= 4, "{good} of {count} real inputs of {which:?} are accepted");
    }
}

//! The conformance suite, on every backend and flavour.

use std::process::ExitCode;

fn main() -> ExitCode {
    pontoon_conformance::run(pontoon_tests::flavours())
}

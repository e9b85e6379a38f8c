//! The conformance suite on compio.

use compio::runtime::Runtime;
use pontoon_compio::Compio;
use pontoon_conformance::Subject;
use std::process::ExitCode;

fn main() -> ExitCode {
    let inside = || Runtime::try_with_current(|_| ()).is_ok();
    pontoon_conformance::run([
        Subject::hosted("compio", Compio::default).context_probe(inside),
        Subject::inline("compio inline", Compio::default).context_probe(inside),
    ])
}

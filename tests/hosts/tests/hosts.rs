//! Every case on every engine in every host that can be had here, and the traps of hosts that a recipe steps around.

use libtest_mimic::{Arguments, Failed, Trial};
use pontoon_hosts::trial::{Steps, within};
use pontoon_hosts::{cases::CASES, engines::ENGINES, hostings::HOSTINGS};
use std::process::ExitCode;

mod traps;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for hosting in HOSTINGS {
        for engine in ENGINES {
            for case in CASES {
                let name = format!("{}::{}::{}", hosting.name, engine.name, case.name);
                trials.push(trial(name, move |steps| (case.run)(*hosting, *engine, steps)));
            }
        }
    }
    for (name, trap) in traps::TRAPS {
        trials.push(trial(format!("traps::{name}"), trap));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for (feature, here, needs) in [
        ("glib", cfg!(feature = "glib"), "GLib's headers (Debian: libglib2.0-dev)"),
        ("winit", cfg!(feature = "winit"), "an X server (Debian: xvfb, and xvfb-run before the command)"),
    ] {
        if !here && !arguments.list {
            println!(
                "NOT RUN: the cases of {feature}. `cargo test -p pontoon-hosts --features {feature}` needs {needs}"
            );
        }
    }
    conclusion.exit_code()
}

fn trial(name: String, f: impl FnOnce(&Steps) + Send + 'static) -> Trial {
    Trial::test(name.clone(), move || within(&name, f).map_err(Failed::from))
}

//! Every case with every client in every place, and a table of what came of it.
//!
//! `PONTOON_CLIENTS_TABLE=docs/clients.md` in the environment has the lines of the clients that ran put into that file.

use libtest_mimic::{Arguments, Failed, Trial};
use pontoon_clients::{
    cases,
    places::PLACES,
    rows, servers,
    table::{Results, versions},
    trial::{self, within},
};
use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    trial::watch_panics();
    let (rows, results) = (rows::all(), Arc::new(Results::default()));
    let (mut trials, mut not_run) = (Vec::new(), Vec::new());
    for row in &rows {
        let missing = row.server.missing();
        let why = row.cases.as_ref().err().map(|why| (*why).to_owned()).or(missing);
        if let Some(why) = &why {
            not_run.push(format!("{}, {} cases: {why}", row.name(), PLACES.len() * cases::NAMES.len()));
        }
        for place in PLACES {
            for case in row.cases.iter().flatten().copied() {
                let (row, results) = (row.clone(), results.clone());
                let name = format!("{}::{}::{}", row.name(), place.name, case.name);
                let attempt = move || {
                    let (backend, server) = (row.backend, row.server);
                    let name = format!("{}::{}::{}", row.name(), place.name, case.name);
                    let result = within(&name, move |steps| cases::run(case, backend, place, server, steps));
                    results.add(&row, place, case.name, result.is_ok());
                    result.map_err(Failed::from)
                };
                // One that cannot run is counted as ignored, and named below.
                trials.push(Trial::test(name, attempt).with_ignored_flag(why.is_some()));
            }
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    servers::end_all();
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    if rows.iter().any(|row| row.cases.is_ok()) {
        println!("{}\n\n{}\n", results.table(&rows), versions(&rows));
        for line in &not_run {
            println!("NOT RUN: {line}");
        }
    } else {
        println!(
            "NOT RUN: all {} clients. `cargo test -p pontoon-clients --features tokio` compiles and runs those of tokio; \
             then smol, then async-std",
            rows.len()
        );
    }
    let provoked = trial::provoked();
    for line in &provoked {
        println!("tokio complained: {line}");
    }
    let mut exit = if provoked.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE };
    if let Some(document) = env::var_os("PONTOON_CLIENTS_TABLE") {
        // Relative to the workspace, as it is typed there.
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PathBuf::from(document));
        if let Err(error) = results.write(&rows, &document) {
            println!("{} is not written: {error}", document.display());
            exit = ExitCode::FAILURE;
        }
    }
    exit
}

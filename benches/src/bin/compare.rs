//! Runs the scenarios and says what came of them.
#![forbid(unsafe_code)]

#[cfg(feature = "peers")]
use pontoon_benches::daemons::Daemons;
use pontoon_benches::{
    compare,
    report::{json, must_show, svg, table},
    scenarios::{self, Env, Scenario, weight},
    server::{self, Servers},
};
use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

const USAGE: &str = "\
usage: compare [options]
  --list             name the scenarios, and end
  --scenario NAME    only the scenario NAME, or those that begin with it if there is none; may be given again
  --quick            fewer rounds: figures to look at, not to quote
  --markdown         print the tables as Markdown, each with its plot
  --out DIR          write results.json there (target/compare unless told otherwise)
  --plots DIR        write a plot of each scenario there (DIR of --out unless told otherwise)";

#[derive(Debug)]
struct Options {
    list: bool,
    quick: bool,
    markdown: bool,
    only: Vec<String>,
    out: PathBuf,
    plots: Option<PathBuf>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let out = PathBuf::from("target/compare");
        let mut options = Self { list: false, quick: false, markdown: false, only: Vec::new(), out, plots: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            match word.as_str() {
                "--list" => options.list = true,
                "--quick" => options.quick = true,
                "--markdown" => options.markdown = true,
                "--scenario" => options.only.push(value()?),
                "--out" => options.out = value()?.into(),
                "--plots" => options.plots = Some(value()?.into()),
                _ => return Err(format!("unknown option {word}\n{USAGE}")),
            }
        }
        Ok(options)
    }

    fn chosen(&self) -> Result<Vec<Scenario>, String> {
        let all = scenarios::all();
        let mut chosen = Vec::new();
        for name in &self.only {
            let before = chosen.len();
            let exact = all.iter().any(|scenario| scenario.name == name);
            let fits =
                |scenario: &&Scenario| if exact { scenario.name == name } else { scenario.name.starts_with(name) };
            chosen.extend(all.iter().filter(fits).cloned());
            if chosen.len() == before {
                return Err(format!("no scenario is called {name}; --list names them"));
            }
        }
        Ok(if self.only.is_empty() { all } else { chosen })
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [server::SERVE] => server::serve().map_err(Into::into),
        [weight::WEIGH, what, who] => weight::weigh(what, who).map_err(Into::into),
        _ => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(env::args().skip(1))?;
    let chosen = options.chosen()?;
    if options.list {
        for scenario in &chosen {
            println!("{:22} {}", scenario.name, scenario.about);
        }
        return Ok(());
    }

    let servers = Servers::start()?;
    let env = Env {
        echo: servers.echo,
        http: servers.http,
        postgres: None,
        redis: None,
        processes: [servers.process(), 0, 0],
        quick: options.quick,
    };
    #[cfg(feature = "peers")]
    let (_daemons, env) = Daemons::start(&chosen, env);
    let (chosen, not_run): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|scenario| scenario.needs.met(&env));
    let outcomes = compare::run(&chosen, &env);

    for outcome in &outcomes {
        if options.markdown {
            println!("{}", table::Markdown(outcome));
        } else {
            println!("{}", table::Plain(outcome));
        }
    }

    fs::create_dir_all(&options.out)?;
    let results = options.out.join("results.json");
    fs::write(&results, format!("{:#}\n", json::results(&outcomes)))?;
    let plots = options.plots.as_ref().unwrap_or(&options.out);
    fs::create_dir_all(plots)?;
    for outcome in &outcomes {
        fs::write(plots.join(format!("{}.svg", outcome.name)), svg::bars(outcome))?;
    }
    eprintln!("written: {} and {} plots in {}", results.display(), outcomes.len(), plots.display());

    if options.markdown {
        println!("### What had to be shown\n\n```text");
    } else {
        println!("what had to be shown:");
    }
    let checks = must_show::checks(&outcomes);
    for check in &checks {
        println!("{check}");
    }
    let counted: Vec<_> = checks.iter().filter(|check| !check.aside).collect();
    let met = counted.iter().filter(|check| check.is_met()).count();
    println!("{met} of {} met; those in brackets are for information", counted.len());
    for scenario in &not_run {
        println!("not run: {}; {}", scenario.name, scenario.needs.missing());
    }
    #[cfg(not(feature = "peers"))]
    if options.only.is_empty() {
        println!("not run: http-get, http-5mb, postgres-query, postgres-rows, redis-ping; they need --features peers");
    }
    if options.markdown {
        println!("```");
    }
    Ok(())
}

//! The models, and the proof that they see: each rule of the loop is broken once, and a model has to fail.
//!
//! Every model runs in a process of its own, because loom ends a failing one where it stands. `docs/model.md` says what
//! is modelled.

#[cfg(not(pontoon_loom))]
fn main() {
    println!("not built for the model checker: .ci/steps/45-model.sh runs the models");
}

#[cfg(pontoon_loom)]
mod models;

#[cfg(pontoon_loom)]
fn main() -> std::process::ExitCode {
    checked::main()
}

#[cfg(pontoon_loom)]
mod checked {
    use super::models::{CAUGHT_BY, MODELS, Model};
    use libtest_mimic::{Arguments, Failed, Trial};
    use pontoon_core::model::RULES;
    use pontoon_loom::explored;
    use std::{
        env,
        io::Read as _,
        process::{Command, ExitCode, Stdio},
        sync::mpsc,
        thread,
        time::{Duration, Instant},
    };

    /// The variables that tell a child what to do.
    const MODEL: &str = "PONTOON_MODEL";
    const RULE: &str = "PONTOON_BROKEN_RULE";

    /// How long a model may take. It is only asked of one that a broken rule may have made endless.
    const DEADLINE: Duration = Duration::from_secs(300);

    /// How a model ended.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Outcome {
        /// It held in so many executions.
        Held(String),
        /// It failed, and this is what the panic said.
        Failed(String),
        /// It was still at it at the deadline, or ended in a way that is no panic.
        Strange(String),
    }

    pub(super) fn main() -> ExitCode {
        if let Ok(name) = env::var(MODEL) {
            find(&name).run();
            println!("{}", explored());
            return ExitCode::SUCCESS;
        }
        let arguments = Arguments::from_args();
        let mut trials: Vec<Trial> = MODELS.iter().map(|model| Trial::test(model.name, move || holds(model))).collect();
        for rule in RULES {
            trials.push(Trial::test(format!("without::{rule}"), move || is_missed(rule)));
        }
        trials.push(Trial::test("matrix", matrix).with_ignored_flag(true));
        libtest_mimic::run(&arguments, trials).exit_code()
    }

    fn find(name: &str) -> &'static Model {
        MODELS.iter().find(|model| model.name == name).unwrap_or_else(|| panic!("there is no model {name}"))
    }

    /// Runs a model in a process of its own.
    fn run(model: &Model, rule: Option<&str>, deadline: Duration) -> Outcome {
        let program = env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.env(MODEL, model.name).env_remove(RULE).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(rule) = rule {
            command.env(RULE, rule);
        }
        let mut child = command.spawn().expect("a process can be started");
        let (mut stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || {
            let (mut out, mut err) = (String::new(), String::new());
            let _ = stderr.read_to_string(&mut err);
            let _ = stdout.read_to_string(&mut out);
            let _ = sender.send(());
            (out, err)
        });
        let late = receiver.recv_timeout(deadline).is_err();
        if late {
            let _ = child.kill();
        }
        let status = child.wait().expect("the child can be waited for");
        let (out, err) = reader.join().expect("reading does not panic");
        match status.code() {
            Some(0) => Outcome::Held(out.trim().to_owned()),
            Some(101) => Outcome::Failed(err),
            _ if late => Outcome::Strange(format!("it did not end within {deadline:?}")),
            _ => Outcome::Strange(format!("it ended with {status}: {err}")),
        }
    }

    fn holds(model: &Model) -> Result<(), Failed> {
        let start = Instant::now();
        match run(model, None, DEADLINE) {
            Outcome::Held(executions) => {
                println!("{}: {executions} executions in {:.1} s", model.name, start.elapsed().as_secs_f32());
                Ok(())
            }
            Outcome::Failed(text) | Outcome::Strange(text) => Err(text.into()),
        }
    }

    /// The model that is to see it fails without `rule`.
    fn is_missed(rule: &str) -> Result<(), Failed> {
        let Some((_, name)) = CAUGHT_BY.iter().find(|(other, _)| *other == rule) else {
            return Err(format!("no model is named for the rule {rule}").into());
        };
        match run(find(name), Some(rule), DEADLINE) {
            // That would say nothing of the rule, but that an access came without an order that loom knows of.
            Outcome::Failed(text) if text.contains("Causality violation") => Err(text.into()),
            Outcome::Failed(_) => Ok(()),
            Outcome::Held(executions) => {
                Err(format!("{name} holds without the rule {rule}, in {executions} executions").into())
            }
            Outcome::Strange(text) => Err(text.into()),
        }
    }

    /// Prints which models fail without which rule: for the page in the book.
    fn matrix() -> Result<(), Failed> {
        for rule in RULES {
            let mut caught = Vec::new();
            for model in MODELS {
                match run(model, Some(rule), DEADLINE) {
                    Outcome::Held(_) => {}
                    Outcome::Failed(_) => caught.push(model.name.to_owned()),
                    Outcome::Strange(_) => caught.push(format!("{} (no panic)", model.name)),
                }
            }
            println!("| {rule} | {} |", caught.join(", "));
        }
        Ok(())
    }
}

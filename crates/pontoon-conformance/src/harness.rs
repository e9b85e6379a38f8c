//! Runs the cases on the subjects, each under a deadline, behind the face of libtest.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::cases::{CASES, Case};
use crate::report::{self, Verdict};
use crate::tools::{hushed, install_hush, lock, text_of};
use crate::{Subject, child};

/// How long a case may take. It is there to end hangs, so it is far above what any case needs.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What the trials found, by the subject's and the case's place in their lists.
pub(crate) type Verdicts = Arc<Mutex<HashMap<(usize, usize), Verdict>>>;

/// Runs every case on every subject: the `main` of a test with `harness = false`.
///
/// It takes libtest's arguments, so filters, `--list` and cargo-nextest work; the trials are named
/// `subject::case`. At the end it prints the cases × subjects and the capabilities of each subject,
/// with the reason of each lack.
///
/// # Panics
///
/// When two subjects have one name.
pub fn run(subjects: impl IntoIterator<Item = Subject>) -> ExitCode {
    let subjects: Vec<Subject> = subjects.into_iter().collect();
    for (index, subject) in subjects.iter().enumerate() {
        let name = subject.name();
        let taken = subjects[..index].iter().any(|other| other.name() == name);
        assert!(!taken, "two subjects are called `{name}`");
    }
    install_hush();
    if let Some(status) = child::play(&subjects) {
        return status;
    }
    let arguments = Arguments::from_args();
    let verdicts = Verdicts::default();
    let mut trials = Vec::new();
    for (column, subject) in subjects.iter().enumerate() {
        for (row, case) in CASES.iter().enumerate() {
            let trial = trial(subject, case, (column, row), &verdicts);
            if trial.has_ignored_flag() && !arguments.is_filtered_out(&trial) {
                lock(&verdicts).insert((column, row), Verdict::Lacks);
            }
            trials.push(trial);
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list && !arguments.exact {
        report::print(&subjects, &lock(&verdicts));
    }
    conclusion.exit_code()
}

/// One case on one subject.
fn trial(subject: &Subject, case: &'static Case, place: (usize, usize), seen: &Verdicts) -> Trial {
    let name = format!("{}::{}", subject.name(), case.name);
    let lack = case.needs.iter().find_map(|need| Some((need, subject.why_not(*need)?)));
    if let Some((need, why)) = lack {
        let reason = format!("lacks {need}: {why}");
        let ignored = move || Ok(Completion::ignored_with(reason));
        return Trial::ignorable_test(name, ignored).with_ignored_flag(true);
    }
    let (subject, seen) = (subject.for_trial(), seen.clone());
    Trial::test(name.clone(), move || {
        let result = under_deadline(&name, &subject, case);
        let verdict = match result {
            Ok(()) => Verdict::Kept,
            Err(_) => Verdict::Broken,
        };
        lock(&seen).insert(place, verdict);
        result.map_err(Failed::from)
    })
}

/// Runs the case on a thread of its own. A thread that hangs is left behind: it cannot be killed,
/// and the process ends without it.
fn under_deadline(name: &str, subject: &Subject, case: &'static Case) -> Result<(), String> {
    let examined = subject.clone();
    let run = move || (case.run)(&examined);
    deadline(name, DEADLINE, run).map_err(|fault| match fault {
        Fault::Panicked(text) => format!("after `{}`: {text}", subject.last_step()),
        Fault::Hung => {
            let text = format!("{name} hangs, its last step is `{}`", subject.last_step());
            eprintln!("{text}");
            text
        }
    })
}

/// Why [`deadline`] gave nothing back.
#[derive(Debug)]
pub enum Fault {
    /// The closure panicked; this is its text.
    Panicked(String),
    /// The closure still runs. Its thread is left behind.
    Hung,
}

/// Runs `f` on a new thread, called `name`, and waits for it at most for `limit`.
///
/// # Errors
///
/// [`Fault::Panicked`] when `f` panicked, [`Fault::Hung`] when it still runs after `limit`.
///
/// # Panics
///
/// When no thread can be started.
pub fn deadline<T: Send + 'static>(
    name: &str,
    limit: Duration,
    f: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (send, receive) = mpsc::channel();
    let body = move || {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        // nobody listens any more once the limit is over
        let _ = send.send(caught);
    };
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(body).expect("a thread for the case");
    match receive.recv_timeout(limit) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(payload)) => {
            let text = text_of(&*payload);
            // a payload may panic when it is dropped
            let _ = hushed(move || drop(payload));
            Err(Fault::Panicked(text))
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Fault::Hung),
    }
}

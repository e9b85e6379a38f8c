//! After a fork: what was made in the parent errs in the child, at once; what is made in the child works, unless a
//! runtime keeps global state that a fork breaks.
//!
//! The test process starts a child for every trial; that one uses a runner and forks; the forked process does one thing
//! and tells how it went through a socket. Its parent kills it when its time is over.
#![cfg(target_os = "linux")]

use futures_lite::{future, stream};
use libtest_mimic::{Arguments, Trial};
use pontoon::{AsyncContext, AsyncStd, Context, Outcome, RunError, Runner, Smol, Task};
use pontoon_tests::{
    contexts::{Bench, FLAVOURS, Flavour},
    operations::OPERATIONS,
    trial::{DEADLINE, Steps, text_of, within},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    panic::{self, AssertUnwindSafe, catch_unwind},
    process::{Command, ExitCode, Stdio, exit},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Names the flavour and the check to the child.
const CHILD: &str = "PONTOON_TEST_FORK";

/// How long anything may take in the forked process before it counts as hung. It is generous, for busy machines; a runner
/// that knows of the fork answers in microseconds, and every wait that it might fall into instead is longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the parent made before it forked.
struct Legacy {
    flavour: Flavour,
    runner: Runner,
    running: Task<()>,
    session: Context<Session>,
}

/// A guard that would wait for ever if it were closed.
#[pontoon::blocking(close = end)]
struct Guard(Arc<AtomicUsize>);

#[pontoon::blocking]
impl Guard {
    /// Ready at once.
    pub(crate) async fn call(&self) {}

    async fn end(&mut self) {
        future::pending::<()>().await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Says where it stands, to the process that forked this one.
type Say<'a> = &'a dyn Fn(&str);

/// One thing to do after the fork.
struct Check {
    name: &'static str,
    /// Whether it is about what was made before the fork.
    old: bool,
    act: fn(Legacy, Say<'_>),
}

const fn old(name: &'static str, act: fn(Legacy, Say<'_>)) -> Check {
    Check { name, old: true, act }
}

const fn new(name: &'static str, act: fn(Legacy, Say<'_>)) -> Check {
    Check { name, old: false, act }
}

const CHECKS: &[Check] = &[
    old("ready_call", |legacy, _| forked(legacy.runner.try_run(async {}))),
    old("pending_call", |legacy, _| forked(legacy.runner.try_run(future::pending::<()>()))),
    old("timed_call", |legacy, _| forked(legacy.runner.run_timeout(2 * PATIENCE, future::pending::<()>()))),
    old("panicking_calls", |legacy, _| {
        for refused in [
            catch_unwind(AssertUnwindSafe(|| legacy.runner.run(async {}))),
            catch_unwind(AssertUnwindSafe(|| legacy.runner.run_send(async {}))),
        ] {
            let text = text_of(&*refused.unwrap_err());
            assert!(text.starts_with("the process was forked"), "{text}");
        }
    }),
    old("tasks", |legacy, say| {
        say("spawn");
        let task = legacy.runner.spawn(async { 1 });
        say("join");
        let error = task.join().unwrap_err();
        assert!(matches!(error.refused(), Some(RunError::Forked)), "{error}");
        say("spawn_local");
        let error = legacy.runner.spawn_local(|| async { 1 }).join().unwrap_err();
        assert!(matches!(error.refused(), Some(RunError::Forked)), "{error}");
        say("unblock");
        let error = legacy.runner.unblock(|| 1).join().unwrap_err();
        assert!(matches!(error.refused(), Some(RunError::Forked)), "{error}");
        say("start_task");
        let error = legacy.runner.start_task(async |ready| ready.set(1)).unwrap_err();
        assert!(matches!(error.refused(), Some(RunError::Forked)), "{error}");
    }),
    old("iterators", |legacy, say| {
        say("an iterator");
        forked(legacy.runner.wrap_iter(stream::repeat(1)).try_next());
        say("a prefetching iterator");
        forked(legacy.runner.wrap_iter(stream::repeat(1)).prefetch(2).try_next());
    }),
    old("io", |legacy, _| {
        let error = legacy.runner.wrap_io(futures_lite::io::Cursor::new(b"one")).read(&mut [0; 3]).unwrap_err();
        assert!(error.to_string().starts_with("the process was forked"), "{error}");
    }),
    old("contexts", |legacy, say| {
        say("a new context");
        let entered = catch_unwind(AssertUnwindSafe(|| legacy.runner.wrap_context(Session)));
        let text = text_of(&*entered.unwrap_err());
        assert!(text.starts_with("the process was forked"), "{text}");
        say("dropping an old one");
        drop(legacy.session);
    }),
    old("facades", |legacy, say| {
        say("a call");
        let drops = Arc::new(AtomicUsize::new(0));
        let guard = || BlockingGuard::from_async_on(Guard(drops.clone()), legacy.runner.clone());
        let call = catch_unwind(AssertUnwindSafe(|| guard().call()));
        let text = text_of(&*call.unwrap_err());
        assert!(text.starts_with("the process was forked"), "{text}");
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        say("dropping a guard");
        drop(guard());
        assert_eq!(drops.load(Ordering::SeqCst), 2);
    }),
    old("old_task_join", |mut legacy, _| {
        assert!(!legacy.running.is_finished());
        let error = legacy.running.join_timeout(2 * PATIENCE).unwrap().unwrap_err();
        assert!(matches!(error.refused(), Some(RunError::Forked)), "{error}");
    }),
    old("old_task_cancel", |legacy, _| assert!(legacy.running.cancel().is_none())),
    old("old_task_drop", |legacy, _| drop(legacy.running)),
    old("close", |legacy, say| {
        say("close");
        legacy.runner.close().unwrap();
        say("close once more");
        legacy.runner.close_timeout(2 * PATIENCE).unwrap();
        forked(legacy.runner.try_run(async {}));
    }),
    old("drop", |legacy, say| {
        let Legacy { runner, running, session, .. } = legacy;
        say("detach");
        running.detach();
        say("dropping a context");
        drop(session);
        say("dropping the last handle");
        drop(runner);
    }),
    old("questions", |legacy, _| {
        let _ = (legacy.runner.stats(), legacy.runner.is_closed(), legacy.runner.executor().name());
        assert!(Runner::current().is_none());
    }),
    new("fresh_ready", |legacy, _| assert_eq!(legacy.flavour.runner().try_run(async { 1 }).unwrap(), 1)),
    new("fresh_sleep", |legacy, say| operation(&legacy, "sleep", say)),
    new("fresh_tasks", |legacy, say| operation(&legacy, "spawn_join", say)),
    new("fresh_local", |legacy, say| operation(&legacy, "spawn_local_join", say)),
    new("fresh_io", |legacy, say| operation(&legacy, "native_io", say)),
    new("fresh_timeout", |legacy, say| operation(&legacy, "timeout", say)),
    new("fresh_stream", |legacy, say| operation(&legacy, "prefetch", say)),
    new("fresh_unblock", |legacy, say| operation(&legacy, "unblock", say)),
    new("fresh_close", |legacy, say| operation(&legacy, "fresh_closed", say)),
    // Whichever of the two the parent used, their reactor is one.
    new("fresh_smol", |_, _| sleep_on(&Runner::new(Smol::new()))),
    new("fresh_async_std", |_, _| sleep_on(&Runner::new(AsyncStd::new()))),
];

/// What a fork breaks for good, found by running it.
struct Broken {
    flavours: &'static [&'static str],
    why: &'static str,
    /// Part of what a fresh runner says; `None` where it cannot know, and waits for ever.
    says: Option<&'static str>,
}

const BROKEN: &[Broken] = &[
    Broken {
        flavours: &["smol", "smol_workers", "smol_inline", "async_std", "async_std_inline"],
        why: "async-io's reactor is global, and the thread that holds its lock and the blocking pool's threads stay in the \
              parent",
        says: Some("fork"),
    },
    Broken {
        flavours: &["tokio_handle"],
        why: "the threads of a runtime that was adopted stay in the parent; its handle does not know",
        says: None,
    },
];

fn broken(flavour: &Flavour, check: &Check) -> Option<&'static Broken> {
    BROKEN.iter().find(|row| !check.old && row.flavours.contains(&flavour.name))
}

#[track_caller]
fn forked<T: std::fmt::Debug>(result: Result<T, RunError>) {
    assert!(matches!(result, Err(RunError::Forked)), "{result:?}");
}

fn sleep_on(runner: &Runner) {
    runner.try_run(runner.sleep(Duration::from_millis(1))).unwrap();
}

/// Does one of the usual operations on a runner that is made here.
fn operation(legacy: &Legacy, name: &str, say: Say<'_>) {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name).expect("an operation of that name");
    say("making a runner");
    let bench = Bench::new(legacy.flavour, Steps::default());
    say(name);
    (operation.act)(&bench).unwrap();
    say("closing");
    bench.runner.close().unwrap();
    say("dropping");
}

struct Session;

impl AsyncContext for Session {
    type Value = ();
    type Error = io::Error;

    async fn enter(&mut self) -> io::Result<()> {
        future::yield_now().await;
        Ok(())
    }

    async fn exit(self, (): (), _: Outcome<'_>) -> io::Result<()> {
        future::yield_now().await;
        Ok(())
    }
}

fn main() -> ExitCode {
    if let Ok(task) = env::var(CHILD) {
        return child(&task);
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for flavour in FLAVOURS {
        for check in CHECKS {
            let name = format!("{}::{}", flavour.name, check.name);
            let hopeless = broken(flavour, check).is_some_and(|row| row.says.is_none());
            let title = name.clone();
            let trial = Trial::test(title, move || Ok(within(&name.clone(), move |steps| start(&name, steps))?));
            trials.push(trial.with_ignored_flag(hopeless));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for row in BROKEN {
        let how = if row.says.is_some() { "refused" } else { "ignored, it hangs" };
        println!("a fresh runner in a forked child, {how} on {}: {}", row.flavours.join(", "), row.why);
    }
    conclusion.exit_code()
}

/// In the test process.
fn start(name: &str, steps: &Steps) {
    steps.at("waiting for the child");
    let child = Command::new(env::current_exe().unwrap()).env(CHILD, name).stdin(Stdio::null()).output().unwrap();
    let out = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{}{}", out.trim_end(), String::from_utf8_lossy(&child.stderr));
}

/// In the child: uses a runner, forks, and listens.
fn child(task: &str) -> ExitCode {
    let (flavour, check) = task.split_once("::").expect("a flavour and a check");
    let flavour = *FLAVOURS.iter().find(|known| known.name == flavour).expect("a flavour of that name");
    let check = CHECKS.iter().find(|known| known.name == check).expect("a check of that name");
    let runner = flavour.runner();
    runner.run(runner.sleep(Duration::from_millis(1)));
    runner.spawn_local(|| async {}).join().unwrap();
    runner.unblock(|| ()).join().unwrap();
    let running = runner.spawn(runner.sleep(DEADLINE * 100));
    let session = runner.wrap_context(Session).unwrap();
    // Its own thread drives again when this call has been gone for a while.
    runner.run(runner.sleep(Duration::from_millis(5)));
    let legacy = Legacy { flavour, runner, running, session };
    let (mut here, mut there) = UnixStream::pair().unwrap();
    let Some(pid) = fork() else {
        drop(here);
        // A backtrace would take locks that threads of the parent may hold, and seconds.
        panic::set_hook(Box::new(|_| ()));
        let say = |text: &str| {
            let _ = (&there).write_all(format!("{text}\n").as_bytes());
        };
        let result = catch_unwind(AssertUnwindSafe(|| (check.act)(legacy, &say)));
        let last = match result {
            Ok(()) => "DONE".to_owned(),
            Err(payload) => text_of(&*payload),
        };
        let _ = there.write_all(format!("{last}\n").as_bytes());
        exit(0);
    };
    drop(there);
    here.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = String::new();
    let heard = here.read_to_string(&mut text);
    let last = text.lines().last().unwrap_or("the fork");
    let says = broken(&flavour, check).and_then(|row| row.says);
    let failure = match heard {
        Err(_) => format!("HANG after `{last}`"),
        Ok(_) if says.is_some_and(|says| last.contains(says)) => return leave(legacy),
        Ok(_) if last != "DONE" => last.to_owned(),
        Ok(_) if says.is_some() => "it works, but the table says that it cannot".to_owned(),
        Ok(_) => return leave(legacy),
    };
    println!("{failure}");
    let _ = kill_process(pid, Signal::KILL);
    exit(1)
}

/// The fork has changed nothing for the parent.
fn leave(legacy: Legacy) -> ExitCode {
    let Legacy { runner, running, session, .. } = legacy;
    assert_eq!(runner.run(async { 1 }), 1);
    session.close().unwrap();
    assert!(running.cancel().is_none());
    runner.close().unwrap();
    ExitCode::SUCCESS
}

/// The id of the new process, or `None` in it.
#[expect(unsafe_code, reason = "fork has no safe form: what the child may touch is what is tested here")]
fn fork() -> Option<Pid> {
    // SAFETY: the new process does what a program that forks carelessly does; no lock of this test is held.
    Pid::from_raw(unsafe { libc::fork() })
}

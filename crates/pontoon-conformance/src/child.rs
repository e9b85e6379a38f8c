//! Scenes that play in a child process: what ends a process must not end the suite.

use std::env;
use std::io::Read as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::Subject;
use crate::tools::HANG;

/// Names the subject and the scene in the child's environment.
const VARIABLE: &str = "PONTOON_CONFORMANCE_SCENE";

/// A piece of a case that runs in a process of its own; what it prints goes back to the case.
pub(crate) type Scene = (&'static str, fn(&Subject) -> ExitCode);

/// Plays the scene that the environment asks for, if it asks for one.
pub(crate) fn play(subjects: &[Subject]) -> Option<ExitCode> {
    let wanted = env::var(VARIABLE).ok()?;
    let (subject, scene) = wanted.rsplit_once("::")?;
    let subject = subjects.iter().find(|known| known.name() == subject)?;
    let (_, play) = crate::cases::SCENES.iter().find(|(name, _)| *name == scene)?;
    Some(play(subject))
}

/// Runs `scene` on `subject` in a child process and gives what it printed.
pub(crate) fn run(subject: &Subject, scene: &str) -> String {
    let program = env::current_exe().expect("the path of this test");
    let mut child = Command::new(program)
        .env(VARIABLE, format!("{}::{scene}", subject.name()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process");
    let mut output = child.stdout.take().expect("the child's output");
    let (send, receive) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        // what cannot be read is missed by the case
        let _ = output.read_to_string(&mut text);
        let _ = send.send(text);
    });
    let printed = receive.recv_timeout(HANG);
    if printed.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().expect("the child's status");
    let printed = printed.unwrap_or_else(|_| panic!("`{scene}` hangs in its process"));
    reader.join().expect("the reader ends with the pipe");
    assert!(status.success(), "`{scene}` ended its process with {status}");
    printed
}

//! The search.

use loom::{
    model::Builder,
    thread::{self, JoinHandle},
};
use std::{
    panic,
    process::exit,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The stack of a model's thread, in words: loom's own are small.
const STACK: usize = 1 << 16;

/// How many steps an execution may take. More means that threads keep each other busy.
const STEPS: usize = 20_000;

static EXPLORED: AtomicUsize = AtomicUsize::new(0);

/// How many executions [`explore`] has seen in this process.
pub fn explored() -> usize {
    EXPLORED.load(Ordering::Relaxed)
}

/// Runs `model` in every order of its threads' steps with up to `preemptions` switches away from a thread that could go
/// on. Any panic, and the deadlock that loom reports by one, ends the process with exit code 101, where it stands: the
/// loop catches the panics of its tasks, and would catch these.
pub fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        eprintln!("in execution {}", explored());
        exit(101);
    }));
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = STEPS;
    let model = Arc::new(model);
    builder.check(move || {
        EXPLORED.fetch_add(1, Ordering::Relaxed);
        let model = model.clone();
        go(move || model()).join();
    });
}

/// A thread of a model.
#[derive(Debug)]
pub struct Thread<T>(JoinHandle<T>);

impl<T: std::fmt::Debug> Thread<T> {
    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// Where the thread did.
    pub fn join(self) -> T {
        self.0.join().expect("a model whose threads panic has ended before")
    }
}

/// Starts a thread.
///
/// # Panics
///
/// When there are more than loom allows.
pub fn go<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(thread::Builder::new().stack_size(STACK).spawn(f).expect("loom has threads"))
}

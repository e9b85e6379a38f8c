//! One trial on a thread of its own, under a deadline that says where it stood.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// How long a trial may take before it counts as hung. It is generous: a trial that works takes milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How many trials may hang before the rest is given up.
const HUNG: usize = 20;

/// Where a trial stands.
#[derive(Clone, Debug, Default)]
pub struct Steps(Arc<Mutex<String>>);

impl Steps {
    /// The trial is about to do this.
    pub fn at(&self, step: impl fmt::Display) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = step.to_string();
    }

    /// What the trial was about to do last.
    pub fn last(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs `f` on a thread of its own.
///
/// # Errors
///
/// The text of its panic, or where it stood when [`DEADLINE`] passed. Its thread is left behind then.
///
/// # Panics
///
/// Panics if there is no thread to be had.
pub fn within<T: Send + 'static>(name: &str, f: impl FnOnce(&Steps) -> T + Send + 'static) -> Result<T, String> {
    static HANGS: AtomicUsize = AtomicUsize::new(0);
    let steps = Steps::default();
    let (sender, receiver) = mpsc::channel();
    let theirs = steps.clone();
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(|| f(&theirs)));
        let _ = sender.send(result.map_err(|payload| text_of(&*payload)));
    };
    let thread = thread::Builder::new().name(name.into()).spawn(body).expect("a thread for the trial");
    match receiver.recv_timeout(DEADLINE) {
        Ok(result) => {
            // Its thread-locals are destroyed before the trial is over.
            let ended = thread.join();
            ended.map_err(|payload| text_of(&*payload))?;
            result.map_err(|text| format!("{text} (at: {})", steps.last()))
        }
        Err(_) => {
            let hang = format!("HANG in {name}, at: {}", steps.last());
            eprintln!("{hang}");
            if HANGS.fetch_add(1, Ordering::Relaxed) + 1 >= HUNG {
                eprintln!("{HUNG} trials hang; giving up");
                std::process::abort();
            }
            Err(hang)
        }
    }
}

/// The text of a panic.
pub fn text_of(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic that is not text".to_owned(),
    }
}

/// The beginnings of what tokio says when its rules about nesting are broken. No trial may provoke one of them, not even
/// in a panic that is caught: the hook prints it.
pub const FORBIDDEN: [&str; 4] = [
    "Cannot start a runtime from within a runtime",
    "Cannot drop a runtime in a context where blocking is not allowed",
    "can call blocking only when running on the multi-threaded runtime",
    "EnterGuard values dropped out of order",
];

static PROVOKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Counts panics with a text of [`FORBIDDEN`], and keeps all others of trials quiet.
pub fn watch_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = text_of_info(info.payload());
        if FORBIDDEN.iter().any(|forbidden| text.starts_with(forbidden)) {
            let thread = thread::current();
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let line = format!("{} at {place} in {}", text, thread.name().unwrap_or("a thread"));
            PROVOKED.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        if std::env::var_os("PONTOON_TEST_PANICS").is_some() {
            eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture());
        }
    }));
}

fn text_of_info(payload: &dyn Any) -> String {
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The forbidden panics that have been seen since the last call.
pub fn provoked() -> Vec<String> {
    std::mem::take(&mut *PROVOKED.lock().unwrap_or_else(PoisonError::into_inner))
}

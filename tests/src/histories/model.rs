//! What was promised, without a loop: a few flags, and a ledger of every value.

use crate::contexts::{Family, Flavour};
use pontoon_conformance::tools::Gate;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::Sender,
    },
    task::Waker,
    thread::{self, ThreadId},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// Whose future it is, and so where it may be polled and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call's, of this thread.
    Call(ThreadId),
    /// One that may be polled on a thread of its own.
    Moving,
    /// A task's.
    Task,
    /// That of a task on the runner's own thread.
    Local,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    drops: usize,
    polled: bool,
    /// Its task was there before any close began.
    settled: bool,
}

/// The state of a history, as far as a user can know it.
pub struct Model {
    /// A close has begun, or is about to.
    closing: AtomicBool,
    /// A close has said that all is over.
    closed: AtomicBool,
    /// A close may end before all is over: it had too little time, or came from inside.
    hasty: AtomicBool,
    /// A close had too little time.
    short: AtomicBool,
    /// The handles that the threads have.
    pub handles: AtomicUsize,
    /// Contexts that `close` has to exit, and has.
    pub entered: AtomicUsize,
    /// See `entered`.
    pub exited: AtomicUsize,
    /// What futures wait for.
    pub gates: Vec<Gate>,
    /// A thread that wakes whatever it gets, and may drop nothing.
    pub wakers: Sender<Waker>,
    waking: ThreadId,
    host: Mutex<Option<ThreadId>>,
    in_tokio: bool,
    ledger: Mutex<HashMap<usize, Entry>>,
    dropped: Condvar,
    faults: Mutex<Vec<String>>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    /// Nothing has happened yet; `waking` is the thread behind `wakers`.
    pub fn new(flavour: &Flavour, gates: Vec<Gate>, wakers: Sender<Waker>, waking: ThreadId) -> Arc<Model> {
        Arc::new(Model {
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            hasty: AtomicBool::new(false),
            short: AtomicBool::new(false),
            handles: AtomicUsize::new(0),
            entered: AtomicUsize::new(0),
            exited: AtomicUsize::new(0),
            gates,
            wakers,
            waking,
            host: Mutex::new(None),
            in_tokio: flavour.family == Family::Tokio,
            ledger: Mutex::default(),
            dropped: Condvar::new(),
            faults: Mutex::default(),
        })
    }

    /// Something was not allowed.
    pub fn fault(&self, text: impl Into<String>) {
        lock(&self.faults).push(text.into());
    }

    /// What was not allowed.
    pub fn faults(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.faults))
    }

    /// Whether a close may be under way.
    pub fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Whether a close is over: from here on every call has to be refused.
    pub fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Whether a close had too little time.
    pub fn was_short(&self) -> bool {
        self.short.load(SeqCst)
    }

    /// A close is about to begin. `hasty`: it may return early; `short`: it may not even finish.
    pub fn closes(&self, hasty: bool, short: bool) {
        self.short.fetch_or(short, SeqCst);
        self.hasty.fetch_or(hasty, SeqCst);
        self.closing.store(true, SeqCst);
    }

    /// A close with time enough has returned: nothing may be left, and nothing may run.
    pub fn has_closed(&self) {
        if !self.hasty.load(SeqCst) {
            let left = lock(&self.ledger)
                .values()
                .filter(|entry| entry.settled && entry.drops == 0 && matches!(entry.kind, Kind::Task | Kind::Local))
                .count();
            // a hasty close may have come first, and is known before it begins
            if left > 0 && !self.hasty.load(SeqCst) {
                self.fault(format!("{left} tasks are left after a close"));
            }
        }
        self.closed.store(true, SeqCst);
    }

    /// A handle goes; the last one closes.
    pub fn drops_handle(&self) {
        if self.handles.fetch_sub(1, SeqCst) == 1 {
            self.closes(true, false);
        }
    }

    /// Something was refused because the runner closes.
    pub fn refused(&self, what: &str) {
        if !self.is_closing() {
            self.fault(format!("{what} was refused, and nobody has closed"));
        }
    }

    /// A value to put into a future.
    pub fn token(self: &Arc<Model>, kind: Kind) -> Token {
        static IDS: AtomicUsize = AtomicUsize::new(0);
        let id = IDS.fetch_add(1, SeqCst);
        lock(&self.ledger).insert(id, Entry { kind, drops: 0, polled: false, settled: false });
        Token { model: self.clone(), id, kind, polled: false }
    }

    /// A task with this token was spawned.
    pub fn settle(&self, id: usize) {
        let closing = self.is_closing();
        if let Some(entry) = lock(&self.ledger).get_mut(&id) {
            entry.settled = !closing;
        }
    }

    /// Whether the value is gone.
    pub fn is_gone(&self, id: usize) -> bool {
        lock(&self.ledger).get(&id).is_some_and(|entry| entry.drops > 0)
    }

    /// What has just returned should have dropped this value; `what` it was.
    pub fn should_be_gone(&self, id: usize, what: &str) {
        if !self.is_gone(id) && !self.short.load(SeqCst) {
            self.fault(format!("{what} returned, and its future is still there"));
        }
    }

    /// The history is over: every value has to go now, and every exit to have run.
    pub fn ends(&self) {
        let deadline = Instant::now() + super::DEADLINE / 2;
        let mut ledger = lock(&self.ledger);
        while ledger.values().any(|entry| entry.drops == 0) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left < Duration::from_millis(1) {
                let left: Vec<_> = ledger.values().filter(|entry| entry.drops == 0).collect();
                self.fault(format!("values are left at the end: {left:?}"));
                break;
            }
            ledger = self.dropped.wait_timeout(ledger, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(ledger);
        let (entered, exited) = (self.entered.load(SeqCst), self.exited.load(SeqCst));
        if exited > entered || exited < entered && !self.short.load(SeqCst) {
            self.fault(format!("{entered} contexts were entered, and {exited} exits have run"));
        }
    }

    fn on_host(&self, what: &str) {
        let here = thread::current().id();
        let host = *lock(&self.host).get_or_insert(here);
        if host != here {
            self.fault(format!("a local task was {what} on {here:?}, another one on {host:?}"));
        }
    }
}

/// A value of a future, which writes its life into the ledger.
#[derive(Debug)]
pub struct Token {
    model: Arc<Model>,
    id: usize,
    kind: Kind,
    polled: bool,
}

impl Token {
    /// Its number.
    pub fn id(&self) -> usize {
        self.id
    }

    /// Its future is polled here and now.
    pub fn polls(&mut self) {
        let model = &self.model;
        match self.kind {
            Kind::Local => model.on_host("polled"),
            Kind::Call(thread) if thread != thread::current().id() => {
                model.fault("a call was polled on another thread")
            }
            _ => {}
        }
        let task = matches!(self.kind, Kind::Task | Kind::Local);
        if task && model.is_closed() && !model.hasty.load(SeqCst) {
            model.fault("a task was polled after a close");
        }
        if !self.polled {
            self.polled = true;
            if let Some(entry) = lock(&model.ledger).get_mut(&self.id) {
                entry.polled = true;
            }
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let (model, here) = (&self.model, thread::current().id());
        match self.kind {
            Kind::Local if self.polled => model.on_host("dropped"),
            Kind::Call(thread) if thread != here => model.fault("the future of a call was dropped on another thread"),
            _ if here == model.waking => model.fault("a value was dropped by the thread that wakes"),
            _ => {}
        }
        if self.polled && model.in_tokio && Handle::try_current().is_err() {
            model.fault(format!("a value of {:?} was dropped out of context", self.kind));
        }
        let mut ledger = lock(&model.ledger);
        let drops = ledger.get_mut(&self.id).map(|entry| {
            entry.drops += 1;
            entry.drops
        });
        drop(ledger);
        if drops != Some(1) {
            model.fault(format!("a value was dropped {drops:?} times"));
        }
        model.dropped.notify_all();
    }
}

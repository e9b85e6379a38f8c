//! A subscriber that keeps what it is told, to be looked at.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, ThreadId},
};
use tracing::{
    Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_core::span::Current;

/// Fields by name, as text.
pub type Fields = BTreeMap<&'static str, String>;

/// A span, as far as it has come.
#[derive(Clone, Debug)]
pub struct Span {
    /// Tells it from every other one of the process.
    pub id: u64,
    /// Its name.
    pub name: &'static str,
    /// Its level, its target, and where it is made.
    pub metadata: &'static Metadata<'static>,
    /// The span around it.
    pub parent: Option<u64>,
    /// What it says that it follows from.
    pub follows: Vec<u64>,
    /// Its fields.
    pub fields: Fields,
    /// The threads that entered it, in order, each time.
    pub entries: Vec<ThreadId>,
    /// How often it was left.
    pub exits: usize,
    /// When it was made, counted with the events.
    pub at: u64,
    /// When its last handle went, counted with the events.
    pub closed_at: Option<u64>,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// Its level, its target, and where it is said.
    pub metadata: &'static Metadata<'static>,
    /// The span around it.
    pub parent: Option<u64>,
    /// The thread that said it.
    pub thread: ThreadId,
    /// Its fields.
    pub fields: Fields,
    /// When it was said, counted with the spans.
    pub at: u64,
}

/// What the subscriber was told.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Every span, by its id.
    pub spans: BTreeMap<u64, Span>,
    /// Every event, in order.
    pub events: Vec<Event>,
    handles: BTreeMap<u64, usize>,
}

impl Log {
    /// The spans of that name directly below `parent`, in order.
    pub fn below(&self, parent: u64, name: &str) -> Vec<&Span> {
        self.spans.values().filter(|span| span.parent == Some(parent) && span.name == name).collect()
    }

    /// The one span of that name directly below `parent`.
    ///
    /// # Panics
    ///
    /// Panics if there is none, or more than one.
    pub fn one_below(&self, parent: u64, name: &str) -> &Span {
        let spans = self.below(parent, name);
        assert_eq!(spans.len(), 1, "spans `{name}` below {:?}: {spans:#?}", self.spans.get(&parent));
        spans[0]
    }

    /// The spans of that name of a runner, in order.
    pub fn of_runner(&self, runner: &str, name: &str) -> Vec<&Span> {
        self.spans.values().filter(|span| span.name == name && is_of(&span.fields, runner)).collect()
    }

    /// The events of that name of a runner, in order.
    pub fn said_of(&self, runner: &str, name: &str) -> Vec<&Event> {
        self.events.iter().filter(|event| event.name == name && is_of(&event.fields, runner)).collect()
    }

    /// The events of that name directly below `parent`, in order.
    pub fn said_in(&self, parent: u64, name: &str) -> Vec<&Event> {
        self.events.iter().filter(|event| event.parent == Some(parent) && event.name == name).collect()
    }

    /// The number of the runner that was called directly below `parent`.
    ///
    /// # Panics
    ///
    /// Panics if none was.
    pub fn runner_below(&self, parent: u64) -> String {
        self.below(parent, "call").first().expect("a call")["runner"].clone()
    }

    /// Whether `span` lies below `above`, at any depth.
    pub fn is_within(&self, mut span: u64, above: u64) -> bool {
        while span != above {
            match self.spans.get(&span).and_then(|span| span.parent) {
                Some(parent) => span = parent,
                None => return false,
            }
        }
        true
    }
}

fn is_of(fields: &Fields, runner: &str) -> bool {
    fields.get("runner").is_some_and(|of| of == runner)
}

/// A field of the span; empty if it has none of that name.
impl std::ops::Index<&str> for Span {
    type Output = String;

    fn index(&self, field: &str) -> &String {
        self.fields.get(field).unwrap_or(const { &String::new() })
    }
}

/// A field of the event; empty if it has none of that name.
impl std::ops::Index<&str> for Event {
    type Output = String;

    fn index(&self, field: &str) -> &String {
        self.fields.get(field).unwrap_or(const { &String::new() })
    }
}

static LOG: Mutex<Option<Log>> = Mutex::new(None);

thread_local! {
    /// The spans that this thread is in, innermost last.
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn with_log<R>(f: impl FnOnce(&mut Log) -> R) -> R {
    f(LOG.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// What has been told so far.
pub fn log() -> Log {
    with_log(|log| log.clone())
}

fn now() -> u64 {
    static CLOCK: AtomicU64 = AtomicU64::new(1);
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

/// The subscriber. What it is told goes to [`log`].
#[derive(Debug, Default)]
pub struct Collector {
    /// Called after each of tracing's calls, with the name of the span or event and what happened to it.
    pub then: Option<fn(&'static str, &'static str)>,
}

impl Collector {
    /// Makes it the subscriber of the process, once.
    ///
    /// # Panics
    ///
    /// Panics if another one is.
    pub fn install(self) {
        static INSTALLED: OnceLock<()> = OnceLock::new();
        INSTALLED.get_or_init(|| tracing::subscriber::set_global_default(self).expect("the only subscriber"));
    }

    fn then(&self, name: &'static str, what: &'static str) {
        if let Some(then) = self.then {
            then(name, what);
        }
    }

    fn name_of(id: &Id) -> &'static str {
        with_log(|log| log.spans.get(&id.into_u64()).map_or("", |span| span.name))
    }
}

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

fn here() -> Option<u64> {
    STACK.try_with(|stack| stack.borrow().last().copied()).ok().flatten()
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pontoon")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = now();
        let metadata = attributes.metadata();
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if attributes.is_root() => None,
            None => here(),
        };
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        let span = Span {
            id,
            name: metadata.name(),
            metadata,
            parent,
            follows: Vec::new(),
            fields,
            entries: Vec::new(),
            exits: 0,
            at: id,
            closed_at: None,
        };
        with_log(|log| {
            log.spans.insert(id, span);
            log.handles.insert(id, 1);
        });
        self.then(metadata.name(), "new");
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        with_log(|log| {
            let span = log.spans.get_mut(&span.into_u64()).expect("a span that was made");
            values.record(&mut Collect(&mut span.fields));
        });
        self.then(Self::name_of(span), "record");
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        with_log(|log| {
            log.spans.get_mut(&span.into_u64()).expect("a span that was made").follows.push(follows.into_u64());
        });
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        let mut fields = Fields::new();
        event.record(&mut Collect(&mut fields));
        let event = Event {
            name: metadata.name(),
            metadata,
            parent: event.parent().map(Id::into_u64).or_else(here),
            thread: thread::current().id(),
            fields,
            at: now(),
        };
        with_log(|log| log.events.push(event));
        self.then(metadata.name(), "event");
    }

    fn enter(&self, span: &Id) {
        let id = span.into_u64();
        let _ = STACK.try_with(|stack| stack.borrow_mut().push(id));
        with_log(|log| log.spans.get_mut(&id).expect("a span that was made").entries.push(thread::current().id()));
        self.then(Self::name_of(span), "enter");
    }

    fn exit(&self, span: &Id) {
        let id = span.into_u64();
        let _ = STACK.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let place = stack.iter().rposition(|entered| *entered == id).expect("it was entered on this thread");
            stack.remove(place);
        });
        with_log(|log| log.spans.get_mut(&id).expect("a span that was made").exits += 1);
        self.then(Self::name_of(span), "exit");
    }

    fn clone_span(&self, span: &Id) -> Id {
        with_log(|log| *log.handles.entry(span.into_u64()).or_default() += 1);
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let id = span.into_u64();
        let closed = with_log(|log| {
            let handles = log.handles.get_mut(&id).expect("a span that was made");
            *handles -= 1;
            let closed = *handles == 0;
            if closed {
                log.spans.get_mut(&id).expect("a span that was made").closed_at = Some(now());
            }
            closed
        });
        if closed {
            self.then(Self::name_of(&span), "close");
        }
        closed
    }

    fn current_span(&self) -> Current {
        let Some(id) = here() else { return Current::none() };
        Current::new(Id::from_u64(id), with_log(|log| log.spans[&id].metadata))
    }
}

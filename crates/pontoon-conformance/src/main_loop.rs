//! A host for the guests of the cases: a bare queue of events, on the thread of the case.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use pontoon_core::guest::{Guest, GuestError, GuestRun, Host, Tick};

use crate::Subject;
use crate::tools::HANG;

/// Something that the loop is to do.
enum Event {
    Tick(Tick),
    Call(Box<dyn FnOnce() + Send>),
}

/// The loop. Its guests get [`MainLoop::entry`].
pub(crate) struct MainLoop {
    events: mpsc::Receiver<Event>,
    entry: Entry,
}

/// Where the events come in.
#[derive(Clone)]
pub(crate) struct Entry {
    events: mpsc::Sender<Event>,
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    anywhere: AtomicUsize,
    here: AtomicUsize,
    later: AtomicUsize,
}

impl MainLoop {
    pub(crate) fn new() -> MainLoop {
        let (send, events) = mpsc::channel();
        MainLoop { events, entry: Entry { events: send, asked: Arc::default() } }
    }

    pub(crate) fn entry(&self) -> Entry {
        self.entry.clone()
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(HANG).expect("the host waits in vain")
    }

    /// Waits for the next event and does it.
    pub(crate) fn turn(&self) {
        match self.next() {
            Event::Tick(tick) => tick.run(),
            Event::Call(call) => call(),
        }
    }

    /// Turns until `done`.
    pub(crate) fn until(&self, mut done: impl FnMut() -> bool) {
        while !done() {
            self.turn();
        }
    }

    /// Waits for the next event, which has to be a tick.
    pub(crate) fn tick(&self) -> Tick {
        match self.next() {
            Event::Tick(tick) => tick,
            Event::Call(_) => panic!("no tick, but an event of the host's"),
        }
    }

    /// How many ticks the guests have asked for.
    pub(crate) fn asked(&self) -> usize {
        self.entry.asked()
    }

    /// Lets the guest come to rest: from then on nothing is to do but what others cause.
    pub(crate) fn settle(&self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Tick(tick) => tick.run(),
                Event::Call(call) => call(),
            }
        }
    }
}

impl Entry {
    /// Has the loop call `f` in its turn.
    pub(crate) fn call(&self, f: impl FnOnce() + Send + 'static) {
        let _ = self.events.send(Event::Call(Box::new(f)));
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.anywhere.load(SeqCst) + self.asked.here.load(SeqCst) + self.asked.later.load(SeqCst)
    }

    /// How many of them the guests asked for after a spent budget.
    pub(crate) fn asked_later(&self) -> usize {
        self.asked.later.load(SeqCst)
    }

    fn put(&self, tick: Tick, count: &AtomicUsize) {
        count.fetch_add(1, SeqCst);
        // a loop that is gone gives the tick back, and it is dropped here
        let _ = self.events.send(Event::Tick(tick));
    }
}

impl Host for Entry {
    fn schedule(&self, tick: Tick) {
        self.put(tick, &self.asked.anywhere);
    }

    fn schedule_local(&self, tick: Tick) {
        self.put(tick, &self.asked.here);
    }

    fn schedule_yield(&self, tick: Tick) {
        self.put(tick, &self.asked.later);
    }
}

/// What the `done` of a guest got.
pub(crate) struct Results<T>(Rc<RefCell<Vec<Result<T, GuestError>>>>);

impl<T: 'static> Results<T> {
    pub(crate) fn new() -> Results<T> {
        Results(Rc::default())
    }

    /// A `done` that keeps what it gets.
    pub(crate) fn done(&self) -> impl FnOnce(Result<T, GuestError>) + use<T> {
        let results = self.0.clone();
        move |result| results.borrow_mut().push(result)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// The one that there has to be.
    pub(crate) fn one(&self) -> Result<T, GuestError> {
        assert_eq!(self.count(), 1, "`done` is called once");
        self.0.borrow_mut().pop().expect("just counted")
    }
}

impl<T: fmt::Debug + 'static> Results<T> {
    pub(crate) fn assert_cancelled(&self) {
        let result = self.one();
        assert!(matches!(result, Err(GuestError::Cancelled)), "{result:?}");
    }
}

/// A guest on the subject's executor.
pub(crate) fn guest(s: &Subject) -> Guest {
    Guest::new(s.executor())
}

/// Starts `main` as a guest of `host`.
pub(crate) fn start<T: 'static>(
    s: &Subject,
    host: &MainLoop,
    main: impl Future<Output = T> + 'static,
) -> (GuestRun, Results<T>) {
    let results = Results::new();
    let run = guest(s).start(host.entry(), main, results.done()).expect("a guest");
    (run, results)
}

/// Runs `main` as a guest of a loop of its own, from its start to its end.
pub(crate) fn play<T: 'static>(s: &Subject, main: impl Future<Output = T> + 'static) -> Result<T, GuestError> {
    let host = MainLoop::new();
    let (run, results) = start(s, &host, main);
    host.until(|| run.is_finished());
    results.one()
}

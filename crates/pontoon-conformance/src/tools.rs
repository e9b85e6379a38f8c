//! What the cases are written with; good for tests of your own as well.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Once, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use event_listener::{Event, Listener as _};
use futures_lite::future::zip;
use pontoon_core::{BoxFuture, Runner, Task};

/// How long a single wait may take before it counts as a hang.
pub const HANG: Duration = Duration::from_secs(30);

/// A latch that opens once, for threads and for tasks.
#[derive(Clone)]
pub struct Gate {
    name: &'static str,
    open: Arc<(AtomicBool, Event)>,
}

impl Gate {
    /// A closed gate; the name tells what a hang would mean.
    pub fn new(name: &'static str) -> Gate {
        Gate { name, open: Arc::default() }
    }

    /// Lets everybody through, from now on.
    pub fn open(&self) {
        self.open.0.store(true, Ordering::SeqCst);
        self.open.1.notify(usize::MAX);
    }

    /// Whether somebody opened it.
    pub fn is_open(&self) -> bool {
        self.open.0.load(Ordering::SeqCst)
    }

    /// Blocks this thread until the gate opens.
    ///
    /// # Panics
    ///
    /// When it is still closed after [`HANG`].
    pub fn wait(&self) {
        assert!(self.wait_timeout(HANG), "nobody opened `{}`", self.name);
    }

    /// Blocks this thread until the gate opens or `limit` is over; whether it is open.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let listener = self.open.1.listen();
        self.is_open() || listener.wait_timeout(limit).is_some() || self.is_open()
    }

    /// Waits for the gate to open.
    pub async fn passed(&self) {
        let listener = self.open.1.listen();
        if !self.is_open() {
            listener.await;
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({}, open: {})", self.name, self.is_open())
    }
}

/// Tells how often its tokens were dropped, and where.
#[derive(Clone, Default)]
pub struct Witness {
    inner: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    drops: AtomicUsize,
    threads: Mutex<Vec<ThreadId>>,
    probe: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    probed: Mutex<Vec<bool>>,
    changed: Event,
}

/// A value whose drop its [`Witness`] sees.
#[derive(Debug)]
pub struct Token {
    witness: Witness,
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new() -> Witness {
        Witness::default()
    }

    /// A witness that asks `probe` at each drop.
    pub fn probing(probe: impl Fn() -> bool + Send + Sync + 'static) -> Witness {
        let inner = Arc::new(Seen { probe: Some(Box::new(probe)), ..Seen::default() });
        Witness { inner }
    }

    /// A value to put where the drop is to be seen.
    pub fn token(&self) -> Token {
        let witness = self.clone();
        Token { witness }
    }

    /// How many tokens were dropped by now.
    pub fn drops(&self) -> usize {
        self.inner.drops.load(Ordering::SeqCst)
    }

    /// The threads that dropped them, in order.
    pub fn threads(&self) -> Vec<ThreadId> {
        lock(&self.inner.threads).clone()
    }

    /// What the probe said at each drop, in order.
    pub fn probed(&self) -> Vec<bool> {
        lock(&self.inner.probed).clone()
    }

    /// Blocks until `count` tokens were dropped.
    ///
    /// # Panics
    ///
    /// When they were not after [`HANG`].
    pub fn wait_for(&self, count: usize) {
        while self.drops() < count {
            let listener = self.inner.changed.listen();
            let seen = self.drops() >= count || listener.wait_timeout(HANG).is_some();
            assert!(seen || self.drops() >= count, "{} of {count} dropped", self.drops());
        }
    }

    /// Waits until `count` tokens were dropped.
    pub async fn seen(&self, count: usize) {
        while self.drops() < count {
            let listener = self.inner.changed.listen();
            if self.drops() < count {
                listener.await;
            }
        }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({} drops)", self.drops())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let seen = &self.witness.inner;
        lock(&seen.threads).push(thread::current().id());
        if let Some(probe) = &seen.probe {
            lock(&seen.probed).push(probe());
        }
        seen.drops.fetch_add(1, Ordering::SeqCst);
        seen.changed.notify(usize::MAX);
    }
}

/// A value that runs a closure when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    /// Runs `f` when the value is dropped.
    pub fn new(f: F) -> OnDrop<F> {
        OnDrop(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}

/// A future that counts its polls and calls a function before each.
#[derive(Debug)]
pub struct Watched<F, W> {
    future: Pin<Box<F>>,
    before: W,
}

/// Calls `before` ahead of every poll of `future`.
pub fn watched<F: Future, W: FnMut()>(future: F, before: W) -> Watched<F, W> {
    let future = Box::pin(future);
    Watched { future, before }
}

impl<F: Future, W: FnMut() + Unpin> Future for Watched<F, W> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        (self.before)();
        self.future.as_mut().poll(cx)
    }
}

/// Is pending `times` times, waking itself each time.
pub async fn yields(times: usize) {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
}

/// Keeps `value` until the future that awaits this is dropped.
pub async fn hold<T>(value: T) {
    std::future::pending::<()>().await;
    drop(value);
}

/// Runs a closure on the blocking pool that waits for the gate and ends with `then`; returns when it has begun.
pub(crate) fn held_closure<T: Send + 'static>(
    runner: &Runner,
    then: impl FnOnce() -> T + Send + 'static,
) -> (Task<T>, Gate) {
    let (began, ends) = (Gate::new("the closure runs"), Gate::new("the closure may end"));
    let (inside, leave) = (began.clone(), ends.clone());
    let closure = runner.unblock(move || {
        inside.open();
        leave.wait();
        then()
    });
    began.wait();
    (closure, ends)
}

/// Panics with `text`, without a line on the terminal.
pub fn boom(text: &str) -> ! {
    panic::resume_unwind(Box::new(text.to_owned()))
}

/// The text of a panic's payload.
pub fn text_of(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<String>(), payload.downcast_ref()) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => <&str>::clone(text).to_owned(),
        (None, None) => "a payload that is no text".into(),
    }
}

/// Runs `f`, which has to panic, and gives the text of its panic.
///
/// # Panics
///
/// When `f` returns.
pub fn panics<T>(f: impl FnOnce() -> T) -> String {
    match hushed(f) {
        Ok(_) => panic!("this call had to panic and returned"),
        Err(payload) => text_of(&*payload),
    }
}

/// Runs `f`, and catches its panic without a line on the terminal.
///
/// # Errors
///
/// The payload of the panic.
pub fn hushed<T>(f: impl FnOnce() -> T) -> thread::Result<T> {
    let before = HUSH.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    HUSH.set(before);
    result
}

thread_local! {
    static HUSH: Cell<bool> = const { Cell::new(false) };
}

/// Makes [`hushed`] keep the terminal quiet, in this process.
pub(crate) fn install_hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !HUSH.try_with(Cell::get).unwrap_or(false) {
                loud(info);
            }
        }));
    });
}

/// A future that waits, in a call of `nested`, for what only the rest of it would send; it is `late` polls old by then.
/// `nested` gives the text of the refusal.
///
/// # Panics
///
/// When the call is not refused as one that lies on top of what it waits for, or what it waited for is not sent then.
pub async fn at_odds(late: usize, nested: impl FnOnce(BoxFuture<'static, u8>) -> String) {
    yields(late).await;
    let (x, waits_for_x) = async_channel::bounded::<u8>(1);
    let (y, waits_for_y) = async_channel::bounded::<u8>(1);
    let sends = async { y.send(waits_for_x.recv().await.unwrap()).await.unwrap() };
    let waits = async {
        // `sends` waits for it by now
        thread::spawn(move || x.try_send(9));
        let receiver = waits_for_y.clone();
        nested(Box::pin(async move { receiver.recv().await.unwrap() }))
    };
    let ((), refused) = zip(sends, waits).await;
    assert!(refused.contains("waits for nothing but its return"), "{refused}");
    assert_eq!(waits_for_y.try_recv(), Ok(9), "the rest of it goes on");
}

/// Drives `runner`, whoever else does, until `done`.
///
/// # Panics
///
/// When it is not done after [`HANG`].
pub fn drive_until(runner: &Runner, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < HANG, "it is never done");
        runner.run(runner.sleep(Duration::from_micros(200)));
    }
}

/// The thread that runs the local tasks of `runner`.
///
/// # Panics
///
/// When the runner is closed.
pub fn host_thread(runner: &Runner) -> ThreadId {
    let task = runner.spawn_local(|| async { thread::current().id() });
    task.join().expect("a local task tells its thread")
}

/// Calls `f` on `threads` threads that set off together.
///
/// # Panics
///
/// When one of them panics.
pub fn at_once<T: Send>(threads: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let line = Barrier::new(threads);
    thread::scope(|scope| {
        let start = |n| {
            let (line, f) = (&line, &f);
            scope.spawn(move || {
                line.wait();
                f(n)
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Locks, whoever panicked before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

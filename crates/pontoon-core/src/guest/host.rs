//! The main loop that a guest lives in, and what it is asked to do: run a tick, soon, on its own thread.

use super::{AbandonReason, GuestRemote, local, shared::Shared};
use concurrent_queue::ConcurrentQueue;
use std::{fmt, sync::Arc};

/// A main loop that can be asked, from any thread, to run something on its own thread.
///
/// A guest has at most one tick under way, however many of its tasks are woken. Closures that take a [`Tick`] are hosts.
///
/// # Examples
///
/// A loop around a channel, here with nothing else to do:
///
/// ```
/// use pontoon_core::guest::Guest;
/// use std::{sync::mpsc, cell::Cell, rc::Rc};
///
/// let (sender, events) = mpsc::channel();
/// let answer = Rc::new(Cell::new(None));
/// let done = answer.clone();
/// let run = Guest::new(pontoon_smol::Smol::new())
///     .start(
///         move |tick| sender.send(tick).unwrap(),
///         async { 6 * 7 },
///         move |result| done.set(Some(result.unwrap())),
///     )
///     .unwrap();
/// while answer.get().is_none() {
///     events.recv().unwrap().run();
/// }
/// assert!(run.is_finished());
/// assert_eq!(answer.get(), Some(42));
/// ```
pub trait Host: Send + Sync + 'static {
    /// Has `tick` run on the host's thread, soon. It is called from any thread, the host's own among them, at times by a
    /// reactor that holds a lock: it must neither run the tick itself nor wait.
    fn schedule(&self, tick: Tick);

    /// The same from the host's own thread, where there may be a cheaper way.
    fn schedule_local(&self, tick: Tick) {
        self.schedule(tick);
    }

    /// The same after a tick that has spent its budget: the host's own events should have their turn before it. Called on
    /// the host's thread.
    fn schedule_yield(&self, tick: Tick) {
        self.schedule_local(tick);
    }
}

impl<F: Fn(Tick) + Send + Sync + 'static> Host for F {
    fn schedule(&self, tick: Tick) {
        self(tick);
    }
}

/// A guest is a host for other guests: their ticks become tasks of its own.
impl Host for GuestRemote {
    fn schedule(&self, tick: Tick) {
        self.spawn(async move { tick.run() }).detach();
    }
}

/// One turn of a guest, to be run on the host's thread.
///
/// A tick that is dropped instead tells the guest that its host is gone, see [`Abandoned`](super::Abandoned).
#[must_use = "a tick that is dropped abandons the guest; call `run`"]
pub struct Tick {
    shared: Option<Arc<Shared>>,
    generation: usize,
}

impl Tick {
    pub(super) fn new(shared: &Arc<Shared>, generation: usize) -> Self {
        Self { shared: Some(shared.clone()), generation }
    }

    /// Its guest, unless that has been taken from this host, or has ended: then the tick is stale.
    fn take(&mut self) -> Option<Arc<Shared>> {
        self.shared.take().filter(|shared| shared.generation() == self.generation)
    }

    fn is_stale(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.generation() != self.generation)
    }

    /// Polls the guest's tasks, as many as are ready and the budget allows.
    ///
    /// On another thread than the guest's it polls nothing and reports the guest as
    /// [abandoned](super::AbandonReason::WrongThread).
    ///
    /// # Blocking
    ///
    /// For the guest's [`Budget`](super::Budget) and the one poll that may overrun it.
    ///
    /// # Panics
    ///
    /// With the panic of `done`, if this tick is the guest's last and that panics. Panics of tasks stay with them.
    pub fn run(mut self) {
        let Some(shared) = self.take() else { return };
        if shared.is_home() {
            local::tick(&shared);
        } else {
            local::abandon(&shared, self.generation, AbandonReason::WrongThread);
        }
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        if let Some(shared) = self.take() {
            local::abandon(&shared, self.generation, AbandonReason::TickDropped);
        }
    }
}

impl fmt::Debug for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tick").finish_non_exhaustive()
    }
}

/// A host for loops that can only be woken, such as those of winit, SDL, egui and win32: `wake` wakes the loop, from any
/// thread, and the loop calls [`TickQueue::run`] each time that it turns.
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, queue};
/// use std::{cell::Cell, rc::Rc, thread};
///
/// let main_loop = thread::current();
/// let (host, ticks) = queue(move || main_loop.unpark());
///
/// let answer = Rc::new(Cell::new(None));
/// let done = answer.clone();
/// let _run = Guest::new(pontoon_smol::Smol::new())
///     .start(host, async { 6 * 7 }, move |result| done.set(result.ok()))
///     .unwrap();
/// while answer.get().is_none() {
///     if ticks.run() == 0 {
///         thread::park();
///     }
/// }
/// assert_eq!(answer.get(), Some(42));
/// ```
pub fn queue(wake: impl Fn() + Send + Sync + 'static) -> (QueueHost, TickQueue) {
    let ticks = Arc::new(Ticks { queue: ConcurrentQueue::unbounded(), wake: Box::new(wake) });
    (QueueHost(ticks.clone()), TickQueue(ticks))
}

struct Ticks {
    queue: ConcurrentQueue<Tick>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// The half of a [`queue`] that a guest is started with. Clones serve several guests.
#[derive(Clone)]
pub struct QueueHost(Arc<Ticks>);

impl Host for QueueHost {
    fn schedule(&self, tick: Tick) {
        // A loop that has nothing but `GuestRun::run_for` runs none: they are not to gather here.
        if let Some(first) = self.0.queue.pop().ok().filter(|first| !first.is_stale()) {
            let _ = self.0.queue.push(first);
        }
        // A queue that is closed gives the tick back, and its drop tells the guest.
        if self.0.queue.push(tick).is_ok() {
            (self.0.wake)();
        }
    }
}

impl fmt::Debug for QueueHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueHost").finish_non_exhaustive()
    }
}

/// The half of a [`queue`] that the loop keeps. Dropping it abandons the guests whose ticks it would have run.
pub struct TickQueue(Arc<Ticks>);

impl TickQueue {
    /// Runs the ticks that are waiting now, those that they cause not included. Says how many it ran.
    ///
    /// # Panics
    ///
    /// As [`Tick::run`].
    pub fn run(&self) -> usize {
        let waiting = self.0.queue.len();
        (0..waiting).map_while(|_| self.0.queue.pop().ok()).map(Tick::run).count()
    }

    /// Whether no tick is waiting.
    pub fn is_empty(&self) -> bool {
        self.0.queue.is_empty()
    }
}

impl Drop for TickQueue {
    fn drop(&mut self) {
        self.0.queue.close();
        while let Ok(tick) = self.0.queue.pop() {
            drop(tick);
        }
    }
}

impl fmt::Debug for TickQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TickQueue").field("waiting", &self.0.queue.len()).finish()
    }
}

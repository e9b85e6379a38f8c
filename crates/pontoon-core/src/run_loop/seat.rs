//! A seat: one level of one thread, parked in the backend or busy; and the list of those that are parked.

use super::first::{self, Number};
use crate::sync::{AtomicBool, AtomicUsize, AtomicWaker, Mutex, MutexGuard, holds, thread_local};
use std::{
    cell::Cell,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Wake, Waker},
};

/// One level of one thread.
///
/// It is also the waker of the future that the level waits for. `woken` is set first and `parked` is looked at second;
/// the level sets `parked` first and looks at `woken` second. Both sides are sequentially consistent, so one of them
/// sees the other.
#[derive(Default)]
pub(crate) struct Seat {
    /// The level's own future asks to be polled.
    woken: AtomicBool,
    /// The level has given its thread to the backend.
    parked: AtomicBool,
    /// Wakes the thread out of the backend.
    unparker: AtomicWaker,
    /// How a call that is nested in its call's first poll finds it.
    pub(super) number: Number,
}

impl Seat {
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }

    /// Takes the wish of the level's own future to be polled.
    pub(crate) fn take_woken(&self) -> bool {
        self.is_woken() && self.woken.swap(false, Ordering::SeqCst)
    }

    /// A new call starts on this seat.
    #[inline]
    pub(crate) fn forget_woken(&self) {
        self.woken.store(false, Ordering::Relaxed);
    }

    /// Asks for a poll of the level's own future from inside the level.
    pub(crate) fn set_woken(&self) {
        self.woken.store(true, Ordering::SeqCst);
    }

    /// The backend will wake this level through `waker`.
    pub(crate) fn register(&self, waker: &Waker) {
        self.unparker.register(waker);
    }

    pub(crate) fn set_parked(&self, parked: bool) {
        self.parked.store(parked, Ordering::SeqCst);
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::SeqCst)
    }

    /// Brings the level back from the backend if it is parked there; a busy one looks around before it parks. Says which.
    pub(crate) fn nudge(&self) -> bool {
        let parked = self.is_parked();
        if parked {
            self.unparker.wake();
        }
        parked
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !holds("wake-order") {
            self.nudge();
        }
        self.woken.store(true, Ordering::SeqCst);
        if holds("wake-order") {
            self.nudge();
        }
    }
}

/// A seat and the waker that wakes it.
pub(crate) type Pair = (Arc<Seat>, Waker);

thread_local! {
    /// The seat that this thread used last: most calls need no allocation.
    static SPARE: Cell<Option<Pair>> = const { Cell::new(None) };
}

/// A seat of its own.
#[cold]
pub(crate) fn new_pair() -> Pair {
    let seat = first::seat(|number| Seat { number, ..Seat::default() });
    let waker = Waker::from(seat.clone());
    (seat, waker)
}

/// A seat for one call of this thread. An old future may still hold its waker: being polled once too often is harmless.
#[inline]
pub(crate) fn take() -> Pair {
    let pair = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(new_pair);
    pair.0.forget_woken();
    if !holds("own-seat") {
        put(pair.clone());
    }
    pair
}

/// Keeps a seat for this thread's next call.
#[inline]
pub(crate) fn put(pair: Pair) {
    let _ = SPARE.try_with(|spare| spare.set(Some(pair)));
}

/// What a parked seat can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A caller that runs the loop's tasks while it waits.
    Caller,
    /// The runner's own thread, driving.
    Host,
    /// The runner's own thread, stepped aside: to be asked when no driver is parked.
    Standby,
    /// The runner's own thread after a futile wake-up: looks at the queue by itself in a moment.
    Drowsy,
    /// A worker thread of the runtime's own.
    Worker,
    /// A caller that leaves the work to the runner's own thread, until it is notified: then it drives.
    Follower,
    /// A caller that only waits. It never stands in the list.
    Waiter,
}

impl Kind {
    pub(crate) fn is_host(self) -> bool {
        matches!(self, Self::Host | Self::Standby | Self::Drowsy)
    }
}

/// The parked seats of a loop, latest last.
#[derive(Default)]
pub(crate) struct Parked {
    list: Mutex<Vec<(Kind, Arc<Seat>)>>,
    len: AtomicUsize,
    /// How many of them are the host in the backend: none or one.
    hosts: AtomicUsize,
    /// How many of them are followers.
    followers: AtomicUsize,
    /// How many of them are callers that drive.
    drivers: AtomicUsize,
    /// Counts the times that a driving caller parked, so that the host can see that they keep coming.
    epoch: AtomicUsize,
}

impl Parked {
    fn lock(&self) -> MutexGuard<'_, Vec<(Kind, Arc<Seat>)>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recount(&self, list: &[(Kind, Arc<Seat>)]) {
        self.len.store(list.len(), Ordering::SeqCst);
        let count = |wanted| list.iter().filter(|(kind, _)| *kind == wanted).count();
        self.hosts.store(count(Kind::Host), Ordering::SeqCst);
        self.followers.store(count(Kind::Follower), Ordering::SeqCst);
    }

    pub(crate) fn insert(&self, kind: Kind, seat: &Arc<Seat>) {
        let mut list = self.lock();
        list.push((kind, seat.clone()));
        self.recount(&list);
        drop(list);
        if kind == Kind::Caller {
            self.drivers.fetch_add(1, Ordering::SeqCst);
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes the seat out, whether or not a notification has done so already. Says whether one had.
    pub(crate) fn remove(&self, kind: Kind, seat: &Arc<Seat>) -> bool {
        let mut list = self.lock();
        let place = list.iter().rposition(|(_, other)| Arc::ptr_eq(other, seat));
        if let Some(place) = place {
            list.remove(place);
            self.recount(&list);
        }
        drop(list);
        if kind == Kind::Caller {
            self.drivers.fetch_sub(1, Ordering::SeqCst);
        }
        place.is_none()
    }

    /// Wakes one seat that can run tasks, if any is parked.
    pub(crate) fn notify_one(&self) {
        if self.len.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut list = self.lock();
        let driver = list.iter().rposition(|(kind, _)| matches!(kind, Kind::Caller | Kind::Host | Kind::Worker));
        let last = |wanted| list.iter().rposition(|(kind, _)| *kind == wanted);
        let place = driver
            .or_else(|| last(Kind::Standby))
            .or_else(|| last(Kind::Follower).filter(|_| holds("notify-follower")));
        let Some(place) = place else { return };
        let (_, seat) = list.remove(place);
        self.recount(&list);
        drop(list);
        seat.nudge();
    }

    /// Wakes the runner's own thread if it is parked in the backend. Says whether it was.
    pub(crate) fn notify_idle_host(&self) -> bool {
        if self.hosts.load(Ordering::SeqCst) == 0 {
            return false;
        }
        let mut list = self.lock();
        let Some(place) = list.iter().rposition(|(kind, _)| *kind == Kind::Host) else { return false };
        let (_, seat) = list.remove(place);
        self.recount(&list);
        drop(list);
        seat.nudge();
        true
    }

    pub(crate) fn has_followers(&self) -> bool {
        self.followers.load(Ordering::SeqCst) > 0
    }

    /// Sends every follower to drive by itself.
    pub(crate) fn release_followers(&self) {
        if !self.has_followers() {
            return;
        }
        let mut list = self.lock();
        let (followers, others) = list.drain(..).partition::<Vec<_>, _>(|(kind, _)| *kind == Kind::Follower);
        *list = others;
        self.recount(&list);
        drop(list);
        for (_, seat) in followers {
            seat.nudge();
        }
    }

    /// Wakes the runner's own thread if it is parked, in whichever way.
    pub(crate) fn notify_host(&self) {
        let list = self.lock();
        let seat = list.iter().rfind(|(kind, _)| kind.is_host()).map(|(_, seat)| seat.clone());
        drop(list);
        if let Some(seat) = seat {
            seat.nudge();
        }
    }

    /// Wakes every parked seat.
    pub(crate) fn notify_all(&self) {
        let seats: Vec<_> = self.lock().iter().map(|(_, seat)| seat.clone()).collect();
        for seat in seats {
            seat.nudge();
        }
    }

    pub(crate) fn drivers(&self) -> usize {
        self.drivers.load(Ordering::SeqCst)
    }

    pub(crate) fn epoch(&self) -> usize {
        self.epoch.load(Ordering::SeqCst)
    }
}

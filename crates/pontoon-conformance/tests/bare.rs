//! A backend without a runtime and without a thread: whoever waits keeps the time. The suite runs on it like on any other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_conformance::Subject;
use pontoon_core::{BoxFuture, Executor, Job};

fn main() -> ExitCode {
    let probe = || INSIDE.get() > 0;
    pontoon_conformance::run([
        Subject::hosted("bare", Bare::default).context_probe(probe),
        Subject::inline("bare inline", Bare::default).context_probe(probe),
    ])
}

#[derive(Default)]
struct Bare {
    clock: Arc<Clock>,
}

impl Executor for Bare {
    fn block_on(&self, mut future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        // a bell of its own for each call: this one may stand inside another on the same thread
        let bell = Arc::new(Bell { rung: AtomicBool::new(false), clock: self.clock.clone() });
        let waker = Waker::from(bell.clone());
        let mut cx = Context::from_waker(&waker);
        let _inside = Inside::new();
        while future.as_mut().poll(&mut cx).is_pending() {
            self.clock.wait_for(&bell);
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Alarm { clock: self.clock.clone(), due: Instant::now().checked_add(duration), entry: None })
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        thread::spawn(job);
        Ok(())
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        let _inside = Inside::new();
        f();
    }

    fn name(&self) -> &'static str {
        "bare"
    }
}

/// What wakes a thread in `block_on`.
struct Bell {
    rung: AtomicBool,
    clock: Arc<Clock>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.clock.tell();
    }
}

/// The alarms that are set. Every thread that waits for its bell rings those that are due meanwhile.
#[derive(Default)]
struct Clock {
    alarms: Mutex<BTreeMap<(Instant, usize), Waker>>,
    changed: Condvar,
}

impl Clock {
    fn wait_for(&self, bell: &Bell) {
        let mut alarms = self.alarms.lock().unwrap();
        loop {
            // what is due comes first: a future that always wakes itself stops no clock
            let now = Instant::now();
            let left = alarms.first_key_value().map(|((due, _), _)| due.saturating_duration_since(now));
            if left.is_some_and(|left| left.is_zero()) {
                let due = alarms.pop_first();
                // a waker may do anything but find the lock taken
                drop(alarms);
                due.into_iter().for_each(|(_, waker)| waker.wake());
                alarms = self.alarms.lock().unwrap();
            } else if bell.rung.swap(false, Ordering::SeqCst) {
                return;
            } else {
                alarms = match left {
                    Some(left) => self.changed.wait_timeout(alarms, left).unwrap().0,
                    None => self.changed.wait(alarms).unwrap(),
                };
            }
        }
    }

    /// Has every thread that waits look again.
    fn tell(&self) {
        // whoever has looked and does not wait yet has the lock
        drop(self.alarms.lock().unwrap());
        self.changed.notify_all();
    }
}

/// A sleep.
struct Alarm {
    clock: Arc<Clock>,
    due: Option<Instant>,
    entry: Option<(Instant, usize)>,
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else {
            return Poll::Pending; // in the year 584 billion
        };
        if due <= Instant::now() {
            return Poll::Ready(());
        }
        // the address is nobody else's while the alarm is set
        let entry = (due, std::ptr::from_ref(&*self).addr());
        self.entry = Some(entry);
        let old = self.clock.alarms.lock().unwrap().insert(entry, cx.waker().clone());
        drop(old);
        self.clock.tell();
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let Some(entry) = self.entry else { return };
        let old = self.clock.alarms.lock().unwrap().remove(&entry);
        drop(old);
    }
}

thread_local! {
    static INSIDE: Cell<usize> = const { Cell::new(0) };
}

/// This thread is in the context of the backend, until dropped.
struct Inside;

impl Inside {
    fn new() -> Inside {
        INSIDE.set(INSIDE.get() + 1);
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(INSIDE.get() - 1);
    }
}

//! A backend without a runtime: it parks the thread, keeps its own timers, and starts a thread for
//! what blocks. The suite runs on it like on any other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
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
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let mut cx = Context::from_waker(&waker);
        let _inside = Inside::new();
        while future.as_mut().poll(&mut cx).is_pending() {
            bell.wait();
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Alarm { clock: self.clock.clone(), due: Instant::now().checked_add(duration), entry: None })
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        thread::spawn(job);
        Ok(())
    }

    fn start(&self) -> io::Result<()> {
        let clock = self.clock.clone();
        thread::Builder::new().spawn(move || clock.run())?;
        Ok(())
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        let _inside = Inside::new();
        f();
    }

    fn shutdown(&self, _: Duration) {
        self.clock.alarms.lock().unwrap().stopped = true;
        self.clock.changed.notify_all();
    }

    fn name(&self) -> &'static str {
        "bare"
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

/// What a blocked thread waits for.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn wait(&self) {
        let rung = self.rung.lock().unwrap();
        let mut rung = self.ring.wait_while(rung, |rung| !*rung).unwrap();
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.ring.notify_one();
    }
}

/// The alarms that are set, for a thread that rings them.
#[derive(Default)]
struct Clock {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarms {
    wakers: BTreeMap<(Instant, usize), Waker>,
    last: usize,
    stopped: bool,
}

impl Clock {
    fn run(&self) {
        let mut alarms = self.alarms.lock().unwrap();
        while !alarms.stopped {
            let now = Instant::now();
            let Some(first) = alarms.wakers.first_entry() else {
                alarms = self.changed.wait(alarms).unwrap();
                continue;
            };
            let due = first.key().0;
            if due > now {
                alarms = self.changed.wait_timeout(alarms, due - now).unwrap().0;
                continue;
            }
            let waker = first.remove();
            drop(alarms);
            waker.wake();
            alarms = self.alarms.lock().unwrap();
        }
    }
}

struct Alarm {
    clock: Arc<Clock>,
    due: Option<Instant>,
    entry: Option<usize>,
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
        let clock = self.clock.clone();
        let mut alarms = clock.alarms.lock().unwrap();
        let entry = *self.entry.get_or_insert_with(|| {
            alarms.last += 1;
            alarms.last
        });
        let old = alarms.wakers.insert((due, entry), cx.waker().clone());
        drop(alarms);
        drop(old);
        clock.changed.notify_one();
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let (Some(due), Some(entry)) = (self.due, self.entry) {
            let mut alarms = self.clock.alarms.lock().unwrap();
            let waker = alarms.wakers.remove(&(due, entry));
            drop(alarms);
            drop(waker);
        }
    }
}

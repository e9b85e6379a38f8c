//! compio as a backend: a runtime whose I/O belongs to the thread that began it.
//!
//! Each thread that comes has a compio runtime of its own, and what a call awaits runs on the caller's. The compiler sees
//! to the rest: compio's futures are not `Send`, so none is in a task that moves. Sleeps may move, so a thread more keeps
//! them, the clock.
//!
//! The guests of guest mode are polled on a thread that drives nothing: they cannot use compio's I/O.
#![forbid(unsafe_code)]

use async_channel::{Receiver, Sender};
use compio::{driver::AsyncifyPool, runtime::Runtime, time::sleep_until};
use pontoon_core::{BoxFuture, Executor, Job};
use std::{future::Future, io, pin::Pin, thread, time::Duration, time::Instant};

thread_local!(static RUNTIME: Runtime = Runtime::new().expect("a compio runtime for this thread"));

/// When to ring, and whom.
type Alarm = (Instant, Sender<()>);

/// compio, as an executor.
#[derive(Debug)]
pub struct Compio(Sender<Alarm>, Receiver<Alarm>, AsyncifyPool);

impl Default for Compio {
    fn default() -> Self {
        let (set, alarms) = async_channel::unbounded();
        Self(set, alarms, AsyncifyPool::new(usize::MAX, Duration::from_secs(1)))
    }
}

/// The clock, until the executor is shut down. It spawns nothing: a compio task that is woken by a thread that unwinds
/// aborts the process.
async fn clock(alarms: Receiver<Alarm>) {
    let mut set = Vec::<Alarm>::new();
    let later = || Instant::now() + Duration::from_secs(3600);
    loop {
        let due = sleep_until(set.iter().map(|(due, _)| *due).min().unwrap_or_else(later));
        match futures_lite::future::or(async { Some(alarms.recv().await) }, async { (due.await, None).1 }).await {
            Some(Ok(alarm)) => set.push(alarm),
            Some(Err(_)) => return,
            None => {}
        }
        set.retain(|(due, ring)| !ring.is_closed() && (*due > Instant::now() || ring.try_send(()).is_err()));
    }
}

impl Executor for Compio {
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        RUNTIME.with(|runtime| {
            runtime.block_on(future);
            // The level below on this stack has the same waker: what woke it meanwhile has woken this one instead.
            runtime.waker().wake();
        });
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (ring, rung) = async_channel::bounded(1);
        let due = Instant::now().checked_add(duration);
        let _ = due.map(|due| self.0.try_send((due, ring.clone())));
        // With a sender of its own it never ends early, whatever becomes of the clock.
        Box::pin(async move { drop((rung.recv().await, ring)) })
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        self.2.dispatch(job).map_err(|full| full.0)
    }

    fn start(&self) -> io::Result<()> {
        drop(Runtime::new()?);
        let alarms = self.1.clone();
        let main = || RUNTIME.with(|runtime| runtime.block_on(clock(alarms)));
        thread::Builder::new().name("compio-clock".into()).spawn(main).map(drop)
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        RUNTIME.with(|runtime| runtime.enter(f));
    }

    fn is_thread_bound(&self) -> bool {
        true
    }

    fn shutdown(&self, _: Duration) {
        self.0.close();
    }
}

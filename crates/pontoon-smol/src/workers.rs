//! Worker threads on async-executor.

use async_channel::{Receiver, Sender};
use async_executor::Executor;
use pontoon_core::BoxFuture;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Threads that do nothing but drive one executor.
#[derive(Debug)]
pub(crate) struct Workers {
    count: usize,
    /// None once they are stopped. The futures in it hold the loop, and with that these workers: it has to be let go of.
    executor: Mutex<Option<Arc<Executor<'static>>>>,
    stop: Sender<()>,
    stopped: Receiver<()>,
    threads: Mutex<Option<Threads>>,
}

#[derive(Debug)]
struct Threads {
    handles: Vec<JoinHandle<()>>,
    /// Every thread holds a sender: the channel is closed when the last one has ended.
    ended: mpsc::Receiver<()>,
}

impl Workers {
    pub(crate) fn new(count: usize) -> Self {
        let (stop, stopped) = async_channel::bounded(1);
        Self { count, executor: Mutex::new(Some(Arc::default())), stop, stopped, threads: Mutex::new(None) }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn executor(&self) -> MutexGuard<'_, Option<Arc<Executor<'static>>>> {
        self.executor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the threads. Those of an attempt that failed serve the next one too.
    pub(crate) fn start(&self) -> io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(executor) = self.executor().clone().filter(|_| threads.is_none()) else { return Ok(()) };
        let (alive, ended) = mpsc::channel::<()>();
        let mut handles = Vec::with_capacity(self.count);
        for number in 0..self.count {
            let (executor, stopped, alive) = (executor.clone(), self.stopped.clone(), alive.clone());
            let body = move || {
                let _alive = alive;
                // No message ever comes: the channel is closed.
                async_io::block_on(executor.run(async {
                    let _ = stopped.recv().await;
                }));
            };
            handles.push(thread::Builder::new().name(format!("pontoon-smol-{number}")).spawn(body)?);
        }
        *threads = Some(Threads { handles, ended });
        Ok(())
    }

    pub(crate) fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match &*self.executor() {
            Some(executor) => executor.spawn(future).detach(),
            None => return Err(future),
        }
        Ok(())
    }

    /// Ends the threads, waiting for them for at most `wait`.
    pub(crate) fn stop(&self, wait: Duration) {
        self.stop.close();
        // It goes with the last thread, or here: what is in it and has not ended goes with it.
        let _executor = self.executor().take();
        let Some(threads) = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if threads.handles.iter().any(|handle| handle.thread().id() == thread::current().id()) {
            return;
        }
        if threads.ended.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Disconnected) {
            for handle in threads.handles {
                // A worker's panic is a bug of the executor's, and was printed.
                let _ = handle.join();
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.close();
    }
}

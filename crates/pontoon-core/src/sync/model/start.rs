//! Threads, and how one says that it has started.

use loom::sync::{Condvar, Mutex};
use std::{
    io,
    sync::{Arc, PoisonError},
};

pub(crate) use loom::thread::JoinHandle;

/// The stack of a thread, in words.
const STACK: usize = 1 << 16;

pub(crate) struct Builder(loom::thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(loom::thread::Builder::new())
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// A model has no use for the stack of a real host.
    pub(crate) fn stack_size(self, _bytes: usize) -> Self {
        Self(self.0.stack_size(STACK))
    }

    pub(crate) fn spawn<T: Send + 'static>(self, f: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
        self.0.spawn(f)
    }
}

struct Channel<T> {
    value: Mutex<Option<T>>,
    sends: Condvar,
}

pub(crate) struct SyncSender<T>(Arc<Channel<T>>);

pub(crate) struct Receiver<T>(Arc<Channel<T>>);

/// Neither end is ever gone before the value is there.
#[derive(Debug)]
pub(crate) struct Gone;

/// A channel for one value.
pub(crate) fn sync_channel<T>(_bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Arc::new(Channel { value: Mutex::new(None), sends: Condvar::new() });
    (SyncSender(channel.clone()), Receiver(channel))
}

impl<T> SyncSender<T> {
    pub(crate) fn send(&self, value: T) -> Result<(), Gone> {
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        self.0.sends.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    pub(crate) fn recv(&self) -> Result<T, Gone> {
        let mut value = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match value.take() {
                Some(value) => return Ok(value),
                None => value = self.0.sends.wait(value).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

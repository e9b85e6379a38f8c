//! Tasks that say when they are ready.

use crate::{
    JoinError, Runner, Task,
    runner::call::{self},
};
use async_channel::Sender;
use atomic_waker::AtomicWaker;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

/// How a task of [`Runner::start_task`] says that it is ready.
///
/// # Examples
///
/// ```
/// use pontoon_core::Ready;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// async fn serve(ready: Ready<u16>) {
///     ready.set(8080);
/// }
/// let (port, task) = runner.start_task(serve).unwrap();
/// assert_eq!(port, 8080);
/// task.join().unwrap();
/// ```
pub struct Ready<V>(Sender<V>);

impl<V> Ready<V> {
    /// Lets the caller of [`Runner::start_task`] go on, with `value`.
    pub fn set(self, value: V) {
        // The channel has room for one and this is the one; nobody listens if the caller gave up.
        let _ = self.0.try_send(value);
    }
}

impl<V> fmt::Debug for Ready<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}

/// What a task ends with, as a panic that nobody sees, when its `Ready` is gone.
struct GaveUp;

const WAITING: u8 = 0;
const READY: u8 = 1;
const GONE: u8 = 2;

#[derive(Default)]
struct Start {
    state: AtomicU8,
    waker: AtomicWaker,
}

pin_project! {
    /// A task that ends when its `Ready` is gone without having been set.
    struct Starting<F> {
        #[pin]
        future: F,
        start: Arc<Start>,
    }
}

impl<F: Future> Future for Starting<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.start.state.load(Ordering::SeqCst) == WAITING {
            this.start.waker.register(cx.waker());
        }
        let polled = this.future.poll(cx);
        if polled.is_pending() && this.start.state.load(Ordering::SeqCst) == GONE {
            resume_unwind(Box::new(GaveUp));
        }
        polled
    }
}

#[cfg_attr(feature = "tracing", track_caller)]
pub(crate) fn start<V, M, F>(runner: &Runner, make: M) -> Result<(V, Task<F::Output>), JoinError>
where
    V: Send + 'static,
    M: FnOnce(Ready<V>) -> F,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (sender, receiver) = async_channel::bounded(1);
    let start = Arc::new(Start::default());
    let future = make(Ready(sender));
    let task = runner.spawn(Starting { future, start: start.clone() });
    match call::join(runner.lp(), receiver.recv(), None).map_err(JoinError::refuse)? {
        Ok(value) => {
            start.state.store(READY, Ordering::SeqCst);
            Ok((value, task))
        }
        Err(_) => {
            start.state.store(GONE, Ordering::SeqCst);
            start.waker.wake();
            match task.join() {
                Ok(_) => Err(JoinError::not_ready()),
                Err(error) if error.is_panic() => {
                    let payload = error.into_panic();
                    Err(if payload.is::<GaveUp>() { JoinError::not_ready() } else { JoinError::panicked(payload) })
                }
                Err(error) => Err(error),
            }
        }
    }
}

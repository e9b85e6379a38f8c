//! A context from one async function that hands a value over in its middle.

use super::{AsyncContext, Outcome};
use atomic_waker::AtomicWaker;
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

/// How the time between entering and exiting ended, as [`Hand::over`] tells it: an [`Outcome`] that owns its text.
///
/// # Examples
///
/// ```
/// use pontoon_core::{Ending, Hand, generator};
/// use std::io;
///
/// async fn session(hand: Hand<()>) -> io::Result<()> {
///     match hand.over(()).await {
///         Ending::Success => Ok(()),
///         ending => Err(io::Error::other(format!("{ending:?}"))),
///     }
/// }
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// runner.wrap_context(generator(session))?.close()?;
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Without an error.
    Success,
    /// With an error of this text.
    Failure(String),
    /// By a panic that is unwinding the thread.
    Unwinding,
}

struct Shared<T> {
    step: Mutex<Step<T>>,
    exits: AtomicWaker,
}

enum Step<T> {
    Entering,
    Over(T),
    Inside,
    Exiting(Ending),
    Exited,
}

impl<T> Shared<T> {
    fn step(&self) -> MutexGuard<'_, Step<T>> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a [`generator`] hands its value over.
pub struct Hand<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Hand<T> {
    /// Hands `value` to whoever entered the context, and waits until the context is exited.
    pub async fn over(self, value: T) -> Ending {
        *self.shared.step() = Step::Over(value);
        poll_fn(|cx| {
            self.shared.exits.register(cx.waker());
            let mut step = self.shared.step();
            match std::mem::replace(&mut *step, Step::Exited) {
                Step::Exiting(ending) => Poll::Ready(ending),
                other => {
                    *step = other;
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl<T> fmt::Debug for Hand<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hand")
    }
}

/// An [`AsyncContext`] from one async function, made by [`generator`].
pub struct Generator<M, F, T> {
    make: Option<M>,
    future: Option<Pin<Box<F>>>,
    shared: Arc<Shared<T>>,
}

/// Makes an [`AsyncContext`] from an async function that hands a value over in its middle.
///
/// It is one future from enter to exit, so locals, borrows and task-locals live through. The idea is Python's
/// `asynccontextmanager`.
///
/// # Panics
///
/// Entering panics if the function returns `Ok` without having called [`Hand::over`]: there is no value then.
///
/// # Examples
///
/// ```
/// use pontoon_core::{Hand, generator};
/// use std::io;
///
/// async fn session(hand: Hand<u32>) -> io::Result<()> {
///     let opened = 7; // open
///     hand.over(opened).await;
///     Ok(()) // close
/// }
///
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let session = runner.wrap_context(generator(session))?;
/// assert_eq!(*session, 7);
/// session.close()?;
/// # Ok::<(), io::Error>(())
/// ```
pub fn generator<M, F, T, E>(make: M) -> Generator<M, F, T>
where
    M: FnOnce(Hand<T>) -> F,
    F: Future<Output = Result<(), E>>,
{
    let shared = Shared { step: Mutex::new(Step::Entering), exits: AtomicWaker::new() };
    Generator { make: Some(make), future: None, shared: Arc::new(shared) }
}

impl<M, F, T, E> AsyncContext for Generator<M, F, T>
where
    M: FnOnce(Hand<T>) -> F,
    F: Future<Output = Result<(), E>>,
{
    type Value = T;
    type Error = E;

    async fn enter(&mut self) -> Result<T, E> {
        let make = self.make.take().expect("a context is entered once");
        let future = self.future.insert(Box::pin(make(Hand { shared: self.shared.clone() })));
        let shared = &self.shared;
        let entered = poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            let mut step = shared.step();
            match std::mem::replace(&mut *step, Step::Inside) {
                Step::Over(value) => return Poll::Ready(Ok((value, polled))),
                other => *step = other,
            }
            match polled {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {
                    panic!(
                        "a context function returned without handing a value over; call `hand.over(value).await` in it"
                    )
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match entered {
            // It ended in the poll in which it handed over, without waiting for the exit.
            Ok((value, Poll::Ready(ended))) => {
                self.future = None;
                ended.map(|()| value)
            }
            Ok((value, Poll::Pending)) => Ok(value),
            Err(error) => {
                self.future = None;
                Err(error)
            }
        }
    }

    async fn exit(mut self, value: T, outcome: Outcome<'_>) -> Result<(), E> {
        drop(value);
        let Some(future) = &mut self.future else { return Ok(()) };
        *self.shared.step() = Step::Exiting(match outcome {
            Outcome::Success => Ending::Success,
            Outcome::Failure(error) => Ending::Failure(error.to_string()),
            Outcome::Unwinding => Ending::Unwinding,
        });
        self.shared.exits.wake();
        future.as_mut().await
    }
}

impl<M, F, T> fmt::Debug for Generator<M, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").field("entered", &self.future.is_some()).finish_non_exhaustive()
    }
}

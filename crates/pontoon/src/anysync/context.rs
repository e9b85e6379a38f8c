//! An async context that sync code can enter.

#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
use super::future::chosen;
use crate::{AsyncContext, Context, Outcome, Runner};
use std::{
    any::Any,
    borrow::Borrow,
    error::Error,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

/// A context from both sides: sync code [enters](Self::enter) it or runs a closure [with](Self::with) its value, async
/// code an [async closure](Self::with_async).
///
/// `#[anysync]` makes them of functions, [`new`](Self::new) of any value that is an [`AsyncContext`]. Nothing runs before
/// it is entered.
///
/// A blocking use runs on the runner that the value was given with [`on`](Self::on), and else on the global one. It is an
/// [`AsyncContext`] itself, for [`Runner::enter_context`] and for code that takes one; it has no use for a runner then.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "macros", feature = "smol"))] {
/// use pontoon::{Hand, anysync};
/// use std::io;
///
/// #[anysync]
/// async fn session(user: &str, hand: Hand<String>) -> io::Result<()> {
///     let opened = format!("{user} is logged in");
///     hand.over(opened).await;
///     Ok(()) // log out
/// }
///
/// // Sync code holds a guard, or works in a closure.
/// let guard = session("ann").enter()?;
/// assert_eq!(*guard, "ann is logged in");
/// guard.close()?;
/// let length = session("bob").with(|text| Ok::<_, io::Error>(text.len()))?;
/// assert_eq!(length, 16);
///
/// // Async code works in an async closure.
/// let length = pontoon::run(session("bob").with_async(async |text| Ok::<_, io::Error>(text.len())))?;
/// assert_eq!(length, 16);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing before it is entered"]
pub struct AnyContext<C> {
    context: C,
    runner: Option<Runner>,
}

impl<C> AnyContext<C> {
    /// Makes a context one for both sides.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// use pontoon::{AnyContext, AsyncContext, Outcome};
    /// use std::convert::Infallible;
    ///
    /// struct Lamp;
    ///
    /// impl AsyncContext for Lamp {
    ///     type Value = &'static str;
    ///     type Error = Infallible;
    ///
    ///     async fn enter(&mut self) -> Result<&'static str, Infallible> {
    ///         Ok("lit")
    ///     }
    ///
    ///     async fn exit(self, _: &'static str, _: Outcome<'_>) -> Result<(), Infallible> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let Ok(lamp) = AnyContext::new(Lamp).enter();
    /// assert_eq!(*lamp, "lit");
    /// # }
    /// ```
    #[inline]
    pub fn new(context: C) -> Self {
        Self { context, runner: None }
    }

    /// Chooses the runner for a blocking use, in place of the global one.
    #[inline]
    pub fn on(self, runner: impl Borrow<Runner>) -> Self {
        Self { runner: Some(runner.borrow().clone()), ..self }
    }

    /// Gives the context back.
    #[inline]
    pub fn into_inner(self) -> C {
        self.context
    }
}

impl<C: AsyncContext> AnyContext<C> {
    /// Enters on `runner` and gives a guard that exits on drop.
    ///
    /// # Blocking
    ///
    /// As [`Runner::wrap_context`].
    ///
    /// # Errors
    ///
    /// The context's own, when entering failed.
    ///
    /// # Panics
    ///
    /// As [`Runner::wrap_context`].
    #[track_caller]
    pub fn enter_on(self, runner: &Runner) -> Result<Context<C>, C::Error> {
        runner.wrap_context(self.context)
    }

    /// Enters for the time of `body`, in async code; the exit sees how the body ended.
    ///
    /// # Cancel safety
    ///
    /// If the returned future is dropped inside the body, the context is dropped without being exited: an exit is async,
    /// and nobody is left who could await it. Where that matters, enter in sync code or with
    /// [`Runner::enter_context`], or let a task that is not cancelled do this.
    ///
    /// # Errors
    ///
    /// The body's error; else the context's own, when entering or exiting failed.
    ///
    /// # Panics
    ///
    /// With the panic of the body, after the exit has seen [`Outcome::Unwinding`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// use pontoon::{AnyContext, Outcome, context};
    /// use std::io;
    ///
    /// let session = AnyContext::new(context(async || Ok::<_, io::Error>(9), async |_: i32, _: Outcome<'_>| Ok(())));
    /// let doubled = pontoon::run(session.with_async(async |value| Ok::<_, io::Error>(*value * 2)))?;
    /// assert_eq!(doubled, 18);
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn with_async<T, E>(self, body: impl AsyncFnOnce(&mut C::Value) -> Result<T, E>) -> Result<T, E>
    where
        E: Error + From<C::Error> + 'static,
    {
        let mut context = self.context;
        let mut value = context.enter().await?;
        match caught(body(&mut value)).await {
            Ok(Ok(output)) => {
                context.exit(value, Outcome::Success).await?;
                Ok(output)
            }
            Ok(Err(error)) => {
                // The body's error is the cause, whatever the exit says.
                let _ = context.exit(value, Outcome::Failure(&error)).await;
                Err(error)
            }
            Err(payload) => {
                let _ = caught(context.exit(value, Outcome::Unwinding)).await;
                resume_unwind(payload)
            }
        }
    }
}

/// These use the runner that the value was given, or the global one.
#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
impl<C: AsyncContext> AnyContext<C> {
    /// Enters and gives a guard that derefs to the value and exits on drop.
    ///
    /// The method of [`AsyncContext`] has the same name: async code that wants it calls `AsyncContext::enter(&mut context)`.
    ///
    /// # Blocking
    ///
    /// As [`Runner::wrap_context`].
    ///
    /// # Errors
    ///
    /// The context's own, when entering failed.
    ///
    /// # Panics
    ///
    /// As [`Runner::wrap_context`].
    #[track_caller]
    pub fn enter(self) -> Result<Context<C>, C::Error> {
        let Self { context, runner } = self;
        chosen(&runner).wrap_context(context)
    }

    /// Enters for the time of `body`; the exit sees how the body ended.
    ///
    /// # Blocking
    ///
    /// As [`Runner::with_context`].
    ///
    /// # Errors
    ///
    /// As [`Runner::with_context`].
    ///
    /// # Panics
    ///
    /// As [`Runner::with_context`].
    #[track_caller]
    pub fn with<T, E>(self, body: impl FnOnce(&mut C::Value) -> Result<T, E>) -> Result<T, E>
    where
        E: Error + From<C::Error> + 'static,
    {
        let Self { context, runner } = self;
        chosen(&runner).with_context(context, body)
    }
}

/// Awaits `future` and catches its panic.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}

impl<C: AsyncContext> AsyncContext for AnyContext<C> {
    type Value = C::Value;
    type Error = C::Error;

    fn enter(&mut self) -> impl Future<Output = Result<C::Value, C::Error>> {
        self.context.enter()
    }

    fn exit(self, value: C::Value, outcome: Outcome<'_>) -> impl Future<Output = Result<(), C::Error>> {
        self.context.exit(value, outcome)
    }
}

impl<C> From<C> for AnyContext<C> {
    fn from(context: C) -> Self {
        Self::new(context)
    }
}

impl<C> fmt::Debug for AnyContext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyContext").field("runner", &self.runner).finish_non_exhaustive()
    }
}

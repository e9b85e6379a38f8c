//! Entering contexts from sync code: a guard, a body, or the runner's own stack of exits.

use super::{AsyncContext, Outcome};
use crate::{
    RunError, Runner,
    runner::{call, close, refuse},
};
use std::{
    error::Error,
    fmt,
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// An entered context, made by [`Runner::wrap_context`]. It derefs to the context's value and exits on drop.
///
/// Dropping it tells the exit [`Outcome::Success`], or [`Outcome::Unwinding`] while the thread panics. An error of the
/// exit has nowhere to go then: call [`close`](Self::close) to see it.
///
/// # Blocking
///
/// Dropping blocks as [`Runner::run`] does, until the context is exited.
///
/// # Panics
///
/// Dropping panics with the panic of the exit, unless the thread is unwinding already. Where the runner refuses the call,
/// because it is closed or for any other [`RunError`], the exit cannot run: the value is dropped in context, and the
/// reason goes to standard error.
///
/// # Examples
///
/// ```
/// use pontoon_core::{Outcome, context};
/// use std::io;
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let session = context(async || Ok::<_, io::Error>(vec![1]), async |_: Vec<u32>, _: Outcome<'_>| Ok(()));
/// let mut guard = runner.wrap_context(session)?;
/// guard.push(2);
/// assert_eq!(*guard, [1, 2]);
/// drop(guard);
/// # Ok::<(), io::Error>(())
/// ```
pub struct Context<C: AsyncContext> {
    runner: Runner,
    /// Present until exited.
    entered: Option<(C, C::Value)>,
}

impl<C: AsyncContext> Context<C> {
    #[track_caller]
    pub(crate) fn enter(runner: Runner, mut context: C) -> Result<Self, C::Error> {
        let entered = catch_unwind(AssertUnwindSafe(|| runner.try_run(context.enter())));
        match entered {
            Ok(Ok(Ok(value))) => Ok(Self { runner, entered: Some((context, value)) }),
            failed => {
                call::discard(runner.lp(), context);
                match failed {
                    Ok(Ok(Err(error))) => Err(error),
                    Ok(Err(error)) => refuse(&error),
                    Err(payload) => resume_unwind(payload),
                    Ok(Ok(Ok(_))) => unreachable!("the first arm took it"),
                }
            }
        }
    }

    /// Exits the context and says how that went.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Errors
    ///
    /// The context's own.
    ///
    /// # Panics
    ///
    /// As [`Runner::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{Outcome, context};
    /// use std::io;
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let session = context(
    ///     async || Ok(()),
    ///     async |(), _: Outcome<'_>| Err(io::Error::other("the server is gone")),
    /// );
    /// assert_eq!(runner.wrap_context(session)?.close().unwrap_err().to_string(), "the server is gone");
    /// # Ok::<(), io::Error>(())
    /// ```
    #[track_caller]
    pub fn close(self) -> Result<(), C::Error> {
        self.close_with(Outcome::Success)
    }

    /// Exits the context and tells it how the time since its entry ended.
    ///
    /// # Blocking
    ///
    /// As [`Runner::run`].
    ///
    /// # Errors
    ///
    /// The context's own.
    ///
    /// # Panics
    ///
    /// As [`Runner::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::{Outcome, context};
    /// use std::{cell::Cell, io};
    /// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
    /// let committed = Cell::new(true);
    /// let transaction = context(
    ///     async || Ok::<_, io::Error>(()),
    ///     async |(), outcome: Outcome<'_>| Ok(committed.set(matches!(outcome, Outcome::Success))),
    /// );
    /// let cause = io::Error::other("no such row");
    /// runner.wrap_context(transaction)?.close_with(Outcome::Failure(&cause))?;
    /// assert!(!committed.get());
    /// # Ok::<(), io::Error>(())
    /// ```
    #[track_caller]
    pub fn close_with(mut self, outcome: Outcome<'_>) -> Result<(), C::Error> {
        match self.exit(outcome) {
            Some(Ok(result)) => result,
            Some(Err(error)) => refuse(&error),
            None => Ok(()),
        }
    }

    fn exit(&mut self, outcome: Outcome<'_>) -> Option<Result<Result<(), C::Error>, RunError>> {
        let (context, value) = self.entered.take()?;
        // Inside the future, so that a refused call drops both in context.
        Some(self.runner.try_run(async { context.exit(value, outcome).await }))
    }
}

impl<C: AsyncContext> Deref for Context<C> {
    type Target = C::Value;

    fn deref(&self) -> &C::Value {
        &self.entered.as_ref().expect("exited by value only").1
    }
}

impl<C: AsyncContext> DerefMut for Context<C> {
    fn deref_mut(&mut self) -> &mut C::Value {
        &mut self.entered.as_mut().expect("exited by value only").1
    }
}

impl<C: AsyncContext> Drop for Context<C> {
    fn drop(&mut self) {
        let outcome = Outcome::of_drop();
        match catch_unwind(AssertUnwindSafe(|| self.exit(outcome))) {
            // Nobody can be given the refusal, and it must not be lost.
            Ok(Some(Err(error))) => eprintln!("pontoon: an async context was dropped and could not be exited: {error}"),
            Ok(_) => {}
            // A second panic would abort the process; the first one is the news.
            Err(_) if std::thread::panicking() => {}
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl<C: AsyncContext> fmt::Debug for Context<C>
where
    C::Value: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.entered.as_ref().map(|(_, value)| value)).finish()
    }
}

#[track_caller]
pub(crate) fn with<C, T, E>(
    runner: &Runner,
    context: C,
    body: impl FnOnce(&mut C::Value) -> Result<T, E>,
) -> Result<T, E>
where
    C: AsyncContext,
    E: Error + From<C::Error> + 'static,
{
    let mut guard = Context::enter(runner.clone(), context)?;
    match catch_unwind(AssertUnwindSafe(|| body(&mut guard))) {
        Ok(Ok(value)) => {
            guard.close()?;
            Ok(value)
        }
        Ok(Err(error)) => {
            // The body's error is the cause, whatever the exit says.
            let _ = guard.close_with(Outcome::Failure(&error));
            Err(error)
        }
        Err(payload) => {
            let _ = catch_unwind(AssertUnwindSafe(|| guard.close_with(Outcome::Unwinding)));
            resume_unwind(payload)
        }
    }
}

#[track_caller]
pub(crate) fn keep<C>(runner: &Runner, context: C) -> Result<C::Value, C::Error>
where
    C: AsyncContext + Send + 'static,
    C::Value: Clone + Send + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut guard = Context::enter(runner.clone(), context)?;
    let Some((context, value)) = guard.entered.take() else { unreachable!("it was entered just now") };
    let given = value.clone();
    let exit: close::Exit =
        Box::new(move || Box::pin(async move { context.exit(value, Outcome::Success).await.map_err(Into::into) }));
    let lp = runner.lp();
    if let Err(exit) = lp.exits.push(lp, exit) {
        // The runner closed meanwhile: nothing may stay open.
        let _ = close::run_exit(lp, exit, Some(lp.config.close_limit));
        refuse(&RunError::Closed);
    }
    Ok(given)
}

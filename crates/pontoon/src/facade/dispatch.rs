//! Whether a future may move between threads, picked where its type is known.
//!
//! Method resolution does it: the inherent `run` asks for `Send`; where its bounds do not hold, the trait's is next; where
//! there is no future at all, the one that takes `&mut self` is the last.

use crate::Runner;
use std::future::Future;

/// A call that is about to be made.
#[derive(Debug)]
pub struct Call<F>(pub F);

impl<F> Call<F>
where
    F: Future + Send,
    F::Output: Send,
{
    /// Runs a future that may move.
    #[inline(always)]
    #[track_caller]
    pub fn run(self, runner: &Runner) -> F::Output {
        runner.run_send(self.0)
    }
}

/// What is left for futures that may not move.
pub trait Here {
    /// What the future gives.
    type Output;

    /// Runs the future on this thread.
    fn run(self, runner: &Runner) -> Self::Output;
}

impl<F: Future> Here for Call<F> {
    type Output = F::Output;

    #[inline(always)]
    #[track_caller]
    fn run(self, runner: &Runner) -> F::Output {
        runner.run(self.0)
    }
}

/// What a method gave: a future or not.
#[derive(Debug)]
pub struct Given<T>(Option<T>);

impl<T> Given<T> {
    /// Calls the method in the runtime's context.
    #[inline]
    #[track_caller]
    pub fn by(runner: &Runner, method: impl FnOnce() -> T) -> Self {
        Self(Some(runner.enter(method)))
    }

    /// Leaves the choice out: a future runs on this thread.
    #[inline]
    pub fn here(self) -> GivenHere<T> {
        GivenHere(self)
    }

    #[inline]
    fn take(&mut self) -> T {
        self.0.take().expect("given once")
    }
}

/// The same, where a future is not to move.
#[derive(Debug)]
pub struct GivenHere<T>(Given<T>);

impl<F> Given<F>
where
    F: Future + Send,
    F::Output: Send,
{
    /// Runs a future that may move.
    #[inline]
    #[track_caller]
    pub fn run(mut self, runner: &Runner) -> F::Output {
        runner.run_send(self.take())
    }
}

impl<F: Future> Here for Given<F> {
    type Output = F::Output;

    #[inline]
    #[track_caller]
    fn run(mut self, runner: &Runner) -> F::Output {
        runner.run(self.take())
    }
}

impl<F: Future> Here for GivenHere<F> {
    type Output = F::Output;

    #[inline]
    #[track_caller]
    fn run(mut self, runner: &Runner) -> F::Output {
        runner.run(self.0.take())
    }
}

/// What is left for values that are no future.
pub trait Done {
    /// The value.
    type Output;

    /// Gives it back.
    fn run(&mut self, runner: &Runner) -> Self::Output;
}

impl<T> Done for Given<T> {
    type Output = T;

    #[inline]
    fn run(&mut self, _: &Runner) -> T {
        self.take()
    }
}

impl<T> Done for GivenHere<T> {
    type Output = T;

    #[inline]
    fn run(&mut self, _: &Runner) -> T {
        self.0.take()
    }
}

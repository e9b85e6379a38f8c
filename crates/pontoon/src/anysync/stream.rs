//! A stream that sync code can iterate.

#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
use super::future::chosen;
use crate::{Iter, Runner};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::{
    borrow::Borrow,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// A stream from both sides: async code polls it, sync code iterates it.
    ///
    /// `#[anysync]` makes them of functions, [`new`](Self::new) of any stream. Nothing runs before the first item is asked
    /// for.
    ///
    /// `for item in stream` iterates on the runner that the value was given with [`on`](Self::on), and else on the global
    /// one. As a [`Stream`] it uses no runner.
    ///
    /// # Blocking
    ///
    /// As an iterator, each item as in [`Iter`].
    ///
    /// # Panics
    ///
    /// As an iterator, each item as in [`Iter`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "macros", feature = "smol"))] {
    /// use futures_lite::{Stream, StreamExt as _, stream};
    ///
    /// #[pontoon::anysync]
    /// fn count(to: u32) -> impl Stream<Item = u32> {
    ///     stream::iter(1..=to)
    /// }
    ///
    /// assert_eq!(Vec::from_iter(count(3)), [1, 2, 3]);
    /// pontoon::run(async {
    ///     assert_eq!(count(3).last().await, Some(3));
    /// });
    /// # }
    /// ```
    #[derive(Clone)]
    #[must_use = "it does nothing before it is polled or iterated"]
    pub struct AnyStream<S> {
        #[pin]
        stream: S,
        runner: Option<Runner>,
    }
}

impl<S> AnyStream<S> {
    /// Makes a stream one for both sides.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// let stream = pontoon::AnyStream::new(futures_lite::stream::iter([1, 2]));
    /// assert_eq!(Vec::from_iter(stream), [1, 2]);
    /// # }
    /// ```
    #[inline]
    pub fn new(stream: S) -> Self {
        Self { stream, runner: None }
    }

    /// Chooses the runner to iterate on, in place of the global one.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// let runner = pontoon::runner();
    /// let stream = pontoon::AnyStream::new(futures_lite::stream::iter([1, 2])).on(&runner);
    /// assert_eq!(stream.into_iter().sum::<i32>(), 3);
    /// # }
    /// ```
    #[inline]
    pub fn on(self, runner: impl Borrow<Runner>) -> Self {
        Self { runner: Some(runner.borrow().clone()), ..self }
    }

    /// Gives the stream back.
    #[inline]
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Stream> AnyStream<S> {
    /// Turns the stream into an iterator on `runner`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "smol")] {
    /// let runner = pontoon::runner();
    /// let stream = pontoon::AnyStream::new(futures_lite::stream::iter([1, 2]));
    /// assert_eq!(stream.iter_on(&runner).prefetch(8).sum::<i32>(), 3);
    /// # }
    /// ```
    pub fn iter_on(self, runner: &Runner) -> Iter<S> {
        runner.wrap_iter(self.stream)
    }
}

#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
impl<S: Stream> AnyStream<S> {
    /// As `into_iter`: what the [prelude](crate::prelude) gives to every stream, on the runner of this one.
    pub fn into_blocking_iter(self) -> Iter<S> {
        self.into_iter()
    }
}

#[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
impl<S: Stream> IntoIterator for AnyStream<S> {
    type Item = S::Item;
    type IntoIter = Iter<S>;

    fn into_iter(self) -> Iter<S> {
        let Self { stream, runner } = self;
        chosen(&runner).wrap_iter(stream)
    }
}

impl<S: Stream> Stream for AnyStream<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.project().stream.poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S> From<S> for AnyStream<S> {
    fn from(stream: S) -> Self {
        Self::new(stream)
    }
}

impl<S> fmt::Debug for AnyStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStream").field("runner", &self.runner).finish_non_exhaustive()
    }
}

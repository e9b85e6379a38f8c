//! Async I/O as blocking I/O.

use crate::{
    Runner,
    runner::call::{self},
};
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use futures_lite::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use std::{
    fmt,
    future::{Future, poll_fn},
    io::{self, BufRead, Read, Seek, SeekFrom, Write},
    pin::Pin,
};

/// Async I/O as blocking I/O, made by [`Runner::wrap_io`].
///
/// It reads, writes and seeks if the wrapped value does so by the traits of `futures-io`. Dropping it drops the value in
/// its runtime's context; call [`flush`](Write::flush) or [`shutdown`](Self::shutdown) before if the value buffers.
///
/// # Blocking
///
/// Every method blocks as [`Runner::run`] does.
///
/// # Errors
///
/// Those of the wrapped value; and a [`RunError`](crate::RunError) inside an [`io::Error`] where the runner refuses the
/// call.
///
/// # Examples
///
/// ```
/// use futures_lite::io::Cursor;
/// use std::io::{Read as _, Seek as _};
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// let mut io = runner.wrap_io(Cursor::new(b"one two"));
/// let mut text = String::new();
/// io.seek(std::io::SeekFrom::Start(4))?;
/// io.read_to_string(&mut text)?;
/// assert_eq!(text, "two");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Io<T> {
    runner: Runner,
    /// Present until dropped or taken out.
    io: Option<T>,
}

impl<T> Io<T> {
    pub(crate) fn new(runner: Runner, io: T) -> Self {
        Self { runner, io: Some(io) }
    }

    /// The wrapped value.
    pub fn get_ref(&self) -> &T {
        present(self.io.as_ref())
    }

    /// The wrapped value, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        present(self.io.as_mut())
    }

    /// Gives the wrapped value back.
    pub fn into_inner(mut self) -> T {
        present(self.io.take())
    }

    fn run<'a, F, R>(&'a mut self, make: impl FnOnce(&'a mut T) -> F) -> io::Result<R>
    where
        F: Future<Output = io::Result<R>> + 'a,
    {
        let io = present(self.io.as_mut());
        self.runner.try_run(make(io))?
    }
}

/// Only a method that takes the wrapper by value takes the wrapped value out.
fn present<T>(io: Option<T>) -> T {
    io.expect("taken out by value only")
}

impl<T: AsyncWrite + Unpin> Io<T> {
    /// Flushes what is buffered and closes the writing side.
    ///
    /// # Errors
    ///
    /// As the wrapped value's `close`.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.run(|io| io.close())
    }
}

impl<T: AsyncRead + Unpin> Read for Io<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.run(|io| io.read(buf))
    }

    fn read_vectored(&mut self, bufs: &mut [io::IoSliceMut<'_>]) -> io::Result<usize> {
        let io = present(self.io.as_mut());
        self.runner.try_run(poll_fn(|cx| Pin::new(&mut *io).poll_read_vectored(cx, bufs)))?
    }
}

impl<T: AsyncBufRead + Unpin> BufRead for Io<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.run(|io| io.fill_buf())
    }

    fn consume(&mut self, amount: usize) {
        self.get_mut().consume(amount);
    }
}

impl<T: AsyncWrite + Unpin> Write for Io<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.run(|io| io.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let io = present(self.io.as_mut());
        self.runner.try_run(poll_fn(|cx| Pin::new(&mut *io).poll_write_vectored(cx, bufs)))?
    }

    fn flush(&mut self) -> io::Result<()> {
        self.run(|io| io.flush())
    }
}

impl<T: AsyncSeek + Unpin> Seek for Io<T> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.run(|io| io.seek(position))
    }
}

impl<T> Drop for Io<T> {
    fn drop(&mut self) {
        if let Some(io) = self.io.take() {
            call::discard(self.runner.lp(), io);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Io<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Io").field(&self.io).finish()
    }
}

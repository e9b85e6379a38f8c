//! Async I/O as `std::io`.

use std::io::{self, BufRead as _, Read as _, Seek as _, SeekFrom, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures_lite::{AsyncBufRead, AsyncRead, AsyncWrite, io::BufReader, io::Cursor, ready};

use crate::Subject;
use crate::tools::{Gate, Witness, at_once, panics, yields};

/// A pipe of channels, whose ends are pending until the other end did something.
struct Pipe {
    send: Option<async_channel::Sender<u8>>,
    receive: Pin<Box<async_channel::Receiver<u8>>>,
    yielded: bool,
    _token: Option<crate::tools::Token>,
}

/// Two ends, each of which reads what the other writes.
fn pipe() -> (Pipe, Pipe) {
    let (one_send, two_receive) = async_channel::unbounded();
    let (two_send, one_receive) = async_channel::unbounded();
    let end = |send, receive| Pipe { send: Some(send), receive: Box::pin(receive), yielded: false, _token: None };
    (end(one_send, one_receive), end(two_send, two_receive))
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let byte = ready!(futures_lite::Stream::poll_next(self.receive.as_mut(), cx));
        Poll::Ready(Ok(byte.map_or(0, |byte| {
            buf[0] = byte;
            1
        })))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.yielded = !self.yielded;
        if self.yielded {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(send) = &self.send else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        match send.try_send(buf[0]) {
            Ok(()) => Poll::Ready(Ok(1)),
            Err(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.send = None;
        Poll::Ready(Ok(()))
    }
}

/// Keeps what is written until a flush, and takes and gives only by several buffers at once; each after a wait.
#[derive(Default)]
struct Scattered {
    kept: Vec<u8>,
    flushed: Vec<u8>,
    waited: bool,
}

impl Scattered {
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Scattered {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [io::IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.wait(cx));
        let mut read = 0;
        for (to, from) in bufs.iter_mut().flat_map(|buf| buf.iter_mut()).zip(self.flushed.drain(..)) {
            *to = from;
            read += 1;
        }
        Poll::Ready(Ok(read))
    }
}

impl AsyncWrite for Scattered {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.wait(cx));
        bufs.iter().for_each(|buf| self.kept.extend_from_slice(buf));
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.wait(cx));
        let kept = std::mem::take(&mut self.kept);
        self.flushed.extend(kept);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Several buffers at once go through as they are, and a flush is waited for.
pub fn p62_several_buffers_and_a_flush(s: &Subject) {
    let mut io = s.runner().wrap_io(Scattered::default());
    let written = io.write_vectored(&[io::IoSlice::new(b"to"), io::IoSlice::new(b"get"), io::IoSlice::new(b"her")]);
    assert_eq!(written.unwrap(), 8);
    assert_eq!((io.get_ref().kept.len(), io.get_ref().flushed.len()), (8, 0));
    io.flush().unwrap();
    assert_eq!((io.get_ref().kept.len(), io.get_ref().flushed.len()), (0, 8));
    let (mut one, mut two) = ([0; 3], [0; 5]);
    let read = io.read_vectored(&mut [io::IoSliceMut::new(&mut one), io::IoSliceMut::new(&mut two)]);
    assert_eq!((read.unwrap(), &one, &two), (8, b"tog", b"ether"));
}

/// What a thread writes another reads, byte for byte, and the end is seen.
pub fn p62_read_and_write(s: &Subject) {
    let runner = s.runner();
    let (one, two) = pipe();
    let (mut one, mut two) = (runner.wrap_io(one), runner.wrap_io(two));
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut request = [0; 4];
            one.read_exact(&mut request).unwrap();
            assert_eq!(&request, b"ping");
            one.write_all(b"pong and more").unwrap();
            one.flush().unwrap();
        });
        two.write_all(b"ping").unwrap();
        let mut reply = String::new();
        two.read_to_string(&mut reply).unwrap();
        assert_eq!(reply, "pong and more");
    });
    let broken = two.write(b"x").unwrap_err();
    assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
}

/// The other end may be a task of the loop.
pub fn p62_the_other_end_is_a_task(s: &Subject) {
    use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
    let runner = s.runner();
    at_once(4, |_| {
        let (one, mut two) = pipe();
        let echo = runner.spawn(async move {
            let mut byte = [0];
            while two.read(&mut byte).await.unwrap() == 1 {
                yields(1).await;
                two.write_all(&byte).await.unwrap();
            }
        });
        let mut one = runner.wrap_io(one);
        for n in 0..100 {
            io::Write::write_all(&mut one, &[n]).unwrap();
            let mut byte = [0];
            io::Read::read_exact(&mut one, &mut byte).unwrap();
            assert_eq!(byte, [n]);
        }
        drop(one);
        echo.join().unwrap();
    });
}

/// Lines, and whatever else `BufRead` gives.
pub fn p62_buffered(s: &Subject) {
    let runner = s.runner();
    let text = "one\ntwo\n\nfour";
    let lines: Vec<_> = runner.wrap_io(Cursor::new(text)).lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["one", "two", "", "four"]);
    let (one, two) = pipe();
    let mut out = runner.wrap_io(two);
    out.write_all(text.as_bytes()).unwrap();
    drop(out);
    let reader = BufReader::with_capacity(3, one);
    fn is_buffered(_: &impl AsyncBufRead) {}
    is_buffered(&reader);
    let mut reader = runner.wrap_io(reader);
    let mut first = String::new();
    assert_eq!(reader.read_line(&mut first).unwrap(), 4);
    assert_eq!(first, "one\n");
    assert_eq!(reader.fill_buf().unwrap()[0], b't');
    reader.consume(1);
    let rest: Vec<_> = reader.split(b'\n').map(Result::unwrap).collect();
    assert_eq!(rest, [&b"wo"[..], b"", b"four"]);
}

/// Seeking, and an error from it.
pub fn p62_seek(s: &Subject) {
    let runner = s.runner();
    let mut file = runner.wrap_io(Cursor::new(b"0123456789".to_vec()));
    assert_eq!(file.seek(SeekFrom::Start(4)).unwrap(), 4);
    let mut two = [0; 2];
    file.read_exact(&mut two).unwrap();
    assert_eq!(&two, b"45");
    assert_eq!(file.seek(SeekFrom::End(-1)).unwrap(), 9);
    file.write_all(b"x!").unwrap();
    file.rewind().unwrap();
    let mut all = String::new();
    file.read_to_string(&mut all).unwrap();
    assert_eq!(all, "012345678x!");
    let error = file.seek(SeekFrom::Current(-100)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// On a closed runner the error is an `io::Error` of the broken pipe, not a panic.
pub fn p62_io_on_a_closed_runner(s: &Subject) {
    let runner = s.runner();
    let mut io = runner.wrap_io(Cursor::new(vec![1, 2, 3]));
    let mut byte = [0];
    io.read_exact(&mut byte).unwrap();
    runner.close().unwrap();
    let error = io.read(&mut byte).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    let error = io.write(&byte).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

/// A read that waits is woken by a close, and what was wrapped is dropped with the wrapper.
pub fn p62_close_ends_a_waiting_read(s: &Subject) {
    let runner = s.runner();
    let (inside, witness) = (Gate::new("inside"), Witness::new());
    let token = witness.token();
    let error = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let (one, _two) = pipe();
            let one = Pipe { _token: Some(token), ..one };
            let mut io = runner.wrap_io(Announces { io: one, inside: inside.clone() });
            io.read(&mut [0]).unwrap_err()
        });
        inside.wait();
        runner.close().unwrap();
        waiting.join().unwrap()
    });
    assert_eq!((error.kind(), witness.drops()), (io::ErrorKind::BrokenPipe, 1));
}

/// Opens a gate when it is read.
struct Announces {
    io: Pipe,
    inside: Gate,
}

impl AsyncRead for Announces {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inside.open();
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

/// What was wrapped can be looked at, shut down and had back.
pub fn p62_what_was_wrapped(s: &Subject) {
    let runner = s.runner();
    let mut cursor = runner.wrap_io(Cursor::new(vec![1, 2, 3]));
    cursor.read_exact(&mut [0]).unwrap();
    assert_eq!(cursor.get_ref().position(), 1);
    cursor.get_mut().set_position(2);
    assert_eq!(cursor.into_inner().position(), 2);
    let (one, two) = pipe();
    let (mut one, mut two) = (runner.wrap_io(one), runner.wrap_io(two));
    one.write_all(b"bye").unwrap();
    one.shutdown().unwrap();
    let mut last = String::new();
    two.read_to_string(&mut last).unwrap();
    assert_eq!(last, "bye");
    assert_eq!(one.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

/// A panic of the reader reaches whoever reads.
pub fn p62_a_reader_that_panics(s: &Subject) {
    struct Bad(#[allow(dead_code, reason = "it is there to be dropped")] Arc<()>);
    impl AsyncRead for Bad {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
            crate::tools::boom("in poll_read")
        }
    }
    let runner = s.runner();
    let kept = Arc::new(());
    let mut io = runner.wrap_io(Bad(kept.clone()));
    assert_eq!(panics(|| io.read(&mut [0])), "in poll_read");
    drop(io);
    assert_eq!(Arc::strong_count(&kept), 1);
    assert_eq!(runner.run(async { 1 }), 1);
}

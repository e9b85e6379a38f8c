//! A client as async libraries write them: a connection that lives in a background task, and a handle that talks to it.

use crate::{io::Io, subjects::Loop};
use futures_channel::{mpsc, oneshot};
use futures_lite::StreamExt as _;
use std::{io, net::SocketAddr, sync::Arc};

/// What is sent, and what comes back.
pub type Message = [u8; 64];

#[derive(Debug)]
struct Request {
    message: Message,
    reply: oneshot::Sender<io::Result<Message>>,
}

/// The handle. The connection closes with the last clone.
#[derive(Clone, Debug)]
pub struct Client {
    requests: Arc<mpsc::UnboundedSender<Request>>,
}

impl Client {
    /// Connects, and leaves the connection to a background task of `subject`.
    ///
    /// # Panics
    ///
    /// If nobody listens at `address`.
    pub fn connect<S: Loop>(subject: &S, address: SocketAddr) -> Self {
        let stream = subject.call(S::Io::connect(address)).expect("the echo server listens");
        let (requests, incoming) = mpsc::unbounded();
        subject.background(connection::<S::Io>(stream, incoming));
        Self { requests: Arc::new(requests) }
    }

    /// Sends 64 bytes and waits for the answer.
    ///
    /// # Errors
    ///
    /// What the socket says, or that the connection is gone.
    pub async fn echo(self, message: Message) -> io::Result<Message> {
        let (reply, answer) = oneshot::channel();
        self.requests.unbounded_send(Request { message, reply }).map_err(|_| io::ErrorKind::BrokenPipe)?;
        answer.await.map_err(|_| io::ErrorKind::BrokenPipe)?
    }

    /// One call from sync code: what the echo scenarios measure.
    ///
    /// # Panics
    ///
    /// If the answer is not the message.
    pub fn call<S: Loop>(&self, subject: &S, number: u64) {
        let mut message = [0; 64];
        message[..8].copy_from_slice(&number.to_le_bytes());
        let answer = subject.call(self.clone().echo(message)).expect("the echo server answers");
        assert_eq!(answer, message);
    }
}

async fn connection<I: Io>(mut stream: I::Stream, mut incoming: mpsc::UnboundedReceiver<Request>) {
    while let Some(Request { mut message, reply }) = incoming.next().await {
        let result = I::exchange(&mut stream, &mut message).await.map(|()| message);
        let failed = result.is_err();
        let _ = reply.send(result);
        if failed {
            return;
        }
    }
}

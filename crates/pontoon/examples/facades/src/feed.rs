//! A client of its own, with a task in the background that reads, and its facade:
//!
//! ```text
//! hello to you
//! news of rust: 1
//! news of rust: 2
//! after the drop: watching nothing
//! ```

use pontoon::{Smol, blocking};
use smol::{Task, channel, io::BufReader, net::TcpStream, prelude::*};
use std::{error::Error, io, io::Write};

/// A connection to a feed: it answers, and it has news whenever it likes.
#[blocking]
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    answers: channel::Receiver<String>,
    news: channel::Receiver<String>,
    _reader: Task<()>,
}

#[blocking(backend = Smol, wrap(Watch))]
impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Where nobody listens.
    pub async fn connect(address: &str) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        let ((answered, answers), (told, news)) = (channel::unbounded(), channel::unbounded());
        let mut lines = BufReader::new(socket.clone()).lines();
        let _reader = smol::spawn(async move {
            while let Some(Ok(line)) = lines.next().await {
                let sent = if line.starts_with("news") { told.send(line) } else { answered.send(line) };
                let _ = sent.await;
            }
        });
        Ok(Self { socket, answers, news, _reader })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.socket.write_all(format!("{question}\n").as_bytes()).await?;
        self.answers.recv().await.map_err(io::Error::other)
    }

    /// Watches a topic.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn watch(&mut self, topic: &str) -> io::Result<Watch<'_>> {
        self.ask(&format!("watch {topic}")).await?;
        Ok(Watch { client: self })
    }
}

/// A topic that is watched; the facade ends that when it is dropped.
#[blocking(close = end)]
#[derive(Debug)]
pub struct Watch<'c> {
    client: &'c mut Client,
}

#[blocking]
impl Watch<'_> {
    /// The news, as they come.
    pub fn news(&self) -> impl Stream<Item = String> + '_ {
        self.client.news.clone()
    }

    async fn end(&mut self) -> io::Result<String> {
        self.client.ask("watch nothing").await
    }
}

/// Uses it, and writes what happens.
///
/// # Errors
///
/// When the connection is lost.
pub fn show(address: &str, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut client = BlockingClient::connect(address)?;
    writeln!(out, "{}", client.ask("hello")?)?;
    let watch = client.watch("rust")?;
    for news in watch.news().take(2) {
        writeln!(out, "{news}")?;
    }
    drop(watch);
    Ok(writeln!(out, "after the drop: {}", client.ask("state")?)?)
}

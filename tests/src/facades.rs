//! What sync code does through a generated facade, in each place.

use crate::{
    contexts::{Bench, Family, Refused},
    operations::{Drops, Operation, Token, echo_server, ready_one, unless_refused, waits},
    trial::text_of,
};
use futures_core::Stream;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future, stream};
use std::{
    io,
    net::{SocketAddr, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::{Arc, Mutex},
};
use tokio::{runtime, sync::mpsc};

/// Every operation on a facade.
pub(crate) const CONSTRUCT: Operation = waits("facade_construct", construct);
pub(crate) const CALL: Operation = waits("facade_call", call);
pub(crate) const CALLBACK: Operation = waits("facade_callback", callback);
pub(crate) const ITERATE: Operation = waits("facade_iterate", iterate);
pub(crate) const DROP: Operation = waits("facade_drop", drop_and_consume);
pub(crate) const UNWIND: Operation = waits("facade_unwind", unwind);
pub(crate) const MANY: Operation = ready_one("facade_many", many);

/// A socket of a runtime's own.
#[derive(Debug)]
enum Socket {
    Smol(async_io::Async<TcpStream>),
    AsyncStd(async_std::net::TcpStream),
    Tokio(tokio::net::TcpStream),
}

impl Socket {
    async fn connect(family: Family, address: SocketAddr) -> io::Result<Self> {
        // Pending once, however fast the server is.
        future::yield_now().await;
        Ok(match family {
            Family::Smol => Self::Smol(async_io::Async::<TcpStream>::connect(address).await?),
            Family::AsyncStd => Self::AsyncStd(async_std::net::TcpStream::connect(address).await?),
            Family::Tokio => Self::Tokio(tokio::net::TcpStream::connect(address).await?),
        })
    }

    async fn echo(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        future::yield_now().await;
        match self {
            Self::Smol(socket) => {
                socket.write_all(bytes).await?;
                socket.read_exact(bytes).await
            }
            Self::AsyncStd(socket) => {
                socket.write_all(bytes).await?;
                socket.read_exact(bytes).await
            }
            Self::Tokio(socket) => {
                use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
                socket.write_all(bytes).await?;
                socket.read_exact(bytes).await.map(drop)
            }
        }
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// Opens connections.
#[pontoon::blocking]
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    family: Family,
    address: SocketAddr,
    log: Log,
}

#[pontoon::blocking(wrap(Peer))]
impl Opener {
    /// Connects; the token is dropped with the connection.
    pub(crate) async fn open(&self, token: Token) -> io::Result<Peer> {
        let socket = Socket::connect(self.family, self.address).await?;
        Ok(Peer { socket, log: self.log.clone(), _token: token })
    }
}

/// A connection.
#[pontoon::blocking]
#[derive(Debug)]
pub(crate) struct Peer {
    socket: Socket,
    log: Log,
    _token: Token,
}

#[pontoon::blocking(wrap(Question))]
impl Peer {
    /// Asks, and gives the answer.
    pub(crate) async fn ask(&mut self, question: &str) -> io::Result<String> {
        let mut bytes = question.as_bytes().to_vec();
        self.socket.echo(&mut bytes).await?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    /// The same, by a future that must not move.
    pub(crate) async fn ask_here(&mut self, question: Rc<str>) -> io::Result<usize> {
        let answer = self.ask(&question).await?;
        Ok(answer.len() * Rc::strong_count(&question))
    }

    /// Asks for each, and calls back with the answer.
    pub(crate) async fn ask_each(&mut self, questions: &[&str], mut answered: impl FnMut(String)) -> io::Result<()> {
        for question in questions {
            answered(self.ask(question).await?);
        }
        Ok(())
    }

    /// One answer after the other.
    pub(crate) fn answers<'a>(&'a mut self, questions: &'a [&'a str]) -> impl Stream<Item = io::Result<String>> + 'a {
        stream::unfold((self, questions.iter()), async |(this, mut questions)| {
            let answer = this.ask(questions.next()?).await;
            Some((answer, (this, questions)))
        })
    }

    /// Where it is called.
    pub(crate) fn place(&self) -> Option<runtime::Id> {
        runtime::Handle::try_current().ok().map(|handle| handle.id())
    }

    /// Begins to ask.
    pub(crate) async fn begin(&mut self) -> io::Result<Question<'_>> {
        self.ask("begin").await?;
        Ok(Question { peer: self })
    }
}

/// A question that is taken back unless it is asked.
#[pontoon::blocking(close = take_back)]
#[derive(Debug)]
pub(crate) struct Question<'p> {
    peer: &'p mut Peer,
}

#[pontoon::blocking]
impl Question<'_> {
    /// Asks it.
    pub(crate) async fn finish(self) -> io::Result<String> {
        let answer = self.peer.ask("finish").await;
        self.peer.log.lock().unwrap().push("finished".into());
        answer
    }

    async fn take_back(&mut self) -> io::Result<()> {
        let answer = self.peer.ask("back").await?;
        self.peer.log.lock().unwrap().push(answer);
        Ok(())
    }
}

/// What an operation works with.
struct Table {
    log: Log,
    drops: Drops,
    peer: BlockingPeer,
}

impl Table {
    fn new(bench: &Bench) -> Result<Self, Refused> {
        bench.steps.at("opening");
        let (log, drops) = (Log::default(), Drops::default());
        let opener = Opener { family: bench.flavour.family, address: echo_server(), log: log.clone() };
        let opener = BlockingOpener::from_async_on(opener, bench.runner.clone());
        let peer = unless_refused(|| opener.open(drops.token(bench)))?.unwrap();
        Ok(Self { log, drops, peer })
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

fn construct(bench: &Bench) -> Result<(), Refused> {
    let table = Table::new(bench)?;
    assert_eq!(table.drops.count(), 0);
    drop(table.peer);
    table.drops.assert_one();
    Ok(())
}

fn call(bench: &Bench) -> Result<(), Refused> {
    let mut table = Table::new(bench)?;
    bench.steps.at("asking");
    for question in ["one", "two", "three"] {
        assert_eq!(table.peer.ask(question).unwrap(), question);
    }
    assert_eq!(table.peer.ask_here(Rc::from("four")).unwrap(), 4);
    assert_eq!(table.peer.place().filter(|_| bench.home.is_some()), bench.home, "a sync method runs in context");
    Ok(())
}

fn callback(bench: &Bench) -> Result<(), Refused> {
    let (mut table, mut other) = (Table::new(bench)?, Table::new(bench)?);
    bench.steps.at("asking inside an answer");
    let mut answers = Vec::new();
    let again = |answer: String| answers.push(other.peer.ask(&answer).unwrap());
    unless_refused(|| table.peer.ask_each(&["five", "six"], again))?.unwrap();
    assert_eq!(answers, ["five", "six"]);
    Ok(())
}

fn iterate(bench: &Bench) -> Result<(), Refused> {
    let mut table = Table::new(bench)?;
    bench.steps.at("all answers");
    let answers: io::Result<Vec<_>> = table.peer.answers(&["one", "two"]).collect();
    assert_eq!(answers.unwrap(), ["one", "two"]);
    bench.steps.at("some of them");
    let mut answers = table.peer.answers(&["three", "four"]);
    assert_eq!(answers.next().unwrap().unwrap(), "three");
    drop(answers);
    assert_eq!(table.peer.ask("five").unwrap(), "five", "nothing is left of the answers that nobody took");
    Ok(())
}

fn drop_and_consume(bench: &Bench) -> Result<(), Refused> {
    let mut table = Table::new(bench)?;
    bench.steps.at("a guard that is dropped");
    drop(table.peer.begin().unwrap());
    assert_eq!(table.log(), ["back"]);
    bench.steps.at("a guard that is consumed");
    assert_eq!(table.peer.begin().unwrap().finish().unwrap(), "finish");
    assert_eq!(table.log(), ["back", "finished"]);
    bench.steps.at("a guard whose value is taken");
    drop(table.peer.begin().unwrap().into_async());
    assert_eq!(table.log().len(), 2);
    bench.steps.at("dropping");
    drop(table.peer);
    table.drops.assert_one();
    Ok(())
}

fn unwind(bench: &Bench) -> Result<(), Refused> {
    let mut table = Table::new(bench)?;
    bench.steps.at("unwinding");
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut peer = table.peer;
        let _question = peer.begin().unwrap();
        resume_unwind(Box::new("the first panic"));
    }));
    assert_eq!(text_of(&*unwound.unwrap_err()), "the first panic");
    assert_eq!(*table.log.lock().unwrap(), ["back"], "it was taken back meanwhile");
    table.drops.assert_one();
    bench.steps.at("calling on");
    table.peer = Table::new(bench)?.peer;
    assert_eq!(table.peer.ask("after").unwrap(), "after");
    Ok(())
}

/// A channel of tokio's, each use of which takes from the budget of the task around it.
#[pontoon::blocking]
#[derive(Debug)]
pub(crate) struct Channel {
    sender: mpsc::UnboundedSender<u32>,
    receiver: mpsc::UnboundedReceiver<u32>,
}

#[pontoon::blocking]
impl Channel {
    /// Through it and back.
    pub(crate) async fn pass(&mut self, number: u32) -> Option<u32> {
        self.sender.send(number).ok()?;
        self.receiver.recv().await
    }
}

fn many(bench: &Bench) -> Result<(), Refused> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut channel = BlockingChannel::from_async_on(Channel { sender, receiver }, bench.runner.clone());
    for number in 0..1_000 {
        assert_eq!(unless_refused(|| channel.pass(number))?, Some(number));
    }
    Ok(())
}

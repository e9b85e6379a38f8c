//! What sync code may do in a place: each operation works, or says why it cannot.

use crate::{
    contexts::{Bench, Family, Refused},
    facades,
    trial::text_of,
};
use futures_core::Stream;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future, stream};
use pontoon::{AsyncContext, Hand, JoinError, Outcome, RunError, Runner, context, generator};
use std::{
    fmt, io,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// One thing to do in a place. One that waits is pending at its first poll however slow the machine is, so that whether it
/// is refused hangs on the place alone.
#[derive(Clone, Copy)]
pub struct Operation {
    /// As in the names of trials.
    pub name: &'static str,
    /// Whether it has to wait, or start something that does.
    pub waits: bool,
    /// Whether it makes a runner of its own.
    pub fresh: bool,
    /// Does it.
    pub act: fn(&Bench) -> Result<(), Refused>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The usual kind.
pub(crate) const fn waits(name: &'static str, act: fn(&Bench) -> Result<(), Refused>) -> Operation {
    Operation { name, waits: true, fresh: false, act }
}

const fn fresh_one(name: &'static str, act: fn(&Bench) -> Result<(), Refused>) -> Operation {
    Operation { fresh: true, ..waits(name, act) }
}

pub(crate) const fn ready_one(name: &'static str, act: fn(&Bench) -> Result<(), Refused>) -> Operation {
    Operation { waits: false, ..waits(name, act) }
}

/// Every operation.
pub const OPERATIONS: &[Operation] = &[
    ready_one("ready", ready),
    ready_one("enter", enter),
    waits("sleep", sleep),
    waits("run_send", run_send),
    waits("spawn_join", spawn_join),
    waits("spawn_local_join", spawn_local_join),
    waits("unblock", unblock),
    waits("native_io", native_io),
    waits("stream", stream),
    waits("prefetch", prefetch),
    waits("context_guard", context_guard),
    waits("with_context_error", with_context_error),
    waits("drop_early", drop_early),
    waits("panic", panic),
    waits("timeout", timeout),
    waits("cancel", cancel),
    waits("value_drops", value_drops),
    ready_one("many_ready", many_ready),
    ready_one("tokio_channels", tokio_channels),
    waits("tokio_yields", tokio_yields),
    waits("tokio_yields_send", tokio_yields_send),
    facades::CONSTRUCT,
    facades::CALL,
    facades::CALLBACK,
    facades::ITERATE,
    facades::DROP,
    facades::UNWIND,
    facades::MANY,
    fresh_one("fresh_closed", fresh_closed),
    fresh_one("fresh_dropped", fresh_dropped),
];

const SHORT: Duration = Duration::from_millis(2);

/// Counts its own drops, and those of them outside of the runtime's context.
#[derive(Clone, Debug, Default)]
pub struct Drops {
    drops: Arc<AtomicUsize>,
    stray: Arc<AtomicUsize>,
}

/// A value that [`Drops`] counts.
#[derive(Debug)]
pub struct Token {
    drops: Drops,
    home: Option<tokio::runtime::Id>,
}

impl Drops {
    /// A value whose drop is to happen in the context of `bench`'s runner.
    pub fn token(&self, bench: &Bench) -> Token {
        Token { drops: self.clone(), home: bench.home }
    }

    /// How many tokens have been dropped.
    pub fn count(&self) -> usize {
        self.drops.load(Ordering::SeqCst)
    }

    /// One drop so far; in context, unless everything was refused.
    #[track_caller]
    fn assert_one_unless(&self, refused: bool) {
        if refused { assert_eq!(self.count(), 1, "one drop") } else { self.assert_one() }
    }

    /// One drop so far, in context.
    ///
    /// # Panics
    ///
    /// Panics if it is not so.
    #[track_caller]
    pub fn assert_one(&self) {
        assert_eq!(self.count(), 1, "one drop");
        assert_eq!(self.stray.load(Ordering::SeqCst), 0, "dropped outside of the runtime's context");
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.home.is_some() && self.home != tokio::runtime::Handle::try_current().ok().map(|handle| handle.id()) {
            self.drops.stray.fetch_add(1, Ordering::SeqCst);
        }
        self.drops.drops.fetch_add(1, Ordering::SeqCst);
    }
}

/// The result of a task, or why the wait for it was refused.
fn joined<T>(result: Result<T, JoinError>) -> Result<T, Refused> {
    result.map_err(|error| match error.refused() {
        Some(refused) => refused.clone().into(),
        None => panic!("a task ended badly: {error}"),
    })
}

/// The result of something that panics where it is refused.
pub(crate) fn unless_refused<T>(f: impl FnOnce() -> T) -> Result<T, Refused> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let text = text_of(&*payload);
        if text.starts_with("the call would wait for ever: ") { Refused(text) } else { resume_unwind(payload) }
    })
}

/// Sleeps, and is pending at least once however late it is polled.
async fn pause(runner: &Runner) {
    let sleep = runner.sleep(SHORT);
    future::yield_now().await;
    sleep.await;
}

fn ready(bench: &Bench) -> Result<(), Refused> {
    let text = String::from("borrowed");
    let length = bench.runner.try_run(async { text.len() })?;
    assert_eq!(length, 8);
    Ok(())
}

fn enter(bench: &Bench) -> Result<(), Refused> {
    let home =
        unless_refused(|| bench.runner.enter(|| tokio::runtime::Handle::try_current().ok().map(|handle| handle.id())))?;
    assert!(bench.home.is_none() || bench.home == home, "in another context");
    Ok(())
}

fn sleep(bench: &Bench) -> Result<(), Refused> {
    let start = Instant::now();
    bench.runner.try_run(pause(&bench.runner))?;
    assert!(start.elapsed() >= SHORT, "early");
    Ok(())
}

fn run_send(bench: &Bench) -> Result<(), Refused> {
    let start = Instant::now();
    let runner = &bench.runner;
    let two = unless_refused(|| {
        runner.run_send(async {
            pause(runner).await;
            2
        })
    })?;
    assert_eq!(two, 2);
    assert!(start.elapsed() >= SHORT, "early");
    Ok(())
}

fn spawn_join(bench: &Bench) -> Result<(), Refused> {
    let sleep = bench.runner.sleep(SHORT);
    let task = bench.runner.spawn(async {
        future::yield_now().await;
        sleep.await;
        4
    });
    assert_eq!(joined(task.join())?, 4);
    Ok(())
}

fn spawn_local_join(bench: &Bench) -> Result<(), Refused> {
    let sleep = bench.runner.sleep(SHORT);
    let task = bench.runner.spawn_local(|| {
        let local = std::rc::Rc::new(5);
        async move {
            sleep.await;
            *local
        }
    });
    assert_eq!(joined(task.join())?, 5);
    Ok(())
}

fn unblock(bench: &Bench) -> Result<(), Refused> {
    let job = bench.runner.unblock(|| 6);
    let result = bench.runner.try_run(async {
        future::yield_now().await;
        job.await
    })?;
    assert_eq!(result.unwrap(), 6);
    assert_eq!(joined(bench.runner.unblock(|| 7).join())?, 7);
    Ok(())
}

/// A server that sends back what it gets.
///
/// # Panics
///
/// Panics if there is no port to be had.
pub fn echo_server() -> SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    *SERVER.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let (mut stream, mut buffer) = (stream, [0; 64]);
                    while let Ok(length) = stream.read(&mut buffer) {
                        if length == 0 || stream.write_all(&buffer[..length]).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        address
    })
}

fn native_io(bench: &Bench) -> Result<(), Refused> {
    // It yields first, because on a busy machine all of the rest may be ready at once, and is then no wait.
    let (address, mut answer) = (echo_server(), [0; 4]);
    let echoed: io::Result<()> = match bench.flavour.family {
        Family::Smol => bench.runner.try_run(async {
            future::yield_now().await;
            let mut stream = async_io::Async::<std::net::TcpStream>::connect(address).await?;
            for _ in 0..3 {
                stream.write_all(b"ping").await?;
                stream.read_exact(&mut answer).await?;
            }
            Ok(())
        })?,
        Family::AsyncStd => bench.runner.try_run(async {
            future::yield_now().await;
            let mut stream = async_std::net::TcpStream::connect(address).await?;
            for _ in 0..3 {
                stream.write_all(b"ping").await?;
                stream.read_exact(&mut answer).await?;
            }
            Ok(())
        })?,
        Family::Tokio => bench.runner.try_run(async {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            future::yield_now().await;
            let mut stream = tokio::net::TcpStream::connect(address).await?;
            for _ in 0..3 {
                stream.write_all(b"ping").await?;
                stream.read_exact(&mut answer).await?;
            }
            Ok(())
        })?,
    };
    echoed.unwrap();
    assert_eq!(&answer, b"ping");
    Ok(())
}

/// Numbers below `end`, with a yield before each and a sleep before the third.
fn numbers(runner: &Runner, end: u32, token: Token) -> impl Stream<Item = u32> + Send + 'static {
    let runner = runner.clone();
    stream::unfold((0, token), move |(number, token)| {
        let sleep = (number == 2).then(|| runner.sleep(SHORT));
        async move {
            future::yield_now().await;
            if let Some(sleep) = sleep {
                sleep.await;
            }
            (number < end).then_some((number, (number + 1, token)))
        }
    })
}

fn stream(bench: &Bench) -> Result<(), Refused> {
    let drops = Drops::default();
    let mut iter = bench.runner.wrap_iter(numbers(&bench.runner, 5, drops.token(bench)));
    let mut items = Vec::new();
    while let Some(item) = iter.try_next()? {
        bench.steps.at(format!("stream: item {item}"));
        items.push(item);
    }
    assert_eq!(items, [0, 1, 2, 3, 4]);
    drops.assert_one();
    Ok(())
}

fn prefetch(bench: &Bench) -> Result<(), Refused> {
    let drops = Drops::default();
    let mut iter = bench.runner.wrap_iter(numbers(&bench.runner, 9, drops.token(bench))).prefetch(2);
    let mut sum = 0;
    while let Some(item) = iter.try_next()? {
        bench.steps.at(format!("prefetch: item {item}"));
        sum += item;
    }
    assert_eq!(sum, 36);
    drop(iter);
    drops.assert_one();
    Ok(())
}

/// A context that waits on both ways and writes down how it ended.
struct Session {
    runner: Runner,
    log: Log,
    token: Token,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Session {
    fn new(bench: &Bench, log: &Log, drops: &Drops) -> Self {
        Self { runner: bench.runner.clone(), log: log.clone(), token: drops.token(bench) }
    }
}

impl AsyncContext for Session {
    type Value = &'static str;
    type Error = io::Error;

    async fn enter(&mut self) -> io::Result<&'static str> {
        pause(&self.runner).await;
        Ok("open")
    }

    async fn exit(self, _: &'static str, outcome: Outcome<'_>) -> io::Result<()> {
        pause(&self.runner).await;
        let how = match outcome {
            Outcome::Success => "success".to_owned(),
            Outcome::Failure(error) => error.to_string(),
            _ => "unwinding".to_owned(),
        };
        self.log.lock().unwrap().push(how);
        drop(self.token);
        Ok(())
    }
}

fn context_guard(bench: &Bench) -> Result<(), Refused> {
    let (log, drops) = (Log::default(), Drops::default());
    let session = unless_refused(|| bench.runner.wrap_context(Session::new(bench, &log, &drops)).unwrap())?;
    assert_eq!(*session, "open");
    bench.steps.at("context_guard: closing");
    session.close().unwrap();
    assert_eq!(*log.lock().unwrap(), ["success"]);
    drops.assert_one();
    bench.steps.at("context_guard: a generator");
    let runner = &bench.runner;
    let function = async |hand: Hand<u32>| {
        pause(runner).await;
        hand.over(7).await;
        pause(runner).await;
        Ok::<_, io::Error>(())
    };
    let session = runner.wrap_context(generator(function)).unwrap();
    assert_eq!(*session, 7);
    session.close().unwrap();
    Ok(())
}

fn with_context_error(bench: &Bench) -> Result<(), Refused> {
    let (log, drops) = (Log::default(), Drops::default());
    let failed = unless_refused(|| {
        bench.runner.with_context(Session::new(bench, &log, &drops), |_| Err::<(), _>(io::Error::other("no")))
    })?;
    assert_eq!(failed.unwrap_err().to_string(), "no");
    assert_eq!(*log.lock().unwrap(), ["no"]);
    drops.assert_one();
    Ok(())
}

fn drop_early(bench: &Bench) -> Result<(), Refused> {
    let drops = Drops::default();
    let mut iter = bench.runner.wrap_iter(numbers(&bench.runner, 9, drops.token(bench)));
    assert_eq!(iter.try_next()?, Some(0));
    drop(iter);
    drops.assert_one();
    bench.steps.at("drop_early: prefetch");
    let drops = Drops::default();
    let mut iter = bench.runner.wrap_iter(numbers(&bench.runner, 9, drops.token(bench))).prefetch(2);
    assert_eq!(iter.try_next()?, Some(0));
    drop(iter);
    drops.assert_one();
    bench.steps.at("drop_early: a context");
    let (log, drops) = (Log::default(), Drops::default());
    // In a thread that unwinds, that is what the exit is told: it is so for the whole thread.
    let expected = if thread::panicking() { "unwinding" } else { "success" };
    drop(bench.runner.wrap_context(Session::new(bench, &log, &drops)).unwrap());
    assert_eq!(*log.lock().unwrap(), [expected]);
    drops.assert_one();
    bench.steps.at("drop_early: two closures");
    let runner = &bench.runner;
    let exits = AtomicUsize::new(0);
    let closures = context(
        async || {
            pause(runner).await;
            Ok::<_, io::Error>(1)
        },
        async |_: i32, _: Outcome<'_>| {
            pause(runner).await;
            exits.fetch_add(1, Ordering::SeqCst);
            Ok(())
        },
    );
    drop(runner.wrap_context(closures).unwrap());
    assert_eq!(exits.load(Ordering::SeqCst), 1);
    Ok(())
}

fn panic(bench: &Bench) -> Result<(), Refused> {
    let (runner, drops) = (&bench.runner, Drops::default());
    let token = drops.token(bench);
    let future = async {
        let _token = token;
        pause(runner).await;
        panic!("inside");
    };
    let caught = catch_unwind(AssertUnwindSafe(|| runner.try_run(future)));
    match caught {
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(())) => panic!("the panic was lost"),
        Err(payload) => assert_eq!(text_of(&*payload), "inside"),
    }
    drops.assert_one();
    bench.steps.at("panic: a task");
    let error = runner.spawn(async { panic!("in a task") }).join().unwrap_err();
    assert!(error.is_panic(), "{error}");
    assert_eq!(runner.try_run(async { 1 })?, 1);
    runner.try_run(pause(runner))?;
    Ok(())
}

fn timeout(bench: &Bench) -> Result<(), Refused> {
    let (start, drops) = (Instant::now(), Drops::default());
    let token = drops.token(bench);
    let never = async {
        let _token = token;
        future::pending::<()>().await;
    };
    match bench.runner.run_timeout(SHORT, never) {
        Err(RunError::TimedOut) => {}
        Err(error) => return Err(error.into()),
        Ok(()) => panic!("never came"),
    }
    assert!(start.elapsed() >= SHORT, "early");
    drops.assert_one();
    let zero = bench.runner.run_timeout(Duration::ZERO, future::pending::<()>());
    assert!(matches!(zero, Err(RunError::TimedOut)), "{zero:?}");
    let in_time = bench.runner.run_timeout(Duration::from_secs(3600), bench.runner.sleep(SHORT));
    in_time.unwrap();
    Ok(())
}

fn cancel(bench: &Bench) -> Result<(), Refused> {
    // A `cancel` has no way to say that its wait was refused; a timed wait has.
    let drops = Drops::default();
    let token = drops.token(bench);
    let mut task = bench.runner.spawn(async {
        let _token = token;
        future::pending::<()>().await;
    });
    match task.join_timeout(SHORT) {
        None => {}
        Some(ended) => joined(ended)?,
    }
    bench.steps.at("cancel: cancelling");
    assert!(task.cancel().is_none());
    drops.assert_one();
    Ok(())
}

/// More calls than any budget, none of which has to wait.
fn many_ready(bench: &Bench) -> Result<(), Refused> {
    for number in 0..10_000 {
        assert_eq!(bench.runner.try_run(async { number })?, number);
    }
    Ok(())
}

/// Ready operations of tokio's, each of which takes from the budget of the task around it.
fn tokio_channels(bench: &Bench) -> Result<(), Refused> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut exchange = async |count: u32| {
        for number in 0..count {
            sender.send(number).unwrap();
            assert_eq!(receiver.recv().await, Some(number));
        }
    };
    for call in 0..1_000 {
        bench.steps.at(format!("tokio_channels: call {call}"));
        bench.runner.try_run(exchange(4))?;
    }
    bench.steps.at("tokio_channels: one long call");
    bench.runner.try_run(exchange(1_000))?;
    Ok(())
}

/// tokio's own yield leaves its waker with the scheduler around it, which may be blocked by this very call.
async fn yields() -> u32 {
    let mut done = 0;
    for _ in 0..200 {
        tokio::task::yield_now().await;
        done += 1;
    }
    done
}

fn tokio_yields(bench: &Bench) -> Result<(), Refused> {
    let local = std::rc::Rc::new(());
    let done = bench.runner.try_run(async {
        let done = yields().await;
        drop(local);
        done
    })?;
    assert_eq!(done, 200);
    Ok(())
}

fn tokio_yields_send(bench: &Bench) -> Result<(), Refused> {
    assert_eq!(unless_refused(|| bench.runner.run_send(yields()))?, 200);
    Ok(())
}

/// Needs its runtime when it is dropped, as a connection that says goodbye does.
struct Farewell {
    family: Family,
    said: Arc<AtomicUsize>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let said = self.said.clone();
        let goodbye = move || said.fetch_add(1, Ordering::SeqCst);
        match self.family {
            Family::Tokio => drop(tokio::spawn(async move { goodbye() })),
            // Not on their executors: the trial may be blocking the only thread of those.
            Family::AsyncStd => drop(async_std::task::spawn_blocking(goodbye)),
            Family::Smol => smol::unblock(goodbye).detach(),
        }
    }
}

impl futures_lite::AsyncRead for Farewell {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut [u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::task::Poll::Ready(Ok(0))
    }
}

/// Values whose drop spawns, dropped through every adapter.
fn value_drops(bench: &Bench) -> Result<(), Refused> {
    let (runner, said) = (&bench.runner, Arc::new(AtomicUsize::new(0)));
    // Where every call is refused, such a value has no place to be dropped at.
    runner.try_run(future::yield_now())?;
    let value = || Farewell { family: bench.flavour.family, said: said.clone() };
    bench.steps.at("value_drops: a future");
    let held = value();
    runner.try_run(async {
        future::yield_now().await;
        drop(held);
    })?;
    bench.steps.at("value_drops: a future that is refused its time");
    let held = value();
    let late = runner.run_timeout(Duration::ZERO, async {
        let _held = held;
        future::pending::<()>().await;
    });
    assert!(matches!(late, Err(RunError::TimedOut)), "{late:?}");
    bench.steps.at("value_drops: an iterator");
    let held = value();
    let mut iter = runner.wrap_iter(stream::unfold(held, async |held| Some((1, held))));
    assert_eq!(iter.try_next()?, Some(1));
    drop(iter);
    bench.steps.at("value_drops: an iterator that fetches ahead");
    let held = value();
    let mut iter = runner.wrap_iter(Box::pin(stream::unfold(held, async |held| Some((1, held))))).prefetch(1);
    assert_eq!(iter.try_next()?, Some(1));
    drop(iter);
    bench.steps.at("value_drops: a context");
    let contexts = context(async || Ok::<_, io::Error>(value()), async |_: Farewell, _: Outcome<'_>| Ok(()));
    drop(runner.wrap_context(contexts).unwrap());
    bench.steps.at("value_drops: io");
    let mut io = runner.wrap_io(value());
    assert_eq!(io.read(&mut [0; 4]).unwrap(), 0);
    drop(io);
    bench.steps.at("value_drops: a task");
    let held = value();
    let task = runner.spawn(async {
        let _held = held;
        future::pending::<()>().await;
    });
    assert!(task.cancel().is_none());
    bench.steps.at("value_drops: by hand");
    let held = value();
    runner.enter(|| drop(held));
    bench.steps.at("value_drops: waiting for the goodbyes");
    runner.run(async {
        while said.load(Ordering::SeqCst) < 8 {
            runner.sleep(Duration::from_millis(1)).await;
        }
    });
    Ok(())
}

/// Uses a fresh runner, with a task that outlives the use.
fn use_fresh(bench: &Bench, fresh: &Bench, drops: &Drops) -> Result<(), Refused> {
    let token = drops.token(fresh);
    let resting = fresh.runner.spawn(async {
        let _token = token;
        future::pending::<()>().await;
    });
    if resting.is_finished() {
        // Refused where there is no context to drop it in.
        return Err(joined(resting.join()).unwrap_err());
    }
    resting.detach();
    bench.steps.at("a fresh runner: ready");
    assert_eq!(fresh.runner.try_run(async { 1 })?, 1);
    bench.steps.at("a fresh runner: sleeping");
    fresh.runner.try_run(pause(&fresh.runner))?;
    bench.steps.at("a fresh runner: joining");
    assert_eq!(joined(fresh.runner.spawn(async { 3 }).join())?, 3);
    Ok(())
}

fn fresh(bench: &Bench) -> Bench {
    Bench::new(bench.flavour, bench.steps.clone())
}

fn fresh_closed(bench: &Bench) -> Result<(), Refused> {
    let (fresh, drops) = (fresh(bench), Drops::default());
    let used = use_fresh(bench, &fresh, &drops);
    bench.steps.at("a fresh runner: closing");
    fresh.runner.close().unwrap();
    fresh.runner.close().unwrap();
    drops.assert_one_unless(used.is_err());
    let error = fresh.runner.try_run(async { 1 }).unwrap_err();
    // Where nothing may be called at all, that may be said first.
    assert!(matches!(error, RunError::Closed) || used.is_err(), "{error}");
    used
}

fn fresh_dropped(bench: &Bench) -> Result<(), Refused> {
    let (fresh, drops) = (fresh(bench), Drops::default());
    let used = use_fresh(bench, &fresh, &drops);
    bench.steps.at("a fresh runner: dropping the last handle");
    drop(fresh);
    drops.assert_one_unless(used.is_err());
    used
}

//! Guest mode: what a guest costs its host, and what its host costs the guest.

use super::{Entry, Env, Needs, Scenario, Unit};
use crate::{
    io::Io,
    meter::{Meter, nanos},
    subjects::{
        Backend, Role, Who,
        guest::{AsFuture, BetweenFrames, Home, InQueue, OnAsyncStd, OnSmol, OnTokio, Smol, Tokio, Under, in_queue},
    },
};
use async_executor::LocalExecutor;
use futures_lite::future::{self, yield_now};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

macro_rules! entries {
    ($round:ident: $($home:ty),* $(,)?) => {
        vec![$(Entry { who: <$home as Home>::WHO, round: $round::<$home> }),*]
    };
}

macro_rules! homes {
    ($round:ident) => {
        entries![$round:
            InQueue<OnSmol>, InQueue<OnAsyncStd>, InQueue<OnTokio>,
            AsFuture<OnSmol>, AsFuture<OnAsyncStd>, AsFuture<OnTokio>,
            BetweenFrames<OnSmol>, BetweenFrames<OnAsyncStd>, BetweenFrames<OnTokio>,
            Smol, Tokio,
        ]
    };
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let guests = |rounds: [fn(&Env, &mut Meter); 3]| {
        let who = [<InQueue<OnSmol>>::WHO, <InQueue<OnAsyncStd>>::WHO, <InQueue<OnTokio>>::WHO];
        who.into_iter().zip(rounds).map(|(who, round)| Entry { who, round }).collect::<Vec<_>>()
    };
    vec![
        Scenario {
            one_core: true,
            ..scenario("guest-echo", "one request to another process and back, by a task", Unit::Micros, echoes())
        },
        scenario("guest-echo-two-cores", "the same, threads where the system puts them", Unit::Micros, echoes()),
        scenario("guest-switch", "one of a hundred tasks that yield in turn", Unit::Nanos, homes![switch]),
        scenario(
            "guest-tick-busy",
            "how long a tick keeps the host, with a slice of 1 ms and tasks that take 50 us a poll",
            Unit::Micros,
            guests([busy::<OnSmol>, busy::<OnAsyncStd>, busy::<OnTokio>]),
        ),
        scenario(
            "guest-tick",
            "a tick of one poll, asked for by the guest and run by a queue",
            Unit::Nanos,
            guests([tick::<OnSmol>, tick::<OnAsyncStd>, tick::<OnTokio>]),
        ),
        scenario(
            "guest-wake",
            "a wake-up of a task while the host has a tick",
            Unit::Nanos,
            guests([wake::<OnSmol>, wake::<OnAsyncStd>, wake::<OnTokio>]),
        ),
        scenario(
            "guest-host-timer",
            "the time between two ticks of a 2 ms timer of the host's, while the guest is always busy",
            Unit::Micros,
            timers(),
        ),
    ]
}

fn scenario(name: &'static str, about: &'static str, unit: Unit, entries: Vec<Entry>) -> Scenario {
    Scenario { name, about, unit, rounds: 10, quick_rounds: 3, one_core: false, needs: Needs::Nothing, entries }
}

fn keep(meter: &mut Meter, samples: Vec<f64>) {
    for sample in samples {
        meter.sample(sample);
    }
}

/// The homes, and what a second thread costs by itself: a guest's host is woken by one that waits for its I/O.
fn echoes() -> Vec<Entry> {
    let std = |name| Who { name, backend: Backend::None, role: Role::Limit };
    let mut entries = homes![echo];
    entries.push(Entry { who: std("std socket, one thread"), round: std_echo::<OneThread> });
    entries.push(Entry { who: std("std socket, a thread waits and wakes another"), round: std_echo::<TwoThreads> });
    entries
}

/// Who waits for the answer on a socket without any async.
trait Reader {
    fn new(stream: TcpStream) -> Self;
    /// Waits until 64 bytes have come.
    fn wait(&mut self);
}

struct OneThread(TcpStream);

impl Reader for OneThread {
    fn new(stream: TcpStream) -> Self {
        Self(stream)
    }

    fn wait(&mut self) {
        self.0.read_exact(&mut [0; 64]).expect("the echo server answers");
    }
}

struct TwoThreads(Arc<AtomicBool>);

impl Reader for TwoThreads {
    fn new(mut stream: TcpStream) -> Self {
        let (came, host) = (Arc::new(AtomicBool::new(false)), thread::current());
        let flag = came.clone();
        // It ends with the connection.
        thread::spawn(move || {
            while stream.read_exact(&mut [0; 64]).is_ok() {
                flag.store(true, Ordering::Release);
                host.unpark();
            }
        });
        Self(came)
    }

    fn wait(&mut self) {
        while !self.0.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

fn std_echo<R: Reader>(env: &Env, meter: &mut Meter) {
    let samples = meter.usage(300, |_| {
        let mut stream = TcpStream::connect(env.echo).expect("the echo server listens");
        stream.set_nodelay(true).expect("a socket");
        let mut reader = R::new(stream.try_clone().expect("a socket"));
        let mut samples = Vec::with_capacity(300);
        for number in 0..350_u32 {
            let mut message = [0; 64];
            message[..4].copy_from_slice(&number.to_le_bytes());
            let start = Instant::now();
            stream.write_all(&message).expect("the echo server listens");
            reader.wait();
            if number >= 50 {
                samples.push(nanos(start.elapsed()));
            }
        }
        stream.shutdown(Shutdown::Both).expect("a socket");
        samples
    });
    keep(meter, samples);
}

fn echo<H: Home>(env: &Env, meter: &mut Meter) {
    let address = env.echo;
    let samples = meter.usage(300, |_| {
        H::run(async move {
            let mut stream = H::Io::connect(address).await.expect("the echo server listens");
            let mut samples = Vec::with_capacity(300);
            for number in 0..350_u32 {
                let mut message = [0; 64];
                message[..4].copy_from_slice(&number.to_le_bytes());
                let start = Instant::now();
                H::Io::exchange(&mut stream, &mut message).await.expect("the echo server answers");
                if number >= 50 {
                    samples.push(nanos(start.elapsed()));
                }
            }
            samples
        })
    });
    keep(meter, samples);
}

const TASKS: u32 = 100;
const YIELDS: u32 = 200;

fn switch<H: Home>(env: &Env, meter: &mut Meter) {
    let count = env.count(30);
    let samples = H::run(async move {
        let mut samples = Vec::new();
        for _ in 0..count {
            let left = Rc::new(Cell::new(TASKS));
            let main = Rc::new(RefCell::new(None));
            let start = Instant::now();
            for _ in 0..TASKS {
                let (left, main) = (left.clone(), main.clone());
                H::spawn(async move {
                    for _ in 0..YIELDS {
                        yield_now().await;
                    }
                    left.set(left.get() - 1);
                    if left.get() == 0 {
                        main.take().into_iter().for_each(std::task::Waker::wake);
                    }
                });
            }
            poll_fn(|cx| {
                *main.borrow_mut() = Some(cx.waker().clone());
                if left.get() == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            samples.push(nanos(start.elapsed()) / f64::from(TASKS * YIELDS));
        }
        samples
    });
    keep(meter, samples);
}

/// Keeps the processor for `duration`.
fn spin(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {}
}

fn busy<U: Under>(env: &Env, meter: &mut Meter) {
    let polls = env.count(1500);
    let mut samples = Vec::new();
    let main = async move {
        for _ in 0..polls {
            spin(Duration::from_micros(50));
            yield_now().await;
        }
    };
    in_queue(U::guest(), main, |tick| {
        let start = Instant::now();
        tick();
        samples.push(nanos(start.elapsed()));
    });
    keep(meter, samples);
}

fn tick<U: Under>(_: &Env, meter: &mut Meter) {
    let budget = pontoon::guest::Budget::default().polls(1);
    let ops = 20_000_u32;
    let main = async move {
        let start = Instant::now();
        for _ in 0..ops {
            yield_now().await;
        }
        nanos(start.elapsed()) / f64::from(ops)
    };
    let sample = in_queue(U::guest().budget(budget), main, |tick| tick());
    meter.sample(sample);
}

fn wake<U: Under>(_: &Env, meter: &mut Meter) {
    let tasks = 10_000_u32;
    let sample = Rc::new(Cell::new(None));
    let woken = Rc::new(Cell::new(false));
    let wakers = Rc::new(RefCell::new(Vec::new()));
    let main = {
        let (wakers, woken) = (wakers.clone(), woken.clone());
        async move {
            let scope = pontoon::guest::GuestScope::current().expect("inside a guest");
            for _ in 0..=tasks {
                let (wakers, woken) = (wakers.clone(), woken.clone());
                let wait = poll_fn(move |cx| {
                    wakers.borrow_mut().push(cx.waker().clone());
                    if woken.get() { Poll::Ready(()) } else { Poll::Pending }
                });
                scope.spawn_local(wait).detach();
            }
            scope.stopped().await;
        }
    };
    let host = thread::current();
    let (queue, ticks) = pontoon::guest::queue(move || host.unpark());
    let run = U::guest().start(queue, main, |_| {}).expect("a guest starts");
    let remote = run.remote();
    while !run.is_finished() {
        if ticks.run() > 0 {
            continue;
        }
        if !woken.get() && wakers.borrow().len() > tasks as usize {
            woken.set(true);
            let mut wakers = wakers.take().into_iter();
            // The first one asks the host for a tick.
            wakers.next().into_iter().for_each(std::task::Waker::wake);
            let start = Instant::now();
            wakers.for_each(std::task::Waker::wake);
            sample.set(Some(nanos(start.elapsed()) / f64::from(tasks)));
            remote.request_stop();
        } else {
            thread::park();
        }
    }
    meter.sample(sample.get().expect("the wakers were called"));
}

const PERIOD: Duration = Duration::from_millis(2);

/// A host that has a timer of 2 ms: how far apart its ticks are while a guest never rests.
fn timers() -> Vec<Entry> {
    fn entry<U: Under>(name: &'static str, round: fn(&Env, &mut Meter)) -> Entry {
        Entry { who: Who { name, backend: U::BACKEND, role: Role::Ours }, round }
    }
    vec![
        entry::<OnSmol>("guest smol in a queue", timer_of_queue::<OnSmol>),
        entry::<OnAsyncStd>("guest async-std in a queue", timer_of_queue::<OnAsyncStd>),
        entry::<OnTokio>("guest tokio in a queue", timer_of_queue::<OnTokio>),
        entry::<OnSmol>("guest smol as a future in tokio", timer_of_tokio::<OnSmol>),
        entry::<OnTokio>("guest tokio as a future in tokio", timer_of_tokio::<OnTokio>),
        entry::<OnSmol>("guest smol as a future in smol", timer_of_smol::<OnSmol>),
        entry::<OnTokio>("guest tokio as a future in smol", timer_of_smol::<OnTokio>),
    ]
}

/// Ten tasks that never rest, for as long as `ticks` of the timer take.
async fn restless(done: Rc<Cell<bool>>) {
    let scope = pontoon::guest::GuestScope::current().expect("inside a guest");
    for _ in 0..10 {
        let done = done.clone();
        scope
            .spawn_local(async move {
                while !done.get() {
                    spin(Duration::from_micros(5));
                    yield_now().await;
                }
            })
            .detach();
    }
    while !done.get() {
        yield_now().await;
    }
}

fn timer_of_queue<U: Under>(env: &Env, meter: &mut Meter) {
    let (sender, events) = std::sync::mpsc::channel();
    let done = Rc::new(Cell::new(false));
    let run =
        U::guest().start(move |tick| drop(sender.send(tick)), restless(done.clone()), |_| {}).expect("a guest starts");
    let (mut due, mut last, mut left) = (Instant::now() + PERIOD, Instant::now(), env.count(100));
    while !run.is_finished() {
        if let Ok(tick) = events.recv_timeout(due.saturating_duration_since(Instant::now())) {
            tick.run();
        }
        let now = Instant::now();
        if now >= due && left > 0 {
            meter.sample(nanos(now - last));
            (last, due) = (now, now + PERIOD);
            left -= 1;
            done.set(left == 0);
        }
    }
}

async fn timer<I: Io>(ticks: u32, done: Rc<Cell<bool>>) -> Vec<f64> {
    let mut samples = Vec::new();
    let mut last = Instant::now();
    for _ in 0..ticks {
        I::sleep_until(last + PERIOD).await;
        samples.push(nanos(last.elapsed()));
        last = Instant::now();
    }
    done.set(true);
    samples
}

fn timer_of_tokio<U: Under>(env: &Env, meter: &mut Meter) {
    let done = Rc::new(Cell::new(false));
    let guest = U::guest().into_future(restless(done.clone())).expect("a guest starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let count = env.count(100);
    let set = tokio::task::LocalSet::new();
    let samples = set.block_on(&runtime, async {
        let timer = tokio::task::spawn_local(timer::<crate::io::Tokio>(count, done));
        guest.await.expect("main has an output");
        timer.await.expect("the timer ends")
    });
    keep(meter, samples);
}

fn timer_of_smol<U: Under>(env: &Env, meter: &mut Meter) {
    let done = Rc::new(Cell::new(false));
    let guest = U::guest().into_future(restless(done.clone())).expect("a guest starts");
    let local = LocalExecutor::new();
    let timer = local.spawn(timer::<crate::io::Smol>(env.count(100), done));
    let (samples, ended) = async_io::block_on(local.run(future::zip(timer, guest)));
    ended.expect("main has an output");
    keep(meter, samples);
}

//! What a runner leaves behind: no thread, no file descriptor, no task, no memory. One process, one thing at a time.

use libtest_mimic::{Arguments, Conclusion, Trial};
use pontoon::{
    AsyncContext, Outcome, Runner, Smol, Task, Tokio,
    guest::{Guest, GuestScope, queue},
};
use pontoon_tests::{
    contexts::{FLAVOURS, Flavour},
    operations::echo_server,
    process,
    trial::{DEADLINE, Steps, within},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    env, io,
    process::{Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How many lives of a runner are counted.
const CYCLES: usize = 1_000;
/// How many go before, so that what is global has grown to its size: async-io's thread, the blocking pools.
const WARM_UP: usize = 50;
const CHILD: &str = "PONTOON_TEST_CHILD";
/// How many bytes more a life may leave on the heap, on average: what is global grows now and then.
const BYTES: usize = 16;
/// How many bytes more of the process may be in memory after a life: what the allocator keeps comes in pieces.
const RESIDENT: usize = 4096;

/// The system's allocator, and how many bytes it has given out.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator has no safe form; this one passes everything on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn main() -> ExitCode {
    if let Ok(flavour) = env::var(CHILD) {
        return leave(&flavour);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    let mut add = |name: String, test: fn(&Flavour, &Steps), flavour: &'static Flavour| {
        let title = name.clone();
        trials.push(Trial::test(name, move || Ok(within(&title, move |steps| test(flavour, steps))?)));
    };
    for flavour in FLAVOURS {
        add(format!("{}::start_use_close", flavour.name), start_use_close, flavour);
        add(format!("{}::start_use_drop", flavour.name), start_use_drop, flavour);
        add(format!("{}::failed_enters", flavour.name), failed_enters, flavour);
        add(format!("{}::exit_without_close", flavour.name), exit_without_close, flavour);
        if !flavour.inline {
            add(format!("{}::three_hundred_guests", flavour.name), three_hundred_guests, flavour);
        }
    }
    for shared in ["smol", "tokio"] {
        let flavour = FLAVOURS.iter().find(|flavour| flavour.name == shared).expect("a flavour of that name");
        add(format!("{shared}::three_hundred_clients"), three_hundred_clients, flavour);
        add(format!("{shared}::three_hundred_facades"), three_hundred_facades, flavour);
    }
    let conclusion: Conclusion = libtest_mimic::run(&arguments, trials);
    conclusion.exit_code()
}

/// What a process holds.
#[derive(Debug)]
struct Holdings {
    threads: Vec<String>,
    descriptors: usize,
    heap: usize,
    resident: usize,
}

impl Holdings {
    fn now() -> Self {
        let mut threads = process::threads();
        threads.sort();
        let (descriptors, resident) = (process::descriptors(), process::resident());
        Self { threads, descriptors, heap: LIVE.load(Ordering::Relaxed), resident }
    }

    /// The memory did not grow with so many lives.
    #[track_caller]
    fn assert_no_growth(&self, lives: usize) {
        let now = Self::now();
        let (heap, resident) = (now.heap.saturating_sub(self.heap), now.resident.saturating_sub(self.resident));
        println!("{lives} lives: {heap} bytes more on the heap, {resident} more resident");
        assert!(heap <= lives * BYTES, "{heap} bytes of the heap are left of {lives} lives");
        assert!(resident <= lives * RESIDENT, "{resident} more bytes are resident after {lives} lives");
    }

    /// Waits until the process holds no more than this. A joined thread is listed for a moment after it was joined.
    #[track_caller]
    fn assert_kept(&self) {
        let start = Instant::now();
        loop {
            let now = Self::now();
            if now.threads.len() <= self.threads.len() && now.descriptors <= self.descriptors {
                return;
            }
            assert!(start.elapsed() < DEADLINE / 3, "before: {self:?}\nafter: {now:?}");
            thread::yield_now();
        }
    }
}

/// Uses everything that may start something.
fn use_it(runner: &Runner) {
    runner.run(runner.sleep(Duration::from_micros(10)));
    assert_eq!(runner.spawn(async { 1 }).join().unwrap(), 1);
    assert_eq!(runner.spawn_local(|| async { 2 }).join().unwrap(), 2);
    runner.spawn(std::future::pending::<()>()).detach();
}

fn life(flavour: &Flavour, end: impl Fn(Runner)) {
    let runner = flavour.runner();
    use_it(&runner);
    assert_eq!(runner.stats().tasks, 1, "the detached one");
    end(runner);
}

fn lives(flavour: &Flavour, steps: &Steps, end: fn(Runner)) {
    for cycle in 0..WARM_UP {
        steps.at(format!("warming up: {cycle}"));
        life(flavour, end);
    }
    let before = Holdings::now();
    for cycle in 0..CYCLES {
        steps.at(format!("life {cycle}"));
        life(flavour, end);
    }
    steps.at("counting what is left");
    before.assert_kept();
    before.assert_no_growth(CYCLES);
}

fn start_use_close(flavour: &Flavour, steps: &Steps) {
    lives(flavour, steps, |runner| {
        runner.close().unwrap();
        assert_eq!(runner.stats().tasks, 0);
        assert_eq!(runner.stats().callers, 0);
    });
}

fn start_use_drop(flavour: &Flavour, steps: &Steps) {
    lives(flavour, steps, drop);
}

/// A context that opens a descriptor and then fails to enter.
struct Failing {
    dropped: Arc<AtomicUsize>,
    number: usize,
}

impl Drop for Failing {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl AsyncContext for Failing {
    type Value = ();
    type Error = io::Error;

    async fn enter(&mut self) -> io::Result<()> {
        let _socket = std::net::TcpStream::connect(echo_server())?;
        futures_lite::future::yield_now().await;
        assert!(self.number % 3 != 0, "every third one panics");
        Err(io::Error::other("no"))
    }

    async fn exit(self, (): (), _: Outcome<'_>) -> io::Result<()> {
        unreachable!("it was never entered")
    }
}

fn failed_enters(flavour: &Flavour, steps: &Steps) {
    let runner = flavour.runner();
    use_it(&runner);
    let dropped = Arc::new(AtomicUsize::new(0));
    let enter = |number, kept| {
        let context = Failing { dropped: dropped.clone(), number };
        let entered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if kept { runner.enter_context(context) } else { runner.wrap_context(context).map(drop) }
        }));
        assert!(!matches!(entered, Ok(Ok(()))));
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    for number in 0..6 {
        enter(number, number % 2 == 0);
    }
    let (before, tasks) = (Holdings::now(), runner.stats().tasks);
    for number in 0..100 {
        steps.at(format!("enter {number}"));
        enter(number, number % 2 == 0);
    }
    std::panic::set_hook(hook);
    assert_eq!(dropped.load(Ordering::SeqCst), 106);
    assert_eq!(runner.stats().tasks, tasks);
    // The server's side of a connection ends a moment later.
    before.assert_kept();
    runner.close().unwrap();
}

/// A client that keeps a handle of the shared runner, and a task there.
struct Client {
    runner: Runner,
    pings: async_channel::Sender<async_channel::Sender<u32>>,
}

impl Client {
    fn new(runner: &Runner, number: u32) -> Self {
        let (pings, pinged) = async_channel::bounded::<async_channel::Sender<u32>>(1);
        let connection = async move {
            while let Ok(pong) = pinged.recv().await {
                let _ = pong.send(number).await;
            }
        };
        runner.spawn(connection).detach();
        Self { runner: runner.clone(), pings }
    }

    fn ping(&self) -> u32 {
        self.runner.run(async {
            let (pong, answer) = async_channel::bounded(1);
            self.pings.send(pong).await.unwrap();
            answer.recv().await.unwrap()
        })
    }
}

fn three_hundred_clients(flavour: &Flavour, steps: &Steps) {
    let shared = if flavour.name == "smol" { Smol::shared() } else { Tokio::shared() };
    steps.at("warming up");
    use_it(shared);
    assert_eq!(Client::new(shared, 0).ping(), 0);
    let tasks = shared.stats().tasks;
    let before = Holdings::now();
    let clients: Vec<_> = (0..300).map(|number| Client::new(shared, number)).collect();
    steps.at("from this thread");
    for (number, client) in (0..).zip(&clients) {
        assert_eq!(client.ping(), number);
    }
    // The clients, and nobody else, are what there is more of.
    before.assert_kept();
    steps.at("from thirty threads");
    thread::scope(|scope| {
        for clients in clients.chunks(10) {
            scope.spawn(move || {
                for _ in 0..10 {
                    for client in clients {
                        client.ping();
                    }
                }
            });
        }
    });
    assert!(shared.stats().tasks >= tasks + 299);
    drop(clients);
    steps.at("the connections end");
    while shared.stats().tasks > tasks {
        shared.run(shared.sleep(Duration::from_millis(1)));
    }
    before.assert_kept();
}

/// One guest after the other, on one thread: it ends by itself, is cancelled, is dropped, or loses its host.
fn three_hundred_guests(flavour: &Flavour, steps: &Steps) {
    for number in 0..WARM_UP {
        steps.at(format!("warming up: {number}"));
        guest(flavour, number);
    }
    let before = Holdings::now();
    for number in 0..300 {
        steps.at(format!("guest {number}"));
        guest(flavour, number);
    }
    steps.at("counting what is left");
    before.assert_kept();
}

fn guest(flavour: &Flavour, number: usize) {
    let executor = flavour.executor();
    let runtime = executor.clone();
    let here = thread::current();
    let (host, ticks) = queue(move || here.unpark());
    let main = async move {
        let scope = GuestScope::current().unwrap();
        executor.sleep(Duration::from_micros(10)).await;
        scope.spawn_local(executor.sleep(Duration::from_secs(3600))).detach();
        scope.remote().spawn(std::future::pending::<()>()).detach();
        if number % 4 > 0 {
            std::future::pending::<()>().await;
        }
    };
    let run = Guest::new(runtime).on_abandoned(|_| {}).start(host, main, |_| ()).unwrap();
    let scope = run.scope();
    let turn = || {
        if ticks.run() == 0 {
            thread::park();
        }
    };
    while scope.stats().tasks < 3 && !run.is_finished() {
        turn();
    }
    match number % 4 {
        0 => {}
        1 => drop(scope.cancel()),
        2 => return drop(run),
        _ => {
            scope.spawn_local(async {}).detach();
            return drop(ticks);
        }
    }
    while !run.is_finished() {
        turn();
    }
    assert_eq!(scope.stats().tasks, 0);
}

/// A client with a connection task, and its facades.
struct Connection {
    pings: async_channel::Sender<async_channel::Sender<u32>>,
    _task: Task<()>,
}

impl Connection {
    /// Connects on the runner that makes the call.
    async fn connect(number: u32) -> Self {
        let (pings, pinged) = async_channel::bounded::<async_channel::Sender<u32>>(1);
        let connection = async move {
            while let Ok(pong) = pinged.recv().await {
                let _ = pong.send(number).await;
            }
        };
        let runner = Runner::current().expect("it is called through a runner");
        Self { pings, _task: runner.spawn(connection) }
    }

    /// Asks for its number.
    async fn ping(&self) -> u32 {
        let (pong, answer) = async_channel::bounded(1);
        self.pings.send(pong).await.unwrap();
        answer.recv().await.unwrap()
    }
}

pontoon::facade! {
    struct SmolConnection(Connection) in Smol;

    async fn connect(number: u32) -> Self;

    async fn ping(&self) -> u32;

    struct TokioConnection(Connection) in Tokio;

    async fn connect(number: u32) -> Self;

    async fn ping(&self) -> u32;
}

fn three_hundred_facades(flavour: &Flavour, steps: &Steps) {
    if flavour.name == "smol" {
        let ping = |client: &SmolConnection| client.ping();
        facades(Smol::shared(), steps, SmolConnection::connect, ping);
    } else {
        let ping = |client: &TokioConnection| client.ping();
        facades(Tokio::shared(), steps, TokioConnection::connect, ping);
    }
}

/// Three hundred facades add no thread and no descriptor to what one has.
fn facades<F: Sync>(shared: &Runner, steps: &Steps, connect: fn(u32) -> F, ping: fn(&F) -> u32) {
    steps.at("the first one");
    use_it(shared);
    let first = connect(0);
    assert_eq!(ping(&first), 0);
    let tasks = shared.stats().tasks;
    let before = Holdings::now();
    steps.at("three hundred of them");
    let clients: Vec<_> = (1..=300).map(connect).collect();
    for (number, client) in (1..).zip(&clients) {
        assert_eq!(ping(client), number);
    }
    assert_eq!(shared.stats().tasks, tasks + 300);
    before.assert_kept();
    steps.at("from ten threads");
    thread::scope(|scope| {
        for clients in clients.chunks(30) {
            scope.spawn(move || clients.iter().for_each(|client| assert!(ping(client) > 0)));
        }
    });
    steps.at("dropping them");
    drop(clients);
    while shared.stats().tasks > tasks {
        shared.run(shared.sleep(Duration::from_millis(1)));
    }
    before.assert_kept();
}

/// In a child process: uses a runner, leaves work behind, and ends without closing it.
fn leave(flavour: &str) -> ExitCode {
    let flavour = FLAVOURS.iter().find(|known| known.name == flavour).expect("a flavour of that name");
    let runner = Box::leak(Box::new(flavour.runner()));
    use_it(runner);
    runner.spawn(runner.sleep(Duration::from_secs(3600))).detach();
    runner.unblock_iter(std::iter::repeat(1));
    println!("used");
    ExitCode::from(7)
}

fn exit_without_close(flavour: &Flavour, steps: &Steps) {
    steps.at("waiting for the child");
    let start = Instant::now();
    let child =
        Command::new(env::current_exe().unwrap()).env(CHILD, flavour.name).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert_eq!(child.status.code(), Some(7), "{out}{err}");
    assert_eq!(out, "used\n");
    assert_eq!(err, "", "silent");
    // Generous: starting a process on a busy machine takes long. A wait for the work left behind takes for ever.
    assert!(start.elapsed() < DEADLINE / 3, "took {:?}", start.elapsed());
}

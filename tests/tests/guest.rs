//! Guest mode with the runtimes' own I/O, timers, channels and executors: each as a guest, and each as a host.

use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future};
use pontoon::{
    AsyncStd, Executor, Runner, Smol, Tokio,
    guest::{Budget, Guest, GuestScope, queue},
};
use pontoon_tests::{
    operations::echo_server,
    trial::{Steps, within},
};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};
use tokio::runtime::{self, Runtime};

type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// A runtime as a guest.
struct Engine {
    name: &'static str,
    executor: fn() -> Arc<dyn Executor>,
    /// Sends what it is given to an echo server, as often as that, over a socket of the runtime's own.
    echo: fn(SocketAddr, u8, usize) -> Local<()>,
}

const ENGINES: &[Engine] = &[
    Engine { name: "smol", executor: || Arc::new(Smol::new()), echo: smol_echo },
    Engine { name: "async-std", executor: || Arc::new(AsyncStd::new()), echo: async_std_echo },
    Engine { name: "tokio current_thread", executor: || Arc::new(Tokio::new()), echo: tokio_echo },
    Engine { name: "tokio multi_thread", executor: || Arc::new(Tokio::multi_thread(2)), echo: tokio_echo },
    Engine { name: "tokio adopted", executor: adopted, echo: tokio_echo },
];

fn adopted() -> Arc<dyn Executor> {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(multi_thread);
    Arc::new(Tokio::from_handle(RUNTIME.handle().clone()))
}

fn multi_thread() -> Runtime {
    runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn current_thread() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn smol_echo(address: SocketAddr, byte: u8, times: usize) -> Local<()> {
    Box::pin(async move {
        let mut stream = async_io::Async::<std::net::TcpStream>::connect(address).await.unwrap();
        for _ in 0..times {
            let mut answer = [0];
            stream.write_all(&[byte]).await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [byte]);
        }
    })
}

fn async_std_echo(address: SocketAddr, byte: u8, times: usize) -> Local<()> {
    Box::pin(async move {
        let mut stream = async_std::net::TcpStream::connect(address).await.unwrap();
        for _ in 0..times {
            let mut answer = [0];
            stream.write_all(&[byte]).await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [byte]);
        }
    })
}

fn tokio_echo(address: SocketAddr, byte: u8, times: usize) -> Local<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    Box::pin(async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        for _ in 0..times {
            let mut answer = [0];
            stream.write_all(&[byte]).await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [byte]);
        }
    })
}

/// Runs `main` as a guest of a queue on this thread, whatever that is in the middle of.
fn play<T: 'static>(guest: Guest, main: impl Future<Output = T> + 'static) -> T {
    let here = thread::current();
    let (host, ticks) = queue(move || here.unpark());
    let result = Rc::new(RefCell::new(None));
    let slot = result.clone();
    let run = guest.start(host, main, move |result| *slot.borrow_mut() = Some(result)).unwrap();
    while !run.is_finished() {
        if ticks.run() == 0 {
            thread::park();
        }
    }
    result.take().expect("`done` has been called").unwrap()
}

/// Calls `test` with each engine, under a deadline.
fn on_every_engine(title: &str, test: fn(&'static Engine, &Steps)) {
    for engine in ENGINES {
        within(&format!("{title} on {}", engine.name), move |steps| test(engine, steps)).unwrap();
    }
}

#[test]
fn sockets() {
    on_every_engine("sockets", |engine, _| {
        let address = echo_server();
        play(Guest::new((engine.executor)()), async move {
            let scope = GuestScope::current().unwrap();
            (engine.echo)(address, 1, 20).await;
            let shared = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (0..4)
                .map(|n| {
                    let (shared, echo) = (shared.clone(), (engine.echo)(address, n, 100));
                    scope.spawn_local(async move {
                        echo.await;
                        shared.set(shared.get() + 1);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(shared.get(), 4);
        });
    });
}

/// A guest takes thousands of messages that are ready, on channels that have a budget.
async fn takes_messages() {
    const MESSAGES: usize = 10_000;
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..MESSAGES {
        send.send(n).unwrap();
    }
    for n in 0..MESSAGES {
        assert_eq!(receive.recv().await, Some(n));
    }
    // Pending operations count, too.
    let (send, mut receive) = tokio::sync::mpsc::channel(1);
    let sender = GuestScope::current().unwrap().spawn_local(async move {
        for n in 0..1_000 {
            send.send(n).await.unwrap();
        }
    });
    let mut count = 0;
    while receive.recv().await.is_some() {
        count += 1;
    }
    sender.await.unwrap();
    assert_eq!(count, 1_000);
}

/// Guests whose host loop runs inside a task of tokio's: nobody refills that task's budget meanwhile.
#[test]
fn trap_2_budgets_inside_tokio() {
    on_every_engine("budgets", |engine, steps| {
        let guest = || Guest::new((engine.executor)());
        steps.at("a plain thread");
        play(guest(), takes_messages());
        for runtime in [current_thread(), multi_thread()] {
            steps.at("a loop in a main future");
            runtime.block_on(async { play(guest(), takes_messages()) });
            steps.at("a main future");
            runtime.block_on(guest().into_future(takes_messages()).unwrap()).unwrap();
            let set = tokio::task::LocalSet::new();
            let future = guest().into_future(takes_messages()).unwrap();
            set.block_on(&runtime, async {
                steps.at("a local task");
                tokio::task::spawn_local(future).await.unwrap().unwrap();
                steps.at("a loop in a local task");
                play(guest(), takes_messages());
            });
        }
    });
}

/// Calls inside a guest that inherit its task's budget.
#[test]
fn trap_2_budgets_of_calls_inside_a_guest() {
    async fn calls(runner: Runner) {
        for _ in 0..3 {
            let ready = tokio::sync::Semaphore::new(1_000_000);
            for _ in 0..1_000 {
                runner.run(async { drop(ready.acquire().await.unwrap()) });
            }
            runner.run(async {
                for _ in 0..1_000 {
                    drop(ready.acquire().await.unwrap());
                }
            });
            future::yield_now().await;
        }
    }
    on_every_engine("budgets of calls", |engine, _| {
        for other in ENGINES {
            let guest = || Guest::new((engine.executor)());
            let runner = Runner::new((other.executor)());
            play(guest(), calls(runner.clone()));
            current_thread().block_on(async { play(guest(), calls(runner.clone())) });
            future::block_on(guest().into_future(calls(runner)).unwrap()).unwrap();
        }
    });
}

/// What libraries start with tokio's own `spawn_local` and `spawn` runs beside the guest's tasks.
#[test]
fn tokios_own_tasks_inside_a_guest() {
    for engine in ENGINES.iter().filter(|engine| engine.name.starts_with("tokio")) {
        within(engine.name, move |_| {
            let dropped = play(Guest::new((engine.executor)()), async {
                let home = thread::current().id();
                let shared = Rc::new(Cell::new(0));
                let theirs = shared.clone();
                let local = tokio::task::spawn_local(async move {
                    for _ in 0..10 {
                        assert_eq!(thread::current().id(), home);
                        tokio::task::yield_now().await;
                        theirs.set(theirs.get() + 1);
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    tokio::task::spawn_local(async { 1 }).await.unwrap()
                });
                let moved = tokio::spawn(async {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    tokio::task::spawn_blocking(|| 2).await.unwrap()
                });
                let own = GuestScope::current().unwrap().spawn_local(async {
                    tokio::task::yield_now().await;
                    tokio::task::spawn_local(async { 3 }).await.unwrap()
                });
                let sum = local.await.unwrap() + moved.await.unwrap() + own.await.unwrap();
                assert_eq!((sum, shared.get()), (6, 10));
                // The end drops them, too.
                let left = shared.clone();
                tokio::task::spawn_local(async move {
                    future::pending::<()>().await;
                    drop(left);
                });
                tokio::task::yield_now().await;
                shared
            });
            assert_eq!(Rc::strong_count(&dropped), 1);
        })
        .unwrap();
    }
}

/// An executor as a host: runs the guest's future, and `beside` it as another task.
struct Executors {
    name: &'static str,
    run: fn(Local<()>, Local<()>),
}

const HOSTS: &[Executors] = &[
    Executors { name: "smol's LocalExecutor", run: smol_host },
    Executors { name: "async-std", run: |guest, beside| async_std::task::block_on(both(guest, beside)) },
    Executors { name: "tokio's block_on", run: |guest, beside| current_thread().block_on(both(guest, beside)) },
    Executors { name: "tokio's LocalSet", run: |guest, beside| local_set(&current_thread(), guest, beside) },
    Executors { name: "tokio's LocalSet on workers", run: |guest, beside| local_set(&multi_thread(), guest, beside) },
    Executors { name: "a runner", run: |guest, beside| Runner::new(Smol::new()).run(both(guest, beside)) },
    Executors { name: "a runner on tokio", run: |guest, beside| Runner::new(Tokio::new()).run(both(guest, beside)) },
    Executors { name: "a guest", run: |guest, beside| play(Guest::new(Smol::new()), both(guest, beside)) },
    Executors { name: "a guest on tokio", run: |guest, beside| play(Guest::new(Tokio::new()), both(guest, beside)) },
];

async fn both(guest: Local<()>, beside: Local<()>) {
    future::zip(guest, beside).await;
}

fn smol_host(guest: Local<()>, beside: Local<()>) {
    let executor = smol::LocalExecutor::new();
    let (one, two) = (executor.spawn(guest), executor.spawn(beside));
    smol::block_on(executor.run(future::zip(one, two)));
}

fn local_set(runtime: &Runtime, guest: Local<()>, beside: Local<()>) {
    let set = tokio::task::LocalSet::new();
    let (one, two) = (set.spawn_local(guest), set.spawn_local(beside));
    set.block_on(runtime, async {
        one.await.unwrap();
        two.await.unwrap();
    });
}

/// Every executor hosts every engine: the guest is busy until a timer of the host's has fired, and does I/O afterwards.
#[test]
fn trap_5_every_executor_hosts_every_engine() {
    let address = echo_server();
    for host in HOSTS {
        for engine in ENGINES {
            let title = format!("{} in {}", engine.name, host.name);
            within(&title, move |_| {
                let fired = Rc::new(Cell::new(false));
                let seen = fired.clone();
                let main = async move {
                    while !seen.get() {
                        future::yield_now().await;
                    }
                    (engine.echo)(address, 7, 20).await;
                };
                let guest = Guest::new((engine.executor)()).budget(Budget::default().polls(64));
                let guest = guest.into_future(main).unwrap();
                // The host's own timer, where it has one: a reactor that is never turned never fires it.
                let timer = async move {
                    match runtime::Handle::try_current() {
                        Ok(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                        Err(_) => drop(smol::Timer::after(Duration::from_millis(2)).await),
                    }
                    fired.set(true);
                };
                (host.run)(Box::pin(async { guest.await.unwrap() }), Box::pin(timer));
            })
            .unwrap();
        }
    }
}

/// A handle is awaited by another thread, in each runtime.
#[test]
fn handles_in_other_runtimes() {
    on_every_engine("handles", |engine, _| {
        let awaited: [fn(pontoon::guest::GuestTask<u32>) -> u32; 4] = [
            |task| smol::block_on(task).unwrap(),
            |task| async_std::task::block_on(task).unwrap(),
            |task| current_thread().block_on(task).unwrap(),
            |task| multi_thread().block_on(async { tokio::spawn(task).await.unwrap().unwrap() }),
        ];
        let (send, tasks) = mpsc::channel();
        let others: Vec<_> = awaited
            .into_iter()
            .map(|awaited| {
                let (task, wanted) = mpsc::channel();
                send.send(task).unwrap();
                thread::spawn(move || awaited(wanted.recv().unwrap()))
            })
            .collect();
        let left = Arc::new(AtomicUsize::new(others.len()));
        play(Guest::new((engine.executor)()), async move {
            let scope = GuestScope::current().unwrap();
            for (n, task) in (0..).zip(tasks.try_iter()) {
                let left = left.clone();
                let kept = Rc::new(());
                let body = async move {
                    future::yield_now().await;
                    left.fetch_sub(1, Ordering::SeqCst);
                    drop(kept);
                    n
                };
                task.send(scope.spawn_local(body)).unwrap();
            }
            future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if left.load(Ordering::SeqCst) == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        let values: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(values, [0, 1, 2, 3]);
    });
}

/// A hundred thousand times a thread answers a task that waits for it: no wake-up is lost.
#[test]
fn a_hundred_thousand_round_trips() {
    on_every_engine("round trips", |engine, _| {
        const TIMES: u32 = 100_000;
        let (ask, asked) = async_channel::bounded::<u32>(1);
        let (answer, answers) = async_channel::bounded(1);
        let echo = thread::spawn(move || {
            while let Ok(n) = asked.recv_blocking() {
                answer.send_blocking(n + 1).unwrap();
            }
        });
        let count = play(Guest::new((engine.executor)()), async move {
            let mut n = 0;
            while n < TIMES {
                ask.send(n).await.unwrap();
                n = answers.recv().await.unwrap();
            }
            n
        });
        echo.join().unwrap();
        assert_eq!(count, TIMES);
    });
}

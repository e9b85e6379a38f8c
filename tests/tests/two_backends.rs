//! Two facades on two backends in one binary, with all features on.

use async_std::net::TcpStream as AsyncStdStream;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, future};
use pontoon::{AsyncStd, BoxFuture, Runner, Smol, Tokio};
use pontoon_conformance::tools::{at_odds, hushed, panics, text_of};
use pontoon_tests::{operations::echo_server, process, trial::within};
use std::{
    io,
    net::SocketAddr,
    process::Command,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A client of async-io, and its facade on smol.
struct SmolClient(async_io::Async<std::net::TcpStream>);

impl SmolClient {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        Smol::shared().run(async { Ok(Self(async_io::Async::<std::net::TcpStream>::connect(address).await?)) })
    }

    fn ask(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        Smol::shared().run(async {
            let mut answer = vec![0; question.len()];
            self.0.write_all(question).await?;
            self.0.read_exact(&mut answer).await?;
            Ok(answer)
        })
    }
}

/// A client of async-std, and its facade.
struct AsyncStdClient(AsyncStdStream);

impl AsyncStdClient {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        AsyncStd::shared().run(async { Ok(Self(AsyncStdStream::connect(address).await?)) })
    }

    fn ask(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        AsyncStd::shared().run(async {
            let mut answer = vec![0; question.len()];
            self.0.write_all(question).await?;
            self.0.read_exact(&mut answer).await?;
            Ok(answer)
        })
    }
}

type Reply = tokio::sync::oneshot::Sender<io::Result<Vec<u8>>>;

/// A client of tokio with a connection task, as many are, and its facade.
struct TokioClient {
    questions: tokio::sync::mpsc::Sender<(Vec<u8>, Reply)>,
}

impl TokioClient {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        Tokio::shared().run(async {
            let mut stream = tokio::net::TcpStream::connect(address).await?;
            let (questions, mut asked) = tokio::sync::mpsc::channel::<(Vec<u8>, Reply)>(1);
            tokio::spawn(async move {
                while let Some((mut text, reply)) = asked.recv().await {
                    let answer = async {
                        stream.write_all(&text).await?;
                        stream.read_exact(&mut text).await?;
                        Ok(text)
                    };
                    let _ = reply.send(answer.await);
                }
            });
            Ok(Self { questions })
        })
    }

    fn ask(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        Tokio::shared().run(async {
            let (reply, answer) = tokio::sync::oneshot::channel();
            self.questions.send((question.to_vec(), reply)).await.map_err(io::Error::other)?;
            answer.await.map_err(io::Error::other)?
        })
    }
}

#[test]
fn both_work_from_several_threads() {
    within("both_work_from_several_threads", |steps| {
        let address = echo_server();
        steps.at("asking");
        thread::scope(|scope| {
            for number in 0..4_u8 {
                scope.spawn(move || {
                    let mut smol = SmolClient::connect(address).unwrap();
                    let mut tokio = TokioClient::connect(address).unwrap();
                    let mut async_std = AsyncStdClient::connect(address).unwrap();
                    for round in 0..100 {
                        let question = [number, round];
                        assert_eq!(smol.ask(&question).unwrap(), question);
                        assert_eq!(tokio.ask(&question).unwrap(), question);
                        assert_eq!(async_std.ask(&question).unwrap(), question);
                    }
                });
            }
        });
    })
    .unwrap();
}

#[test]
fn each_works_inside_the_other() {
    within("each_works_inside_the_other", |steps| {
        let address = echo_server();
        let mut smol = SmolClient::connect(address).unwrap();
        let mut tokio = TokioClient::connect(address).unwrap();
        let mut async_std = AsyncStdClient::connect(address).unwrap();
        for round in 0..100_u8 {
            steps.at(format!("round {round}: tokio inside smol"));
            let inner = Smol::shared().run(async {
                future::yield_now().await;
                tokio.ask(&[round])
            });
            assert_eq!(inner.unwrap(), [round]);
            steps.at(format!("round {round}: smol inside tokio"));
            let inner = Tokio::shared().run(async {
                tokio::task::yield_now().await;
                smol.ask(&[round])
            });
            assert_eq!(inner.unwrap(), [round]);
            steps.at(format!("round {round}: tokio inside async-std inside tokio"));
            let inner = Tokio::shared().run(async {
                AsyncStd::shared().run(async {
                    future::yield_now().await;
                    async_std.ask(&[round])?;
                    tokio.ask(&[round])
                })
            });
            assert_eq!(inner.unwrap(), [round]);
        }
        steps.at("tasks of one that call the other");
        let asking = Smol::shared().spawn(async move {
            for round in 0..100_u8 {
                assert_eq!(tokio.ask(&[round]).unwrap(), [round]);
                future::yield_now().await;
            }
        });
        let other = Tokio::shared().spawn(async move {
            for round in 0..100_u8 {
                assert_eq!(smol.ask(&[round]).unwrap(), [round]);
                tokio::task::yield_now().await;
            }
        });
        asking.join().unwrap();
        other.join().unwrap();
    })
    .unwrap();
}

/// What a library does that can use tokio and another runtime: it takes tokio where it finds it.
async fn found() -> Vec<bool> {
    let mut found = vec![tokio::runtime::Handle::try_current().is_ok()];
    future::yield_now().await;
    found.push(tokio::runtime::Handle::try_current().is_ok());
    found
}

#[test]
fn a_library_finds_the_runtime_of_its_runner() {
    within("a_library_finds_the_runtime_of_its_runner", |steps| {
        let calls = || {
            let others = [Smol::shared(), AsyncStd::shared()].map(|runner| runner.run_send(found()));
            (others, Tokio::shared().run_send(found()))
        };
        let expected = ([vec![false; 2], vec![false; 2]], vec![true; 2]);
        steps.at("a plain thread");
        assert_eq!(calls(), expected);
        steps.at("a task of a foreign current-thread runtime");
        let foreign = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(foreign.block_on(async { calls() }), expected);
        steps.at("a local set");
        assert_eq!(tokio::task::LocalSet::new().block_on(&foreign, async { calls() }), expected);
        steps.at("a worker of a foreign runtime, and its blocking pool");
        let foreign = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let asked = async { (tokio::spawn(async move { calls() }).await, tokio::task::spawn_blocking(calls).await) };
        let (worker, pool) = foreign.block_on(asked);
        assert_eq!((worker.unwrap(), pool.unwrap()), (expected.clone(), expected.clone()));
        steps.at("a call and a task of pontoon's own");
        assert_eq!(Tokio::shared().run(async { calls() }), expected);
        assert_eq!(Tokio::shared().spawn(async move { calls() }).join().unwrap(), expected);
        steps.at("a panic comes through");
        let panics = || Smol::shared().run_send(async { panic!("inside") });
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| foreign.block_on(async { panics() })));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"inside"));
    })
    .unwrap();
}

/// What it runs would use up the budget of the foreign task, and find its `yield_now` and `block_in_place`.
#[test]
fn a_caller_inside_a_foreign_runtime_runs_no_task() {
    within("a_caller_inside_a_foreign_runtime_runs_no_task", |steps| {
        let join_on = |runner: &Runner| {
            let here = thread::current().id();
            for _ in 0..100 {
                let task = runner.spawn(async { thread::current().id() });
                assert_ne!(task.join().unwrap(), here, "{}", runner.executor().name());
            }
        };
        let all = move || [Smol::shared(), AsyncStd::shared(), Tokio::shared()].map(join_on);
        steps.at("a task of a foreign current-thread runtime");
        let foreign = tokio::runtime::Builder::new_current_thread().build().unwrap();
        foreign.block_on(async { all() });
        steps.at("a local set");
        tokio::task::LocalSet::new().block_on(&foreign, async { all() });
        steps.at("a worker of a foreign runtime");
        let foreign = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        foreign.block_on(async move { tokio::spawn(async move { all() }).await.unwrap() });
    })
    .unwrap();
}

/// What a call waits for may be what it stands on, whether it waits in place, captive in a foreign runtime, or on a thread
/// of its own.
#[test]
fn a_call_knows_what_it_stands_on() {
    within("a_call_knows_what_it_stands_on", |steps| {
        let soon = Duration::from_millis(100);
        let tokio = Runner::builder(Tokio::new()).stuck_after(soon).build();
        let smol = Runner::builder(Smol::new()).stuck_after(soon).build();
        let inline = Runner::builder(Smol::new()).stuck_after(soon).without_thread().build();
        for (how, call) in [("run", refused as Call), ("run_send", refused_send)] {
            for (lower, upper, inside, place) in [
                (&tokio, &smol, in_place as Inside, "in place"),
                (&smol, &tokio, in_place, "in place"),
                (&smol, &tokio, in_foreign, "in a foreign runtime"),
                (&smol, &smol, in_foreign, "in a foreign runtime"),
                (&smol, &inline, in_foreign, "inline in a foreign runtime"),
            ] {
                let what = format!("{how} on {} over {}, {place}", upper.executor().name(), lower.executor().name());
                steps.at(format_args!("{what}, in a call"));
                lower.run(at_odds(0, |waits| inside(Box::new(|| call(upper, waits)))));
                steps.at(format_args!("{what}, in a task"));
                let upper = upper.clone();
                let stands = async move { at_odds(0, |waits| inside(Box::new(|| call(&upper, waits)))).await };
                lower.spawn(stands).join().unwrap();
            }
        }
        steps.at("long waits that stand on nothing that asks for a poll");
        tokio.run(async { smol.run_send(smol.sleep(2 * soon)) });
        for runner in [&tokio, &smol, &inline] {
            smol.run(async {
                in_foreign(Box::new(|| format!("{:?}", runner.try_run(runner.sleep(2 * soon)).unwrap())))
            });
        }
    })
    .unwrap();
}

/// A call that waits, and the text of its refusal.
type Call = fn(&Runner, BoxFuture<'static, u8>) -> String;

fn refused(runner: &Runner, waits: BoxFuture<'static, u8>) -> String {
    runner.try_run(waits).unwrap_err().to_string()
}

fn refused_send(runner: &Runner, waits: BoxFuture<'static, u8>) -> String {
    panics(|| runner.run_send(waits))
}

/// What is around a call.
type Inside = fn(Box<dyn FnOnce() -> String + '_>) -> String;

fn in_place(call: Box<dyn FnOnce() -> String + '_>) -> String {
    call()
}

fn in_foreign(call: Box<dyn FnOnce() -> String + '_>) -> String {
    let foreign = tokio::runtime::Builder::new_current_thread().build().unwrap();
    foreign.block_on(async { call() })
}

/// P21: each such call is one more level, whichever thread it is on.
#[test]
fn calls_on_threads_of_their_own_are_nested() {
    fn dig(runner: &Runner, levels: &AtomicUsize) -> String {
        levels.fetch_add(1, Ordering::SeqCst);
        in_foreign(Box::new(|| {
            let called = hushed(|| runner.run_send(async { dig(runner, levels) }));
            called.unwrap_or_else(|refused| text_of(&*refused))
        }))
    }
    within("calls_on_threads_of_their_own_are_nested", |_| {
        let (runner, levels) = (Runner::builder(Smol::new()).max_depth(10).build(), AtomicUsize::new(0));
        let refused = dig(&runner, &levels);
        assert!(refused.contains("10"), "{refused}");
        assert_eq!(levels.into_inner(), 11, "ten calls, and the one that was refused");
    })
    .unwrap();
}

#[test]
fn the_default_is_tokio_and_chosen_once() {
    within("the_default_is_tokio_and_chosen_once", |_| {
        let name = |runner: &Runner| runner.executor().name();
        assert_eq!(name(pontoon::global()), name(Tokio::shared()));
        assert_eq!(name(&pontoon::runner()), name(Tokio::shared()));
        let home = |runner: &Runner| runner.enter(|| tokio::runtime::Handle::current().id());
        assert_eq!(home(pontoon::global()), home(Tokio::shared()), "the global runner is the shared one");
        assert_ne!(home(&pontoon::runner()), home(Tokio::shared()), "a new runner is a new one");
        // In use already, so a choice comes too late; it is given back, and again.
        let late = pontoon::set_global(Runner::new(Smol::new())).unwrap_err();
        assert_eq!(late.executor().name(), "smol");
        let again = pontoon::set_global(late).unwrap_err();
        assert_eq!(again.run(async { 1 }), 1);
        assert_eq!(name(pontoon::global()), name(Tokio::shared()));
        assert_eq!(pontoon::run(async { 2 }), 2);
    })
    .unwrap();
}

/// The first use of each shared runner comes from sixteen threads at once, in a process where nobody else uses them.
#[test]
fn one_loop_whoever_comes_first() {
    const CHILD: &str = "PONTOON_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return first_uses();
    }
    for _ in 0..10 {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_loop_whoever_comes_first", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }
}

fn first_uses() {
    let backends: [(_, fn() -> &'static Runner); 3] =
        [("pontoon-smol", Smol::shared), ("pontoon-async-s", AsyncStd::shared), ("pontoon-tokio", Tokio::shared)];
    for (name, shared) in backends {
        within(&format!("first uses of {name}"), move |steps| {
            let barrier = Arc::new(Barrier::new(16));
            steps.at("the first calls");
            let start = |number| {
                let barrier = barrier.clone();
                thread::spawn(move || {
                    barrier.wait();
                    let runner = shared();
                    runner.run(runner.sleep(Duration::from_millis(1)));
                    runner.run(runner.spawn(async move { number })).unwrap()
                })
            };
            let threads: Vec<_> = (0..16).map(start).collect();
            for (number, thread) in threads.into_iter().enumerate() {
                assert_eq!(thread.join().unwrap(), number);
            }
            steps.at("counting the loops");
            // A thread that was just started still has the name of the one that started it.
            while process::threads().iter().filter(|thread| thread.as_str() == name).count() != 1 {
                thread::yield_now();
            }
        })
        .unwrap();
    }
}

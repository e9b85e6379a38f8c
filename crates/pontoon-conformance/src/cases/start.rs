//! The first use.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use pontoon_core::{BoxFuture, Executor, Job, Place, RunError, WouldBlock};

use crate::Subject;
use crate::tools::{Witness, at_once, host_thread, yields};

/// An executor of the subject's that counts its starts and fails the first few.
struct Starting {
    executor: Arc<dyn Executor>,
    starts: Arc<AtomicUsize>,
    touches: Arc<AtomicUsize>,
    failures: usize,
}

impl Starting {
    fn new(s: &Subject, failures: usize) -> Starting {
        Starting { executor: s.executor(), starts: Arc::default(), touches: Arc::default(), failures }
    }
}

impl Executor for Starting {
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        self.touches.fetch_add(1, SeqCst);
        self.executor.block_on(future);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.touches.fetch_add(1, SeqCst);
        self.executor.sleep(duration)
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        self.touches.fetch_add(1, SeqCst);
        self.executor.spawn_blocking(job)
    }

    fn start(&self) -> io::Result<()> {
        if self.starts.fetch_add(1, SeqCst) < self.failures {
            return Err(io::Error::other("no runtime today"));
        }
        self.executor.start()
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.touches.fetch_add(1, SeqCst);
        self.executor.spawn(future)
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        self.touches.fetch_add(1, SeqCst);
        self.executor.enter(f);
    }

    fn can_block(&self) -> Result<(), WouldBlock> {
        self.executor.can_block()
    }

    fn workers(&self) -> usize {
        self.executor.workers()
    }

    fn place(&self) -> Place {
        self.executor.place()
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        self.executor.blocking(wait);
    }

    fn shutdown(&self, wait: Duration) {
        self.executor.shutdown(wait);
    }

    fn name(&self) -> &'static str {
        "starting"
    }
}

/// Sixteen threads use a fresh runner at once, and each call is answered.
pub fn p01_first_use_from_many_threads(s: &Subject) {
    for round in 0..30 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let sum: usize = at_once(16, |n| {
            let task = runner.spawn(async move {
                yields(3).await;
                n
            });
            let one = runner.run(async {
                yields(3).await;
                1
            });
            task.join().unwrap() + one
        })
        .into_iter()
        .sum();
        assert_eq!(sum, 16 + (0..16).sum::<usize>());
        runner.close().unwrap();
    }
}

/// However many threads come first, the runtime is started once.
pub fn p01_the_runtime_starts_once(s: &Subject) {
    for round in 0..30 {
        s.step(format!("round {round}"));
        let executor = Starting::new(s, 0);
        let starts = executor.starts.clone();
        let runner = s.builder_on(executor).build();
        at_once(8, |_| runner.run(yields(1)));
        assert_eq!(starts.load(SeqCst), 1);
    }
}

/// However many threads come first, one thread is the runner's.
pub fn p01_one_host_thread(s: &Subject) {
    for round in 0..30 {
        s.step(format!("round {round}"));
        let runner = s.runner();
        let hosts = at_once(8, |_| host_thread(&runner));
        let hosts: HashSet<_> = hosts.into_iter().collect();
        assert_eq!(hosts.len(), 1, "several threads ran local tasks");
        assert!(!hosts.contains(&thread::current().id()));
    }
}

/// A runner that nobody used has touched nothing; `start` does not wait for the first use.
pub fn p02_nothing_starts_before_first_use(s: &Subject) {
    let executor = Starting::new(s, 0);
    let (starts, touches) = (executor.starts.clone(), executor.touches.clone());
    let runner = s.builder_on(executor).build();
    let other = runner.clone();
    let _ = (other.is_closed(), other.stats(), other.executor().name());
    drop(other);
    assert_eq!((starts.load(SeqCst), touches.load(SeqCst)), (0, 0));
    runner.run(yields(1));
    assert_eq!(starts.load(SeqCst), 1);

    s.step("start at once");
    let executor = Starting::new(s, 0);
    let starts = executor.starts.clone();
    let runner = s.builder_on(executor).start().unwrap();
    assert_eq!(starts.load(SeqCst), 1);
    runner.run(yields(1));
    assert_eq!(starts.load(SeqCst), 1);
}

/// Settings at the edge of sense are brought back into it, or give a typed error.
pub fn p02_odd_settings(s: &Subject) {
    let names = ["", "two\0parts", &"long".repeat(1_000)];
    for name in names {
        let runner = s.builder().thread_name(name).start().unwrap();
        assert_eq!(runner.spawn(async { 1 }).join().unwrap(), 1);
        runner.close().unwrap();
    }
    for none in [Duration::ZERO, Duration::MAX] {
        let runner = s.builder().max_depth(0).slow_poll(none).stuck_after(none).build();
        assert_eq!(runner.run(async { 1 }), 1);
        runner.run(yields(3));
        let nested = runner.run(async { runner.try_run(yields(1)) });
        assert!(matches!(nested, Err(RunError::TooDeep(_))), "{nested:?}");
        runner.close().unwrap();
        let runner = s.builder().slow_poll(none).stuck_after(none).build();
        assert_eq!(runner.run(async { runner.run(async { runner.run(yields(3)) }) }), ());
    }
}

/// Every caller of a runner that cannot start gets the error, and its future is dropped once.
pub fn p03_start_failure_reaches_every_caller(s: &Subject) {
    let runner = s.builder_on(Starting::new(s, usize::MAX)).build();
    let witness = Witness::new();
    let errors = at_once(8, |_| {
        let token = witness.token();
        let refused = runner.try_run(async move {
            drop(token);
        });
        refused.unwrap_err()
    });
    assert_eq!(errors.len(), 8);
    for error in errors {
        assert!(matches!(&error, RunError::Start(e) if e.to_string() == "no runtime today"), "{error:?}");
        assert!(error.to_string().contains("no runtime today"), "{error}");
    }
    assert_eq!(witness.drops(), 8);

    s.step("tasks");
    let held = [witness.token(), witness.token(), witness.token()];
    let [first, second, third] = held;
    assert!(runner.spawn(async move { drop(first) }).join().is_err());
    assert!(runner.spawn_local(|| async move { drop(second) }).join().is_err());
    let started = runner.start_task(|ready| async move {
        drop(third);
        ready.set(());
    });
    assert!(started.is_err());
    witness.wait_for(11);
    assert_eq!(runner.stats().tasks, 0);

    s.step("close");
    runner.close().unwrap();
    assert!(matches!(runner.try_run(async {}), Err(RunError::Closed)));
}

/// `Builder::start` gives the failure back.
pub fn p03_start_gives_the_failure(s: &Subject) {
    let refused = s.builder_on(Starting::new(s, usize::MAX)).start();
    assert!(matches!(refused, Err(RunError::Start(_))), "{refused:?}");
}

/// A runner whose runtime starts at the second attempt works from then on.
pub fn p03_a_later_start_may_succeed(s: &Subject) {
    let runner = s.builder_on(Starting::new(s, 1)).build();
    assert!(matches!(runner.try_run(yields(1)), Err(RunError::Start(_))));
    assert_eq!(runner.try_run(async { 1 }).unwrap(), 1);
    assert_eq!(runner.spawn(async { 2 }).join().unwrap(), 2);
}

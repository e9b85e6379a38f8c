//! Random calls, tasks, cancels and closes from several threads at once: every result is legal, every future is dropped
//! exactly once, nothing hangs.
//!
//! Four callers do much, and sixty-four do a little each. A failure prints its seed; `PONTOON_STRESS_SEED=<seed>` plays the
//! same choices again, `PONTOON_STRESS_ROUNDS=<n>` plays more of them. What the scheduler chooses cannot be replayed.

use futures_lite::{future, stream};
use pontoon::{JoinError, RunError, Runner};
use pontoon_tests::{
    contexts::{FLAVOURS, Flavour},
    random::Random,
    trial::{DEADLINE, Steps, text_of, within},
};
use std::{
    env,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Poll, Waker},
    thread,
    time::{Duration, SystemTime},
};

/// How many threads call one runner, and how much each of them does.
#[derive(Clone, Copy)]
struct Crowd {
    threads: usize,
    operations: usize,
    rounds: u64,
}

const FEW: Crowd = Crowd { threads: 4, operations: 50, rounds: 6 };
const MANY: Crowd = Crowd { threads: 64, operations: 8, rounds: 1 };

fn moment(random: &mut Random) -> Duration {
    Duration::from_micros(random.below(2_000))
}

/// Counts the futures that are alive.
#[derive(Clone, Default)]
struct Census {
    made: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

struct Token(Census);

impl Census {
    fn token(&self) -> Token {
        self.made.fetch_add(1, Ordering::SeqCst);
        Token(self.clone())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// What one thread works with.
struct Caller {
    runner: Runner,
    census: Census,
    random: Random,
    steps: Steps,
    closing: Arc<AtomicBool>,
    /// A thread that wakes whatever it gets.
    wakers: mpsc::Sender<Waker>,
}

impl Caller {
    /// A call's result: the right one, or the end of the runner.
    #[track_caller]
    fn legal<T: PartialEq + std::fmt::Debug>(&self, result: Result<T, RunError>, expected: T) {
        match result {
            Ok(value) => assert_eq!(value, expected),
            Err(RunError::Closed) if self.closing.load(Ordering::SeqCst) => {}
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    fn legal_join<T: PartialEq + std::fmt::Debug>(&self, result: Result<T, JoinError>, expected: T) {
        match result {
            Ok(value) => assert_eq!(value, expected),
            Err(error) if error.is_cancelled() && self.closing.load(Ordering::SeqCst) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// A sleep of the runtime's, or a yield: what waits.
    fn rest(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let token = self.census.token();
        let moment = moment(&mut self.random);
        // Making a timer on a runner that may be closed is allowed; only waiting for it is not.
        let sleep = (self.random.below(2) == 0).then(|| self.runner.sleep(moment));
        async move {
            let _token = token;
            match sleep {
                Some(sleep) => sleep.await,
                None => future::yield_now().await,
            }
        }
    }

    fn never(&self) -> impl Future<Output = ()> + Send + 'static {
        let token = self.census.token();
        async move {
            let _token = token;
            future::pending::<()>().await;
        }
    }

    /// Ready once another thread has woken it.
    fn woken(&self) -> impl Future<Output = u32> + Send + 'static {
        let (token, wakers) = (self.census.token(), self.wakers.clone());
        let mut polls = 0;
        poll_fn(move |cx| {
            let _token = &token;
            polls += 1;
            if polls == 4 {
                return Poll::Ready(polls);
            }
            wakers.send(cx.waker().clone()).expect("the waking thread outlives the callers");
            Poll::Pending
        })
    }

    fn act(&mut self, flavour: &Flavour) {
        let runner = self.runner.clone();
        let name = |steps: &Steps, name: &str| steps.at(name);
        match self.random.below(18) {
            0 => {
                name(&self.steps, "a ready call");
                let token = self.census.token();
                self.legal(
                    runner.try_run(async {
                        drop(token);
                        1
                    }),
                    1,
                );
            }
            1 => {
                name(&self.steps, "a call that rests");
                let rest = self.rest();
                self.legal(runner.try_run(rest), ());
            }
            2 => {
                name(&self.steps, "a call that may move");
                let rest = self.rest();
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| runner.run_send(rest))) {
                    let text = text_of(&*payload);
                    assert!(text.starts_with(CLOSED) && self.closing.load(Ordering::SeqCst), "{text}");
                }
            }
            3 | 4 => {
                name(&self.steps, "joining a task");
                let rest = self.rest();
                let task = runner.spawn(async {
                    rest.await;
                    3
                });
                self.legal_join(task.join(), 3);
            }
            5 => {
                name(&self.steps, "detaching a task");
                runner.spawn(self.rest()).detach();
            }
            6 => {
                name(&self.steps, "detaching a task without an end");
                runner.spawn(self.never()).detach();
            }
            7 if !flavour.inline => {
                name(&self.steps, "joining a local task");
                let rest = self.rest();
                let task = runner.spawn_local(|| async {
                    let local = std::rc::Rc::new(7);
                    rest.await;
                    *local
                });
                self.legal_join(task.join(), 7);
            }
            8 => {
                name(&self.steps, "nested calls");
                let (first, second, inner) = (self.rest(), self.rest(), runner.clone());
                let nested = runner.try_run(async {
                    first.await;
                    inner.try_run(second)
                });
                match nested {
                    Ok(inner) => self.legal(inner, ()),
                    Err(error) => self.legal(Err(error), ()),
                }
            }
            9 => {
                name(&self.steps, "a nested call in a task");
                let (first, second, inner) = (self.rest(), self.rest(), runner.clone());
                let task = runner.spawn(async move {
                    first.await;
                    inner.try_run(second)
                });
                match task.join() {
                    Ok(inner) => self.legal(inner, ()),
                    Err(error) => self.legal_join(Err(error), ()),
                }
            }
            10 => {
                name(&self.steps, "cancelling a task");
                let task = runner.spawn(self.never());
                assert!(task.cancel().is_none());
            }
            11 => {
                name(&self.steps, "a call that is too late");
                let limit = moment(&mut self.random);
                match runner.run_timeout(limit, self.never()) {
                    Err(RunError::TimedOut) => {}
                    other => self.legal(other, ()),
                }
            }
            12 | 13 => {
                name(&self.steps, "a call that another thread wakes");
                self.legal(runner.try_run(self.woken()), 4);
            }
            14 => {
                name(&self.steps, "a task that another thread wakes");
                self.legal_join(runner.spawn(self.woken()).join(), 4);
            }
            15 => {
                name(&self.steps, "waiting for a task for a while");
                let limit = moment(&mut self.random);
                let mut task = runner.spawn(self.rest());
                if let Some(ended) = task.join_timeout(limit) {
                    self.legal_join(ended, ());
                }
            }
            16 => {
                name(&self.steps, "a blocking job");
                self.legal_join(runner.unblock(|| 16).join(), 16);
            }
            _ => {
                name(&self.steps, "an iterator that is dropped early");
                let token = self.census.token();
                let items = stream::unfold((token, 0), async |(token, number)| {
                    future::yield_now().await;
                    Some((number, (token, number + 1)))
                });
                let mut iter = runner.wrap_iter(items);
                for expected in 0..3 {
                    self.legal(iter.try_next(), Some(expected));
                }
            }
        }
    }
}

/// One round: threads at work, perhaps a close among it, and an end.
fn round(flavour: &'static Flavour, crowd: Crowd, seed: u64) {
    let Crowd { threads, operations, .. } = crowd;
    let (census, closing) = (Census::default(), Arc::new(AtomicBool::new(false)));
    let mut random = Random(seed);
    let closer = random.below(2 * threads as u64) as usize;
    let (wakers, to_wake) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || to_wake.into_iter().for_each(Waker::wake));
    let runner = flavour.runner();
    let all_steps: Vec<_> = (0..threads).map(|_| Steps::default()).collect();
    let (sender, ended) = mpsc::channel();
    for (number, steps) in all_steps.iter().enumerate() {
        let mut caller = Caller {
            runner: runner.clone(),
            census: census.clone(),
            random: Random(random.next_u64()),
            steps: steps.clone(),
            closing: closing.clone(),
            wakers: wakers.clone(),
        };
        let sender = sender.clone();
        let close_at = (closer == number).then(|| caller.random.below(operations as u64) as usize);
        let work = move || {
            for operation in 0..operations {
                if close_at == Some(operation) {
                    caller.steps.at("closing");
                    caller.closing.store(true, Ordering::SeqCst);
                    caller.runner.close().unwrap();
                }
                caller.act(flavour);
            }
            caller.steps.at("dropping its handle");
            drop(caller);
        };
        thread::spawn(move || sender.send(catch_unwind(AssertUnwindSafe(work)).map_err(|payload| text_of(&*payload))));
    }
    drop(wakers);
    // Half of the time the callers have the last handle.
    let mut runner = Some(runner);
    if random.below(2) == 0 {
        runner = None;
    }
    for _ in 0..threads {
        let at = || all_steps.iter().map(Steps::last).collect::<Vec<_>>().join("; ");
        match ended.recv_timeout(DEADLINE / 2) {
            Ok(Ok(())) => {}
            Ok(Err(text)) => panic!("seed {seed}: {text}; the threads were at: {}", at()),
            Err(_) => panic!("seed {seed}: HANG; the threads are at: {}", at()),
        }
    }
    drop(runner);
    waking.join().unwrap();
    let (made, dropped) = (census.made.load(Ordering::SeqCst), census.dropped.load(Ordering::SeqCst));
    assert_eq!(made, dropped, "seed {seed}: futures made and dropped");
}

/// How the refusal of a closed runner begins.
const CLOSED: &str = "the runner is closed";

fn text_of_hook(payload: &dyn std::any::Any) -> &str {
    payload.downcast_ref::<String>().map_or("", String::as_str)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn four_callers_on_every_flavour() {
    on_every_flavour(FEW);
}

#[test]
fn sixty_four_callers_on_every_flavour() {
    on_every_flavour(MANY);
}

fn on_every_flavour(crowd: Crowd) {
    let replayed = number("PONTOON_STRESS_SEED");
    let first = replayed.unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
    });
    let rounds = number("PONTOON_STRESS_ROUNDS").unwrap_or(if replayed.is_some() { 1 } else { crowd.rounds });
    println!("PONTOON_STRESS_SEED={first}, {} callers", crowd.threads);
    hush();
    let failures = Mutex::new(Vec::new());
    for flavour in FLAVOURS {
        for seed in (first..).take(usize::try_from(rounds).unwrap_or(usize::MAX)) {
            let name = format!("stress of {}", flavour.name);
            if let Err(text) = within(&name, move |_| round(flavour, crowd, seed)) {
                failures.lock().unwrap().push(format!("{}: {text}", flavour.name));
                break;
            }
        }
    }
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What `run_send` says of a closed runner is a legal result, and no news.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !text_of_hook(info.payload()).starts_with(CLOSED) {
                hook(info);
            }
        }));
    });
}

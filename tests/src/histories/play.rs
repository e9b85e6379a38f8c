//! A history on a runner.

use super::{
    model::{Kind, Model, Token},
    script::{Action, Body, GATES, History, SLOTS},
};
use crate::{contexts::Flavour, trial::text_of};
use futures_lite::{future, stream};
use pontoon::{BoxFuture, JoinError, Outcome, RunError, Runner, Task, context};
use pontoon_conformance::tools::{Gate, boom, hushed, yields};
use std::{
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::SeqCst, mpsc},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

/// Where each thread of a history stands.
#[derive(Clone)]
pub struct Steps(Arc<Vec<Mutex<String>>>);

impl Steps {
    /// For so many threads.
    pub fn new(threads: usize) -> Steps {
        Steps(Arc::new((0..threads).map(|_| Mutex::default()).collect()))
    }

    fn at(&self, thread: usize, step: impl fmt::Debug) {
        *self.0[thread].lock().unwrap_or_else(PoisonError::into_inner) = format!("{step:?}");
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|step| step.lock().unwrap_or_else(PoisonError::into_inner))).finish()
    }
}

/// What a future gives.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    Number(usize),
    /// A call or a task inside it was refused.
    Refused,
}

const PANIC: &str = "a panic of the history";

/// A future that writes its polls and its drop into the ledger.
struct Tracked {
    future: BoxFuture<'static, Value>,
    token: Token,
}

impl Future for Tracked {
    type Output = Value;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Value> {
        self.token.polls();
        self.future.as_mut().poll(cx)
    }
}

/// Makes the future of a body. It gives the number of its token.
fn tracked(model: &Arc<Model>, kind: Kind, body: &Body) -> Tracked {
    let token = model.token(kind);
    let future = act(model.clone(), body.clone(), token.id());
    Tracked { future, token }
}

fn act(model: Arc<Model>, body: Body, number: usize) -> BoxFuture<'static, Value> {
    Box::pin(async move {
        match body {
            Body::Ready => {}
            Body::Yield(times) => yields(times as usize).await,
            Body::Sleep(moment) => {
                // made where the runner is known to be there
                let sleep = Runner::current().map(|runner| runner.sleep(Duration::from_micros(moment)));
                match sleep {
                    Some(sleep) => sleep.await,
                    None => yields(1).await,
                }
            }
            Body::Woken(times) => woken(&model, times).await,
            Body::Gate(gate) => model.gates[gate].passed().await,
            Body::Never => future::pending().await,
            Body::Panic(polls) => {
                yields(polls as usize).await;
                boom(PANIC)
            }
            Body::Nested(inner) => {
                yields(1).await;
                let inner = tracked(&model, Kind::Call(thread::current().id()), &inner);
                let (token, runner) = (inner.token.id(), Runner::current());
                let called = runner.as_ref().map_or(Err(RunError::Closed), |runner| runner.try_run(inner));
                model.should_be_gone(token, "a nested call");
                match called {
                    Ok(Value::Number(inner)) if inner != token => model.fault(format!("{token} gave {inner}")),
                    Ok(Value::Number(_)) => {}
                    Ok(Value::Refused) => return Value::Refused,
                    Err(RunError::Closed) => {
                        model.refused("a nested call");
                        return Value::Refused;
                    }
                    Err(error) => model.fault(format!("a nested call: {error}")),
                }
            }
            Body::Child(inner) => {
                let child = tracked(&model, Kind::Task, &inner);
                let token = child.token.id();
                let Some(task) = Runner::current().map(|runner| runner.spawn(child)) else {
                    model.refused("a child");
                    return Value::Refused;
                };
                match task.await {
                    Ok(Value::Number(inner)) if inner != token => model.fault(format!("{token} gave {inner}")),
                    Ok(_) => {}
                    Err(error) if error.is_panic() => model.fault("a child panicked"),
                    Err(_) => {
                        model.refused("a child");
                        return Value::Refused;
                    }
                }
            }
        }
        Value::Number(number)
    })
}

/// Is ready once the thread that wakes has done so often.
async fn woken(model: &Model, times: u64) {
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        if polls > times {
            return Poll::Ready(());
        }
        // it ends with the history
        let _ = model.wakers.send(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// A task that the threads share.
struct Held {
    task: Task<Value>,
    body: Body,
    /// The token of its future; none for a blocking job.
    token: Option<usize>,
}

impl Held {
    /// Whether it may have a value by now.
    fn may_have_ended(&self, model: &Model) -> bool {
        match &self.body {
            Body::Never => false,
            Body::Gate(gate) => model.gates[*gate].is_open(),
            _ => true,
        }
    }
}

type Slots = Arc<Vec<Mutex<Option<Held>>>>;

/// One thread of a history.
struct Player {
    model: Arc<Model>,
    handles: Vec<Runner>,
    slots: Slots,
    inline: bool,
}

/// Plays a history to its end and gives what was not allowed.
///
/// # Panics
///
/// Where a step does, which is not allowed either.
pub fn play(history: &History, flavour: &Flavour, steps: &Steps) -> Vec<String> {
    let (wakers, to_wake) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || to_wake.into_iter().for_each(Waker::wake));
    let gates: Vec<_> = (0..GATES).map(|_| Gate::new("a gate of the history")).collect();
    let model = Model::new(flavour, gates, wakers, waking.thread().id());
    let slots: Slots = Arc::new((0..SLOTS).map(|_| Mutex::default()).collect());
    let threads = history.threads();
    model.handles.store(threads, SeqCst);
    let runner = flavour.runner();
    let handles: Vec<_> = (0..threads).map(|_| runner.clone()).collect();
    drop(runner);
    thread::scope(|scope| {
        for (number, handle) in handles.into_iter().enumerate() {
            let mut player =
                Player { model: model.clone(), handles: vec![handle], slots: slots.clone(), inline: flavour.inline };
            scope.spawn(move || {
                for (_, action) in history.steps.iter().filter(|(thread, _)| *thread == number) {
                    steps.at(number, action);
                    player.step(action);
                }
                steps.at(number, "the drop of its handles");
                while player.drop_handle() {}
            });
        }
    });
    steps.at(0, "the drop of the tasks");
    slots.iter().for_each(|slot| drop(take(slot)));
    steps.at(0, "the end");
    model.ends();
    model.faults()
}

fn take(slot: &Mutex<Option<Held>>) -> Option<Held> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Player {
    fn drop_handle(&mut self) -> bool {
        let Some(handle) = self.handles.pop() else { return false };
        self.model.drops_handle();
        drop(handle);
        true
    }

    /// Holds a call to what the model allows: a call that begins after a close is refused.
    fn called(&self, token: usize, closed: bool, body: &Body, called: thread::Result<Result<Value, RunError>>) {
        let model = &self.model;
        model.should_be_gone(token, "a call");
        match called {
            Ok(Ok(value)) => {
                if closed {
                    model.fault("a call after a close gave a value");
                }
                self.gave(token, body, &value);
            }
            Ok(Err(RunError::Closed)) => model.refused("a call"),
            Ok(Err(error)) => model.fault(format!("a call: {error}")),
            Err(payload) => self.panicked(body, &text_of(&*payload)),
        }
    }

    fn gave(&self, token: usize, body: &Body, value: &Value) {
        let model = &self.model;
        let ended = match body {
            Body::Never | Body::Panic(_) => false,
            Body::Gate(gate) => model.gates[*gate].is_open(),
            _ => true,
        };
        if !ended {
            model.fault(format!("{body:?} gave {value:?}"));
        }
        match value {
            Value::Number(number) if *number != token => model.fault(format!("{token} gave {number}")),
            Value::Refused => model.refused("what stands inside a future"),
            Value::Number(_) => {}
        }
    }

    fn panicked(&self, body: &Body, text: &str) {
        // tokio's timers say so when their runtime could not be waited for
        if self.model.was_short() && text.ends_with("it is being shutdown.") {
            return;
        }
        if !matches!(body, Body::Panic(_)) || text != PANIC {
            self.model.fault(format!("{body:?} panicked: {text}"));
        }
    }

    fn joined(&self, body: &Body, token: Option<usize>, result: Result<Value, JoinError>) {
        match result {
            Ok(value) => self.gave(token.unwrap_or(usize::MAX), body, &value),
            Err(error) if error.is_panic() => self.panicked(body, &text_of(&*error.into_panic())),
            Err(error) if error.is_cancelled() => self.model.refused("a task"),
            Err(error) => self.model.fault(format!("a join: {error}")),
        }
    }

    /// Puts a task where the threads find it; the one that was there is cancelled.
    fn hold(&self, slot: usize, held: Held) {
        if let Some(token) = held.token {
            self.model.settle(token);
        }
        let before = self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner).replace(held);
        drop(before);
    }

    fn step(&mut self, action: &Action) {
        let (model, here) = (self.model.clone(), thread::current().id());
        let Some(runner) = self.handles.last() else {
            return self.without_a_handle(action);
        };
        let closed = model.is_closed();
        match action {
            Action::Run(body) => {
                let future = tracked(&model, Kind::Call(here), body);
                let token = future.token.id();
                let called = hushed(|| runner.try_run(future));
                self.called(token, closed, body, called);
            }
            Action::RunSend(body) => {
                let future = tracked(&model, Kind::Moving, body);
                let token = future.token.id();
                let called = hushed(|| runner.run_send(future));
                match called {
                    Err(payload) if text_of(&*payload) == RunError::Closed.to_string() => model.refused("`run_send`"),
                    called => self.called(token, closed, body, called.map(Ok)),
                }
            }
            Action::RunTimeout(body, limit) => {
                let future = tracked(&model, Kind::Call(here), body);
                let (token, limit, start) = (future.token.id(), Duration::from_micros(*limit), Instant::now());
                let called = hushed(|| runner.run_timeout(limit, future));
                if let Ok(Err(RunError::TimedOut)) = called {
                    model.should_be_gone(token, "a call that timed out");
                    if start.elapsed() < limit {
                        model.fault("a limit passed early");
                    }
                } else {
                    self.called(token, closed, body, called);
                }
            }
            Action::Spawn(slot, body) => self.spawn(runner, *slot, body),
            // a local task of an inline runner rests when its thread leaves
            Action::SpawnLocal(slot, body) if self.inline => self.spawn(runner, *slot, body),
            Action::SpawnLocal(slot, body) => {
                let future = tracked(&model, Kind::Local, body);
                let token = Some(future.token.id());
                let task = runner.spawn_local(move || async move {
                    let not_send = std::rc::Rc::new(future.await);
                    std::rc::Rc::into_inner(not_send).expect("nobody else has it")
                });
                self.hold(*slot, Held { task, body: body.clone(), token });
            }
            Action::Unblock(slot) => {
                let task = runner.unblock(|| Value::Number(usize::MAX));
                self.hold(*slot, Held { task, body: Body::Ready, token: None });
            }
            Action::Iterate(items) => {
                let token = model.token(Kind::Call(here));
                let id = token.id();
                let mut iter = runner.wrap_iter(counting(token));
                let _ = (0..*items).all(|expected| self.item(iter.try_next(), expected));
                drop(iter);
                model.should_be_gone(id, "the drop of an iterator");
            }
            Action::Prefetch(ahead, items) => {
                let token = model.token(Kind::Moving);
                let id = token.id();
                let mut iter = runner.wrap_iter(counting(token)).prefetch(*ahead);
                let _ = (0..*items).all(|expected| self.item(iter.try_next(), expected));
                drop(iter);
                if !model.is_closing() {
                    model.should_be_gone(id, "the drop of a prefetching iterator");
                }
            }
            Action::WrapContext => {
                let (mut token, exits) = (model.token(Kind::Call(here)), Arc::new(Mutex::new(0)));
                let (id, seen) = (token.id(), exits.clone());
                let session = context(
                    async || {
                        yields(1).await;
                        Ok::<_, Infallible>(())
                    },
                    async move |(), _: Outcome<'_>| {
                        token.polls();
                        yields(1).await;
                        *seen.lock().unwrap() += 1;
                        Ok(())
                    },
                );
                match hushed(|| runner.wrap_context(session)) {
                    Ok(Ok(guard)) => {
                        let exited = hushed(|| guard.close());
                        let exits = *exits.lock().unwrap();
                        match exited {
                            Ok(Ok(())) if exits == 1 => {}
                            Err(_) if exits == 0 => model.refused("an exit"),
                            _ => model.fault(format!("{exits} exits have run")),
                        }
                    }
                    Ok(Err(never)) => match never {},
                    Err(_) => model.refused("a context"),
                }
                model.should_be_gone(id, "the end of a context");
            }
            Action::EnterContext => {
                // counted first: a close may exit it before this thread goes on
                model.entered.fetch_add(1, SeqCst);
                let (theirs, token) = (model.clone(), model.token(Kind::Moving));
                let session = context(
                    async || {
                        yields(1).await;
                        Ok::<_, Infallible>(())
                    },
                    async move |(), _: Outcome<'_>| {
                        let _token = token;
                        yields(1).await;
                        theirs.exited.fetch_add(1, SeqCst);
                        Ok(())
                    },
                );
                if hushed(|| runner.enter_context(session)).is_err() {
                    model.refused("a context");
                    // it was not entered, or has been exited already
                    model.closes(true, true);
                }
            }
            Action::CloneHandle => {
                model.handles.fetch_add(1, SeqCst);
                let handle = runner.clone();
                self.handles.push(handle);
            }
            Action::DropHandle => drop(self.drop_handle()),
            Action::Close => {
                model.closes(false, false);
                match runner.close_timeout(super::DEADLINE) {
                    Ok(()) => model.has_closed(),
                    Err(error) => model.fault(format!("a close with time enough: {error}")),
                }
            }
            Action::CloseTimeout(limit) => {
                model.closes(true, true);
                match runner.close_timeout(Duration::from_micros(*limit)) {
                    Err(error) if !error.timed_out() => model.fault(format!("a close in a hurry: {error}")),
                    _ => model.has_closed(),
                }
            }
            Action::CloseInside => {
                model.closes(true, false);
                match runner.try_run(async { runner.close() }) {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => model.fault(format!("a close from inside: {error}")),
                    Err(RunError::Closed) => {}
                    Err(error) => model.fault(format!("a call that closes: {error}")),
                }
            }
            _ => self.without_a_handle(action),
        }
    }

    fn spawn(&self, runner: &Runner, slot: usize, body: &Body) {
        let closed = self.model.is_closed();
        let future = tracked(&self.model, Kind::Task, body);
        let token = future.token.id();
        let task = runner.spawn(future);
        if closed {
            self.model.should_be_gone(token, "a spawn that was refused");
        }
        self.hold(slot, Held { task, body: body.clone(), token: Some(token) });
    }

    /// What needs no runner.
    fn without_a_handle(&self, action: &Action) {
        let model = &self.model;
        match action {
            Action::Open(gate) => model.gates[*gate].open(),
            Action::Join(slot) | Action::JoinTimeout(slot, _) => {
                let Some(Held { mut task, body, token }) = take(&self.slots[*slot]) else { return };
                let limit = match action {
                    Action::JoinTimeout(_, limit) => Some(Duration::from_micros(*limit)),
                    // it need not end before the history does
                    _ if !body.ends() => Some(Duration::from_millis(1)),
                    _ => None,
                };
                let start = Instant::now();
                let Some(limit) = limit else {
                    return self.joined(&body, token, task.join());
                };
                match task.join_timeout(limit) {
                    Some(result) => self.joined(&body, token, result),
                    None => {
                        if start.elapsed() < limit {
                            model.fault("a wait for a task ended early");
                        }
                        let held = Held { task, body, token };
                        let before = self.slots[*slot].lock().unwrap_or_else(PoisonError::into_inner).replace(held);
                        drop(before);
                    }
                }
            }
            Action::Cancel(slot) => {
                let Some(held) = take(&self.slots[*slot]) else { return };
                let may_have_ended = held.may_have_ended(model);
                let Held { task, body, token } = held;
                match task.cancel() {
                    Some(value) if !may_have_ended => model.fault(format!("{body:?} was cancelled and gave {value:?}")),
                    Some(value) => self.gave(token.unwrap_or(usize::MAX), &body, &value),
                    None => {}
                }
                // a close ends this wait like every other one
                if let Some(token) = token.filter(|_| !model.is_closing()) {
                    model.should_be_gone(token, "a cancel");
                }
            }
            Action::DropTask(slot) => drop(take(&self.slots[*slot])),
            Action::Detach(slot) => {
                if let Some(held) = take(&self.slots[*slot]) {
                    held.task.detach();
                }
            }
            // no runner, no call
            _ => {}
        }
    }

    /// Whether to go on: what a refusal leaves in an iterator is not asked for.
    fn item(&self, item: Result<Option<usize>, RunError>, expected: usize) -> bool {
        match item {
            Ok(Some(item)) if item == expected => return true,
            Err(RunError::Closed) => self.model.refused("an item"),
            other => self.model.fault(format!("item {expected} is {other:?}")),
        }
        false
    }
}

/// Numbers without an end.
fn counting(token: Token) -> impl stream::Stream<Item = usize> + Send + 'static {
    Box::pin(stream::unfold((token, 0), async |(mut token, number)| {
        token.polls();
        yields(number % 2).await;
        Some((number, (token, number + 1)))
    }))
}

//! tokio, as it is used from sync code today.

use super::{AHEAD, Backend, Direct, Items, Loop, Nest, Pump, Role, Spawn, Subject, Who};
use crate::io;
use futures_core::Stream;
use futures_lite::{StreamExt as _, future::block_on};
use std::{future::Future, iter, thread};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{mpsc, oneshot},
    task::{JoinHandle, block_in_place},
};

const fn who(name: &'static str, role: Role) -> Who {
    Who { name, backend: Backend::Tokio, role }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("tokio starts")
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("tokio starts")
}

fn pumped<S: Stream<Item = u64> + Send + Unpin + 'static>(handle: &Handle, mut stream: S) -> impl Iterator<Item = u64> {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    handle.spawn(async move {
        while let Some(item) = stream.next().await {
            if sender.send(item).await.is_err() {
                return;
            }
        }
    });
    iter::from_fn(move || receiver.blocking_recv())
}

impl Spawn for Handle {
    type Task<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Handle::spawn(self, future)
    }

    fn detach<T: Send + 'static>(task: JoinHandle<T>) {
        drop(task);
    }
}

/// `Runtime::block_on` of a current_thread runtime: what a call costs if nobody cares about the time between calls.
#[derive(Debug)]
pub struct InPlace(Runtime);

impl Direct for InPlace {
    const WHO: Who = who("tokio Runtime::block_on in place", Role::Ideal);

    fn start() -> Self {
        Self(current_thread())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Loop for InPlace {
    type Io = io::Tokio;
    type Tasks = Handle;

    fn tasks(&self) -> &Handle {
        self.0.handle()
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.block_on(task).expect("the task ends")
    }
}

impl Items for InPlace {}

/// `Handle::block_on` on a multi_thread runtime with one worker.
#[derive(Debug)]
pub struct HandleBlockOn(Runtime);

impl Direct for HandleBlockOn {
    const WHO: Who = who("tokio multi_thread(1) Handle::block_on", Role::Peer);

    fn start() -> Self {
        Self(multi_thread())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.handle().block_on(future)
    }
}

impl Loop for HandleBlockOn {
    type Io = io::Tokio;
    type Tasks = Handle;

    fn tasks(&self) -> &Handle {
        self.0.handle()
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.block_on(task).expect("the task ends")
    }
}

impl Nest for HandleBlockOn {
    /// Through `block_in_place`, on a worker: a plain `block_on` in a `block_on` panics.
    fn nest<F>(&self, ops: u32, make: fn() -> F)
    where
        F: Future<Output = u32> + Send + 'static,
    {
        let task = self.0.spawn(async move {
            for _ in 0..ops {
                std::hint::black_box(block_in_place(|| Handle::current().block_on(make())));
            }
        });
        self.join(task);
    }
}

impl Items for HandleBlockOn {}

impl Pump for HandleBlockOn {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        pumped(self.0.handle(), stream)
    }
}

/// A thread that drives a current_thread runtime until it is told to stop.
#[derive(Debug)]
struct Hosted {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Hosted {
    fn start() -> Self {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || drop(runtime.block_on(stopped)));
        Self { handle, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A raw thread with a current_thread runtime, and `Handle::block_on` into it.
#[derive(Debug)]
pub struct HostedBlockOn(Hosted);

impl Direct for HostedBlockOn {
    const WHO: Who = who("tokio thread + current_thread, Handle::block_on", Role::Peer);

    fn start() -> Self {
        Self(Hosted::start())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.handle.block_on(future)
    }
}

impl Loop for HostedBlockOn {
    type Io = io::Tokio;
    type Tasks = Handle;

    fn tasks(&self) -> &Handle {
        &self.0.handle
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.block_on(task).expect("the task ends")
    }
}

/// The shape of `reqwest::blocking`: a thread with a current_thread runtime, each call a task there, its result sent
/// back through a oneshot channel.
#[derive(Debug)]
pub struct SpawnOneshot(Hosted);

impl Subject for SpawnOneshot {
    const WHO: Who = who("tokio spawn + oneshot", Role::Peer);

    fn start() -> Self {
        Self(Hosted::start())
    }

    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.handle.spawn(async move { sender.send(future.await).map_err(drop) });
        receiver.blocking_recv().expect("the task answers")
    }
}

impl Loop for SpawnOneshot {
    type Io = io::Tokio;
    type Tasks = Handle;

    fn tasks(&self) -> &Handle {
        &self.0.handle
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        block_on(task).expect("the task ends")
    }
}

impl Pump for SpawnOneshot {
    fn pump<S: Stream<Item = u64> + Send + Unpin + 'static>(&self, stream: S) -> impl Iterator<Item = u64> {
        pumped(&self.0.handle, stream)
    }
}

/// An operating system thread for each call, the shape that escapes every nesting error.
#[derive(Debug)]
pub struct ThreadPerCall(Runtime);

impl Subject for ThreadPerCall {
    const WHO: Who = who("thread per call, tokio", Role::Peer);

    fn start() -> Self {
        Self(multi_thread())
    }

    fn call<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let handle = self.0.handle().clone();
        thread::spawn(move || handle.block_on(future)).join().expect("the call does not panic")
    }
}

impl Loop for ThreadPerCall {
    type Io = io::Tokio;
    type Tasks = Handle;

    fn tasks(&self) -> &Handle {
        self.0.handle()
    }

    fn join<T: Send + 'static>(&self, task: JoinHandle<T>) -> T {
        self.call(task).expect("the task ends")
    }
}

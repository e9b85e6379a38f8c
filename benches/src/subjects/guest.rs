//! Runtimes on one thread with tasks that stay there: as guests of a host's loop, and by themselves.

use super::{Backend, Role, Who};
use crate::io::{self, Io};
use async_executor::LocalExecutor;
use pontoon::guest::{Guest, GuestScope, queue};
use std::{cell::RefCell, future::Future, marker::PhantomData, rc::Rc, thread, time::Duration};

/// A runtime that polls its tasks on this thread.
pub trait Home: 'static {
    /// Who it is.
    const WHO: Who;
    /// Its sockets and timers.
    type Io: Io;

    /// Runs `main` to its end.
    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T;

    /// Starts a task from inside `main`; nobody waits for it.
    fn spawn(task: impl Future<Output = ()> + 'static);
}

/// One backend of a guest.
pub trait Under: 'static {
    /// How it is listed in a queue.
    const QUEUE: &'static str;
    /// How it is listed as a future.
    const FUTURE: &'static str;
    /// How it is listed where its host gives it the time between its frames.
    const FRAMES: &'static str;
    /// The runtime below.
    const BACKEND: Backend;
    /// The sockets and timers that fit.
    type Io: Io;

    /// A guest with its default budget.
    fn guest() -> Guest;
}

macro_rules! under {
    ($($(#[$doc:meta])* $under:ident: $queue:literal, $future:literal, $frames:literal, $backend:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $under;

        impl Under for $under {
            const QUEUE: &'static str = $queue;
            const FUTURE: &'static str = $future;
            const FRAMES: &'static str = $frames;
            const BACKEND: Backend = Backend::$backend;
            type Io = io::$backend;

            fn guest() -> Guest {
                Guest::new(pontoon::$backend::new())
            }
        }
    )*};
}

under! {
    /// The smol backend.
    OnSmol: "pontoon guest smol", "pontoon guest smol, as a future", "pontoon guest smol, between frames", Smol;
    /// The async-std backend.
    OnAsyncStd: "pontoon guest async-std", "pontoon guest async-std, as a future", "pontoon guest async-std, between frames", AsyncStd;
    /// The tokio backend: current_thread.
    OnTokio: "pontoon guest tokio", "pontoon guest tokio, as a future", "pontoon guest tokio, between frames", Tokio;
}

/// A guest whose host is a loop that sleeps while it has nothing to do.
#[derive(Debug)]
pub struct InQueue<F>(PhantomData<F>);

/// A guest as a future.
#[derive(Debug)]
pub struct AsFuture<F>(PhantomData<F>);

/// A guest whose host gives it the time between its frames.
#[derive(Debug)]
pub struct BetweenFrames<F>(PhantomData<F>);

/// Starts `main` in a queue and runs its ticks; `each` sees every tick and runs it.
///
/// # Panics
///
/// If the guest does not start, or main has no output.
pub fn in_queue<T: 'static>(
    guest: Guest,
    main: impl Future<Output = T> + 'static,
    mut each: impl FnMut(&mut dyn FnMut()),
) -> T {
    let host = thread::current();
    let (queue, ticks) = queue(move || host.unpark());
    let output = Rc::new(RefCell::new(None));
    let done = output.clone();
    let run = guest.start(queue, main, move |result| *done.borrow_mut() = result.ok()).expect("a guest starts");
    while !run.is_finished() {
        if ticks.is_empty() {
            thread::park();
        } else {
            each(&mut || {
                ticks.run();
            });
        }
    }
    output.take().expect("main has an output")
}

fn spawn_in_guest(task: impl Future<Output = ()> + 'static) {
    GuestScope::current().expect("inside a guest").spawn_local(task).detach();
}

impl<F: Under> Home for InQueue<F> {
    const WHO: Who = Who { name: F::QUEUE, backend: F::BACKEND, role: Role::Ours };
    type Io = F::Io;

    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        in_queue(F::guest(), main, |tick| tick())
    }

    fn spawn(task: impl Future<Output = ()> + 'static) {
        spawn_in_guest(task);
    }
}

impl<F: Under> Home for AsFuture<F> {
    const WHO: Who = Who { name: F::FUTURE, backend: F::BACKEND, role: Role::Ours };
    type Io = F::Io;

    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let guest = F::guest().into_future(main).expect("a guest starts");
        async_io::block_on(guest).expect("main has an output")
    }

    fn spawn(task: impl Future<Output = ()> + 'static) {
        spawn_in_guest(task);
    }
}

impl<F: Under> Home for BetweenFrames<F> {
    const WHO: Who = Who { name: F::FRAMES, backend: F::BACKEND, role: Role::Ours };
    type Io = F::Io;

    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let (queue, _ticks) = queue(|| {});
        let output = Rc::new(RefCell::new(None));
        let done = output.clone();
        let run =
            F::guest().start(queue, main, move |result| *done.borrow_mut() = result.ok()).expect("a guest starts");
        while !run.run_for(FRAME).expect("this is the host") {}
        output.take().expect("main has an output")
    }

    fn spawn(task: impl Future<Output = ()> + 'static) {
        spawn_in_guest(task);
    }
}

/// Sixty in a second.
const FRAME: Duration = Duration::from_micros(16_667);

/// async-executor's local executor in `async_io::block_on`.
#[derive(Debug)]
pub struct Smol;

thread_local! {
    static LOCAL: Rc<LocalExecutor<'static>> = Rc::new(LocalExecutor::new());
}

impl Home for Smol {
    const WHO: Who = Who { name: "smol LocalExecutor, async_io::block_on", backend: Backend::Smol, role: Role::Peer };
    type Io = io::Smol;

    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let local = LOCAL.with(Rc::clone);
        async_io::block_on(local.run(main))
    }

    fn spawn(task: impl Future<Output = ()> + 'static) {
        LOCAL.with(|local| local.spawn(task).detach());
    }
}

/// tokio's `LocalSet` in a current-thread runtime.
#[derive(Debug)]
pub struct Tokio;

impl Home for Tokio {
    const WHO: Who = Who { name: "tokio LocalSet, current_thread block_on", backend: Backend::Tokio, role: Role::Peer };
    type Io = io::Tokio;

    fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        tokio::task::LocalSet::new().block_on(&runtime, main)
    }

    fn spawn(task: impl Future<Output = ()> + 'static) {
        drop(tokio::task::spawn_local(task));
    }
}

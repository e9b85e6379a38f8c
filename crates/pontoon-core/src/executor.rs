//! The contract between the core and a runtime.

use crate::{
    WouldBlock,
    guest::{Engine, Plain, Pump},
};
use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

/// An owned future that may move between threads.
///
/// # Examples
///
/// ```
/// let sleep: pontoon_core::BoxFuture<'static, u32> = Box::pin(async { 42 });
/// # let runner = pontoon_core::Runner::new(pontoon_smol::Smol::new());
/// assert_eq!(runner.run(sleep), 42);
/// ```
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A piece of blocking work for a pool.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// Where a thread stands among the runtimes of the process, as a backend sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// On no runtime that would mind: the thread may call [`Executor::block_on`] and run the loop's tasks.
    Free,
    /// On a worker of the executor's own runtime: the thread may call [`Executor::block_on`] and run the loop's tasks,
    /// inside [`Executor::blocking`].
    OwnWorker,
    /// On a worker of another runtime that can replace a blocked worker: the thread waits inside
    /// [`Executor::blocking`] and leaves the driving to others, unless there are none.
    Worker,
    /// Inside another runtime that may swallow wake-ups of what is polled there, but [`Executor::block_on`] works: the
    /// thread leaves the driving to others, unless there are none, and futures that may move are polled on another one.
    Inside,
    /// Inside a task or main future of another runtime that it cannot step out of: the thread waits, and futures that
    /// may move are polled on another one.
    Captive,
}

/// A backend: what the core needs from an async runtime.
///
/// Three methods are required: park this thread on a future inside the runtime's context, a timer, and a pool for
/// blocking work. The core owns the run queue and everything else, so a backend is small and none of them has a
/// re-entrant loop of its own.
///
/// A backend is a value, never a type parameter: [`Runner`](crate::Runner) holds an `Arc<dyn Executor>`. `Arc<E>` is an
/// executor too, so several runners can share one runtime.
///
/// The crate `pontoon-conformance` proves that an implementation keeps the contract.
///
/// # Examples
///
/// A backend that adds something to another one:
///
/// ```
/// use pontoon_core::{BoxFuture, Executor, Job, Runner};
/// use std::{future::Future, pin::Pin, sync::atomic::{AtomicUsize, Ordering}, time::Duration};
///
/// #[derive(Default)]
/// struct Counting {
///     inner: pontoon_smol::Smol,
///     waits: AtomicUsize,
/// }
///
/// impl Executor for Counting {
///     fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
///         self.waits.fetch_add(1, Ordering::Relaxed);
///         self.inner.block_on(future);
///     }
///
///     fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
///         self.inner.sleep(duration)
///     }
///
///     fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
///         self.inner.spawn_blocking(job)
///     }
/// }
///
/// let runner = Runner::new(Counting::default());
/// runner.run(runner.sleep(Duration::from_millis(1)));
/// ```
pub trait Executor: Send + Sync + 'static {
    /// Polls `future` to completion on this thread, inside the runtime's context.
    ///
    /// It is called from any thread, any number of times at once, and re-entrantly at any depth: `future` may call it
    /// again while it is being polled. While the thread is parked here it may turn the runtime's reactor, and the core
    /// keeps at least one thread in here while there is work, so nothing else has to.
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>);

    /// Returns a future that is ready after `duration`. It is polled inside [`block_on`](Self::block_on) or
    /// [`enter`](Self::enter), on any thread.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs `job` on a thread that may block.
    ///
    /// # Errors
    ///
    /// Gives the job back if the pool is closed.
    fn spawn_blocking(&self, job: Job) -> Result<(), Job>;

    /// Makes the runtime ready; the core calls it before anything else, and again after a failure.
    ///
    /// # Errors
    ///
    /// Whatever keeps the runtime from starting. Every call that needed it gets it as
    /// [`RunError::Start`](crate::RunError::Start).
    fn start(&self) -> io::Result<()> {
        Ok(())
    }

    /// How many worker threads of its own the runtime brings. Each gets a seat on the loop through
    /// [`spawn`](Self::spawn), so that tasks run in parallel even while nobody calls.
    fn workers(&self) -> usize {
        0
    }

    /// Runs `future` on a worker thread of the runtime's own, where it has them.
    ///
    /// # Errors
    ///
    /// Gives the future back where it has none; this is the default.
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(future)
    }

    /// Calls `f` inside the runtime's context, outside of any cooperative budget of a runtime around it.
    fn enter(&self, f: &mut dyn FnMut()) {
        f();
    }

    /// Says whether waiting on this thread could ever end. It is asked before a call polls its future.
    ///
    /// # Errors
    ///
    /// The reason and the remedy, where the thread is the one that the wait would need.
    fn can_block(&self) -> Result<(), WouldBlock> {
        Ok(())
    }

    /// Where this thread stands among the runtimes of the process. It is asked when a call is about to wait.
    fn place(&self) -> Place {
        Place::Free
    }

    /// Whether a library that looks for a runtime around it finds another one on this thread. Some choose by that whose
    /// sockets and timers they use, so futures that may move are polled on a thread of their own instead.
    fn is_overshadowed(&self) -> bool {
        false
    }

    /// Calls `wait`, which blocks this thread, in the way that a runtime around it asks for. It is called where
    /// [`place`](Self::place) is [`Place::OwnWorker`] or [`Place::Worker`].
    fn blocking(&self, wait: &mut dyn FnMut()) {
        wait();
    }

    /// Whether what begins on a thread can be driven by that thread alone. The runner's own thread then goes on driving
    /// while callers do, for what its [`spawn_local`](crate::Runner::spawn_local) tasks have begun there. It is asked once.
    fn is_thread_bound(&self) -> bool {
        false
    }

    /// How many tasks of its own the runtime has that go on only while some thread is in [`block_on`](Self::block_on); none
    /// where such tasks have threads of their own. It is asked after the start, and if there is a number, when a call ends
    /// without a wait and the runner's own thread has not been started: it is now, if there are tasks for it.
    fn driven_tasks(&self) -> Option<usize> {
        None
    }

    /// Stops the runtime if this value owns it, waiting at most `wait` for what still runs. The core calls it when a
    /// runner has closed; nothing polls afterwards.
    fn shutdown(&self, wait: Duration) {
        let _ = wait;
    }

    /// For [guest mode](crate::guest): what polls a guest's tasks on its host's thread. It is called there, in the
    /// runtime's context; the default polls one after the other.
    fn engine(&self, pump: Pump) -> Box<dyn Engine> {
        Box::new(Plain(pump))
    }

    /// A short name for diagnostics, such as `"smol"`.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// Several runners may share one executor; it is shut down with the last of them.
impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn block_on(&self, future: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        (**self).block_on(future);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (**self).sleep(duration)
    }

    fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
        (**self).spawn_blocking(job)
    }

    fn start(&self) -> io::Result<()> {
        (**self).start()
    }

    fn workers(&self) -> usize {
        (**self).workers()
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        (**self).spawn(future)
    }

    fn enter(&self, f: &mut dyn FnMut()) {
        (**self).enter(f);
    }

    fn can_block(&self) -> Result<(), WouldBlock> {
        (**self).can_block()
    }

    fn place(&self) -> Place {
        (**self).place()
    }

    fn is_overshadowed(&self) -> bool {
        (**self).is_overshadowed()
    }

    fn blocking(&self, wait: &mut dyn FnMut()) {
        (**self).blocking(wait);
    }

    fn is_thread_bound(&self) -> bool {
        (**self).is_thread_bound()
    }

    fn driven_tasks(&self) -> Option<usize> {
        (**self).driven_tasks()
    }

    fn shutdown(&self, wait: Duration) {
        if Arc::strong_count(self) == 1 {
            (**self).shutdown(wait);
        }
    }

    fn engine(&self, pump: Pump) -> Box<dyn Engine> {
        (**self).engine(pump)
    }

    fn name(&self) -> &'static str {
        (**self).name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::{pending, ready},
        pin::pin,
        sync::{Mutex, PoisonError},
    };

    /// What an executor of three methods does in the others.
    struct Least;

    impl Executor for Least {
        fn block_on(&self, _: Pin<&mut (dyn Future<Output = ()> + '_)>) {}

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(ready(()))
        }

        fn spawn_blocking(&self, job: Job) -> Result<(), Job> {
            Err(job)
        }
    }

    #[test]
    fn the_defaults_have_no_threads_and_no_context() {
        assert!(Least.start().is_ok() && Least.can_block().is_ok());
        assert_eq!((Least.workers(), Least.driven_tasks()), (0, None));
        assert!(Least.spawn(Box::pin(pending())).is_err());
        assert_eq!(Least.place(), Place::Free);
        assert!(!Least.is_overshadowed() && !Least.is_thread_bound());
        let mut calls = 0;
        Least.enter(&mut || calls += 1);
        Least.blocking(&mut || calls += 1);
        assert_eq!(calls, 2);
        assert!(Least.name().ends_with("Least"), "{}", Least.name());
        Least.shutdown(Duration::ZERO);
    }

    /// An executor that answers nothing as the defaults do, and lists what it was asked.
    #[derive(Default)]
    struct Telling(Mutex<Vec<&'static str>>);

    impl Telling {
        fn asked(&self, what: &'static str) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
    }

    impl Executor for Telling {
        fn block_on(&self, _: Pin<&mut (dyn Future<Output = ()> + '_)>) {
            self.asked("block_on");
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            self.asked("sleep");
            Box::pin(ready(()))
        }

        fn spawn_blocking(&self, _: Job) -> Result<(), Job> {
            self.asked("spawn_blocking");
            Ok(())
        }

        fn start(&self) -> io::Result<()> {
            Err(io::Error::other("not today"))
        }

        fn workers(&self) -> usize {
            7
        }

        fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
            self.asked("spawn");
            Ok(())
        }

        fn enter(&self, _: &mut dyn FnMut()) {
            self.asked("enter");
        }

        fn can_block(&self) -> Result<(), WouldBlock> {
            Err(WouldBlock::new("it is full", "wait"))
        }

        fn place(&self) -> Place {
            Place::Captive
        }

        fn is_overshadowed(&self) -> bool {
            true
        }

        fn blocking(&self, _: &mut dyn FnMut()) {
            self.asked("blocking");
        }

        fn is_thread_bound(&self) -> bool {
            true
        }

        fn driven_tasks(&self) -> Option<usize> {
            Some(9)
        }

        fn shutdown(&self, _: Duration) {
            self.asked("shutdown");
        }

        fn name(&self) -> &'static str {
            "telling"
        }
    }

    #[test]
    fn a_shared_executor_answers_as_itself() {
        let own = Arc::new(Telling::default());
        let shared: Arc<dyn Executor> = own.clone();
        let executor: &dyn Executor = &shared;
        executor.block_on(pin!(pending::<()>()));
        drop(executor.sleep(Duration::ZERO));
        assert!(executor.spawn_blocking(Box::new(|| ())).is_ok());
        assert_eq!(executor.start().map_err(|error| error.to_string()), Err("not today".into()));
        assert_eq!((executor.workers(), executor.driven_tasks()), (7, Some(9)));
        assert!(executor.spawn(Box::pin(pending())).is_ok());
        executor.enter(&mut || ());
        assert_eq!(executor.can_block(), Err(WouldBlock::new("it is full", "wait")));
        assert_eq!(executor.place(), Place::Captive);
        assert!(executor.is_overshadowed() && executor.is_thread_bound());
        executor.blocking(&mut || ());
        assert_eq!(executor.name(), "telling");
        executor.shutdown(Duration::ZERO);
        let asked = || std::mem::take(&mut *own.0.lock().unwrap());
        assert_eq!(asked(), ["block_on", "sleep", "spawn_blocking", "spawn", "enter", "blocking"]);
        let last: Arc<dyn Executor> = Arc::new(shared);
        last.shutdown(Duration::ZERO);
        assert!(asked().is_empty(), "`own` has it, too");
        let alone = Arc::new(Telling::default());
        alone.shutdown(Duration::ZERO);
        assert_eq!(std::mem::take(&mut *alone.0.lock().unwrap()), ["shutdown"]);
    }
}

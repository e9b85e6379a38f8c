//! A guest's tasks, and the handle to one.

use super::shared::{Runnable, Shared};
use crate::{
    JoinError, RunError,
    caught::{Caught, Slot, abandon, take},
    trace,
};
use async_task::FallibleTask;
use pin_project_lite::pin_project;
use std::{
    cell::RefCell,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

/// What a guest knows of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    /// Its values belong to the guest's thread.
    pub(super) local: bool,
    /// It is the guest's main.
    pub(super) main: bool,
    pub(super) spawned_at: &'static Location<'static>,
}

/// Strikes the task out of the list when its values are gone.
struct Listed {
    shared: Arc<Shared>,
    key: usize,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.shared.live.remove(self.key, false);
    }
}

pin_project! {
    /// A task's future as the guest runs it.
    struct Body<F: Future> {
        #[pin]
        caught: Caught<F>,
        trace: trace::Task,
        listed: Listed,
    }
}

impl<F: Future> Future for Body<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let trace = this.trace.handle();
        trace.poll(|| this.caught.poll(cx, move |how| trace.ended(how)))
    }
}

/// A task, and where its result will be.
pub(super) struct New<T> {
    task: FallibleTask<(), Meta>,
    slot: Slot<T>,
}

/// Lists `future` as a task of the guest; `build` makes it one. `keep` gets its handle before it is queued.
fn make<F: Future>(
    shared: &Arc<Shared>,
    trace: trace::Task,
    future: F,
    slot: Slot<F::Output>,
    build: impl FnOnce(Body<F>) -> (Runnable, async_task::Task<(), Meta>),
    keep: impl FnOnce(FallibleTask<(), Meta>),
) {
    let key = shared.live.reserve();
    let listed = Listed { shared: shared.clone(), key };
    let (runnable, task) = build(Body { caught: Caught::new(future, slot), trace, listed });
    shared.live.fill(key, runnable.waker());
    keep(task.fallible());
    runnable.schedule();
}

fn build_local<F: Future + 'static>(
    shared: &Arc<Shared>,
    main: bool,
    spawned_at: &'static Location<'static>,
) -> impl FnOnce(Body<F>) -> (Runnable, async_task::Task<(), Meta>) + use<F> {
    let queue = shared.clone();
    move |body| {
        let meta = Meta { local: true, main, spawned_at };
        async_task::Builder::new().metadata(meta).spawn_local(move |_| body, move |runnable| queue.push(runnable))
    }
}

/// Makes the guest's main task.
pub(super) fn spawn_main<F: Future + 'static>(
    shared: &Arc<Shared>,
    spawned_at: &'static Location<'static>,
    future: F,
    slot: Slot<F::Output>,
    main: &RefCell<Option<FallibleTask<(), Meta>>>,
) {
    let trace = trace::Task::of_guest(shared.id, true, spawned_at);
    make(shared, trace, future, slot, build_local(shared, true, spawned_at), |task| *main.borrow_mut() = Some(task));
}

/// Makes a task of this thread, which is the guest's.
pub(super) fn spawn_local<F: Future + 'static>(
    shared: &Arc<Shared>,
    spawned_at: &'static Location<'static>,
    future: F,
) -> Option<New<F::Output>> {
    let (slot, mut task) = (Slot::default(), None);
    let trace = trace::Task::of_guest(shared.id, false, spawned_at);
    make(shared, trace, future, slot.clone(), build_local(shared, false, spawned_at), |made| task = Some(made));
    task.map(|task| New { task, slot })
}

/// Makes a task from any thread.
pub(super) fn spawn<F>(
    shared: &Arc<Shared>,
    spawned_at: &'static Location<'static>,
    future: F,
) -> Option<New<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let queue = shared.clone();
    let build = |body| {
        let meta = Meta { local: false, main: false, spawned_at };
        async_task::Builder::new().metadata(meta).spawn(move |_| body, move |runnable| queue.push(runnable))
    };
    let (slot, mut task) = (Slot::default(), None);
    let trace = trace::Task::of_guest(shared.id, false, spawned_at);
    make(shared, trace, future, slot.clone(), build, |made| task = Some(made));
    task.map(|task| New { task, slot })
}

/// A handle to a task of a guest: a future of its result.
///
/// Dropping the handle cancels the task, as in smol; [`detach`](Self::detach) lets it run on, until the guest ends. The
/// task's values are dropped on the guest's thread.
///
/// # Cancel safety
///
/// Polling the handle and dropping the future that polled it loses nothing as long as the handle itself lives.
///
/// # Errors
///
/// As a future it gives [`JoinError`] if the task panicked or was cancelled. Waiting for it in a blocking call on the
/// guest's own thread would never end, because that call keeps the host from running ticks: it gives
/// [`RunError::WouldDeadlock`](crate::RunError::WouldDeadlock), by way of [`JoinError::refused`].
///
/// # Examples
///
/// ```
/// use pontoon_core::guest::{Guest, GuestScope};
///
/// let guest = Guest::new(pontoon_smol::Smol::new()).into_future(async {
///     let task = GuestScope::current().unwrap().spawn_local(std::future::pending::<()>());
///     assert!(!task.is_finished());
///     task.cancel().await.is_none()
/// })?;
/// assert!(futures_lite::future::block_on(guest).unwrap());
/// # Ok::<(), pontoon_core::guest::StartError>(())
/// ```
#[must_use = "dropping a task cancels it; call `detach` to let it run on"]
pub struct GuestTask<T> {
    shared: Arc<Shared>,
    /// None: it was refused, or its result has been given.
    new: Option<New<T>>,
}

impl<T> GuestTask<T> {
    pub(super) fn new(shared: &Arc<Shared>, new: Option<New<T>>) -> Self {
        Self { shared: shared.clone(), new }
    }

    /// Whether the task has ended, in whichever way.
    pub fn is_finished(&self) -> bool {
        self.new.as_ref().is_none_or(|new| new.task.is_finished())
    }

    /// Lets the task run on without a handle, until it ends or the guest does.
    pub fn detach(mut self) {
        if let Some(new) = self.new.take() {
            new.task.detach();
            abandon(|| drop(new.slot));
        }
    }

    /// Cancels the task and waits until its values are gone. Gives its result if it had one already.
    ///
    /// In a blocking call on the guest's own thread it does not wait: the values go with a later tick.
    ///
    /// # Cancel safety
    ///
    /// The task is cancelled even if the wait is not carried through.
    pub async fn cancel(mut self) -> Option<T> {
        let New { task, slot } = self.new.take()?;
        let mut cancel = pin!(task.cancel());
        poll_fn(|cx| match cancel.as_mut().poll(cx) {
            Poll::Pending if !self.shared.is_blocked_here() => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
        take(&slot)?.ok()
    }
}

impl<T> Future for GuestTask<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(new) = &mut self.new else { return Poll::Ready(Err(JoinError::cancelled())) };
        if Pin::new(&mut new.task).poll(cx).is_ready() {
            let result = take(&new.slot);
            self.new = None;
            return Poll::Ready(match result {
                Some(result) => result.map_err(JoinError::panicked),
                None => Err(JoinError::cancelled()),
            });
        }
        if self.shared.is_blocked_here() {
            return Poll::Ready(Err(JoinError::refuse(RunError::deadlock(
                "a blocking call on a guest's own thread waits for one of the guest's tasks, and keeps the host from \
                 polling it",
                "await the task in the guest, or wait for it on another thread",
            ))));
        }
        Poll::Pending
    }
}

impl<T> Drop for GuestTask<T> {
    fn drop(&mut self) {
        let new = self.new.take();
        abandon(|| drop(new));
    }
}

impl<T> fmt::Debug for GuestTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestTask").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}

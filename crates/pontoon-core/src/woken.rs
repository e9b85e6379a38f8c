//! Whether a task was woken while it is being polled.
//!
//! async-task keeps that to itself: such a task is queued when its poll ends. A call nested in that poll has to know,
//! because it may be what keeps the poll from ending. So a task's future sees a waker of its own, which takes a note and
//! passes the wake-up on, and the thread lists what it polls: tasks, and guests, whose other tasks have to wait, too.

use crate::{guest, sync::thread_local};
use std::{
    cell::RefCell,
    sync::{
        Arc,
        // Not the model's: nothing in the loop's protocol asks for a note.
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

thread_local! {
    /// What this thread polls, outermost first.
    static POLLED: RefCell<Vec<Polled>> = const { RefCell::new(Vec::new()) };
}

/// What is polled on a thread's stack.
#[derive(Clone)]
enum Polled {
    Task(Arc<Note>),
    /// A tick of a guest.
    Guest(guest::Queued),
    /// What another thread polls that is blocked, and waits for nothing but that.
    Ready,
}

impl Polled {
    fn is_woken(&self) -> bool {
        match self {
            Self::Task(note) => note.woken.load(Ordering::Relaxed),
            Self::Guest(queued) => queued.is_any(),
            Self::Ready => true,
        }
    }
}

/// Takes a note of wake-ups on their way to a task.
struct Note {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// What the wake-up is about was there before: a note that the beginning of a poll wipes out tells of nothing that
    /// this poll does not find.
    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

/// A task's own waker, made in its first poll.
#[derive(Default)]
pub(crate) struct TaskWaker {
    waker: Option<Waker>,
    /// None while it is listed.
    note: Option<Arc<Note>>,
}

/// A task is listed, until dropped.
struct Listed<'a>(&'a mut Option<Arc<Note>>);

impl<'a> Listed<'a> {
    #[inline]
    fn new(note: &'a mut Option<Arc<Note>>) -> Self {
        // A thread that ends has no list any more.
        let _ = POLLED.try_with(|polled| polled.borrow_mut().extend(note.take().map(Polled::Task)));
        Self(note)
    }
}

impl Drop for Listed<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_none() {
            if let Ok(Some(Polled::Task(note))) = POLLED.try_with(|polled| polled.borrow_mut().pop()) {
                *self.0 = Some(note);
            }
        }
    }
}

impl TaskWaker {
    /// Calls `f`, a poll of the task, with the task's own waker instead of that of `cx`, and lists the task meanwhile.
    #[inline]
    pub(crate) fn poll<R>(&mut self, cx: &mut Context<'_>, f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let Self { waker, note } = self;
        let waker = &*waker.get_or_insert_with(|| {
            let new = Arc::new(Note { woken: AtomicBool::new(false), task: cx.waker().clone() });
            *note = Some(new.clone());
            Waker::from(new)
        });
        if let Some(note) = note.as_ref().filter(|note| note.woken.load(Ordering::Relaxed)) {
            note.woken.swap(false, Ordering::Acquire);
        }
        let _listed = Listed::new(note);
        f(&mut Context::from_waker(waker))
    }
}

/// Calls `f`, a tick of a guest whose tasks are in `queued`.
pub(crate) fn tick<R>(queued: guest::Queued, f: impl FnOnce() -> R) -> R {
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            if self.0 {
                drop(POLLED.try_with(|polled| polled.borrow_mut().pop()));
            }
        }
    }
    let _leave = Leave(POLLED.try_with(|polled| polled.borrow_mut().push(Polled::Guest(queued))).is_ok());
    f()
}

/// Whether anything is polled on this thread.
pub(crate) fn is_polling() -> bool {
    POLLED.try_with(|polled| !polled.borrow().is_empty()).unwrap_or(false)
}

/// Whether something that is polled on this thread's stack asks to be polled again, or keeps what does.
pub(crate) fn is_any() -> bool {
    POLLED.try_with(|polled| polled.borrow().iter().any(Polled::is_woken)).unwrap_or(false)
}

/// What is polled on one thread, for another that carries on.
pub(crate) struct Below(Vec<Polled>);

impl Below {
    /// This thread's. It is about to wait for the other, so that what is woken by itself stays woken.
    pub(crate) fn here() -> Self {
        let mut polled = POLLED.try_with(|polled| polled.borrow().clone()).unwrap_or_default();
        if polled.iter().any(Polled::is_woken) {
            polled.push(Polled::Ready);
        }
        Self(polled)
    }

    /// This thread, which polls nothing, carries on.
    pub(crate) fn carry_on(self) {
        drop(POLLED.try_with(|polled| polled.replace(self.0)));
    }
}

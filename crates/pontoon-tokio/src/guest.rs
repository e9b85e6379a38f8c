//! Guest mode's engine: a `LocalSet` on the host's thread.
//!
//! It gives every task a cooperative budget, which nobody would refill otherwise where the host's thread is no worker of
//! tokio's, and it is where `tokio::task::spawn_local` puts its tasks. A turn of it polls up to 61 of its tasks, however
//! long they take, so the guest's own tasks do not live in it: one task of it polls them, and stops when their tick's
//! budget is spent.

use crate::place;
use pontoon_core::guest::{Engine, Pump};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tokio::task::{LocalSet, coop};

pub(crate) struct Local {
    set: LocalSet,
    pump: Rc<RefCell<Option<Waker>>>,
}

impl Local {
    pub(crate) fn new(pump: Pump) -> Self {
        let set = LocalSet::new();
        let waker = Rc::new(RefCell::new(None));
        let slot = waker.clone();
        set.spawn_local(poll_fn(move |cx| {
            if slot.borrow().is_none() {
                *slot.borrow_mut() = Some(cx.waker().clone());
            }
            if place::is_inside_another() {
                place::out_of_budget(&mut || while pump.step() {});
                return Poll::<()>::Pending;
            }
            while pump.step() {
                if !coop::has_budget_remaining() {
                    // The next poll has a new one.
                    cx.waker().wake_by_ref();
                    break;
                }
            }
            Poll::Pending
        }));
        Self { set, pump: waker }
    }
}

impl Engine for Local {
    /// The set hands the pump's wake on to the waker of the last turn, although a turn is what it gets.
    fn prepare(&mut self) {
        if let Some(pump) = &*self.pump.borrow() {
            pump.wake_by_ref();
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) {
        place::in_budget(|| {
            let _ = Pin::new(&mut self.set).poll(cx);
        });
    }

    /// tokio's driver stays with the thread that is in it.
    fn nudges(&self) -> bool {
        false
    }
}

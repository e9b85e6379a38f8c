//! The end of a value: dropped in context, or closed in bounded time.

use super::bound::Facade;
use crate::Runner;
use std::{
    any::type_name,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

/// How long a guard's `close` may take, unless the facade says otherwise.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Drops what is in a place when it is dropped itself.
struct Emptied<'a, T>(&'a mut Option<T>);

impl<T> Drop for Emptied<'_, T> {
    fn drop(&mut self) {
        *self.0 = None;
    }
}

/// Drops what is in `place` in the runtime's context.
pub(super) fn discard<T>(runner: &Runner, place: &mut Option<T>) {
    if !std::mem::needs_drop::<T>() || place.is_none() {
        return;
    }
    let emptied = Emptied(place);
    // A call that is refused drops its future all the same: in context where there is one, else plainly.
    let end = || drop(runner.try_run(async move { drop(emptied) }));
    if thread::panicking() {
        // A second panic would abort the process; the first one is the news.
        let _ = catch_unwind(AssertUnwindSafe(end));
    } else {
        end();
    }
}

/// Ends the value of a facade that is dropped by its `close` method, unless it was consumed.
pub fn close<F: Facade, C: Future>(facade: &mut F, limit: Duration, close: impl FnOnce(F::Async) -> C) {
    let Some((value, runner)) = facade.try_take() else { return };
    // Inside the future, so that a refused or overdue close drops the value in context.
    let closing = async move { drop(close(value).await) };
    // A panic has been reported by its hook, and none may leave a drop.
    let closed = catch_unwind(AssertUnwindSafe(|| runner.run_timeout(limit, closing)));
    if let Ok(Err(error)) = closed {
        // Nobody can be given the refusal, and it must not be lost.
        eprintln!("pontoon: {} was dropped and could not be closed: {error}", type_name::<F>());
    }
}

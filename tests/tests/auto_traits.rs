//! Who may go to another thread, and who may not.

use pontoon::{
    Any, Bound, CloseError, Io, Iter, JoinError, Prefetch, Ready, RunError, Runner, Task, UnblockIter,
    guest::{
        Abandoned, Budget, Guest, GuestError, GuestFuture, GuestRemote, GuestRun, GuestScope, GuestTask, QueueHost,
        StartError, Tick, TickQueue,
    },
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::{
    cell::Cell,
    future::Ready as ReadyFuture,
    panic::{RefUnwindSafe, UnwindSafe},
    rc::Rc,
};

assert_impl_all!(Runner: Send, Sync, UnwindSafe, RefUnwindSafe, Clone);
assert_impl_all!(Task<Cell<u8>>: Send);
assert_impl_all!(Task<u8>: Send, Sync);
assert_not_impl_any!(Task<Rc<u8>>: Send, Sync);
assert_impl_all!(Ready<u8>: Send, Sync);
assert_impl_all!(UnblockIter<u8>: Send);
assert_impl_all!(Prefetch<u8>: Send);
assert_impl_all!(Iter<futures_lite::stream::Empty<u8>>: Send);
assert_not_impl_any!(Iter<futures_lite::stream::Once<Rc<u8>>>: Send);
assert_impl_all!(Io<Vec<u8>>: Send, Sync);
assert_impl_all!(Bound<u8>: Send, Sync);
assert_not_impl_any!(Bound<Rc<u8>>: Send);
assert_impl_all!(Any<ReadyFuture<u8>>: Send);
assert_impl_all!(RunError: Send, Sync, Clone);
assert_impl_all!(JoinError: Send, Sync);
assert_impl_all!(CloseError: Send, Sync);

assert_impl_all!(Tick: Send);
assert_impl_all!(QueueHost: Send, Sync, Clone);
assert_impl_all!(TickQueue: Send);
assert_impl_all!(GuestRemote: Send, Sync, Clone);
assert_impl_all!(GuestTask<u8>: Send);
assert_not_impl_any!(GuestTask<Rc<u8>>: Send);
assert_not_impl_any!(Guest: Send);
assert_not_impl_any!(GuestRun: Send, Sync);
assert_not_impl_any!(GuestScope: Send, Sync);
assert_not_impl_any!(GuestFuture<u8>: Send, Sync);
assert_impl_all!(GuestError: Send, Sync);
assert_impl_all!(StartError: Send, Sync);
assert_impl_all!(Abandoned: Send, Sync, Clone);
assert_impl_all!(Budget: Send, Sync, Copy);

/// A facade may be used across a panic, as what it is made of.
#[test]
fn a_runner_survives_a_caught_panic() {
    let runner = Runner::new(pontoon::Smol::new());
    let caught = std::panic::catch_unwind(|| runner.run(async { panic!("inside") }));
    assert!(caught.is_err());
    assert_eq!(runner.run(async { 1 }), 1);
}

//! A bit of everything, for cases that ask "does it work from here?".

use std::convert::Infallible;
use std::io::Read as _;
use std::time::Duration;

use futures_lite::{io::Cursor, stream};
use pontoon_core::{Outcome, RunError, Runner};

use crate::tools::{Witness, boom, hold, panics, yields};

/// Calls, iterates, enters and exits a context, reads, drops and unwinds, from wherever it is
/// called: what should work in a plain thread should work there.
///
/// # Errors
///
/// Where the first call is refused; everything after it has to work then.
///
/// # Panics
///
/// When one of them gives something else than it should.
pub fn exercise(runner: &Runner) -> Result<(), RunError> {
    // call
    let text = String::from("borrowed");
    let short = runner.try_run(async {
        yields(3).await;
        &text[..3]
    })?;
    assert_eq!(short, "bor");
    runner.run(runner.sleep(Duration::from_micros(100)));
    let sent = runner.run_send(async {
        yields(3).await;
        1
    });
    assert_eq!(sent, 1);
    assert_eq!(runner.run(async { runner.run(async { 2 }) }), 2);
    // tasks
    let child = runner.spawn(async {
        yields(3).await;
        3
    });
    assert_eq!(child.join().unwrap(), 3);
    assert_eq!(runner.unblock(|| 4).join().unwrap(), 4);
    // iterate
    let slow = stream::unfold(0, |n| async move {
        yields(1).await;
        (n < 5).then_some((n, n + 1))
    });
    assert!(runner.wrap_iter(slow).eq(0..5));
    // enter and exit
    let mut exits = 0;
    let context = pontoon_core::context(
        async || {
            yields(1).await;
            Ok::<_, Infallible>(5)
        },
        async |value, _: Outcome<'_>| {
            yields(1).await;
            exits += value;
            Ok(())
        },
    );
    let entered = runner.wrap_context(context).unwrap();
    assert_eq!(*entered, 5);
    drop(entered);
    assert_eq!(exits, 5);
    // read
    let mut read = String::new();
    let mut io = runner.wrap_io(Cursor::new(b"six"));
    io.read_to_string(&mut read).unwrap();
    assert_eq!(read, "six");
    // drop
    let witness = Witness::new();
    let late = runner.run_timeout(Duration::from_millis(1), hold(witness.token()));
    assert!(matches!(late, Err(RunError::TimedOut)), "{late:?}");
    assert_eq!(witness.drops(), 1);
    let pending = runner.spawn(hold(witness.token()));
    assert!(pending.cancel().is_none());
    assert_eq!(witness.drops(), 2);
    // unwind
    let body = async {
        let _token = witness.token();
        yields(1).await;
        boom("seven")
    };
    assert_eq!(panics(|| runner.run(body)), "seven");
    assert_eq!(witness.drops(), 3);
    Ok(())
}

//! What is opened async is closed async: around a body, with a guard, or when the runner closes.
//!
//! ```text
//! cargo run -p pontoon --example session
//! ```

#![forbid(unsafe_code)]

use pontoon::{AsyncContext, Outcome, Runner, context};
use std::{io, time::Duration};

/// A connection that takes a moment to open and to close.
async fn opens(what: &str) {
    Runner::current().expect("polled by a runner").sleep(Duration::from_millis(1)).await;
    println!("{what}");
}

fn connection(name: &'static str) -> impl AsyncContext<Value = &'static str, Error = io::Error> + Send {
    context(
        async move || {
            opens(&format!("{name}: connect")).await;
            Ok(name)
        },
        async |name: &'static str, _: Outcome<'_>| {
            opens(&format!("{name}: disconnect")).await;
            if name == "cache" { Err(io::Error::other("the cache had gone already")) } else { Ok(()) }
        },
    )
}

/// Its way out depends on how the time in it ended.
fn transaction() -> impl AsyncContext<Value = u32, Error = io::Error> {
    context(
        async || Ok(1),
        async |_: u32, outcome: Outcome<'_>| {
            opens(if let Outcome::Success = outcome { "commit" } else { "roll back" }).await;
            Ok(())
        },
    )
}

fn main() -> io::Result<()> {
    let runner = pontoon::runner();

    // Open until the runner closes, and shared by all that follows.
    runner.enter_context(connection("database"))?;
    runner.enter_context(connection("cache"))?;

    // Around a body: the way out sees how that ended.
    runner.with_context(transaction(), |rows| {
        *rows += 1;
        Ok::<_, io::Error>(())
    })?;
    let failed = runner.with_context(transaction(), |_| Err::<(), _>(io::Error::other("no such row")));
    println!("the body's error: {}", failed.unwrap_err());

    // A guard: it goes out of scope, and its way out has been taken.
    {
        let _guard = runner.wrap_context(transaction())?;
    }

    // Last in, first out. One way out that fails stops none of the others, and all errors are told.
    let error = runner.close().unwrap_err();
    println!("close: {}", error.exits()[0]);
    Ok(())
}

//! Sync code drives an async HTTP client, and never meets its runtime.
//!
//! ```text
//! cargo run -p pontoon --example quickstart                                              # hyper, on smol
//! cargo run -p pontoon --example quickstart --no-default-features --features tokio       # reqwest, on tokio
//! cargo run -p pontoon --example quickstart --no-default-features --features async-std   # async-h1, on async-std
//! ```
//!
//! This file is the same for all three. `client/` holds one async client per backend, written as its
//! users write it; `server.rs` is the server they talk to, inside this process, so no network is needed.

#![forbid(unsafe_code)]

mod client;
mod server;

use client::{CLIENT, Error, Response, Session};
use pontoon::{Outcome, Runner};
use server::{LINES, Server, line};
use std::thread;

fn main() -> Result<(), Error> {
    let server = Server::start()?;
    let address = server.address();

    // A runner is the bridge between sync and async code. Any thread may call it, as often as it likes.
    let runner = pontoon::runner();

    // An async context has an async way in and an async way out: here, log in and log out. The runner
    // goes in now and keeps the session open, so that everything below can share it.
    let session = runner.enter_context(pontoon::context(
        async move || Session::log_in(address).await,
        async |session: Session, _: Outcome<'_>| session.log_out().await,
    ))?;
    println!("logged in at http://{address} through {CLIENT}");

    // One download from here ..
    download("main thread", &runner, &session)?;

    // .. and several at once, from threads of our own.
    thread::scope(|scope| {
        let names = ["thread 1", "thread 2", "thread 3", "thread 4"];
        let downloads = names.map(|name| scope.spawn(|| download(name, &runner, &session)));
        downloads.into_iter().try_for_each(|download| download.join().expect("a download panicked"))
    })?;

    // Closing the runner takes the way out of whatever is still open. The server has seen it happen.
    assert_eq!(server.sessions(), (1, 0), "one session opened, none closed");
    runner.close()?;
    assert_eq!(server.sessions(), (1, 1), "one session opened, one closed");
    assert_eq!(server.downloads(), 5);
    println!("logged out: the server saw 5 downloads in 1 session, opened once and closed once");
    Ok(())
}

/// One download in plain sync code: `?`, a `for` loop, and a value that cleans up behind itself.
fn download(who: &str, runner: &Runner, session: &Session) -> Result<(), Error> {
    // A context of its own: the way in sends the request, the way out is done with the response.
    let mut response = runner.wrap_context(pontoon::context(
        async || session.get("/lines").await,
        async |response: Response, _: Outcome<'_>| response.finish().await,
    ))?;

    // The body is an async stream, and here an iterator: each turn waits for one more line.
    let mut lines = 0;
    for text in runner.wrap_iter(response.lines()) {
        lines += 1;
        assert_eq!(text?, line(lines));
    }
    assert_eq!(lines, LINES);
    println!("{who}: got {lines} lines");

    // Dropping the response takes the way out as well. `close` tells how it went.
    response.close()
}

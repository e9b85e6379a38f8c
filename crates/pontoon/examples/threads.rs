//! Four threads share one async client and one session, and know nothing of its runtime.
//!
//! ```text
//! cargo run -p pontoon --example threads
//! ```

#![forbid(unsafe_code)]

#[allow(dead_code, unused_imports, reason = "the quickstart uses more of it")]
#[path = "quickstart/client/mod.rs"]
mod client;
#[allow(dead_code, reason = "the quickstart uses more of it")]
#[path = "quickstart/server.rs"]
mod server;

use client::{Error, Session};
use pontoon::Runner;
use server::Server;
use std::thread;

fn main() -> Result<(), Error> {
    let server = Server::start()?;
    let runner = pontoon::runner();
    let session = runner.run(Session::log_in(server.address()))?;

    let got = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| download(&runner, &session)));
        threads.map(|thread| thread.join().expect("a download panicked"))
    });
    for (number, lines) in got.into_iter().enumerate() {
        println!("thread {}: {} lines", number + 1, lines?);
    }

    runner.run(session.log_out())?;
    println!("the server saw {} downloads in {} session", server.downloads(), server.sessions().0);
    Ok(())
}

/// Plain sync code: each call waits on this thread, which drives the loop meanwhile.
fn download(runner: &Runner, session: &Session) -> Result<usize, Error> {
    let mut response = runner.run(session.get("/lines"))?;
    let mut lines = 0;
    for line in runner.wrap_iter(response.lines()) {
        lines += usize::from(line?.starts_with("line "));
    }
    runner.run(response.finish())?;
    Ok(lines)
}

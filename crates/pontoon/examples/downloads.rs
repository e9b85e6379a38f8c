//! Many downloads at once through an async client, with a progress bar, from a server inside this process.
//!
//! ```text
//! cargo run -p pontoon --example downloads
//! ```

#![forbid(unsafe_code)]

#[allow(dead_code, unused_imports, reason = "the quickstart uses more of it")]
#[path = "quickstart/client/mod.rs"]
mod client;
#[allow(dead_code, reason = "the quickstart uses more of it")]
#[path = "quickstart/server.rs"]
mod server;

use client::{Error, Session};
use example_clients::indicatif::{ProgressBar, ProgressStyle};
use pontoon::Runner;
use server::{LINES, Server};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

const DOWNLOADS: usize = 200;
const THREADS: usize = 8;

fn main() -> Result<(), Error> {
    let server = Server::start()?;
    let runner = pontoon::runner();
    let session = runner.run(Session::log_in(server.address()))?;

    // It draws to standard error, and only if that is a terminal.
    let bar = ProgressBar::new((DOWNLOADS * LINES) as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} lines, {per_sec}, {eta} to go")?);

    let next = AtomicUsize::new(0);
    let lines = thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| {
            scope.spawn(|| {
                let mut lines = 0;
                while next.fetch_add(1, Ordering::Relaxed) < DOWNLOADS {
                    lines += download(&runner, &session, &bar)?;
                }
                Ok::<usize, Error>(lines)
            })
        });
        threads.into_iter().map(|thread| thread.join().expect("a download panicked")).sum::<Result<usize, Error>>()
    })?;
    bar.finish();
    runner.run(session.log_out())?;
    println!("{} downloads on {THREADS} threads: {lines} lines", server.downloads());
    Ok(())
}

fn download(runner: &Runner, session: &Session, bar: &ProgressBar) -> Result<usize, Error> {
    let mut response = runner.run(session.get("/lines"))?;
    let mut lines = 0;
    for line in runner.wrap_iter(response.lines()) {
        lines += usize::from(!line?.is_empty());
        bar.inc(1);
    }
    runner.run(response.finish())?;
    Ok(lines)
}

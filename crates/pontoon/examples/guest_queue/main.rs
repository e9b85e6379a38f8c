//! A main loop of our own, and in it an async HTTP client: one thread, no locks, and the loop misses no frame.
//!
//! ```text
//! cargo run -p pontoon --example guest_queue                                              # hyper, on smol
//! cargo run -p pontoon --example guest_queue --no-default-features --features tokio       # reqwest, on tokio
//! cargo run -p pontoon --example guest_queue --no-default-features --features async-std   # async-h1, on async-std
//! ```
//!
//! `../guest` holds the client of each backend, and the server that it downloads from, inside this process.

#![forbid(unsafe_code)]

#[path = "../guest/client/mod.rs"]
mod client;
#[path = "../guest/server.rs"]
mod server;

use client::{CLIENT, Error, Progress, backend, download};
use pontoon::guest::{Guest, queue};
use std::{
    cell::RefCell,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

/// The loop has something to do so often, whether the guest has or not.
const FRAME: Duration = Duration::from_micros(16_667);

fn main() -> Result<(), Error> {
    let server = server::start()?;

    // What the guest needs of the loop is to be woken. What the loop keeps are the ticks that the guest wants to have run.
    let main_loop = thread::current();
    let (host, ticks) = queue(move || main_loop.unpark());

    // The guest writes this, and the loop reads it.
    let progress = Rc::new(Progress::default());
    let theirs = progress.clone();
    let main = async move { download(server, &theirs).await };

    let outcome = Rc::new(RefCell::new(None));
    let done = outcome.clone();
    let run = Guest::new(backend()).start(host, main, move |result| *done.borrow_mut() = Some(result))?;

    let (start, mut frames) = (Instant::now(), 0);
    while !run.is_finished() {
        ticks.run();
        let wait = (start + frames * FRAME).saturating_duration_since(Instant::now());
        if wait.is_zero() {
            frames += 1;
            if frames % 30 == 0 {
                println!("frame {frames}: {} of {} bytes", progress.got.get(), progress.size.get());
            }
        } else if ticks.is_empty() {
            thread::park_timeout(wait);
        }
    }

    let bytes = outcome.take().expect("`done` was called")??;
    assert_eq!(bytes, server::SIZE);
    println!("got {bytes} bytes through {CLIENT} within {frames} frames");
    Ok(())
}

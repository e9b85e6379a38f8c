//! Writes a trace of calls that cross the seats of the loop, for `https://ui.perfetto.dev` or `chrome://tracing`.
//!
//! ```text
//! cargo run -p pontoon --example trace --features tracing -- target/trace.json
//! ```
//!
//! A task beats in the background, on the runner's own thread. Then two callers come, and run it while they wait; the
//! runner's thread steps aside. When they have gone, it takes over.

#![forbid(unsafe_code)]

use example_clients::{
    tracing::{self, info_span},
    tracing_chrome::ChromeLayerBuilder,
    tracing_subscriber::{self, filter::Targets, prelude::*},
};
use pontoon::Runner;
use std::{
    env,
    error::Error,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).unwrap_or_else(|| "trace.json".to_owned());
    let (layer, written) = ChromeLayerBuilder::new().file(&path).include_args(true).build();
    // Everything of pontoon's, and the spans of this file.
    let wanted =
        Targets::new().with_target("pontoon", tracing::Level::TRACE).with_target("trace", tracing::Level::TRACE);
    tracing_subscriber::registry().with(layer.with_filter(wanted)).init();

    let runner = pontoon::runner();
    let beats = heart(&runner);
    // Nobody calls: the runner's own thread drives.
    wait_for(&beats, 3);

    // Callers come, and keep coming.
    thread::scope(|scope| {
        for name in ["caller 1", "caller 2"] {
            thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, || caller(&runner))?;
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    println!("stepped aside for callers: {}", runner.stats().hand_overs > 0);

    // They have gone.
    wait_for(&beats, 4);
    runner.close()?;
    drop(written);
    println!("written to {path}: open it at https://ui.perfetto.dev");
    Ok(())
}

/// A task in the background that works a little, sleeps a little, and says so each time.
fn heart(runner: &Runner) -> Receiver<()> {
    let (sender, beats) = mpsc::channel();
    let inner = runner.clone();
    let heart = async move {
        loop {
            info_span!("beat").in_scope(|| work(Duration::from_micros(60)));
            inner.sleep(Duration::from_micros(150)).await;
            if sender.send(()).is_err() {
                return;
            }
        }
    };
    runner.spawn(heart).detach();
    beats
}

/// A thread that calls again and again, once from inside a call.
fn caller(runner: &Runner) {
    for number in 0..8 {
        let _span = info_span!("request", number).entered();
        runner.run(async {
            runner.sleep(Duration::from_micros(100)).await;
            if number == 4 {
                // A call from inside a call: one more level of the loop on this thread.
                runner.run(runner.sleep(Duration::from_micros(200)));
            }
        });
        work(Duration::from_micros(40));
    }
}

fn wait_for(beats: &Receiver<()>, count: usize) {
    // Those that came while nobody looked do not count.
    beats.try_iter().for_each(drop);
    for _ in 0..count {
        beats.recv().expect("the heart beats until the runner closes");
    }
}

/// Keeps the processor busy.
fn work(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {}
}

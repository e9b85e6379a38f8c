//! Deadlines and cancelling: when the time is up, the work is gone, and its values have been dropped in their runtime.
//!
//! ```text
//! cargo run -p pontoon --example deadline
//! ```

#![forbid(unsafe_code)]

use pontoon::{RunError, Runner};
use std::time::{Duration, Instant};

/// An async job of a given length, with something to give back.
fn job(name: &'static str, time: Duration) -> impl Future<Output = &'static str> + Send {
    let lease = Lease(name);
    async move {
        let _lease = lease;
        Runner::current().expect("polled by a runner").sleep(time).await;
        name
    }
}

struct Lease(&'static str);

impl Drop for Lease {
    fn drop(&mut self) {
        println!("{}: lease given back", self.0);
    }
}

fn main() {
    let runner = pontoon::runner();
    let (short, long) = (Duration::from_millis(5), Duration::from_secs(3600));

    // In time.
    println!("{:?}", runner.run_timeout(long, job("a short job", short)).map_err(|error| error.to_string()));

    // Too late: dropped before `run_timeout` returns.
    let start = Instant::now();
    match runner.run_timeout(short, job("a long job", long)) {
        Err(RunError::TimedOut) => println!("timed out in time: {}", start.elapsed() < long / 2),
        other => println!("{other:?}"),
    }

    // A task in the background outlives a wait for it ..
    let mut task = runner.spawn(job("a task", long));
    println!("within the time: {:?}", task.join_timeout(short).is_some());
    // .. until somebody cancels it, which waits until its values are gone.
    println!("cancelled: {:?}", task.cancel());

    // Whoever closes the runner ends what is left, within a limit.
    runner.spawn(job("what is left", long)).detach();
    println!("closed: {:?}", runner.close_timeout(Duration::from_secs(10)).is_ok());
}

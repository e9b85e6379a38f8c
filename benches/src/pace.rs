//! Time that has to pass: the pace of a workload is part of it.

use std::time::Duration;

/// Keeps this thread off the processor for `duration`.
#[expect(clippy::disallowed_methods, reason = "the workload is a pause of this length, it orders nothing")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

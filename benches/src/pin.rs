//! All threads of two processes on one processor.
//!
//! A thread that wakes another one on an idle processor pays for waking that processor up, and on a virtual machine that
//! is more than all the rest of a loopback request. Whether it happens is the scheduler's choice, and it hides what the
//! subjects do themselves; so the echo scenarios are measured on one processor, and once more wherever the threads go.

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use std::fs;

/// Keeps every thread of the processes on one processor while it lives. Threads that start meanwhile inherit it.
#[derive(Debug)]
pub struct Pinned {
    before: Option<CpuSet>,
    processes: Vec<u32>,
}

impl Pinned {
    /// Pins this process and the `others` (0 is none) to the first processor that this thread may use, where the system lets us.
    pub fn new(others: &[u32]) -> Self {
        let others = others.iter().copied().filter(|process| *process != 0);
        let processes: Vec<_> = others.chain([std::process::id()]).collect();
        let before = sched_getaffinity(Pid::from_raw(0)).ok();
        let first = before.as_ref().and_then(|set| (0..CpuSet::count()).find(|cpu| set.is_set(*cpu).unwrap_or(false)));
        let mut one = CpuSet::new();
        if first.is_some_and(|cpu| one.set(cpu).is_ok()) {
            place(&processes, &one);
        }
        Self { before, processes }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            place(&self.processes, before);
        }
    }
}

fn place(processes: &[u32], set: &CpuSet) {
    for process in processes {
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        for thread in threads.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            // A thread may have ended by now.
            let _ = sched_setaffinity(Pid::from_raw(thread), set);
        }
    }
}

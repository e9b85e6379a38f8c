//! What the operating system knows of this process.

use std::fs;

/// The names of this process's threads, as the kernel keeps them: cut off after fifteen bytes.
///
/// # Panics
///
/// Where there is no `/proc`.
pub fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
    // a thread may end while we look
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

/// How many file descriptors this process has open.
///
/// # Panics
///
/// Where there is no `/proc`.
pub fn descriptors() -> usize {
    let open = fs::read_dir("/proc/self/fd").expect("the file descriptors of this process");
    // one of them reads the directory
    open.count() - 1
}

/// How many bytes of this process are in memory.
///
/// # Panics
///
/// Where there is no `/proc`.
pub fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("the status of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident size");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number of kilobytes");
    kilobytes * 1024
}

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

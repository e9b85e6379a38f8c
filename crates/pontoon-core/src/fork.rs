//! What a forked child cannot use any more.

use std::{io, sync::OnceLock};

/// Something that a runtime keeps for the whole process and that stays with the parent when the process forks: its
/// threads do, and the locks that they hold.
#[derive(Debug)]
pub struct ProcessWide {
    what: &'static str,
    remedy: &'static str,
    first_use: OnceLock<forkguard::Guard>,
}

impl ProcessWide {
    /// Names it, and what to do in the child instead, for the error. Everybody who uses the same thing needs the same
    /// value, so this goes into a `static`.
    pub const fn new(what: &'static str, remedy: &'static str) -> Self {
        Self { what, remedy, first_use: OnceLock::new() }
    }

    /// Notes a use, for [`Executor::start`](crate::Executor::start).
    ///
    /// # Errors
    ///
    /// In a child of the process that used it first.
    ///
    /// # Examples
    ///
    /// ```
    /// use pontoon_core::ProcessWide;
    ///
    /// static THREADS: ProcessWide = ProcessWide::new("my runtime's pool", "start the child by `exec`");
    /// assert!(THREADS.enter().is_ok());
    /// ```
    pub fn enter(&self) -> io::Result<()> {
        if self.first_use.get_or_init(forkguard::new).clone().detected_fork() {
            return Err(io::Error::other(format!(
                "the process was forked after {} had been used, which stays with the parent; {}",
                self.what, self.remedy
            )));
        }
        Ok(())
    }
}

/// async-io's reactor, which every backend on it shares.
pub static ASYNC_IO: ProcessWide =
    ProcessWide::new("async-io's reactor", "use the tokio backend in the child, or start the child by `exec`");

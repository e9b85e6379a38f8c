//! What a backend or a flavour of the runner may have, or lack for a reason.

use std::fmt;

/// Something that a case needs and that a [`Subject`](crate::Subject) may lack.
///
/// A case whose needs are not met is listed, counted and not run; the reason stands in the
/// capability table at the end of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Work goes on while nobody waits.
    BackgroundProgress,
    /// The runner has a thread of its own: it runs the tasks of `spawn_local` and dies with `close`.
    HostThread,
    /// Nobody but the waiting callers drives, so what they do can be counted.
    CallersOnly,
    /// Being inside the runtime's context can be seen, through
    /// [`Subject::context_probe`](crate::Subject::context_probe).
    VisibleContext,
    /// A case may start this test binary again as a child process.
    ChildProcess,
    /// The runtime has [workers](pontoon_core::Executor::workers) of its own.
    Workers,
}

impl Capability {
    /// Every capability, in the order of the table.
    pub const ALL: [Capability; 6] = [
        Capability::BackgroundProgress,
        Capability::HostThread,
        Capability::CallersOnly,
        Capability::VisibleContext,
        Capability::ChildProcess,
        Capability::Workers,
    ];
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::BackgroundProgress => "background progress",
            Capability::HostThread => "host thread",
            Capability::CallersOnly => "callers only",
            Capability::VisibleContext => "visible context",
            Capability::ChildProcess => "child process",
            Capability::Workers => "workers",
        })
    }
}

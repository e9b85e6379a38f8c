//! The backends, each in its flavours, as the conformance suite examines them.

use std::sync::LazyLock;

use pontoon::{AsyncStd, Smol, Tokio};
use pontoon_conformance::{Capability, Subject};
use tokio::runtime::{Builder, Handle, Runtime};

/// Every flavour that the project stands for.
pub fn flavours() -> Vec<Subject> {
    vec![
        plain(Subject::hosted("smol", Smol::new)),
        plain(Subject::hosted("smol with workers", || Smol::with_workers(2)).has(Capability::Workers)),
        plain(Subject::hosted("async-std", AsyncStd::new)),
        tokio(Subject::hosted("tokio current_thread", Tokio::new)),
        tokio(Subject::hosted("tokio multi_thread 1", || Tokio::multi_thread(1)).has(Capability::Workers)),
        tokio(Subject::hosted("tokio multi_thread 4", || Tokio::multi_thread(4)).has(Capability::Workers)),
        tokio(
            Subject::hosted("tokio adopted", || Tokio::from_handle(ADOPTED.handle().clone()))
                .lacks(Capability::Workers, "its workers are shared with the other cases"),
        ),
        plain(Subject::inline("smol inline", Smol::new)),
        plain(Subject::inline("async-std inline", AsyncStd::new)),
        tokio(Subject::inline("tokio inline", Tokio::new)),
    ]
}

/// A runtime that was there before the runner, and outlives it.
static ADOPTED: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime to adopt")
});

/// async-io's reactor is global: any thread may use it, and nothing tells one from another.
fn plain(subject: Subject) -> Subject {
    subject.lacks(Capability::VisibleContext, "its reactor is global, so no thread is outside of it")
}

/// Inside a tokio runtime is where its current handle can be had.
fn tokio(subject: Subject) -> Subject {
    subject.context_probe(|| Handle::try_current().is_ok())
}

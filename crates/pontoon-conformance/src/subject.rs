//! Who is examined: a backend in one flavour.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pontoon_core::{Builder, Executor, Runner};

use crate::Capability;

/// One backend in one flavour: how to make its runners, and what it lacks.
///
/// # Examples
///
/// ```no_run
/// use pontoon_conformance::{Capability, Subject};
/// # fn my_backend() -> std::sync::Arc<dyn pontoon_core::Executor> { unimplemented!() }
///
/// let hosted = Subject::hosted("mine", my_backend)
///     .lacks(Capability::VisibleContext, "it keeps nothing in thread-locals");
/// let inline = Subject::inline("mine inline", my_backend);
/// ```
#[derive(Clone)]
pub struct Subject {
    name: String,
    executor: Arc<dyn Fn() -> Arc<dyn Executor> + Send + Sync>,
    inline: bool,
    probe: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    lacks: Vec<(Capability, String)>,
    step: Arc<Mutex<String>>,
}

impl Subject {
    /// A backend under a runner with a thread of its own, the usual one. If its runtime has workers, say so with
    /// [`has`](Subject::has).
    pub fn hosted<E: Executor>(name: impl Into<String>, executor: impl Fn() -> E + Send + Sync + 'static) -> Subject {
        Subject::new(name.into(), executor, false).lacks(Capability::CallersOnly, "the runner's own thread drives too")
    }

    /// A backend under a runner without a thread: the callers alone drive.
    pub fn inline<E: Executor>(name: impl Into<String>, executor: impl Fn() -> E + Send + Sync + 'static) -> Subject {
        Subject::new(name.into(), executor, true)
            .lacks(Capability::BackgroundProgress, "an inline runner rests between calls")
            .lacks(Capability::HostThread, "an inline runner has no thread")
    }

    fn new<E: Executor>(name: String, executor: impl Fn() -> E + Send + Sync + 'static, inline: bool) -> Subject {
        Subject {
            name,
            executor: Arc::new(move || Arc::new(executor())),
            inline,
            probe: None,
            lacks: vec![(Capability::Workers, "its runtime has no workers of its own".into())],
            step: Arc::default(),
        }
    }

    /// Declares that this subject lacks `capability`, and why. The cases that need it are listed
    /// as ignored. Declaring it again replaces the reason.
    #[must_use]
    pub fn lacks(mut self, capability: Capability, why: impl Into<String>) -> Subject {
        self.lacks.retain(|(lacked, _)| *lacked != capability);
        self.lacks.push((capability, why.into()));
        self
    }

    /// Takes back what [`lacks`](Subject::lacks), or a constructor, declared.
    #[must_use]
    pub fn has(mut self, capability: Capability) -> Subject {
        self.lacks.retain(|(lacked, _)| *lacked != capability);
        self
    }

    /// Gives a function that tells whether the calling thread is inside the runtime's context
    /// right now. Without one the subject lacks [`Capability::VisibleContext`].
    #[must_use]
    pub fn context_probe(mut self, probe: impl Fn() -> bool + Send + Sync + 'static) -> Subject {
        self.probe = Some(Arc::new(probe));
        self
    }

    /// The name that stands before `::` in the names of the trials.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why this subject lacks `capability`; `None` when it has it.
    pub fn why_not(&self, capability: Capability) -> Option<&str> {
        let declared = self.lacks.iter().find(|(lacked, _)| *lacked == capability);
        match declared {
            Some((_, why)) => Some(why),
            None if capability == Capability::VisibleContext && self.probe.is_none() => Some("no probe to see it with"),
            None => None,
        }
    }

    /// A new builder on a new executor.
    pub fn builder(&self) -> Builder {
        self.builder_on(self.executor())
    }

    /// A new builder of this flavour on an executor of the case's own.
    pub fn builder_on(&self, executor: impl Executor) -> Builder {
        let builder = Runner::builder(executor);
        if self.inline { builder.without_thread() } else { builder }
    }

    /// A new executor.
    pub fn executor(&self) -> Arc<dyn Executor> {
        (self.executor)()
    }

    /// A new runner that has started nothing yet.
    pub fn runner(&self) -> Runner {
        self.builder().build()
    }

    /// Whether the calling thread is inside the runtime's context.
    ///
    /// # Panics
    ///
    /// Without a probe: a case that asks has to need [`Capability::VisibleContext`].
    pub fn in_context(&self) -> bool {
        let probe = self.probe.as_ref();
        probe.expect("the case needs `Capability::VisibleContext`")()
    }

    /// Says where a case stands. A case that hangs or fails is reported with its last step.
    pub fn step(&self, step: impl Into<String>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step.into();
    }

    /// The last step.
    pub(crate) fn last_step(&self) -> String {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        match step.is_empty() {
            true => "the start".into(),
            false => step.clone(),
        }
    }

    /// The same subject for one trial, with a step of its own.
    pub(crate) fn for_trial(&self) -> Subject {
        Subject { step: Arc::default(), ..self.clone() }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("name", &self.name)
            .field("inline", &self.inline)
            .field("lacks", &self.lacks)
            .finish_non_exhaustive()
    }
}

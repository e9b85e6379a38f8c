//! The models, by what they are about.

mod callers;
mod close;
mod follow;
mod host;

use pontoon_core::{Builder, Runner, model::set_step};
use pontoon_loom::{Backend, Gate, explore};
use std::time::Duration;

/// A few threads on one runner.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// How many times a thread that could go on may be switched away from.
    preemptions: usize,
    /// Whether calls follow each other closely: then the host steps aside for them.
    busy: bool,
    body: fn(),
}

impl Model {
    const fn new(name: &'static str, preemptions: usize, body: fn()) -> Self {
        Self { name, preemptions, busy: false, body }
    }

    const fn busy(mut self) -> Self {
        self.busy = true;
        self
    }

    pub(crate) fn run(&self) {
        set_step(if self.busy { Duration::ZERO } else { Duration::from_secs(1) });
        explore(self.preemptions, self.body);
    }
}

/// A runner whose limits never pass.
fn builder(backend: Backend) -> Builder {
    Runner::builder(backend).close_limit(Duration::MAX).stuck_after(Duration::ZERO)
}

/// A runner without a host.
fn inline() -> Runner {
    builder(Backend::default()).without_thread().build()
}

/// A runner with a host.
fn hosted() -> Runner {
    builder(Backend::default()).build()
}

/// Starts a task that opens a gate when another one is open. Gives the two.
fn relay(runner: &Runner) -> (Gate, Gate) {
    let (start, done) = (Gate::default(), Gate::default());
    let (started, opener) = (start.wait(), done.clone());
    runner
        .spawn(async move {
            started.await;
            opener.open();
        })
        .detach();
    (start, done)
}

pub(crate) const MODELS: &[Model] = &[
    Model::new("a_wake_against_a_park", 3, callers::a_wake_against_a_park),
    Model::new("a_push_against_a_park", 3, callers::a_push_against_a_park),
    Model::new("a_wake_against_a_wait", 3, callers::a_wake_against_a_wait),
    Model::new("a_task_for_two_callers", 3, callers::a_task_for_two_callers),
    Model::new("a_leader_returns", 2, callers::a_leader_returns),
    Model::new("a_leader_leaves_work_behind", 3, callers::a_leader_leaves_work_behind),
    Model::new("a_leader_is_busy", 2, callers::a_leader_is_busy),
    Model::new("a_task_wakes_itself", 3, callers::a_task_wakes_itself),
    Model::new("a_nested_call", 3, callers::a_nested_call),
    Model::new("more_than_a_batch", 3, callers::more_than_a_batch),
    Model::new("a_wake_in_the_reactor", 3, callers::a_wake_in_the_reactor),
    Model::new("a_task_nobody_waits_for", 3, host::a_task_nobody_waits_for),
    Model::new("the_host_takes_over", 2, host::the_host_takes_over).busy(),
    Model::new("the_host_returns_to_the_reactor", 2, host::the_host_returns_to_the_reactor).busy(),
    Model::new("a_local_task", 2, host::a_local_task),
    Model::new("a_local_task_of_a_host_aside", 2, host::a_local_task_of_a_host_aside).busy(),
    Model::new("a_busy_caller", 3, host::a_busy_caller),
    Model::new("a_busy_caller_beside_another", 2, host::a_busy_caller_beside_another).busy(),
    Model::new("a_busy_host", 2, host::a_busy_host),
    Model::new("a_busy_host_aside", 2, host::a_busy_host_aside).busy(),
    Model::new("a_lone_call", 2, follow::a_lone_call),
    Model::new("two_lone_calls", 2, follow::two_lone_calls),
    Model::new("a_local_task_that_blocks", 2, follow::a_local_task_that_blocks),
    Model::new("close_against_a_wait", 3, close::close_against_a_wait),
    Model::new("close_against_a_hosted_wait", 2, close::close_against_a_hosted_wait),
    Model::new("close_against_a_spawn", 3, close::close_against_a_spawn),
    Model::new("close_against_a_hosted_spawn", 2, close::close_against_a_hosted_spawn),
    Model::new("close_against_a_poll", 3, close::close_against_a_poll),
    Model::new("close_against_a_caller_at_work", 2, close::close_against_a_caller_at_work).busy(),
    Model::new("close_against_a_wake", 2, close::close_against_a_wake),
    Model::new("close_against_a_start", 3, close::close_against_a_start),
];

/// The rules of the loop, and a model that fails without each.
pub(crate) const CAUGHT_BY: &[(&str, &str)] = &[
    ("register", "a_wake_against_a_park"),
    ("say-parked", "a_wake_against_a_park"),
    ("recheck-queue", "a_push_against_a_park"),
    ("recheck-woken", "a_wake_against_a_park"),
    ("recheck-closing", "close_against_a_wait"),
    ("wake-order", "a_wake_against_a_park"),
    ("push-order", "a_task_nobody_waits_for"),
    ("notify", "a_task_nobody_waits_for"),
    ("seq-cst", "a_wake_against_a_wait"),
    ("take-before-poll", "a_wake_against_a_park"),
    ("own-seat", "a_nested_call"),
    ("batch", "more_than_a_batch"),
    ("nudge-here", "a_wake_in_the_reactor"),
    ("idle-host", "a_busy_caller"),
    ("call-back", "a_busy_caller_beside_another"),
    ("busy-host", "a_busy_host"),
    ("busy-aside", "a_busy_host_aside"),
    ("notify-host", "a_local_task"),
    ("hand-on-leaving", "a_leader_leaves_work_behind"),
    ("hand-on-notified", "a_leader_is_busy"),
    ("deep-recheck", "the_host_returns_to_the_reactor"),
    ("deep-sees-work", "a_busy_caller_beside_another"),
    ("driver-left", "the_host_returns_to_the_reactor"),
    ("follow-recheck", "a_local_task_that_blocks"),
    ("notify-follower", "a_busy_host"),
    ("rest-to-follower", "a_busy_host"),
    ("engaged-alone", "a_local_task_that_blocks"),
    ("look-after-listing", "close_against_a_wait"),
    ("close-wakes-calls", "close_against_a_wait"),
    ("close-wakes-tasks", "close_against_a_hosted_spawn"),
    ("look-in-poll", "close_against_a_poll"),
    ("last-task-wakes", "close_against_a_caller_at_work"),
    ("calls-end", "close_against_a_hosted_wait"),
    ("settle", "close_against_a_hosted_spawn"),
    ("no-late-host", "close_against_a_hosted_spawn"),
    ("too-late", "close_against_a_spawn"),
];

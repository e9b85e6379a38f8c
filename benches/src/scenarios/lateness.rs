//! How late a task is that wakes up every millisecond, while nobody calls, while calls storm, and while they are sparse.

use super::{Entry, Env, Needs, Scenario, Unit, hosted};
use crate::{
    client::Client,
    io::Io,
    meter::{Meter, nanos},
    pace::pause,
    subjects::Loop,
};
use std::{
    sync::mpsc::{TryRecvError, channel},
    time::{Duration, Instant},
};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("lateness-idle", "a 1 ms interval task on the loop while nobody calls", hosted![idle]),
        scenario(
            "lateness-storm",
            "a 1 ms interval task on the loop while a thread calls without pause",
            hosted![storm],
        ),
        scenario(
            "lateness-sparse",
            "a 1 ms interval task on the loop while a thread calls every 2 ms",
            hosted![sparse],
        ),
    ]
}

fn scenario(name: &'static str, about: &'static str, entries: Vec<Entry>) -> Scenario {
    Scenario {
        name,
        about,
        unit: Unit::Micros,
        rounds: 8,
        quick_rounds: 2,
        one_core: false,
        needs: Needs::Nothing,
        entries,
    }
}

const PERIOD: Duration = Duration::from_millis(1);

fn idle<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, None);
}

fn storm<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, Some(Duration::ZERO));
}

fn sparse<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, Some(Duration::from_millis(2)));
}

/// Without a gap, nobody calls. An operation is one tick of the interval.
fn round<S: Loop>(env: &Env, meter: &mut Meter, gap: Option<Duration>) {
    let subject = S::start();
    let client = Client::connect(&subject, env.echo);
    for number in 0..20 {
        client.call(&subject, number);
    }
    let ticks = env.count(150);
    let lateness = meter.usage(u64::from(ticks), |_| {
        let (sender, receiver) = channel();
        subject.background(async move {
            let _ = sender.send(interval::<S::Io>(ticks).await);
        });
        let Some(gap) = gap else { return receiver.recv().ok() };
        for number in 0.. {
            client.call(&subject, number);
            match receiver.try_recv() {
                Ok(lateness) => return Some(lateness),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) if gap.is_zero() => {}
                Err(TryRecvError::Empty) => pause(gap),
            }
        }
        None
    });
    for late in lateness.expect("the interval ends") {
        meter.sample(nanos(late));
    }
}

async fn interval<I: Io>(ticks: u32) -> Vec<Duration> {
    let mut lateness = Vec::with_capacity(ticks as usize);
    let mut deadline = Instant::now();
    for _ in 0..ticks {
        while deadline <= Instant::now() {
            deadline += PERIOD;
        }
        I::sleep_until(deadline).await;
        lateness.push(deadline.elapsed());
    }
    lateness
}

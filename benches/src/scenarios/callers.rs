//! Several threads call at once, each through a client of its own, all of them on one loop.

use super::{
    Entry, Env, Needs, Scenario, Unit,
    echo::{STD, Socket},
    hosted,
    spawn_join::at_once,
};
use crate::{client::Client, meter::Meter, subjects::Loop};

macro_rules! subjects {
    ($round:ident) => {{
        let mut entries = hosted![$round];
        entries.push(Entry { who: STD, round: blocking::$round });
        entries
    }};
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("callers-1", "requests per second of one thread", subjects![one]),
        scenario("callers-4", "requests per second of four threads on one loop", subjects![four]),
        scenario("callers-16", "requests per second of sixteen threads on one loop", subjects![sixteen]),
    ]
}

fn scenario(name: &'static str, about: &'static str, entries: Vec<Entry>) -> Scenario {
    Scenario {
        name,
        about,
        unit: Unit::PerSecond,
        rounds: 15,
        quick_rounds: 3,
        one_core: false,
        needs: Needs::Nothing,
        entries,
    }
}

fn one<S: Loop + Sync>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, 1);
}

fn four<S: Loop + Sync>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, 4);
}

fn sixteen<S: Loop + Sync>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, 16);
}

/// The calls of one sample, all threads together.
const CALLS: u32 = 3200;

fn round<S: Loop + Sync>(env: &Env, meter: &mut Meter, threads: u32) {
    let subject = S::start();
    measure(
        env,
        meter,
        threads,
        || Client::connect(&subject, env.echo),
        |client, number| client.call(&subject, number),
    );
}

fn measure<T>(
    env: &Env,
    meter: &mut Meter,
    threads: u32,
    connect: impl Fn() -> T + Sync,
    call: impl Fn(&mut T, u64) + Sync,
) {
    let each = env.count(CALLS) / threads;
    let prepare = |_| {
        let mut client = connect();
        for number in 0..20 {
            call(&mut client, number);
        }
        client
    };
    let work = |client: &mut T, calls| {
        for number in 0..calls {
            call(client, u64::from(number));
        }
    };
    let took = at_once(meter, threads, each, prepare, work);
    meter.sample(f64::from(threads * each) / took * 1e9);
}

/// The same without any async.
mod blocking {
    use super::{Env, Meter, Socket, measure};

    pub(super) fn one(env: &Env, meter: &mut Meter) {
        round(env, meter, 1);
    }

    pub(super) fn four(env: &Env, meter: &mut Meter) {
        round(env, meter, 4);
    }

    pub(super) fn sixteen(env: &Env, meter: &mut Meter) {
        round(env, meter, 16);
    }

    fn round(env: &Env, meter: &mut Meter, threads: u32) {
        measure(env, meter, threads, || Socket::connect(env.echo), |socket, number| socket.call(number));
    }
}

//! redis: its multiplexed connection through each way to block on it, and its own blocking connection.

use super::{callers, calls, peer, scenario};
use crate::{
    meter::Meter,
    scenarios::{Entry, Env, Needs, Scenario},
    subjects::{Backend, Subject, Who},
};
use redis::{Client, cmd};

/// A stack of its own, without async.
const SYNC: Who = peer("sync redis", Backend::None);

pub(super) fn scenarios() -> [Scenario; 1] {
    let mut ping = callers![ping];
    ping.push(Entry { who: SYNC, round: blocking });
    [scenario("redis-ping", "PING to redis", Needs::Redis, ping)]
}

const COUNT: u32 = 200;

fn client(env: &Env) -> Client {
    let port = env.redis.expect("it runs, or the scenario would not");
    Client::open(format!("redis://127.0.0.1:{port}/")).expect("this is a URL")
}

fn ping<S: Subject>(env: &Env, meter: &mut Meter) {
    let subject = S::start();
    let client = client(env);
    let connection = subject.call(async move { client.get_multiplexed_async_connection().await });
    let connection = connection.expect("redis listens");
    calls(env, meter, COUNT, || {
        let mut connection = connection.clone();
        let answer = subject.call(async move { cmd("PING").query_async::<String>(&mut connection).await });
        assert_eq!(answer.expect("redis answers"), "PONG");
    });
}

fn blocking(env: &Env, meter: &mut Meter) {
    let mut connection = client(env).get_connection().expect("redis listens");
    calls(env, meter, COUNT, || {
        assert_eq!(cmd("PING").query::<String>(&mut connection).expect("redis answers"), "PONG");
    });
}

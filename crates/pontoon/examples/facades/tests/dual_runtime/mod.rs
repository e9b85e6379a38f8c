//! redis with its builds for smol and for tokio in one program: it looks around for a tokio runtime, and takes it if there
//! is one. Under a facade on smol it finds none, wherever the call is made.

use crate::Case;
use example_facades::redis::{smol::Connection as OnSmol, tokio::Connection as OnTokio};
use pontoon_tests::trial::{Steps, text_of};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};
use tokio::runtime::{Builder, Runtime};

pub(crate) const CASES: [Case; 5] = [
    ("smol_facade_in_a_bare_worker", in_a_bare_worker),
    ("smol_facade_in_a_bare_current_thread_task", in_a_bare_current_thread_task),
    ("smol_facade_outlives_the_runtime_around_it", outlives_the_runtime_around_it),
    ("an_iterator_uses_the_socket_of_its_facade", an_iterator_uses_the_socket_of_its_facade),
    ("facades_on_both", facades_on_both),
];

/// Without a reactor and timers, a tokio runtime makes no socket and no timer: it panics.
fn bare_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// What redis does there by itself, which is why the cases below show something.
fn assert_taken_by_tokio(runtime: &Runtime, address: &str) {
    let client = redis_1::Client::open(address).unwrap();
    let bare = AssertUnwindSafe(|| runtime.block_on(client.get_multiplexed_async_connection()));
    let Err(panic) = catch_unwind(bare) else { panic!("a bare tokio runtime made a socket") };
    assert!(text_of(&*panic).starts_with("A Tokio 1.x context was found, but"), "{}", text_of(&*panic));
}

fn use_it(mut redis: OnSmol, key: &str) {
    for number in 0..200 {
        redis.set(key, number).unwrap();
        assert_eq!(redis.clone().get(key).unwrap(), Some(number));
    }
    assert_eq!(redis.transfer(key, "dual:other", 1).unwrap().0, 198);
    let elsewhere = thread::spawn(move || redis.ping().unwrap());
    assert_eq!(elsewhere.join().unwrap(), "PONG");
}

fn in_a_bare_worker(address: &str, steps: &Steps) {
    let runtime = bare_workers();
    assert_taken_by_tokio(&runtime, address);
    let address = address.to_owned();
    steps.at("in a task of a worker");
    let task = async move { use_it(OnSmol::connect(&address).unwrap(), "dual:worker") };
    runtime.block_on(runtime.spawn(task)).unwrap();
}

fn in_a_bare_current_thread_task(address: &str, steps: &Steps) {
    let runtime = Builder::new_current_thread().build().unwrap();
    assert_taken_by_tokio(&runtime, address);
    steps.at("in the main future");
    runtime.block_on(async { use_it(OnSmol::connect(address).unwrap(), "dual:main") });
    let address = address.to_owned();
    steps.at("in a task");
    let task = async move { use_it(OnSmol::connect(&address).unwrap(), "dual:task") };
    runtime.block_on(runtime.spawn(task)).unwrap();
}

fn outlives_the_runtime_around_it(address: &str, steps: &Steps) {
    let around = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // What is made by itself is a socket of the runtime around it, and ends with that.
    let runtime = around();
    let client = redis_1::Client::open(address).unwrap();
    let mut bare = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
    drop(runtime);
    let lost = around().block_on(redis_1::cmd("PING").query_async::<String>(&mut bare));
    assert!(lost.is_err(), "{lost:?}");

    let runtime = around();
    let address = address.to_owned();
    let connecting = runtime.spawn(async move { OnSmol::connect(&address).unwrap() });
    let redis = runtime.block_on(connecting).unwrap();
    drop(runtime);
    steps.at("after the end of the runtime");
    use_it(redis, "dual:later");
}

/// An iterator is polled in place, so redis finds the runtime around it and takes its timers; the socket is the facade's.
fn an_iterator_uses_the_socket_of_its_facade(address: &str, steps: &Steps) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let address = address.to_owned();
    steps.at("in a worker without a reactor");
    let task = async move {
        let mut redis = OnSmol::connect(&address).unwrap();
        redis.set("dual:iterator", 1).unwrap();
        redis.keys("dual:iterator").unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(runtime.block_on(runtime.spawn(task)).unwrap(), ["dual:iterator"]);
}

fn facades_on_both(address: &str, steps: &Steps) {
    let (mut smol, mut tokio) = (OnSmol::connect(address).unwrap(), OnTokio::connect(address).unwrap());
    let mut both = move || {
        for number in 0..100 {
            smol.set("dual:both", number).unwrap();
            assert_eq!(tokio.get("dual:both").unwrap(), Some(number));
        }
    };
    let mut again = both.clone();
    steps.at("in a worker");
    let runtime = bare_workers();
    runtime.block_on(runtime.spawn(async move { again() })).unwrap();
    steps.at("on a plain thread");
    both();
}

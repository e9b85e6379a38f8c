//! One request of 64 bytes to another process and back, through a client whose connection is a background task.

use super::{Entry, Env, Needs, Scenario, Unit, entries, hosted};
use crate::{
    client::Client,
    meter::Meter,
    pace::pause,
    subjects::{Backend, Loop, Role, Who, async_std, ours, smol, tokio},
};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A blocking socket, and nothing else.
pub(super) const STD: Who = Who { name: "std blocking socket", backend: Backend::None, role: Role::Limit };

macro_rules! subjects {
    ($round:ident) => {{
        let mut entries = hosted![$round];
        entries.extend(entries![$round:
            ours::Pontoon<ours::InlineSmol>,
            ours::Pontoon<ours::InlineTokio>,
            smol::InPlace,
            async_std::InPlace,
            tokio::InPlace,
        ]);
        entries.push(Entry { who: STD, round: blocking::$round });
        entries
    }};
}

/// All threads of both processes on one processor: figures that can be repeated.
pub(super) fn scenarios() -> [Scenario; 3] {
    [
        scenario("echo", "one request to another process and back, back to back", subjects![back_to_back]),
        scenario("echo-200us", "the same, 200 us after the last", subjects![after_200us]),
        scenario("echo-2ms", "the same, 2 ms after the last", subjects![after_2ms]),
    ]
}

/// The same, wherever the system puts the threads.
pub(super) fn two_cores() -> [Scenario; 3] {
    let texts = [
        ("echo-two-cores", "back to back, threads where the system puts them"),
        ("echo-200us-two-cores", "200 us after the last, threads where the system puts them"),
        ("echo-2ms-two-cores", "2 ms after the last, threads where the system puts them"),
    ];
    let mut scenarios = scenarios();
    for (scenario, (name, about)) in scenarios.iter_mut().zip(texts) {
        *scenario = Scenario { name, about, one_core: false, ..scenario.clone() };
    }
    scenarios
}

fn scenario(name: &'static str, about: &'static str, entries: Vec<Entry>) -> Scenario {
    Scenario {
        name,
        about,
        unit: Unit::Micros,
        rounds: 20,
        quick_rounds: 3,
        one_core: true,
        needs: Needs::Nothing,
        entries,
    }
}

fn back_to_back<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, Duration::ZERO, 50, 300);
}

fn after_200us<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, Duration::from_micros(200), 20, 100);
}

fn after_2ms<S: Loop>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, Duration::from_millis(2), 8, 24);
}

fn round<S: Loop>(env: &Env, meter: &mut Meter, gap: Duration, warm_up: u32, calls: u32) {
    let subject = S::start();
    let client = Client::connect(&subject, env.echo);
    paced(meter, gap, warm_up, calls, |number| client.call(&subject, number));
}

/// Calls again and again, `gap` after the last call's end. A pause is not part of the sample; what the process does in
/// it counts in its context switches (the pause itself is one) and CPU time.
fn paced(meter: &mut Meter, gap: Duration, warm_up: u32, calls: u32, mut call: impl FnMut(u64)) {
    let wait = || {
        if !gap.is_zero() {
            pause(gap);
        }
    };
    for number in 0..warm_up {
        call(u64::from(number));
        wait();
    }
    meter.usage(u64::from(calls), |meter| {
        for number in 0..calls {
            meter.time(|| call(u64::from(number)));
            wait();
        }
    });
}

/// The same without any async.
mod blocking {
    use super::{Duration, Env, Meter, Socket, paced};

    pub(super) fn back_to_back(env: &Env, meter: &mut Meter) {
        round(env, meter, Duration::ZERO, 50, 300);
    }

    pub(super) fn after_200us(env: &Env, meter: &mut Meter) {
        round(env, meter, Duration::from_micros(200), 20, 100);
    }

    pub(super) fn after_2ms(env: &Env, meter: &mut Meter) {
        round(env, meter, Duration::from_millis(2), 8, 24);
    }

    fn round(env: &Env, meter: &mut Meter, gap: Duration, warm_up: u32, calls: u32) {
        let mut socket = Socket::connect(env.echo);
        paced(meter, gap, warm_up, calls, |number| socket.call(number));
    }
}

/// A blocking socket to the echo server.
pub(super) struct Socket(TcpStream);

impl Socket {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the echo server listens");
        stream.set_nodelay(true).expect("a TCP socket has this option");
        Self(stream)
    }

    pub(super) fn call(&mut self, number: u64) {
        let mut message = [0; 64];
        message[..8].copy_from_slice(&number.to_le_bytes());
        let mut answer = message;
        self.0.write_all(&message).and_then(|()| self.0.read_exact(&mut answer)).expect("the echo server answers");
        assert_eq!(answer, message);
    }
}

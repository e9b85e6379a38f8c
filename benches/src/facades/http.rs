//! GET over a connection that is kept: reqwest through each way to block on it, `reqwest::blocking`, ureq.

use super::{callers, calls, peer, scenario};
use crate::{
    meter::Meter,
    scenarios::{Entry, Env, Needs, Scenario},
    server::{FIVE_MB, SIX},
    subjects::{Backend, Subject, Who},
};

const REQWEST: Who = peer("reqwest::blocking", Backend::Tokio);
const UREQ: Who = peer("ureq", Backend::None);

pub(super) fn scenarios() -> [Scenario; 2] {
    let mut six = callers![six];
    six.push(Entry { who: REQWEST, round: |env, meter| blocking(env, meter, SHORT) });
    six.push(Entry { who: UREQ, round: |env, meter| ureq(env, meter, SHORT) });
    let mut five_mb = callers![five_mb];
    five_mb.push(Entry { who: REQWEST, round: |env, meter| blocking(env, meter, LONG) });
    five_mb.push(Entry { who: UREQ, round: |env, meter| ureq(env, meter, LONG) });
    [
        scenario("http-get", "HTTP GET of 6 bytes", Needs::Nothing, six),
        scenario("http-5mb", "HTTP GET of 5 MB", Needs::Nothing, five_mb),
    ]
}

/// A path, the length of its body, and how often it is asked for.
type Target = (&'static str, usize, u32);
const SHORT: Target = ("6", SIX.len(), 200);
const LONG: Target = ("5mb", FIVE_MB, 10);

fn six<S: Subject>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, SHORT);
}

fn five_mb<S: Subject>(env: &Env, meter: &mut Meter) {
    round::<S>(env, meter, LONG);
}

fn round<S: Subject>(env: &Env, meter: &mut Meter, (path, length, count): Target) {
    let subject = S::start();
    let client = reqwest::Client::builder().no_proxy().build().expect("reqwest has a client");
    let url = reqwest::Url::parse(&format!("http://{}/{path}", env.http)).expect("this is a URL");
    calls(env, meter, count, || {
        let request = client.get(url.clone());
        let body = subject.call(async { request.send().await?.bytes().await });
        assert_eq!(body.expect("the server answers").len(), length);
    });
}

fn blocking(env: &Env, meter: &mut Meter, (path, length, count): Target) {
    let client = reqwest::blocking::Client::builder().no_proxy().build().expect("reqwest has a client");
    let url = reqwest::Url::parse(&format!("http://{}/{path}", env.http)).expect("this is a URL");
    calls(env, meter, count, || {
        let body = client.get(url.clone()).send().and_then(reqwest::blocking::Response::bytes);
        assert_eq!(body.expect("the server answers").len(), length);
    });
}

fn ureq(env: &Env, meter: &mut Meter, (path, length, count): Target) {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let url = format!("http://{}/{path}", env.http);
    calls(env, meter, count, || {
        let mut response = agent.get(&url).call().expect("the server answers");
        assert_eq!(response.body_mut().read_to_vec().expect("it has a body").len(), length);
    });
}

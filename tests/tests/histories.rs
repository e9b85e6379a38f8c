//! Random histories against a plain model, on every flavour.
//!
//! A failure prints its seed and flavour, and the shortest history it could find that fails too. These play it again, or
//! play more:
//!
//! ```text
//! PONTOON_HISTORY_SEED=<seed> PONTOON_HISTORY_FLAVOUR=<flavour>   one history (the flavour: all of them if not given)
//! PONTOON_HISTORY_TRIES=<n>                                       .. so often, for what the scheduler chooses
//! PONTOON_HISTORIES=<n>                                           so many, from the seed on
//! ```

use pontoon_tests::{
    contexts::FLAVOURS,
    histories::{DEADLINE, check, script::History, shrink},
};
use std::{
    env,
    fmt::Debug,
    str::FromStr,
    time::{Instant, SystemTime},
};

/// How many the test command plays, over all flavours.
const HISTORIES: u64 = 1_000;

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error:?}")))
}

#[test]
fn random_histories_keep_to_the_model() {
    let replayed: Option<u64> = variable("PONTOON_HISTORY_SEED");
    let count: Option<u64> = variable("PONTOON_HISTORIES");
    let only: Option<String> = variable("PONTOON_HISTORY_FLAVOUR");
    let tries: u64 = variable("PONTOON_HISTORY_TRIES").unwrap_or(1);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let first = replayed.unwrap_or_else(|| since.map_or(0, |since| since.as_nanos() as u64));
    println!("PONTOON_HISTORY_SEED={first}");
    let flavours: Vec<_> =
        FLAVOURS.iter().filter(|known| only.as_deref().is_none_or(|only| known.name == only)).collect();
    assert!(!flavours.is_empty(), "there is no flavour {only:?}");
    // one seed is played on every flavour, many are dealt out to them
    let alone = replayed.is_some() && count.is_none();
    let count = count.unwrap_or(if alone { flavours.len() as u64 } else { HISTORIES });
    // panics are among what is played
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (start, mut played) = (Instant::now(), 0);
    for number in 0..count {
        if number > 0 && number % 10_000 == 0 {
            println!("{number} after {:?}", start.elapsed());
        }
        let seed = if alone { first } else { first.wrapping_add(number) };
        let flavour = flavours[(number % flavours.len() as u64) as usize];
        let history = History::random(seed);
        for _ in 0..tries {
            played += 1;
            let Err(text) = check(&history, flavour, DEADLINE) else { continue };
            let replay = format!("PONTOON_HISTORY_SEED={seed} PONTOON_HISTORY_FLAVOUR={}", flavour.name);
            eprintln!("{replay}\nfails after {played} histories: {text}\n{history}\nlooking for a shorter one");
            let (shorter, again) = shrink(&history, flavour);
            std::panic::set_hook(loud);
            match again {
                Some(again) => panic!("{replay}: {text}\nshorter: {again}\n{shorter}"),
                None => panic!("{replay}: {text}\nit did not fail again"),
            }
        }
    }
    println!("{played} histories in {:?}", start.elapsed());
}

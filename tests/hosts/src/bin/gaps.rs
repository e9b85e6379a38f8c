//! Measures how late a 2 ms event of each host comes while a guest in it is busy, and prints a table.
//!
//! ```text
//! xvfb-run -a cargo run --release -p pontoon-hosts --features glib,winit --bin gaps
//! ```
#![forbid(unsafe_code)]

use futures_lite::future;
use pontoon_hosts::{
    Events,
    engines::ENGINES,
    hostings::{HOSTINGS, Hosting},
};
use std::{
    cell::RefCell,
    ops::ControlFlow,
    rc::Rc,
    time::{Duration, Instant},
};

const PACE: Duration = Duration::from_millis(2);
const EVENTS: usize = 500;
/// How long a poll of the busy guest takes.
const POLL: Duration = Duration::from_micros(50);

fn main() {
    println!(
        "ms from one event to the next: median, 99 %, worst; {EVENTS} events, polls of {POLL:?}, default budget\n"
    );
    print!("| host |");
    ENGINES.iter().for_each(|engine| print!(" {} |", engine.name));
    println!("\n|---|{}", "---|".repeat(ENGINES.len()));
    HOSTINGS.iter().for_each(row);
    #[cfg(feature = "winit")]
    row(&pontoon_hosts::hostings::WINIT);
}

fn row(hosting: &Hosting) {
    print!("| {} |", hosting.name);
    for engine in ENGINES {
        let times = Rc::new(RefCell::new(Vec::new()));
        let seen = times.clone();
        let main = async move {
            while seen.borrow().len() <= EVENTS {
                let start = Instant::now();
                while start.elapsed() < POLL {}
                future::yield_now().await;
            }
            0
        };
        let stamps = times.clone();
        let event = move || {
            stamps.borrow_mut().push(Instant::now());
            ControlFlow::Continue(())
        };
        let ended = (hosting.run)((engine.guest)(), Box::pin(main), Events::new(PACE, event));
        assert!(matches!(ended, Some(Ok(0))), "{ended:?}");
        let times = times.take();
        let mut gaps: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e3).collect();
        gaps.sort_unstable_by(f64::total_cmp);
        let at = |part: usize| gaps[(gaps.len() - 1) * part / 100];
        print!(" {:.1}, {:.1}, {:.1} |", at(50), at(99), at(100));
    }
    println!();
}

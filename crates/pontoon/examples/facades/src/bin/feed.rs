//! A client of its own, from sync code: `cargo run -p example-facades --bin feed`
#![forbid(unsafe_code)]

use example_facades::{feed, servers};
use std::{error::Error, io};

fn main() -> Result<(), Box<dyn Error>> {
    let server = servers::feed()?;
    feed::show(&server.address, &mut io::stdout())
}

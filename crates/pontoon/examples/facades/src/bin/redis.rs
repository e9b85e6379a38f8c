//! redis from sync code, on the runtimes whose builds of redis are on:
//! `cargo run -p example-facades --features redis-smol,redis-tokio --bin redis`
#![forbid(unsafe_code)]

use example_facades::{redis, servers};
use std::{error::Error, io};

fn main() -> Result<(), Box<dyn Error>> {
    let server = servers::redis()?.map_or_else(servers::resp, Ok)?;
    #[cfg(feature = "redis-smol")]
    redis::smol::show(&server.address, &mut io::stdout())?;
    #[cfg(feature = "redis-tokio")]
    redis::tokio::show(&server.address, &mut io::stdout())?;
    #[cfg(feature = "redis-async-std")]
    redis::async_std::show(&server.address, &mut io::stdout())?;
    Ok(())
}

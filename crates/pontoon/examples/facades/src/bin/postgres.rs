//! PostgreSQL from sync code: `cargo run -p example-facades --features postgres --bin postgres`
#![forbid(unsafe_code)]

use example_facades::{postgres, servers};
use std::{error::Error, io};

fn main() -> Result<(), Box<dyn Error>> {
    let server = servers::postgres()?.ok_or("PostgreSQL is not installed here")?;
    postgres::show(&server.address, &mut io::stdout())
}

//! Servers for the examples: those that are installed here, and small ones inside this process.

mod daemons;
mod feed;
mod lines;
mod resp;

pub use daemons::{has_postgres, has_redis, postgres, redis};
pub use feed::feed;
pub use resp::resp;

use std::{any::Any, fmt};

/// A server that runs. It ends with this value.
pub struct Server {
    /// What it is.
    pub name: &'static str,
    /// How its clients call the place where it listens.
    pub address: String,
    _running: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}

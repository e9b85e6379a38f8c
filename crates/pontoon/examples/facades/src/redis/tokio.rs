//! redis on tokio.

use pontoon::Tokio as Backend;
use redis_1 as client;

#[path = "facade.rs"]
#[allow(clippy::duplicate_mod, reason = "the same facade of each build of redis")]
mod facade;
pub use facade::*;

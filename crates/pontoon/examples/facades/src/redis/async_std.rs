//! redis on async-std.

use pontoon::AsyncStd as Backend;
use redis_0_32 as client;

#[path = "facade.rs"]
#[allow(clippy::duplicate_mod, reason = "the same facade of each build of redis")]
#[allow(clippy::useless_conversion, reason = "later versions take an `Option` of a time limit")]
mod facade;
pub use facade::*;

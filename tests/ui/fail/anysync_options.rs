//! Options that are unknown, twice there, or without a value; the good ones around them do not hide them.

use pontoon::anysync;

#[anysync(runer = pontoon::global(), crate = "pontoon", runner, stream, context)]
async fn many() {}

#[anysync(runner = pontoon::global(), runner = pontoon::global(), crate =)]
async fn twice() {}

#[anysync(5, runner = pontoon::global() future)]
async fn odd() {}

#[anysync(runner = 5)]
async fn no_runner() {}

fn main() {}

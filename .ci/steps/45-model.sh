#!/usr/bin/env bash
# The models of the run loop's protocol, and the rules that they would miss: see docs/model.md. They are built apart,
# because the model checker takes the place of std's atomics and locks.
source "$(dirname "$0")/../lib.sh"

RUSTFLAGS="--cfg pontoon_loom" cargo test --locked --release -p pontoon-loom --target-dir target/model

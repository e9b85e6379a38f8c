#!/usr/bin/env bash
# With the feature `tracing` on, the loop tells what docs/tracing.md says; the promises hold, and a subscriber may use the runner.
source "$(dirname "$0")/../lib.sh"

cargo test --locked -p pontoon-tests --features tracing --test traces --test traces_reentrant
cargo test --locked -p pontoon-tests --features tracing --test conformance

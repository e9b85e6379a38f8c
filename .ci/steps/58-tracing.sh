#!/usr/bin/env bash
# With the feature `tracing` on, the loop tells what docs/tracing.md says, and keeps its promises; a subscriber may use it.
source "$(dirname "$0")/../lib.sh"

cargo test --locked -p pontoon-tests --features tracing --test traces --test traces_reentrant
cargo test --locked -p pontoon-tests --features tracing --test conformance --test contexts

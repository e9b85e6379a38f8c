#!/usr/bin/env bash
# The facade compiles with each set of features; with none, the library does.
source "$(dirname "$0")/../lib.sh"

need hack
# `tracing` adds no item that another feature could miss: alone and with all others, it is built below and in 20-clippy.
cargo hack --locked --feature-powerset --exclude-features default,tracing check -p pontoon --lib
cargo check --locked -p pontoon --lib --no-default-features --features tracing
cargo hack --locked --feature-powerset --exclude-features default,tracing --at-least-one-of "${backends// /,}" clippy -p pontoon --all-targets -- -D warnings

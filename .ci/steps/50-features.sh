#!/usr/bin/env bash
# The facade compiles with each set of features; with none, the library does.
source "$(dirname "$0")/../lib.sh"

need hack
cargo hack --locked --feature-powerset --exclude-features default check -p pontoon --lib
cargo hack --locked --feature-powerset --exclude-features default --at-least-one-of "${backends// /,}" clippy -p pontoon --all-targets -- -D warnings

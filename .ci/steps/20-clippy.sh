#!/usr/bin/env bash
# No warning from clippy or the compiler, in any target with every feature.
source "$(dirname "$0")/../lib.sh"

cargo clippy --locked --workspace --all-targets --all-features -- -D warnings

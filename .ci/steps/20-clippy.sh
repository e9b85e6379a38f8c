#!/usr/bin/env bash
# No warning from clippy or the compiler, in any target with every feature. The hosts that need GLib are linted in
# 35-hosts.
source "$(dirname "$0")/../lib.sh"

cargo clippy --locked --workspace --exclude pontoon-hosts --all-targets --all-features -- -D warnings
cargo clippy --locked -p pontoon-hosts --all-targets --features winit -- -D warnings

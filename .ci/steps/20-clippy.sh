#!/usr/bin/env bash
# No warning from clippy or the compiler, in any target with every feature. The hosts that need GLib are linted in
# 35-hosts, the clients in 37-clients.
source "$(dirname "$0")/../lib.sh"

cargo clippy --locked --workspace --exclude pontoon-hosts --exclude pontoon-clients --all-targets --all-features -- -D warnings
cargo clippy --locked -p pontoon-hosts --all-targets --features winit -- -D warnings
cargo clippy --locked -p pontoon-clients --all-targets -- -D warnings

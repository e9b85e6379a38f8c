#!/usr/bin/env bash
# No warning from clippy or the compiler, in any target with every feature. The hosts that need GLib are linted in
# 35-hosts, the clients in 37-clients, the peers in 38-peers.
source "$(dirname "$0")/../lib.sh"

cargo clippy --locked --workspace --exclude pontoon-hosts --exclude pontoon-clients --exclude pontoon-peers --all-targets --all-features -- -D warnings
cargo clippy --locked -p pontoon-hosts --all-targets --features winit -- -D warnings
cargo clippy --locked -p pontoon-clients -p pontoon-peers --all-targets -- -D warnings

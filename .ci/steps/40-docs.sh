#!/usr/bin/env bash
# The documentation builds, and every link in it leads somewhere; that of the hosts without GLib.
source "$(dirname "$0")/../lib.sh"

RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --exclude pontoon-hosts --exclude pontoon-clients --exclude pontoon-peers --no-deps --all-features
RUSTDOCFLAGS="-D warnings" cargo doc --locked -p pontoon-hosts --lib --no-deps --features winit
RUSTDOCFLAGS="-D warnings" cargo doc --locked -p pontoon-clients -p pontoon-peers --lib --no-deps

#!/usr/bin/env bash
# Guests in the main loops of others: every host, GLib's among them, and winit's in a real window. The hosts that need
# nothing but Rust are in 30-test already. Optional: needs GLib's headers and an X server.
source "$(dirname "$0")/../lib.sh"

pkg-config --exists glib-2.0 2>/dev/null || packages pkg-config libglib2.0-dev
pkg-config --exists glib-2.0 2>/dev/null || skip "no GLib, and apt-get cannot install libglib2.0-dev"
need_screen

cargo clippy --locked -p pontoon-hosts --all-targets --all-features -- -D warnings
xvfb-run --auto-servernum cargo test --locked -p pontoon-hosts --all-features

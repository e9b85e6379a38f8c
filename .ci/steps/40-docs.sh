#!/usr/bin/env bash
# The documentation builds, and every link in it leads somewhere.
source "$(dirname "$0")/../lib.sh"

RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features

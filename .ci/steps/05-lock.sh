#!/usr/bin/env bash
# Cargo.lock is there and fits the manifests; from here on, nothing changes it.
source "$(dirname "$0")/../lib.sh"

cargo --version
rustc --version
[ -f Cargo.lock ] || fail "Cargo.lock is missing"
cargo fetch --locked --quiet

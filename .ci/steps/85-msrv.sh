#!/usr/bin/env bash
# The published crates compile with the oldest Rust that they promise. Optional: needs that toolchain.
source "$(dirname "$0")/../lib.sh"

msrv=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
cargo "+$msrv" --version >/dev/null 2>&1 || skip "no toolchain $msrv"
cargo "+$msrv" check --locked -p pontoon --all-features --target-dir target/msrv

#!/usr/bin/env bash
# The facade passes its tests on each backend alone.
source "$(dirname "$0")/../lib.sh"

for backend in $backends; do
    echo "-- $backend"
    cargo test --locked -p pontoon --no-default-features --features "$backend"
done

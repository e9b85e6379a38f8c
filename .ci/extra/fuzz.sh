#!/usr/bin/env bash
# Long: each fuzz target for so many seconds. Needs the nightly toolchain.
#
#   .ci/extra/fuzz.sh [seconds]
source "$(dirname "$0")/../lib.sh"

seconds=${1:-300}
rustup toolchain list 2>/dev/null | grep -q nightly || skip "cargo-fuzz needs a nightly toolchain"
need fuzz
for target in macros histories; do
    echo "-- $target"
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -timeout=60 -max_len=256 -print_final_stats=1
done

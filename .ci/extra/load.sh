#!/usr/bin/env bash
# Long: the tests on a machine that has no time for them. What depends on who comes first shows here, and not on a quiet one.
# Rounds take turns: busy loops on all cores, half as many again as there are; and one core for everything, with a busy loop.
#
#   .ci/extra/load.sh [rounds] [what ..]   # default: 4 rounds of all tests that have threads
#   .ci/extra/load.sh 20 -p pontoon-tests --test conformance -- p101
source "$(dirname "$0")/../lib.sh"

rounds=${1:-4}
shift || true
what=("$@")
[ ${#what[@]} -gt 0 ] || what=(-p pontoon-tests -p pontoon-conformance -p pontoon-core -p pontoon-compio --lib --tests)
cores=$(nproc)
busy=()
trap '[ ${#busy[@]} -eq 0 ] || kill "${busy[@]}"' EXIT

# Burns so many cores until `quiet`.
burn() {
    for _ in $(seq "$1"); do
        "${@:2}" bash -c 'while :; do :; done' &
        busy+=($!)
    done
}

quiet() {
    kill "${busy[@]}"
    wait "${busy[@]}" 2>/dev/null || true
    busy=()
}

failed=0
for round in $(seq "$rounds"); do
    pin=()
    if ((round % 2)); then
        burn $(((cores * 3 + 1) / 2))
    else
        pin=(taskset -c 0)
        burn 1 "${pin[@]}"
    fi
    log=$(mktemp)
    if "${pin[@]}" cargo test --locked --no-fail-fast "${what[@]}" >"$log" 2>&1; then
        echo "round $round of $rounds: passed"
    else
        echo "round $round of $rounds: FAILED"
        grep -E "FAILED|panicked at|^error" -A 3 "$log" || tail -n 40 "$log"
        failed=$((failed + 1))
    fi
    rm -f "$log"
    quiet
done
[ "$failed" -eq 0 ] || fail "$failed of $rounds rounds failed"

#!/usr/bin/env bash
# Long: changes the core in one place at a time and looks whether the suite notices, on the backend that is the quickest to
# build: the one without a runtime. What it does not notice is judged in docs/trust.md.
#
#   .ci/extra/mutants.sh [file ..]        # default: everything but guest mode; arguments of cargo-mutants after --
source "$(dirname "$0")/../lib.sh"

need mutants
files=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    files+=(--file "$1")
    shift
done
[ $# -eq 0 ] || shift
[ ${#files[@]} -gt 0 ] || files=(--exclude "crates/pontoon-core/src/guest/**")
cargo mutants -p pontoon-core "${files[@]}" --test-package pontoon-conformance --timeout 90 --no-shuffle \
    --cargo-test-arg=--test=bare "$@"

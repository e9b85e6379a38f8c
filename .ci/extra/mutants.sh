#!/usr/bin/env bash
# Long: changes the core in one place at a time, all of it in one build, and looks whether a test notices, the quick ones first.
# About two hours on two cores. What survives can be tried on further tests: .ci/extra/mutants.py run --within 14, and so on.
# .ci/extra/mutants.txt says of each survivor why no test notices, and docs/trust.md what came of it.
#
#   .ci/extra/mutants.sh [words ..]       # only mutants whose names contain one of the words
source "$(dirname "$0")/../lib.sh"

need mutants
python3 .ci/extra/mutants.py build
python3 .ci/extra/mutants.py run --within 5 "$@"
python3 .ci/extra/mutants.py table

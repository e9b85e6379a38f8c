#!/usr/bin/env bash
# Long: so many random histories, dealt out to every flavour. Not a step of the gate, which plays 1,000 of them.
#
#   .ci/extra/histories.sh [histories] [first seed]
source "$(dirname "$0")/../lib.sh"

histories=${1:-100000}
seed=${2:-1}
slice=10000
for ((played = 0; played < histories; played += slice)); do
    count=$((histories - played < slice ? histories - played : slice))
    echo "-- $count histories from seed $((seed + played))"
    PONTOON_HISTORY_SEED=$((seed + played)) PONTOON_HISTORIES=$count \
        cargo test --locked -p pontoon-tests --test histories -- --nocapture
done

#!/usr/bin/env bash
# The quickstart does what README says, on each backend.
source "$(dirname "$0")/../lib.sh"

in_readme "$quickstart_command"

# Five complete downloads: one from the main thread, four from threads of their own.
expect_downloads() {
    echo "-- $*"
    output=$(timeout --kill-after=10 600 "$@")
    echo "$output"
    count=$(grep -c 'got 624 lines$' <<<"$output" || true)
    [ "$count" = 5 ] || fail "'$*' shows $count complete downloads, not 5"
}

expect_downloads $quickstart_command
for backend in $backends; do
    [ "$backend" = smol ] || in_readme "$quickstart_command --no-default-features --features $backend"
    expect_downloads $quickstart_command --no-default-features --features "$backend"
done

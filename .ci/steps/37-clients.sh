#!/usr/bin/env bash
# Real clients against real servers: every client of each backend, in every place. Optional as far as the servers go:
# one that apt-get cannot install is named, and its clients are not run.
source "$(dirname "$0")/../lib.sh"

# The program, and the package that has it.
while read -r program package; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || ls /usr/lib/postgresql/*/bin/"$program" >/dev/null 2>&1 || wanted+=("$package")
done <<<"redis-server redis-server
postgres postgresql
nginx nginx-light
dbus-daemon dbus
nats-server nats-server
mosquitto mosquitto"
# One by one, because one that a distribution lacks would keep the others out.
for package in "${wanted[@]:-}"; do
    [ -z "$package" ] || packages "$package"
done

# A feature at a time: some clients choose their runtime when they are compiled.
for backend in $backends; do
    echo "-- $backend"
    output=$(cargo test --locked -p pontoon-clients --features "$backend" 2>&1) || {
        echo "$output"
        fail "the clients of $backend"
    }
    # The table, and what went before it only where it failed.
    grep -E "^test result|^\| |^- " <<<"$output" | grep -v "| not run: needs the feature"
    while read -r line; do
        note "clients: $line"
    done < <(grep "^NOT RUN" <<<"$output" | grep -v "needs the feature" || true)
done
cargo clippy --locked -p pontoon-clients --all-targets --all-features -- -D warnings

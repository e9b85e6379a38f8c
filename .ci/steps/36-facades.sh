#!/usr/bin/env bash
# The example facades over real clients, against real servers where apt-get or the machine has them. What is there without
# them runs in 30-test already: the servers inside the process.
source "$(dirname "$0")/../lib.sh"

command -v redis-server >/dev/null || packages redis-server
postgres() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
postgres || packages postgresql

# Each build of redis by itself, and all of them in one program.
for feature in redis-smol redis-tokio redis-async-std; do
    cargo run --locked --quiet -p example-facades --features "$feature" --bin redis >/dev/null
done
cargo clippy --locked -p example-facades --all-targets --all-features -- -D warnings
output=$(mktemp)
trap 'rm -f "$output"' EXIT
cargo test --locked -p example-facades --all-features 2>&1 | tee "$output"
while read -r line; do
    note "facades: $line"
done < <(grep 'NOT RUN' "$output")

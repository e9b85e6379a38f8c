#!/usr/bin/env bash
# The blocking APIs of others and ours in the same places: a part of the table in docs/peers.md, which has to be as it
# says, and ours as promised. Optional as far as PostgreSQL goes: without it, its peers are named and not run.
source "$(dirname "$0")/../lib.sh"

postgres() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
postgres || packages postgresql

output=$(mktemp)
trap 'rm -f "$output"' EXIT
features=comparison,postgres
cargo run --locked --quiet -p pontoon-peers --features $features -- --quick --check docs/peers.md >"$output" 2>/dev/null || {
    cat "$output"
    fail "the peers are not as docs/peers.md says"
}
sed -n '/^| peer/,/^$/p' "$output"
while read -r line; do
    note "peers: $line"
done < <(grep "^NOT RUN" "$output" || true)

cargo clippy --locked -p pontoon-peers --all-targets --all-features -- -D warnings
# The comparison's examples, each with the peer that it is about.
cargo test --locked --quiet -p pontoon-peers --doc --features $features

# Python's side of it, where its packages can be had: the commands are those that the page gives.
page=docs/comparison/python.md
if python3 -m venv target/python >/dev/null 2>&1 && timeout 180 $(grep -m1 "^target/python/bin/pip install" "$page") --quiet >/dev/null 2>&1; then
    $(grep -m1 "^target/python/bin/python " "$page")
else
    note "the Python programs of $page were not run: no venv, or no packages"
fi

#!/usr/bin/env bash
# No operation takes over 5 % more instructions than benches/instructions.json says. Optional: needs valgrind, and the
# compiler that the counts are of. After a change that is meant: add --bless to the command.
source "$(dirname "$0")/../lib.sh"

rustc=$(sed -n 's/^ *"rustc": "\(.*\)",\{0,1\}$/\1/p' benches/instructions.json)
[ -n "$rustc" ] || fail "benches/instructions.json does not say which compiler its counts are of"
[ "$(rustc --version)" = "$rustc" ] || skip "the kept counts are of $rustc, this is $(rustc --version)"

if ! command -v valgrind >/dev/null; then
    packages valgrind
    command -v valgrind >/dev/null || skip "no valgrind, and apt-get cannot install it"
fi

cargo run --locked --release -p pontoon-benches --bin instructions

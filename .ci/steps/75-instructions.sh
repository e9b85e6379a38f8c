#!/usr/bin/env bash
# A generated call takes no more than 2 % more instructions than the same call by hand, and no operation over 5 % more than
# benches/instructions.json says. Optional: needs valgrind, and for the latter the compiler that the counts are of. After a
# change that is meant: add --bless to the last command.
source "$(dirname "$0")/../lib.sh"

if ! command -v valgrind >/dev/null; then
    packages valgrind
    command -v valgrind >/dev/null || skip "no valgrind, and apt-get cannot install it"
fi

cargo run --locked --release -p pontoon-benches --bin facade-cost

rustc=$(sed -n 's/^ *"rustc": "\(.*\)",\{0,1\}$/\1/p' benches/instructions.json)
[ -n "$rustc" ] || fail "benches/instructions.json does not say which compiler its counts are of"
[ "$(rustc --version)" = "$rustc" ] || skip "facade-cost is good; the kept counts are of $rustc, this is $(rustc --version)"

cargo run --locked --release -p pontoon-benches --bin instructions

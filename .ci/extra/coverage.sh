#!/usr/bin/env bash
# Long: which lines of the core the conformance suite reaches, by file. LLVM's tools have to be of rustc's own version: where
# rustup has no `llvm-tools`, Debian's package is unpacked into a temporary folder. Builds into target/coverage.
#
#   .ci/extra/coverage.sh [test ..]       # default: conformance
source "$(dirname "$0")/../lib.sh"

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(conformance)
tools=${LLVM_ROOT:-$(mktemp -d)}
version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
bin="$tools/usr/lib/llvm-$version/bin"
if [ ! -x "$bin/llvm-cov" ]; then
    [ -n "${LLVM_ROOT:-}" ] || trap 'rm -rf "$tools"' EXIT
    (cd "$tools" && apt-get download "llvm-$version" "libllvm$version" && for package in *.deb; do dpkg -x "$package" .; done) \
        >/dev/null 2>&1 || skip "no llvm-cov of version $version"
fi
export LD_LIBRARY_PATH="$tools/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
profiles=$(mktemp -d)
objects=()
for test in "${tests[@]}"; do
    # the test's own children write profiles, too
    RUSTFLAGS="-Cinstrument-coverage" LLVM_PROFILE_FILE="$profiles/%p-%m.profraw" \
        cargo test --locked --target-dir target/coverage -p pontoon-tests --test "$test"
    objects+=(--object "$(ls -t target/coverage/debug/deps/"$test"-* | grep -v '\.d$' | head -1)")
done
"$bin/llvm-profdata" merge -sparse "$profiles"/*.profraw -o "$profiles/all.profdata"
"$bin/llvm-cov" report "${objects[@]}" --instr-profile "$profiles/all.profdata" --sources "$PWD/crates/pontoon-core/src"
rm -rf "$profiles"

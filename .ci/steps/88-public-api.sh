#!/usr/bin/env bash
# The public API of each published crate is the one in docs/api. Optional: needs a nightly toolchain, whose rustdoc writes what
# the tool reads. After a change that is meant: UPDATE_API=1 .ci/steps/88-public-api.sh
source "$(dirname "$0")/../lib.sh"

# The version that reads the JSON of rustdoc in this format.
tool=0.52.0
format=57

cargo +nightly --version >/dev/null 2>&1 || skip "no nightly toolchain: \`rustup toolchain install nightly\`"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "//! Nothing." >"$scratch/probe.rs"
rustdoc +nightly "$scratch/probe.rs" --crate-type lib -Z unstable-options --output-format json -o "$scratch" >/dev/null 2>&1
grep -q "\"format_version\":$format\b" "$scratch/probe.json" ||
    skip "rustdoc of $(rustc +nightly --version) writes another format than $format: another version of cargo-public-api reads it"

if [ "$(cargo public-api --version 2>/dev/null)" != "cargo-public-api $tool" ]; then
    build_tool cargo-public-api --version "$tool"
fi

differs=
for manifest in crates/*/Cargo.toml; do
    grep -qx 'publish = false' "$manifest" && continue
    crate=$(basename "$(dirname "$manifest")")
    # Without what follows from the rest: blanket and derived impls, auto traits.
    cargo +nightly public-api -p "$crate" --all-features -sss >"$scratch/$crate.txt"
    echo "$crate: $(wc -l <"$scratch/$crate.txt") lines"
    if [ -n "${UPDATE_API:-}" ]; then
        cp "$scratch/$crate.txt" "docs/api/$crate.txt"
    elif ! diff -u --label "docs/api/$crate.txt" --label "now" "docs/api/$crate.txt" "$scratch/$crate.txt"; then
        differs="$differs $crate"
    fi
done
[ -z "$differs" ] || fail "the public API of$differs is not the one in docs/api. If that is meant: UPDATE_API=1 $0, commit the result, and say it in CHANGELOG.md"

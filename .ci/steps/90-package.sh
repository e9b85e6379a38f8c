#!/usr/bin/env bash
# The published crates can be packaged, say what they should of themselves, and take no example-only dependency with them.
source "$(dirname "$0")/../lib.sh"

output=$(mktemp)
trap 'rm -f "$output"' EXIT
crates=()
packages=()
for manifest in crates/*/Cargo.toml; do
    grep -qx 'publish = false' "$manifest" && continue
    crates+=("$(basename "$(dirname "$manifest")")")
    packages+=(-p "${crates[-1]}")
done
# All of the workspace can be packaged. The unpublished ones are not built from their archives: that takes minutes, and the
# steps above have built the same files. Allowed to be dirty, to be run by hand.
cargo package --locked --workspace --no-verify --allow-dirty --quiet >"$output" 2>&1 || {
    grep -v '^warning\|^ *|\|^ *=\|^$' "$output"
    fail "cargo package --workspace"
}
# Each published one builds from what is in its archive, and there is nothing to say of it.
warnings=$(cargo package --locked --allow-dirty --quiet "${packages[@]}" 2>&1) || fail "cargo package: $warnings"
[ -z "$warnings" ] || fail "cargo package is not content: $warnings"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
packed() {
    echo "${CARGO_TARGET_DIR:-target}/package/$1-$version.crate"
}
for crate in "${crates[@]}"; do
    manifest=$(tar -xOf "$(packed "$crate")" "$crate-$version/Cargo.toml")
    for key in description documentation readme license rust-version keywords categories edition; do
        grep -q "^$key = ." <<<"$manifest" || fail "$crate does not say its $key"
    done
    files=$(tar -tf "$(packed "$crate")")
    for file in README.md LICENSE-MIT LICENSE-APACHE Cargo.toml src/lib.rs; do
        grep -qx "$crate-$version/$file" <<<"$files" || fail "$crate is published without $file"
    done
    if grep -E '/(examples|target|tests/ui)/' <<<"$files"; then
        fail "$crate takes files with it that belong here only"
    fi
    if [ "$crate" != pontoon-conformance ] && grep -q "^\[dependencies.pontoon-conformance\]" <<<"$manifest"; then
        fail "$crate depends on the suite"
    fi
    echo "$crate: $(grep -c . <<<"$files") files, $(($(stat -c %s "$(packed "$crate")") / 1024)) kB"
done

if tar -xOf "$(packed pontoon)" "pontoon-$version/Cargo.toml" | grep -E 'example-clients|winit|softbuffer|embedded-graphics|glib|calloop|indicatif|tracing-'; then
    fail "the published manifest of pontoon names what only its examples and tests use"
fi

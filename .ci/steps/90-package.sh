#!/usr/bin/env bash
# The published crates can be packaged, and no example-only dependency goes with them.
source "$(dirname "$0")/../lib.sh"

packages=()
for manifest in crates/*/Cargo.toml; do
    grep -qx 'publish = false' "$manifest" || packages+=(-p "$(basename "$(dirname "$manifest")")")
done
# Not verified by a build: the steps above have built these files. Allowed to be dirty, to be run by hand.
cargo package --locked --no-verify --allow-dirty --quiet "${packages[@]}"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
packed=${CARGO_TARGET_DIR:-target}/package/pontoon-$version.crate
if tar -xOf "$packed" "pontoon-$version/Cargo.toml" | grep -E 'example-clients|winit|softbuffer|embedded-graphics|glib|calloop'; then
    fail "the published manifest of pontoon names what only its examples and tests use"
fi
if tar -tf "$packed" | grep /examples/; then
    fail "an example is published without what it is written with"
fi

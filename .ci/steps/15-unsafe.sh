#!/usr/bin/env bash
# No crate uses unsafe, and each forbids it itself, beside the workspace's lint.
source "$(dirname "$0")/../lib.sh"

# Comments may speak of it, and messages in backticks. `unsafe_code`, the lint's name, is another word.
if grep -rnw unsafe --include='*.rs' crates/*/src | grep -vE '^[^:]+:[0-9]+: *//' | sed 's/`unsafe`//g' | grep -w unsafe; then
    fail "unsafe in the lines above"
fi
for root in crates/*/src/lib.rs; do
    grep -qx '#!\[forbid(unsafe_code)\]' "$root" || fail "$root lacks #![forbid(unsafe_code)]"
done
for manifest in crates/*/Cargo.toml; do
    grep -A1 -x '\[lints\]' "$manifest" | grep -qx 'workspace = true' || fail "$manifest lacks the workspace's lints"
done

#!/usr/bin/env bash
# What depends on what, and on whose terms: see deny.toml.
source "$(dirname "$0")/../lib.sh"

need deny
cargo deny --offline --all-features check bans licenses sources

# Advisories come from a database of their own, and are news about the world, not about the change at hand.
if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --offline --all-features check --disable-fetch advisories || note "cargo deny reports advisories, see above"
else
    note "advisories not looked at: their database cannot be fetched here"
fi

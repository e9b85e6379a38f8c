#!/usr/bin/env bash
# All code is formatted.
source "$(dirname "$0")/../lib.sh"

cargo fmt --all --check

#!/usr/bin/env bash
# The public names in use, from a crate outside the workspace. Optional: the check lives beside the checkout.
source "$(dirname "$0")/../lib.sh"

check=../shared/api/run.sh
[ -f "$check" ] || skip "$check is not there"
bash "$check" .

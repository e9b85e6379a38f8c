#!/usr/bin/env bash
# The test command that README gives: unit tests, integration tests and doctests.
source "$(dirname "$0")/../lib.sh"

in_readme "$test_command"
$test_command

#!/usr/bin/env bash
# The book builds, SUMMARY.md lists every chapter, and every link leads somewhere: between chapters, to headings, to files of
# the repository. Its examples are doctests, in 30-test.
source "$(dirname "$0")/../lib.sh"

python3 .ci/links.py

# Without what serves and searches a book: that is most of what it is made of.
command -v mdbook >/dev/null || build_tool mdbook --version 0.5.4 --no-default-features
mdbook --version
mdbook build docs
python3 .ci/links.py target/book

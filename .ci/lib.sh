# Sourced by each step: strict mode, the repository's root, and a few words.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The commands that README gives to newcomers; the steps run exactly these.
test_command="cargo test --workspace"
quickstart_command="cargo run -p pontoon --example quickstart"
backends="smol async-std tokio"

# Ends the step as failed, with the reason.
fail() {
    echo "error: $*" >&2
    exit 1
}

# Something to know that fails nothing: said here, and again below the summary.
note() {
    echo "NOTE: $*"
    echo "- $*" >>"${CI_NOTES:-/dev/null}"
}

# Ends the step as skipped: only where it is optional.
skip() {
    note "SKIPPED $(basename "$0" .sh): $*"
    exit 77
}

# Installs a tool of cargo's, unoptimized: to build it takes minutes, to run it seconds.
build_tool() {
    echo "installing $1"
    cargo install --locked --quiet --debug "$@"
}

# Installs a cargo subcommand, unless it is there.
need() {
    cargo "$1" --version >/dev/null 2>&1 || build_tool "cargo-$1"
}

# Installs Debian packages, if it can.
packages() {
    echo "installing $*"
    { timeout 60 apt-get update && timeout 180 apt-get install -y --no-install-recommends "$@"; } >/dev/null 2>&1 || true
}

# A screen for programs with windows.
need_screen() {
    # winit loads the last three when it runs.
    command -v xvfb-run >/dev/null && command -v xauth >/dev/null && ldconfig -p | grep libxkbcommon-x11 >/dev/null ||
        packages xvfb xauth libx11-xcb1 libxkbcommon-x11-0 libxcursor1 libxi6
    command -v xvfb-run >/dev/null || skip "no xvfb-run, and apt-get cannot install it"
}

# README has to give that command.
in_readme() {
    grep -qF -- "$1" README.md || fail "README.md does not give the command '$1'"
}

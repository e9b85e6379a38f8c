#!/usr/bin/env bash
# The guest examples download what they should while their host goes on, on each backend; the one with a window is optional.
source "$(dirname "$0")/../lib.sh"

bytes=25165824
queue_command="cargo run -p pontoon --example guest_queue"
window_command="cargo run -p pontoon --example guest_window"
in_readme "$queue_command"
in_readme "$window_command --features example-clients/window"

# The download is complete, and the host has had its frames: three seconds of them, so more than a few on any machine.
expect_download() {
    echo "-- $*"
    output=$(timeout --kill-after=10 600 "$@")
    echo "$output"
    grep -q "^got $bytes bytes through $client" <<<"$output" || fail "'$*' does not show a complete download through $client"
    frames=$(sed -n 's/.* within \([0-9]*\) frames$/\1/p; s/^drew \([0-9]*\) frames.*/\1/p' <<<"$output")
    [ "${frames:-0}" -ge 30 ] || fail "'$*' shows ${frames:-no} frames"
}

client_of() {
    case $1 in smol) client="hyper on smol" ;; async-std) client="async-h1 on async-std" ;; tokio) client="reqwest on tokio" ;; esac
}

for backend in $backends; do
    client_of "$backend"
    expect_download $queue_command --no-default-features --features "$backend"
done
need_screen
for backend in $backends; do
    client_of "$backend"
    expect_download xvfb-run --auto-servernum $window_command --no-default-features --features "example-clients/window,$backend"
done

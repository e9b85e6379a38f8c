#!/usr/bin/env bash
# Long: ThreadSanitizer over the core and the backends, with a standard library that is instrumented as well: without that
# it takes every channel and thread-local of std for a race.
#
# That library has to be built from source, and by a compiler of the same version. rustup's `rust-src` would do; where it
# is missing, Debian's packages of compiler, source and runtime are unpacked into a temporary folder and used from there.
# Builds into target/tsan (2 GB).
#
#   .ci/extra/tsan.sh [test ..]           # default: conformance stress histories matrix
source "$(dirname "$0")/../lib.sh"

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(conformance stress histories matrix)
target=x86_64-unknown-linux-gnu
root=${TSAN_ROOT:-$(mktemp -d)}
if [ ! -x "$root/usr/bin/rustc" ]; then
    [ -n "${TSAN_ROOT:-}" ] || trap 'rm -rf "$root"' EXIT
    # a package of the compiler's own version is named after it
    version=$(apt-cache show rustc-web 2>/dev/null | sed -n 's/^Version: \([0-9]*\.[0-9]*\)\..*/\1/p' | head -1)
    [ -n "$version" ] || skip "no rust-src, and no package rustc-web to build an instrumented std with"
    mkdir -p "$root/packages"
    (cd "$root/packages" &&
        apt-get download rustc-web rust-web-src libstd-rust-web-dev "libstd-rust-web-$version" libllvm22 libclang-rt-22-dev &&
        for package in *.deb; do dpkg -x "$package" "$root"; done) >/dev/null 2>&1 || skip "the packages for it cannot be had"
    libraries="$root/usr/lib/rustlib/$target/lib"
    for channel in stable nightly; do
        cp "$root/usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.tsan-x86_64.a" \
            "$libraries/librustc-${channel}_rt.tsan.a"
    done
fi
export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export RUSTC="$root/usr/bin/rustc" RUSTDOC="$root/usr/bin/rustdoc" RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
# The runtime that one flavour adopts lives as long as its process: its threads are no leak.
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 report_thread_leaks=0 ${TSAN_OPTIONS:-}"
export CARGO_PROFILE_DEV_DEBUG=line-tables-only

build=(cargo test --locked -Zbuild-std --target "$target" --target-dir target/tsan -p pontoon-tests)
for test in "${tests[@]}"; do
    echo "-- $test"
    "${build[@]}" --test "$test"
done

#!/usr/bin/env bash
# How long a dev build of a client with 200 async methods takes: with its facade written by hand, and with a generated one.
#
#   benches/facade-compile-cost.sh [ROUNDS]     (default: 5; the least of them counts)
#
# Fails if the generated one takes more than 1.2 times as long. All dependencies are built before the clock starts.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-5}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Writes a crate; $1: hand or facade.
write() {
    local attribute='' impl_attribute=''
    if [ "$1" = facade ]; then
        attribute='#[pontoon::blocking]'
        impl_attribute='#[pontoon::blocking(backend = pontoon::Smol)]'
    fi
    mkdir -p "$scratch/$1/src"
    cat >"$scratch/$1/Cargo.toml" <<TOML
[package]
name = "cost-$1"
version = "0.0.0"
edition = "2024"
[dependencies]
pontoon = { path = "$repo/crates/pontoon" }
[workspace]
TOML
    cp "$repo/Cargo.lock" "$scratch/$1/Cargo.lock"
    {
        echo 'use std::collections::BTreeMap;'
        echo "$attribute pub struct Client { pub table: BTreeMap<String, u64> }"
        echo "$impl_attribute impl Client {"
        for number in $(seq 200); do
            echo "    /// Number $number."
            echo "    pub async fn method_$number(&mut self, key: &str, value: u64) -> Result<Option<u64>, String> {"
            echo "        std::future::ready(()).await;"
            echo "        if value == $number { return Err(format!(\"{key}: {value}\")); }"
            echo "        Ok(self.table.insert(key.to_owned(), value))"
            echo "    }"
        done
        echo '}'
        if [ "$1" = hand ]; then
            echo 'pub struct BlockingClient { client: Client, runner: pontoon::Runner }'
            echo 'impl BlockingClient {'
            echo '    pub fn new(client: Client) -> Self { Self { client, runner: pontoon::Smol::shared().clone() } }'
            for number in $(seq 200); do
                echo "    /// Number $number."
                echo "    pub fn method_$number(&mut self, key: &str, value: u64) -> Result<Option<u64>, String> {"
                echo "        self.runner.run_send(self.client.method_$number(key, value))"
                echo "    }"
            done
            echo '}'
        fi
        # Every method is used, so that nothing can be left out.
        echo 'fn main() {'
        if [ "$1" = hand ]; then make=new; else make=from_async; fi
        echo "    let mut client = BlockingClient::$make(Client { table: BTreeMap::new() });"
        for number in $(seq 200); do
            echo "    client.method_$number(\"key\", 1).ok();"
        done
        echo '}'
    } >"$scratch/$1/src/main.rs"
}

# The milliseconds of one build.
build() {
    touch "$scratch/$1/src/main.rs"
    local start=${EPOCHREALTIME/./}
    (cd "$scratch/$1" && CARGO_TARGET_DIR="$scratch/target" CARGO_INCREMENTAL=0 cargo build -q)
    echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

for way in hand facade; do
    write $way
    build $way >/dev/null
done
least_hand=999999 least_facade=999999
for _ in $(seq "$rounds"); do
    took=$(build hand)
    least_hand=$((took < least_hand ? took : least_hand))
    took=$(build facade)
    least_facade=$((took < least_facade ? took : least_facade))
done
percent=$((least_facade * 100 / least_hand))
echo "200 methods, dev build: by hand $least_hand ms, generated $least_facade ms: $percent %"
[ "$percent" -le 120 ]

#!/usr/bin/env bash
# The examples print what crates/pontoon/examples/README.md says; those that name no features do so on each backend.
source "$(dirname "$0")/../lib.sh"

list=crates/pontoon/examples/README.md

# Compares the lines of $output with those in $expected, where `…` stands for anything.
compare() {
    if [ "$order" = any ]; then
        output=$(sort <<<"$output")
        expected=$(sort <<<"$expected")
    fi
    mapfile -t got <<<"$output"
    mapfile -t wanted <<<"$expected"
    [ ${#got[@]} = ${#wanted[@]} ] || return 1
    for line in "${!wanted[@]}"; do
        case ${wanted[line]} in
            *…*) [[ ${got[line]} == "${wanted[line]%%…*}"*"${wanted[line]#*…}" ]] || return 1 ;;
            *) [ "${got[line]}" = "${wanted[line]}" ] || return 1 ;;
        esac
    done
}

check() {
    echo "-- $*"
    output=$(timeout --kill-after=10 600 "$@")
    compare || fail "'$*' prints
$output
and $list says
$expected"
}

checked=0
state=text command=
while IFS= read -r line; do
    case $state:$line in
        text:'```sh') state=sh command= ;;
        sh:'```') state=text ;;
        sh:*) command=$line ;;
        text:'```text'*)
            state=output expected=
            case $line in *'any order') order=any ;; *) order=as-is ;; esac
            ;;
        output:'```')
            state=text
            expected=${expected%$'\n'}
            words=${command/cargo run/cargo run --locked --quiet}
            # shellcheck disable=SC2086 # the words of a command
            check $words
            case $command in
                *--features* | *quickstart) ;; # the quickstart on each backend is a step of its own
                *)
                    for backend in $backends; do
                        # shellcheck disable=SC2086
                        check $words --no-default-features --features "$backend"
                    done
                    ;;
            esac
            checked=$((checked + 1))
            ;;
        output:*) expected+=$line$'\n' ;;
    esac
done <"$list"

# None is left out of the list.
for example in crates/pontoon/examples/*.rs; do
    grep -q -- "--example $(basename "$example" .rs)\b" "$list" || fail "$list does not list $example"
done
[ "$checked" -ge 8 ] || fail "only $checked examples of $list were found"

#!/bin/sh
# tidy.sh BUILD TOP [full]: clang-tidy finds nothing in src/ and bench/ (.clang-tidy says what it looks
# for). The static analyzer among its checks takes minutes: only with `full`.
set -eu
command -v run-clang-tidy >/dev/null || { echo "clang-tidy is not installed: not checked"; exit 77; }
# gcc's flags that clang has not are of no interest here
less=
[ "${3:-}" = full ] || less="-checks=-clang-analyzer-*"
# shellcheck disable=SC2086 # nothing, or one word
out=$(run-clang-tidy $less -j2 -quiet -p "$1" "^$2/(src|bench)/" 2>/dev/null) || {
	printf '%s\n' "$out" | grep -v '^clang-tidy'
	exit 1
}

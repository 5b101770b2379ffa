#!/bin/sh
# tidy.sh BUILD TOP: clang-tidy finds nothing in src/ and bench/ (.clang-tidy says what it looks for).
set -eu
command -v run-clang-tidy >/dev/null || { echo "clang-tidy is not installed: not checked"; exit 77; }
# gcc's flags that clang has not are of no interest here
out=$(run-clang-tidy -j2 -quiet -p "$1" "^$2/(src|bench)/" 2>/dev/null) || {
	printf '%s\n' "$out" | grep -v '^clang-tidy'
	exit 1
}

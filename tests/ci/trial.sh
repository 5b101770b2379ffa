#!/bin/sh
# trial.sh OUT [-- RUN-OPTIONS]: the gate tried for real. In a throw-away clone of this repository,
# one commit slows the install of the lockless engine by some 8 % (slow-install.patch), and one does
# nothing; scripts/ci/iopt-gate judges both. 0 if the first is exit 10 and the second exit 0. OUT
# receives slow/ and nothing/: gate.md, verdict.json, logs. Ten minutes on a quiet machine; not a
# test, for a busy one may well be inconclusive.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
if [ $# -lt 1 ] || { [ $# -gt 1 ] && [ "$2" != -- ]; }; then
	echo "usage: trial.sh OUT [-- RUN-OPTIONS]" >&2
	exit 64
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- --workload private --engines lockless,mutex --threads 1 --duration 1s

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
repo=$work/repo

commit() { # branch, subject
	git -C "$repo" -c user.name=trial -c user.email=trial@example.org commit -q -a -m "$2"
	git -C "$repo" branch "$1"
	git -C "$repo" checkout -q --detach base
}
git clone -q "$top" "$repo"
git -C "$repo" checkout -q -b base
git -C "$repo" checkout -q --detach
git -C "$repo" apply "$here/slow-install.patch"
commit slow "pt: slow the install of a leaf, of the lockless engine alone"
echo "/* This line does nothing. */" >>"$repo/src/pt/hot.h"
commit nothing "pt: a comment"

status=0
expect() { # branch, exit code, run options…
	branch=$1 wanted=$2 code=0
	shift 2
	IOPT_GATE_INCONCLUSIVE=fail "$repo/scripts/ci/iopt-gate" --base base --head "$branch" \
		--out "$out/$branch" -- "$@" >"$work/stdout" || code=$?
	echo "$branch: exit $code, wanted $wanted: $out/$branch/gate.md"
	[ "$code" = "$wanted" ] || status=70
}
expect slow 10 "$@"
expect nothing 0 "$@"
exit $status

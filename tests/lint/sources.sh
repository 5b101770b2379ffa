#!/bin/sh
# sources.sh TOP: rules that a compiler does not hold us to.
set -eu
cd "$1"
status=0
forbid() { # what, pattern, files…
	what=$1 pattern=$2
	shift 2
	if found=$(git grep -nE "$pattern" -- "$@"); then
		printf '%s:\n%s\n' "$what" "$found"
		status=1
	fi
}
forbid "src reaches up into bench" '#include "(\.\./)*bench/' src
forbid "atomics outside sys/atomic.h" '\batomic_(load|store|fetch|exchange|compare|init|thread_fence|signal_fence)|__atomic_|__sync_' \
	src bench ':!src/sys/atomic.h'
forbid "volatile data" '\bvolatile\b' src bench ':!src/sys/clock.h' ':!src/sys/atomic.h'
forbid "sequential consistency without a reason beside it" '\bseq_cst\)+;[[:space:]]*$' src bench
forbid "exit below main" '[^_a-z]exit\(' src bench ':!bench/main.c' ':!bench/processes.c'
forbid "a measured part without lane_begin() and lane_end()" \
	'(tally\.|t->)(start|stop) = clock' bench ':!bench/measure.c'
forbid "trailing blanks" '[[:blank:]]+$' src bench tests/*.c scripts
forbid "lines over 110 columns" '^.{111,}$' 'src/*.[ch]' 'bench/*.[ch]'
for file in $(git ls-files 'src/*.[ch]' 'bench/*.[ch]'); do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 400 ]; then
		echo "over 400 lines: $file ($lines)"
		status=1
	fi
done
exit $status

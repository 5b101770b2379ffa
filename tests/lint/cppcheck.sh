#!/bin/sh
# cppcheck.sh BUILD TOP: cppcheck finds nothing in src/ and bench/.
set -eu
command -v cppcheck >/dev/null || { echo "cppcheck is not installed: not checked"; exit 77; }
# it does not read <bsd/sys/tree.h>
exec cppcheck -D'RB_GENERATE_INTERNAL(name,type,field,compare,attributes)=' \
	--project="$1/compile_commands.json" --file-filter="$2/src/*" --file-filter="$2/bench/*" \
	--enable=warning,performance,portability --inline-suppr --quiet -j2 --error-exitcode=1

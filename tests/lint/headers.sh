#!/bin/sh
# headers.sh TOP CC: every header compiles by itself.
set -eu
cd "$1"
status=0
for header in $(git ls-files 'src/*.h' 'bench/*.h'); do
	case $header in
	src/*) include="-Isrc" ;;
	*) include="-Isrc -I." ;;
	esac
	# twice, so that a missing guard shows
	printf '#include "%s"\n#include "%s"\n' "${header#src/}" "${header#src/}" |
		"$2" -x c -std=gnu11 -D_GNU_SOURCE $include -Wall -Wextra -Wno-unused-function -Werror \
			-fsyntax-only - || { echo "does not stand alone: $header"; status=1; }
done
exit $status

#!/usr/bin/env python3
"""includes.py BUILD TOP: no .c file of src/ and bench/ includes what it does not use.

include-what-you-use finds them. Headers are not its business here: that each stands alone is
checked by headers.sh, and what a header hands on is part of what it offers.
"""
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# what it is wrong about: SYS_futex, memfd_create, IOPT_SANITIZED, HWLOC_VERSION and the rows come from there
KEEP = {'"sys/atomic.h"', "<sys/mman.h>", "<hwloc.h>", "<sys/syscall.h>", '"bench/workload_rows.h"'}


def main():
    build, top = sys.argv[1:]
    tool = shutil.which("iwyu_tool") or shutil.which("iwyu_tool.py")
    if not tool:
        print("include-what-you-use is not installed (Debian: iwyu): not checked")
        return SKIPPED
    found = subprocess.run([tool, "-p", build, "-j2", f"{top}/src", f"{top}/bench", "--",
                            "-Xiwyu", "--no_fwd_decls"], capture_output=True, text=True)
    said = found.stdout
    if "has correct #includes" not in said and "should remove" not in said:
        print(said + found.stderr)
        return 1
    bad = []
    for name, lines in re.findall(r"^(\S+\.c) should remove these lines:\n((?:- .*\n)*)", said, re.M):
        for include in re.findall(r'^- #include (\S+)', lines, re.M):
            if include not in KEEP:
                bad.append(f"{name}: {include} is not used")
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

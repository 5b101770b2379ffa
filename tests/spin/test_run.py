#!/usr/bin/env python3
"""test_run.py: run.py notices a wrong model, a mutant that does nothing, and a search that is cut off."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "run.py")

# Two threads increment a counter, under a lock: each read and each write is a step.
COUNTER = """/*
 * counter.pml
 *
{table}
 */
hidden byte nothing_lost;
byte n, locked;
#ifdef BREAK_NO_LOCK
#define lock() skip
#else
#define lock() atomic {{ locked == 0 -> locked = 1 }}
#endif
proctype adder() {{
	byte seen;
	lock();
	seen = n;
	n = seen + 1;
#ifndef BREAK_NO_UNLOCK
	locked = 0
#endif
	{more}
}}
init {{
	atomic {{ run adder(); run adder() }};
	_nr_pr == 1;
	assert(n == 2 || nothing_lost)
}}
"""
CLEAN = " *   clean  : 20 : two adders"
GOOD = CLEAN + "\n *   mutant BREAK_NO_LOCK : nothing_lost : no lock"

# name, table, additional statements, exit code, what is said
CASES = [
    ("as it should be", GOOD, "", 0, r"mutant BREAK_NO_LOCK +\d+ states .* nothing_lost"),
    ("wrong model", GOOD, "n = 0", 1, r"clean: violated: assertion violated .*nothing_lost[\s\S]*n = 0"),
    ("mutant that does nothing", CLEAN + "\n *   mutant BREAK_NOTHING : nothing_lost : no-op", "", 1,
     r"mutant BREAK_NOTHING: not caught: \d+ states, no error"),
    ("mutant caught by another", CLEAN + "\n *   mutant BREAK_NO_UNLOCK : nothing_lost : -", "", 1,
     r"violates something else than nothing_lost: invalid end state"),
    ("mutant that is stuck", CLEAN + "\n *   mutant BREAK_NO_UNLOCK : stuck : -", "", 0, r"BREAK_NO_UNLOCK .* stuck"),
    ("unseen that is seen", CLEAN + "\n *   unseen BREAK_NO_LOCK : -", "", 1, r"unseen BREAK_NO_LOCK: violated"),
    ("search cut off", GOOD, "byte k; byte m; do :: k++ :: m++ :: n == 7 -> break od", 1, r"clean: not searched to the end"),
    ("model that lost its meaning", GOOD.replace(": 20 :", ": 2000 :"), "", 1, r"less than half of the 2000"),
    ("statement nobody reaches", GOOD, "if :: n == 7 -> n = 2 :: else fi", 1, r"counter.pml:\d+: reached by no clean run"),
    ("marked as such", GOOD, "if :: n == 7 -> n = 2 /* never */ :: else fi", 0, r"clean .* ok"),
    ("row misspelt", GOOD.replace("*   mutant", "* mutant"), "", 1, r"not a row of the table"),
    ("no clean row", GOOD.split("\n")[1], "", 1, r"no row `clean`"),
    ("does not compile", GOOD, "this is no statement", 1, r"spin -a fails"),
]


def run(model, **environment):
    done = subprocess.run([sys.executable, RUN, model], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr


def main():
    if not shutil.which("spin") or not shutil.which("gcc"):
        print("skipped: needs spin and gcc")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory(prefix="iopt-spin-test-") as where:
        model = os.path.join(where, "counter.pml")
        for name, table, more, code, said in CASES:
            with open(model, "w", encoding="utf-8") as f:
                f.write(COUNTER.format(table=table, more=more))
            # so that a search is cut off without waiting for it
            environment = {"IOPT_SPIN_DEPTH": "60"} if name == "search cut off" else {}
            got, text = run(model, **environment)
            if got != code or not re.search(said, text):
                print(f"FAIL {name}: exit {got}, expected {code} and {said}\n{text}")
                failed += 1
        got, text = run(model, PATH=where, CC="")
        if got != 77 or "skipped" not in text:
            print(f"FAIL without spin: exit {got}, expected 77\n{text}")
            failed += 1
        print(f"{len(CASES) + 1 - failed} of {len(CASES) + 1} as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""short_iopt.py IOPT LOG VERB…: carry out a command line of the documentation, only shorter.

docs_commands.py puts it on the PATH as `iopt`. Every option stays; how long is measured is what changes. A
line that was carried out before and leaves nothing behind is not carried out again. LOG gets a line each:
exit code and command line; an exit code that the documentation foretells becomes 0.
"""
import os
import shlex
import subprocess
import sys

SHORT = {"--duration": "10ms", "--slice": "1ms", "--warmup": "100us"}
FORETOLD = {  # by verb: noise decides between these
    "compare": {0, 10, 11, 14},
    "doctor": {0, 14},
    "run": {0, 14},
}
# What leaves a file behind, or reads one that may be another by now
LASTING = ("--out", "--resume", "--save-baseline", "--keep", "--verdict", "compare", "report", "dump")


def given(words, name):
    return any(w == name or w.startswith(name + "=") for w in words)


def without(words, name):
    kept, skip = [], False
    for word in words:
        if not skip and not word.startswith(name + "=") and word != name:
            kept.append(word)
        skip = not skip and word == name
    return kept


def shorter_run(words):
    if given(words, "--dry-run") or given(words, "--resume"):
        return words
    fixed = given(words, "--preset")
    for name, value in SHORT.items():
        if name == "--duration" or not (fixed or given(words, name)):
            words = without(words, name) + [name, value]
    if given(words, "--processes"):
        words = without(words, "--processes") + ["--processes", "1"]
    return words + ["--quiet"] * (not given(words, "--quiet"))


def shorter(words):
    verb, rest = words[0], words[1:]
    if given(rest, "--help"):
        return words
    if verb == "run":
        rest = shorter_run(rest)
    elif verb == "verify":
        rest = without(rest, "--seconds") + ["--seconds", "1"]
    elif verb == "doctor":
        rest = without(rest, "--probe") + ["--probe", "10ms"]
    elif verb == "compare" and given(rest, "--old"):
        at = rest.index("--") if "--" in rest else len(rest)
        what = rest[at + 1:] or ["--workload", "private", "--threads", "1"]
        rest = without(rest[:at], "--pairs") + ["--pairs", "6", "--", *shorter_run(what)]
        rest.remove("--quiet")
    return [verb, *rest]


def foretold(words, code):
    verb = words[0]
    if given(words, "--break"):
        return code == 13
    if code == 69 and len(os.sched_getaffinity(0)) < 2:
        return True  # two threads are asked for everywhere
    return code in FORETOLD.get(verb, {0})


def main():
    iopt, log, *words = sys.argv[1:]
    done = shorter(words) if words else []
    line = shlex.join(done)
    with open(log, "a+", encoding="utf-8") as f:
        f.seek(0)
        again = f"0 {line}\n" in f.readlines()
        lasting = any(given(words, name) for name in LASTING) and not given(words, "--old")
        if again and not lasting:
            return 0
        code = subprocess.run([iopt, *done], check=False).returncode
        good = foretold(words, code) if words else code == 64
        f.write(f"{0 if good else code} {line}\n")
    if not good:
        print(f"exit {code}: iopt {shlex.join(words)}, shortened: {line}", file=sys.stderr)
    return 0 if good else code


sys.exit(main())

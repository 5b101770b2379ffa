#!/usr/bin/env python3
"""run.py MODEL.pml...: what the table at the top of a model says of it, with Spin.

The table's rows, one line each:

    clean  [FLAG...]      : STATES : what runs
    mutant FLAG...        : INVARIANT : the bug
    unseen FLAG...        : why sequential consistency cannot show this bug

clean   the search is complete (nothing cut off by depth or memory), finds no error, and reaches every
        statement of the model that is not marked /* never */. STATES is what was found when the row was
        written, and guards against a model that has lost its meaning: less than half of it is an error.
mutant  some execution violates exactly this invariant, or one of those between commas ("stuck": it ends
        where it should not; "starves": it goes round for ever without progress).
unseen  complete and without error, although the model is broken: where models end and the explorer begins.

With the flag LIVENESS a row looks for executions that go round for ever, as well as for violations.

--show FLAG    the shortest execution that violates, step by step, of the mutant with this flag
--markdown     the table of docs/verification.md

Exit 0 all as the tables say, 1 something is not, 77 no Spin or no compiler here.
"""
import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROW = re.compile(r"^ \*   (clean|mutant|unseen)\b([^:]*):(.*)$")
LOOKS_LIKE_ROW = re.compile(r"^ \*\s*(clean|mutant|unseen)\b")
MEMORY_MIB = 480   # of one search; two run at once
DEPTH = int(os.environ.get("IOPT_SPIN_DEPTH", "200000"))
LIMIT_S = 300      # something is wrong then, a search takes seconds
NEVER = "/* never */"


class Row:
    def __init__(self, kind, flags, rest):
        self.kind, self.flags = kind, flags.split()
        self.defines = ["-D" + f for f in self.flags]
        self.liveness = "LIVENESS" in self.flags
        self.name = " ".join([kind] + self.flags)
        parts = [p.strip() for p in rest.split(":", 1)]
        self.expected, self.text = (parts[0], parts[-1]) if len(parts) == 2 else ("", parts[0])
        self.states, self.seconds, self.unreached, self.wrong = 0, 0.0, set(), ""


def rows_of(model):
    """The table of a model, and what is wrong with it."""
    rows, wrong = [], []
    with open(model, encoding="utf-8") as f:
        head = f.read().split("*/")[0]
    for line in head.splitlines():
        if m := ROW.match(line):
            rows.append(Row(*m.groups()))
        elif LOOKS_LIKE_ROW.match(line):
            wrong.append(f"not a row of the table: {line}")
    for row in rows:
        if row.kind == "clean" and not re.fullmatch(r"\d+", row.expected):
            wrong.append(f"{row.name}: no number of states")
        if row.kind == "mutant" and not (row.flags and re.fullmatch(r"\w+(, *\w+)*", row.expected)):
            wrong.append(f"{row.name}: a mutant names its flag and one invariant")
    if not any(r.kind == "clean" for r in rows):
        wrong.append("the table has no row `clean`")
    return rows, wrong


def cpu_seconds():
    """Of all that has been started here and has ended: the machine may be busy with other things."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(argv, where):
    return subprocess.run(argv, cwd=where, capture_output=True, text=True, timeout=LIMIT_S,
                          errors="replace", stdin=subprocess.DEVNULL)


def build(row, model, where, compiler):
    """pan in `where`; what went wrong, or None."""
    made = command(["spin", "-a"] + row.defines + [model], where)
    if made.returncode or not os.path.exists(os.path.join(where, "pan.c")):
        return "spin -a fails:\n" + made.stdout + made.stderr
    # In a small search compiling is what takes the time; clang does that in half of it.
    states = int(row.expected) if row.kind == "clean" else 0
    optimise = "-O0" if states < 50_000 else "-O1" if states < 1_500_000 else "-O2"
    if optimise == "-O0":
        compiler = shutil.which("clang") or compiler
    kind = ["-DNP"] if row.liveness else ["-DSAFETY"]
    made = command([compiler, optimise, "-w", f"-DMEMLIM={MEMORY_MIB}", "-DVECTORSZ=2048"] + kind +
                   ["-o", "pan", "pan.c"], where)
    return "pan.c does not compile:\n" + made.stderr if made.returncode else None


def search(row, where, *more):
    argv = ["./pan", f"-m{DEPTH}", "-w20"] + (["-l"] if row.liveness else []) + list(more)
    return command(argv, where).stdout


def unreached(output):
    """{(file, line)} of the statements that no execution came to."""
    found, inside = set(), False
    for line in output.splitlines():
        if line.startswith("unreached in"):
            inside = True
        elif inside and (m := re.match(r"\s+(\S+):(\d+), state \d+,", line)) and '"-end-"' not in line:
            found.add((m.group(1), int(m.group(2))))
        elif not line.startswith("\t"):
            inside = False
    return found


def is_violation_of(invariant, said):
    if invariant == "stuck":
        return said.startswith("invalid end state")
    if invariant == "starves":
        return said.startswith("non-progress cycle")
    return bool(re.search(rf"assertion violated .*\b{invariant}\b", said))


def judge(row, output):
    """What of this is not as the row says; an empty string: all is."""
    states = re.search(r"^\s*(\d+) states, stored", output, re.M)
    errors = re.search(r"errors: (\d+)", output)
    violated = re.search(r"^pan:1: (.*)$", output, re.M)
    said = violated.group(1) if violated else ""
    if not states or not errors:
        return "no result:\n" + output
    row.states = int(states.group(1))
    row.unreached = unreached(output)
    if row.kind == "mutant":
        if errors.group(1) == "0":
            return f"not caught: {row.states} states, no error"
        return "" if any(is_violation_of(name.strip(), said) for name in row.expected.split(",")) else f"violates something else than {row.expected}: {said}"
    if errors.group(1) != "0":
        return f"violated: {said}"
    for sign in ("max search depth too small", "Search not completed", "out of memory", "MEMLIM bound",
                 "search was truncated", "aborting"):
        if sign in output:
            return f"not searched to the end: {sign}"
    if row.kind == "clean" and row.states * 2 < int(row.expected):
        return f"{row.states} states, less than half of the {row.expected} in the table"
    return ""


def marked_never(path, line):
    try:
        with open(path, encoding="utf-8") as f:
            return NEVER in f.read().splitlines()[line - 1]
    except (OSError, IndexError):
        return False


def run_model(model, compiler):
    """The rows, carried out; lines of what is wrong."""
    rows, wrong = rows_of(model)
    never = None
    for row in rows:
        with tempfile.TemporaryDirectory(prefix="iopt-spin-") as where:
            begin = cpu_seconds()
            try:
                row.wrong = build(row, model, where, compiler) or ""
                if not row.wrong:
                    row.wrong = judge(row, search(row, where))
            except subprocess.TimeoutExpired as e:
                row.wrong = f"{e.cmd[0]} took more than {LIMIT_S} s"
            row.seconds = cpu_seconds() - begin
            if row.wrong and row.kind == "clean":
                row.wrong += trail(row, model, where)
        if row.kind == "clean":
            never = row.unreached if never is None else never & row.unreached
        said = {"clean": "ok", "mutant": row.expected, "unseen": "not seen, as the table says"}[row.kind]
        print(f"{os.path.basename(model):18} {row.name:48} {row.states:9,} states {row.seconds:5.1f} s CPU  "
              f"{'WRONG' if row.wrong else said}", flush=True)
        if row.wrong:
            wrong.append(f"{row.name}: {row.wrong}")
    if not wrong:
        wrong += [f"{path}:{line}: reached by no clean run" for path, line in sorted(never or ())
                  if not marked_never(path, line)]
    return rows, wrong


def trail(row, model, where):
    """An execution that violates, step by step; empty if there is none."""
    left = os.path.basename(model) + ".trail"
    if not os.path.exists(os.path.join(where, left)):
        return ""
    told = command(["spin", "-k", left, "-p"] + row.defines + [model], where).stdout
    lines = [line for line in told.splitlines() if line.strip()]
    return "\n" + "\n".join(lines[-80:])


def show(model, flag, compiler):
    for row in rows_of(model)[0]:
        if flag in row.flags and row.kind == "mutant":
            with tempfile.TemporaryDirectory(prefix="iopt-spin-") as where:
                wrong = build(row, model, where, compiler)
                if not wrong:
                    search(row, where, *([] if row.liveness else ["-i"]))
                    wrong = trail(row, model, where)
                print(wrong)
                return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--show", metavar="FLAG")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not shutil.which("spin") or not compiler:
        print("skipped: needs spin and a C compiler (Debian: spin, gcc)")
        return 77
    models = [os.path.abspath(m) for m in arguments.models]
    if arguments.show:
        return 0 if any([show(m, arguments.show, compiler) for m in models]) else 1
    failed, tables = False, []
    for model in models:
        rows, wrong = run_model(model, compiler)
        for line in wrong:
            print(f"{os.path.basename(model)}: {line}", file=sys.stderr)
        failed = failed or bool(wrong)
        tables.append((model, rows))
    if arguments.markdown:
        for model, rows in tables:
            clean = [r for r in rows if r.kind == "clean"]
            mutants = {f.removeprefix("BREAK_").lower().replace("_", " ") for r in rows if r.kind == "mutant"
                       for f in r.flags if f.startswith("B") and "=" not in f}
            print(f"| `{os.path.basename(model)}` | {'; '.join(r.text for r in clean)} | "
                  f"{'; '.join(f'{r.states:,}' for r in clean)} | {sum(r.seconds for r in rows):.0f} | "
                  f"{', '.join(sorted(mutants))} |")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

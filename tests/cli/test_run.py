"""`iopt run`: the screen, the files, what stdout carries, and repeating a run."""
import os
import pty
import re
import select
import subprocess

from command import IOPT, main
from result import CPUS, Results, parse, read_csv, two_cpus

SHORT = ("--duration", "0.3s")
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "%": 0.01, "": 1}
FIGURE = re.compile(r"(?<![\w./<-])([+-]?\d[\d,]*(?:\.\d+)?) ?(ns|us|ms|s|%)?(?![\w./-])"
                    r"(?: \[(-?[\d.]+) (-?[\d.]+)\])?")


def leaves(node, skip=("slices", "workers", "config")):
    """Every number below, the raw material of slices and workers left out."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in skip:
                yield from leaves(value, skip)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, skip)
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield node


def figures(line):
    """(value, half a unit of its last digit) of each number of a line, in ns where it is a time."""
    for match in FIGURE.finditer(line):
        scale = UNITS[match[2] or ""]
        for text in (match[1], match[3], match[4]):
            if text:
                text = text.replace(",", "")
                unit = 10.0 ** -len(text.partition(".")[2])
                yield text, float(text) * scale, unit * scale * 0.51


class Screen(Results):
    """The default comparison, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        helper = cls("run_default")
        cls.doc, done = helper.measured("--duration", "3s")
        cls.screen = done.stdout
        helper.doCleanups()

    def run_default(self):
        pass

    def rows(self, begin, end, pattern):
        lines = self.screen.splitlines()
        first = next((i for i, line in enumerate(lines) if line.startswith(begin)), None)
        self.assertIsNotNone(first, self.screen)
        last = next(i for i, line in enumerate(lines) if i > first and line.startswith(end))
        found = [line for line in lines[first + 1:last] if re.match(pattern, line)]
        self.assertTrue(found, self.screen)
        return found

    def backed(self, line, allowed, shown=None):
        for text, value, tolerance in figures(shown or line):
            with self.subTest(number=text, line=line):
                self.assertTrue(any(abs(v - value) <= tolerance + 1e-9 * abs(v) for v in allowed),
                                f"{text} is nowhere in the JSON")

    def test_screen(self):
        self.assertIs(self.doc["complete"], True)
        for part in ("iopt ", "ruler: ", "1  WHAT THE LOCK COSTS", "4  AUDIT", "SCOPE", "FILES"):
            self.assertRegex(self.screen, rf"(?m)^{part}")
        self.assertNotIn("\x1b", self.screen)
        self.assertNotRegex(self.screen, r"(?i)\bnan\b|\binf\b|\(null\)")
        longest = max(self.screen.splitlines(), key=len)
        self.assertLessEqual(len(longest), 110, longest)

    def test_lock_numbers(self):
        for line in self.rows("1  WHAT", "   sat:", r" +\d+  \S"):
            threads, think = re.match(r" +(\d+)  .*? (\d+)(?: sat| us)", line).groups()
            mine = [c for c in self.doc["cases"]
                    if c["workload"] == "private" and c["threads"] == int(threads)
                    and c["think_ns"] == 1000 * int(think)]
            ids = {c["case_id"] for c in mine}
            pairs = [c for c in self.doc["comparisons"] if c["a"] in ids and c["b"] in ids]
            baseline = [c for c in mine if c["engine"] == "amdv1/lockless-2019"]
            allowed = [c["busy_ns_per_op"] for c in baseline]
            allowed += [c["fairness"]["jain"] for c in mine if c["fairness"]["jain"] is not None]
            allowed += [v for c in pairs for v in leaves([c[k] for k in ("added_ns", "added_ns_lo",
                                                                         "added_ns_hi")])]
            shown = re.sub(r"^.*? \d+ (?:sat|us) ", "", line)
            self.backed(line, allowed, shown)

    @two_cpus
    def test_waste_numbers(self):
        rows = self.rows("2  WHAT", "3  ", r"   (trace|cursor|FORCED|  modern |  in vain)")
        cold = [c for c in self.doc["cases"] if c["section"] == 2]
        allowed = list(leaves(cold)) + [c["threads"] - 1 for c in cold]
        for line in rows:
            self.backed(line, allowed, re.sub(r"\d us think|\S+/\S+", "", line[3:]))
            levels = re.search(r"(\d+)/(\d+)/(\d+)/(\d+)", line)
            if levels:
                levels = [int(n) for n in levels.groups()]
                self.assertTrue(any(c["pages"]["wasted_by_level"][:3] == levels[:3]
                                    and c["pages"]["wasted"] == sum(levels) for c in cold), line)

    @two_cpus
    def test_overlap_numbers(self):
        for line in self.rows("3  TWO", "4  ", r"   (64K|3x4K) "):
            span, engine = line.split()[:2]
            case = [c for c in self.doc["cases"] if c["workload"] == "overlap"
                    and c["range"] == span and c["engine"] == "amdv1/" + engine]
            self.assertEqual(len(case), 1)
            self.backed(line, list(leaves(case[0]["overlap"])),
                        re.sub(r"^ +\S+ +\S+", "", line))

    def test_audit_numbers(self):
        audit = self.doc["audit"]
        self.assertIn(f"4  AUDIT {audit['clean']}/{audit['audited']} clean", self.screen)
        self.assertEqual(audit["audited"], sum(c["verified"] is not None
                                               for c in self.doc["cases"]))
        self.assertEqual((audit["clean"], audit["unbalanced"]), (audit["audited"], 0))

    def test_same_operations(self):
        """All engines of a half round did the same, however long it took them."""
        for group in {c["group"] for c in self.doc["cases"]}:
            slices = {}
            for case in self.doc["cases"]:
                for s in case["slices"] if case["group"] == group and not case["cold"] else []:
                    slices.setdefault((s["round"], s["half"]), set()).add((s["position"], s["ops"]))
            for at, did in slices.items():
                self.assertEqual(len(did), 1, (group, at))


class Every(Results):
    def test_engines_and_workloads(self):
        doc, _ = self.measured(
            "--engines", "all", "--duration", "0.1s", "--threads", "1,2" if CPUS > 1 else "1",
            "--workload", "private,adjacent,cursor,cold,churn,overlap,replay:net-amd-strict"
            + (",rendezvous,convoy" if CPUS > 1 else ""))
        engines = re.findall(r"(?m)^  (\w+/\S+)", self.fine("list", "engines"))
        self.assertEqual({c["engine"] for c in doc["cases"]}, set(engines))
        self.assertEqual(len({c["workload"] for c in doc["cases"]}), 7 + 2 * (CPUS > 1))
        for case in doc["cases"]:
            self.assertTrue(case["slices"], case["case_id"])
            self.assertIsNot(case["verified"], False)
            self.assertEqual(case["threads"], 1 if case["sync"] == "none" else case["threads"])
            if case["forced"] or case["workload"] == "overlap":
                self.assertIsNone(case["ops_per_s"])
            else:
                self.assertGreater(case["ops_per_s"], 0)

    def test_processes(self):
        threads = min(CPUS, 2)
        doc, _ = self.measured("--processes", "2", "--workload", "private,cursor,cold", "--threads",
                               str(threads), "--duration", "0.6s",
                               env=dict(os.environ, TMPDIR="/nonexistent"))
        self.assertEqual(doc["processes"], 2)
        for case in doc["cases"]:
            self.assertEqual({s["process"] for s in case["slices"]}, {0, 1})
            model = case["waste"]["model"]
            self.assertEqual(model["meetings"], sum(s["meetings"] for s in case["slices"]))
            if case["workload"] == "cold" and threads > 1: # everybody comes to every table
                self.assertEqual(model["gap_ns"]["n"], model["meetings"])

    def test_clock(self):
        env = dict(os.environ, IOPT_CLOCK="clock_gettime")
        doc, done = self.measured("--threads", "1", "--engines", "lockless", *SHORT, env=env)
        self.assertEqual(doc["clock"]["source"], "clock_gettime")
        self.assertIn("IOPT_CLOCK", doc["clock"]["why_not_cycles"])
        self.assertTrue(any("clock_gettime" in w for w in doc["warnings"]))
        self.assertRegex(done.stdout, r"(?m)^! clock_gettime instead")

    def test_repeat(self):
        first, again = self.directory(), self.directory()
        args = ("--engines", "lockless-2019,mutex-2019", "--think", "0,1us", "--seed", "7",
                "--workload", "private,replay:nvme-amd-lazy", "--threads", "1", *SHORT)
        a, _ = self.measured(*args, out=first)
        b, _ = self.measured(os.path.join(first, "job.ini"), out=again)
        self.assertEqual((a["seed"], b["seed"]), (7, 7))
        for doc in (a, b):
            for job in doc["config"]["jobs"]:
                del job["out"], job["job"]
        self.assertEqual(a["config"], b["config"])
        self.assertEqual([c["case_id"] for c in a["cases"]], [c["case_id"] for c in b["cases"]])
        for one, other in zip(a["cases"], b["cases"]):
            pairs = list(zip(one["slices"], other["slices"]))
            self.assertTrue(pairs)
            for s, t in pairs:
                self.assertEqual(s["position"], t["position"])
                if one["replay"]:
                    self.assertEqual(s["ops"], t["ops"])
        with open(os.path.join(first, "job.ini"), encoding="utf-8") as f, \
                open(os.path.join(again, "job.ini"), encoding="utf-8") as g:
            self.assertEqual(f.read(), g.read())

    def test_old_result_is_replaced_foreign_files_are_not(self):
        out = self.directory()
        quick = ("--engines", "lockless", "--threads", "1", "--duration", "0.1s")
        self.measured(*quick, out=out)
        self.measured(*quick, out=out)
        with open(os.path.join(out, "result.json"), "w", encoding="utf-8") as f:
            f.write("somebody's")
        self.refused(73, r"^iopt run: --out: .*result\.json is in the way", "run", *quick,
                     "--out", out)


class Stdout(Results):
    QUICK = ("run", "--engines", "lockless-2019,mutex-2019", "--threads", "1",
             "--duration", "0.2s")

    def test_json(self):
        doc = parse(self.fine(*self.QUICK, "--format", "json"))
        self.sound(doc)
        self.assertEqual(doc["argv"], [*self.QUICK[1:], "--format", "json"])

    def test_csv(self):
        done = self.iopt(*self.QUICK, "--format", "csv", text=False)
        rows = read_csv(done.stdout.decode())
        self.assertEqual(done.stderr, b"")
        self.assertEqual([r["engine"] for r in rows],
                         ["amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/null", "amdv1/limit"])

    def on_terminal(self, *args, stdout_too=False, **env):
        """What a terminal on stderr (and stdout) shows, and what a pipe on stdout got."""
        try:
            outer, inner = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            self.skipTest(f"no terminal to be had here: {error}")
        terminal = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        terminal.update(env, TERM="xterm")
        with subprocess.Popen([IOPT, *args], stdin=subprocess.DEVNULL, stderr=inner, env=terminal,
                              stdout=inner if stdout_too else subprocess.PIPE) as child:
            os.close(inner)
            seen, piped = b"", b""
            while True:
                ready = select.select([outer] + ([] if stdout_too else [child.stdout]), [], [], 30)
                self.assertTrue(ready[0], "nothing for 30 s")
                try:
                    if outer in ready[0]:
                        got = os.read(outer, 65536)
                        seen += got
                    else:
                        got = os.read(child.stdout.fileno(), 65536)
                        piped += got
                except OSError:  # how a pty says that the other end is closed
                    break
                if not got and stdout_too:
                    break
            if not stdout_too:
                piped += child.stdout.read()
        os.close(outer)
        self.assertEqual(child.returncode, 0)
        return seen.decode(), piped.decode()

    def test_progress(self):
        shown, piped = self.on_terminal(*self.QUICK, "--format", "json")
        self.assertRegex(shown, r"(?s)\d+ %.*left.*group 1 of 1: private, 1 thread")
        self.sound(parse(piped))
        shown, _ = self.on_terminal(*self.QUICK, "--quiet")
        self.assertEqual(shown, "")

    def test_colour(self):
        self.assertIn("\x1b[", self.on_terminal(*self.QUICK, "--quiet", stdout_too=True)[0])
        self.assertNotIn("\x1b", self.on_terminal(*self.QUICK, "--quiet", stdout_too=True,
                                                  NO_COLOR="1")[0])


if __name__ == "__main__":
    main()

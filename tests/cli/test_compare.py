"""iopt compare: what is compared, what is said, what is refused, and the exit code of each."""
import gzip
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import unittest

import made
from command import IOPT, ROOT, Command, main
from result import parse, read_csv

try:
    import jsonschema
except ImportError:  # the other checks do not need it
    jsonschema = None

OK, REGRESSED, INCONCLUSIVE, NOT_COMPARABLE, UNVERIFIED, UNTRUSTED = 0, 10, 11, 12, 13, 14
USAGE, BAD_DATA, CANT_CREATE, WRITE = 64, 65, 73, 74


class Compare(Command):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.base = cls.put("base", made.machine(1, drift=0.05, sd=0.01))
        cls.same = cls.put("same", made.machine(11, drift=0.05, sd=0.01))
        cls.slow = cls.put("slow", made.machine(21, factor=0.92, drift=0.05, sd=0.01))
        cls.host = cls.put("host", made.machine(31, factor=0.5, host={
            "kernel": "Linux 6.2.0", "microcode": "0xa1", "governor": "powersave", "smt": False,
            "cpu_model": "Xeon", "flags": "-O3", "boost": "0"}))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    @classmethod
    def put(cls, name, result):
        return made.write(cls.path(name + ".json"), result)

    def compare(self, code, *args, **more):
        done = self.iopt("compare", *args, **more)
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        return done.stdout

    def verdict(self, code, *args):
        """The verdict file, which is valid, and says what the exit code says."""
        path = self.path("verdict.json")
        self.compare(code, *args, "--verdict", path)
        with open(path, encoding="utf-8") as f:
            doc = parse(f.read())
        os.unlink(path)
        self.valid(doc)
        return doc

    def valid(self, doc):
        if not jsonschema:
            return
        with open(os.path.join(ROOT, "docs", "verdict.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        wrong = jsonschema.Draft202012Validator(schema).iter_errors(doc)
        self.assertEqual([f"{list(e.absolute_path)}: {e.message[:200]}" for e in wrong], [])


class Verdicts(Compare):
    def test_ok(self):
        doc = self.verdict(OK, self.base, self.same)
        self.assertEqual((doc["verdict"], doc["exit_code"], doc["tests"]), ("OK", 0, 3))
        self.assertEqual(doc["pairs"], 12)
        self.assertEqual({r["verdict"] for r in doc["rows"] if r["gated"]}, {"OK"})

    def test_regressed(self):
        doc = self.verdict(REGRESSED, self.base, self.slow)
        worst = doc["rows"][0]
        self.assertEqual((doc["verdict"], doc["exit_code"]), ("REGRESSED", 10))
        self.assertEqual((worst["case_id"], worst["name"]), ("private/lockless/t2/4K", "throughput"))
        self.assertLess(worst["ratio_hi"], 0.97)
        self.assertTrue(worst["steady"])
        self.assertIn("verdict: REGRESSED (1 of 3", self.compare(REGRESSED, self.base, self.slow))

    def test_improved(self):
        self.assertEqual(self.verdict(OK, self.slow, self.base)["verdict"], "IMPROVED")

    def test_warn_only(self):
        doc = self.verdict(OK, self.base, self.slow, "--warn-only")
        self.assertEqual((doc["verdict"], doc["exit_code"]), ("REGRESSED", 10))

    def test_min_effect(self):
        self.compare(OK, self.base, self.slow, "--min-effect", "12")
        self.compare(OK, self.base, self.slow, "--min-effect", "throughput:12%,p99:20")
        self.compare(REGRESSED, self.base, self.slow, "--min-effect", "p99:20")

    def test_gate(self):
        text = self.compare(OK, self.base, self.slow, "--gate", "p99")
        self.assertNotIn("throughput", text)
        doc = self.verdict(OK, self.base, self.slow, "--gate", "p50,p99")
        self.assertEqual(doc["tests"], 2)
        self.assertIn("throughput", [r["name"] for r in doc["rows"]])

    def test_raw(self):
        wild = self.put("wild", made.machine(41, drift=0.3, sd=0.01))
        calm = self.put("calm", made.machine(51, drift=0.3, sd=0.01))
        self.assertEqual(self.verdict(OK, wild, calm)["verdict"], "OK")
        doc = self.verdict(INCONCLUSIVE, wild, calm, "--raw")
        self.assertFalse(any(r["steady"] for r in doc["rows"]))

    def test_same_seed_same_verdict(self):
        args = self.base, self.slow, "--format", "json"
        one, two = (self.compare(REGRESSED, *args, "--seed", "9") for _ in "12")
        self.assertEqual(one, two)
        self.assertNotEqual(one, self.compare(REGRESSED, *args, "--seed", "10"))

    def test_one_pair(self):
        one = self.put("one", made.machine(61, n=1))
        two = self.put("two", made.machine(71, n=1, factor=0.1))
        doc = self.verdict(INCONCLUSIVE, one, two)
        self.assertIn("1 pair of processes; 6 more are needed: --processes 7", doc["rows"][0]["why"])
        for form in "text", "md":  # once, not with each row; and without the rulers, which have no verdict
            said = self.compare(INCONCLUSIVE, one, two, "--format", form)
            self.assertEqual(said.count("6 more are needed"), 1, said)
            self.assertEqual(len(re.findall(r"\d \\?\*\s", said)), 2, said)
            self.assertIn("in units of the ruler", said)
            self.assertRegex(said, r"left out: \d+ rows? of rulers")
            self.assertNotIn("a ruler: the others", said)
        self.assertIn("a ruler: the others", self.compare(INCONCLUSIVE, one, two, "--format", "csv"))

    def test_unequal_processes(self):
        few = self.put("few", made.machine(81, n=7))
        doc = self.verdict(INCONCLUSIVE, self.base, few, "--min-effect", "0")
        self.assertEqual(doc["pairs"], 7)
        self.assertTrue(any("BASE has 12 processes, NEW 7" in n for n in doc["notes"]))

    def test_waste(self):
        base = self.put("w1", made.machine(1, sd=0.01, lost=[500] * 12))
        twice = self.put("w2", made.machine(2, sd=0.01, lost=[1000] * 12))
        doc = self.verdict(REGRESSED, base, twice)
        self.assertEqual((doc["rows"][0]["name"], doc["rows"][0]["base_lost"]), ("waste", 6000))
        few = self.put("w3", made.machine(3, sd=0.01, lost=[1] + [0] * 11))
        none = self.put("w4", made.machine(4, sd=0.01, lost=[0] * 12))
        row = [r for r in self.verdict(OK, few, none, "--gate", "waste")["rows"]
               if r["name"] == "waste"][0]
        self.assertEqual((row["base_lost"], row["new_lost"], row["verdict"]), (1, 0, "OK"))
        self.assertRegex(self.compare(OK, few, none, "--gate", "waste"),
                         r"waste +1 in 12 k +0 in 12 k +- ")

    def test_few_samples(self):
        cases = [[made.case("private/a/t2", made.noise(s, 12, 0.01), p99=[400] * 12, samples=n)]
                 for s, n in ((1, 5000), (2, 300))]
        one, two = (self.put(f"s{i}", made.result(c)) for i, c in enumerate(cases))
        doc = self.verdict(INCONCLUSIVE, one, two)
        self.assertIn("too few samples: 300 a process, p99 wants 1000", doc["rows"][0]["why"])

    def test_forced(self):
        one, two = (self.put(f"f{i}", made.result([made.case(
            "rendezvous/a/t2", made.noise(i, 12, 0.01), lost=[500 + 500 * i] * 12, forced=True,
            ops_per_s=None)])) for i in (0, 1))
        doc = self.verdict(NOT_COMPARABLE, one, two)
        self.assertIn("nothing to gate", doc["summary"])
        self.assertIn("forced", doc["rows"][0]["why"])
        self.assertIs(doc["rows"][0]["gated"], False)

    def test_thresholds(self):
        path = made.write(self.path("t.ini"), "p99 = 40% 1us\n[private/lockless/*]\n"
                          "; what we promise\nthroughput = 15%\nwaste=10% 0.2\n")
        doc = self.verdict(OK, self.base, self.slow, "--thresholds", path)
        margins = {(r["case_id"], r["name"]): r["margin"] for r in doc["rows"]}
        self.assertEqual(margins["private/lockless/t2/4K", "throughput"]["relative"], 0.15)
        self.assertEqual(margins["private/mutex/t2/4K", "throughput"]["relative"], 0.03)
        self.assertEqual(margins["private/lockless/t2/4K", "p99_map"],
                         {"relative": 0.4, "absolute": 1000, "is_floor": False})


class NotComparable(Compare):
    def test_other_machine(self):
        doc = self.verdict(NOT_COMPARABLE, self.base, self.host)
        self.assertEqual((doc["verdict"], doc["rows"]), ("NOT_COMPARABLE", []))
        for what in ("CPU model: Xeon, was EPYC 7763", "kernel: Linux 6.2.0, was Linux 6.1.0",
                     "microcode", "governor: powersave", "SMT: off", "boost", "flags: -O3"):
            self.assertTrue(any(what in d for d in doc["differs"]), what)

    def test_force(self):
        doc = self.verdict(OK, self.base, self.host, "--force")
        self.assertEqual((doc["verdict"], doc["forced"]), ("INFORMATION", True))
        self.assertEqual({r["verdict"] for r in doc["rows"]}, {None})
        self.assertIn("kernel: Linux 6.2.0", self.compare(OK, self.base, self.host, "--force"))
        # nothing to forgive: judged as ever
        self.assertEqual(self.verdict(REGRESSED, self.base, self.slow, "--force")["forced"], False)

    def test_incomplete(self):
        cut = self.put("cut", made.machine(91, complete=False))
        text = self.compare(NOT_COMPARABLE, self.base, cut)
        self.assertIn('NEW was interrupted ("complete": false)', text)
        self.assertIn("iopt run --resume", " ".join(text.split()))
        self.verdict(OK, self.base, cut, "--force")

    def test_missing_cases(self):
        less = made.machine(101, drift=0.05, sd=0.01)
        del less["cases"][1]
        less["cases"].append(made.case("private/spin/t2/4K", made.noise(1, 12, 0.01)))
        less = self.put("less", less)
        doc = self.verdict(OK, self.base, less)
        self.assertEqual(doc["missing"], ["only in BASE: private/mutex/t2/4K",
                                          "only in NEW: private/spin/t2/4K"])
        doc = self.verdict(NOT_COMPARABLE, self.base, less, "--strict")
        self.assertIn("--strict", doc["summary"])
        other = self.put("other", made.result([made.case("private/x", made.noise(1, 12, 0.01))]))
        self.assertIn("no case that both sides have",
                      self.verdict(NOT_COMPARABLE, self.base, other)["summary"])

    def test_failed_audit(self):
        bad = made.machine(111, complete=False)
        bad["cases"][0].update(verified=False, slices=[], draws=[], ops_per_s=None)
        bad["audit"]["lost_pinning"] = True
        doc = self.verdict(UNVERIFIED, self.base, self.put("bad", bad))  # 13 > 14 > 12
        self.assertTrue(any("the audit failed: private/lockless" in n for n in doc["notes"]))

    def test_lost_pinning(self):
        for what in ("lost_pinning", "clock_stepped_back"):
            bad = made.machine(121, factor=0.5)
            bad["audit"][what] = True
            doc = self.verdict(UNTRUSTED, self.base, self.put("bad", bad), "--warn-only")
            self.assertEqual(doc["verdict"], "UNTRUSTED")


class Formats(Compare):
    def widths(self, text):
        """Of the rows of tables: bars that are no text."""
        return {len(re.findall(r"(?<!\\)\|", row)) for row in text.splitlines() if row[:1] == "|"}

    def test_text(self):
        for args in ((self.base, self.slow), (self.base, self.host), (self.base, self.host, "--force")):
            text = self.iopt("compare", *args).stdout
            self.assertLessEqual(max(map(len, text.splitlines())), 100, text)
            self.assertNotIn("\033", text)  # no terminal
            self.assertNotRegex(text.lower(), r"\b(nan|inf)\b")
        self.assertIn("measured one after the other", self.compare(OK, self.base, self.same))
        self.assertIn("doctor --calibrate", " ".join(self.compare(OK, self.base, self.same).split()))

    def test_json(self):
        doc = parse(self.compare(REGRESSED, self.base, self.slow, "--format", "json"))
        self.valid(doc)
        self.assertEqual(doc, self.verdict(REGRESSED, self.base, self.slow))

    @unittest.skipUnless(jsonschema, "needs jsonschema")
    def test_schema_bites(self):
        doc = parse(self.compare(REGRESSED, self.base, self.slow, "--format", "json"))
        for change in (lambda d: d.update(extra=1), lambda d: d.pop("rows"),
                       lambda d: d.update(exit_code=0), lambda d: d.update(verdict="fine"),
                       lambda d: d["rows"][0].update(p=2), lambda d: d["rows"][0].pop("why"),
                       lambda d: d["rows"][0]["margin"].update(relative=None)):
            broken = json.loads(json.dumps(doc))
            change(broken)
            with self.assertRaises(AssertionError):
                self.valid(broken)

    def test_csv(self):
        rows = read_csv(self.iopt("compare", self.base, self.slow, "--format", "csv",
                                  text=False).stdout.decode())
        doc = parse(self.compare(REGRESSED, self.base, self.slow, "--format", "json"))
        self.assertEqual(len(rows), len(doc["rows"]))
        for row, other in zip(rows, doc["rows"]):
            self.assertEqual((row["case_id"], row["name"], row["verdict"]),
                             (other["case_id"], other["name"], other["verdict"] or ""))
            for name in ("ratio", "ratio_lo", "difference_hi", "p_holm", "base", "new_steady"):
                self.assertEqual(float(row[name]) if row[name] else None, other[name], name)

    def test_markdown(self):
        text = self.compare(REGRESSED, self.base, self.slow, "--format", "md")
        top, folded = text.split("<details>", 1)
        self.assertTrue(text.startswith("### iopt: REGRESSED\n"))
        self.assertIn("**REGRESSED**", top)
        self.assertEqual(top.count("`private/"), 1)  # what is OK is folded
        self.assertIn("`private/mutex/t2/4K`", folded)
        self.assertEqual(text.count("<details>"), text.count("</details>"))
        self.assertEqual(self.widths(text), {10})
        self.assertIn("EPYC 7763, Linux 6.1.0", folded)

    def test_markdown_of_foreign_text(self):
        evil = "private/`a|b`<script>@all\n# x"
        one, two = (self.put(f"e{i}", made.result([made.case(evil, made.noise(i, 12, 0.01))],
                                                  warnings=["<img src=x> | `y` @someone \033[31m"]))
                    for i in (0, 1))
        for form in ("md", "text"):
            text = self.iopt("compare", one, two, "--format", form).stdout
            self.assertNotIn("\033", text)
        text = self.iopt("compare", one, two, "--format", "md").stdout
        self.assertNotIn("<img", text)
        self.assertNotIn("\n# x", text)
        self.assertNotRegex(text, r"[^\\]@someone")
        self.assertEqual(self.widths(text), {10})

    def test_markdown_fits_a_comment(self):
        cases = [[made.case(f"private/{'x' * 60}{k}/t2", made.noise(i * 1000 + k, 6, 0.01))
                  for k in range(400)] for i in (0, 1)]
        one, two = (self.put(f"many{i}", made.result(c)) for i, c in enumerate(cases))
        text = self.iopt("compare", one, two, "--format", "md").stdout
        self.assertLess(len(text), 65536)
        self.assertIn("more in the verdict file", text)

    def test_directory_and_stdin(self):
        folder = self.path("dir")
        os.makedirs(folder, exist_ok=True)
        with open(self.slow, encoding="utf-8") as f:
            slow = f.read()
        made.write(os.path.join(folder, "result.json"), slow)
        self.compare(REGRESSED, self.base, folder)
        packed = self.path("packed")
        os.makedirs(packed, exist_ok=True)
        with gzip.open(os.path.join(packed, "result.json.gz"), "wt", encoding="utf-8") as f:
            f.write(slow)
        self.compare(REGRESSED, self.base, packed)
        with open(self.base, encoding="utf-8") as f:
            made.write(os.path.join(packed, "result.json"), f.read())
        done = self.iopt("compare", self.base, packed)  # where both are there, not the packed one
        self.assertEqual(done.returncode, 64, done.stdout)
        self.assertIn("hold the same result", done.stderr)
        for args, code in (((self.base, "-"), REGRESSED), (("-", self.base), OK)):
            done = subprocess.run([IOPT, "compare", *args], input=slow, capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (code, ""))

    def test_an_older_result(self):
        """Without draws[]: they follow from the slices."""
        old = [made.machine(s, drift=0.05, sd=0.01, factor=f) for s, f in ((1, 1), (2, 0.9))]
        for result in old:
            for case in result["cases"]:
                del case["draws"]
        one, two = (self.put(f"old{i}", r) for i, r in enumerate(old))
        self.assertEqual(self.verdict(REGRESSED, one, two)["pairs"], 12)


class BadInput(Compare):
    def bad(self, says, text, name="broken"):
        path = made.write(self.path(name + ".json"), text)
        self.refused(BAD_DATA, says, "compare", self.base, path)
        self.refused(BAD_DATA, says, "compare", path, self.base)

    def test_files(self):
        with open(self.same, encoding="utf-8") as f:
            good = f.read()
        self.bad(r"broken.json: empty", "")
        for part in (1, 2, 3):
            self.bad(r"broken.json: ends in the middle", good[:len(good) * part // 4])
        self.bad(r"no JSON|no result", "iopt,1,2\n")
        self.bad("no result of iopt", '{"benchmarks": []}')
        self.bad(r"newer iopt", good.replace('"schema_version": 1', '"schema_version": 2'))
        self.bad(r"broken.json", good.replace('"iopt-result"', '"iopt-verdict"'))
        for value in ("NaN", "Infinity", "-1e999", '"NaN"'):
            self.bad(r"broken.json", re.sub(r'"ops_per_s": [0-9.]+', '"ops_per_s": ' + value, good))
        twice = json.loads(good)
        twice["cases"].append(twice["cases"][0])
        self.bad(r"both private/lockless", json.dumps(twice))

    def test_huge(self):
        path = self.path("huge.json")
        with open(path, "wb") as f:
            f.truncate((1 << 30) + 1)
        self.refused(BAD_DATA, "huge.json", "compare", self.base, path)
        os.unlink(path)

    def test_absent(self):
        self.refused(BAD_DATA, "nowhere.json", "compare", self.base, self.path("nowhere.json"))
        os.makedirs(self.path("empty"), exist_ok=True)
        self.refused(BAD_DATA, "empty/result.json", "compare", self.path("empty"), self.base)

    def test_the_same_twice(self):
        self.refused(USAGE, "the same file", "compare", self.base, self.base)
        link, copy = self.path("link.json"), self.path("copy.json")
        os.symlink(self.base, link)
        self.refused(USAGE, "the same file", "compare", self.base, link)
        with open(self.base, encoding="utf-8") as f:
            made.write(copy, json.dumps(json.load(f), indent=2))
        self.refused(USAGE, "the same result", "compare", self.base, copy)

    def test_unwritable_verdict(self):
        path = self.path("nowhere/verdict.json")
        for args, code in (((self.base, self.slow), CANT_CREATE), ((self.base, self.same), CANT_CREATE),
                           ((self.base, self.host), NOT_COMPARABLE)):
            done = self.iopt("compare", *args, "--verdict", path)
            self.assertEqual(done.returncode, code)
            self.assertIn("verdict: ", done.stdout)
            self.assertRegex(done.stderr, r"^iopt compare: --verdict .*nowhere/verdict.json: cannot")
        done = self.iopt("compare", self.base, self.slow, "--verdict", "/dev/full")
        self.assertEqual(done.returncode, WRITE)
        self.assertIn("verdict: REGRESSED", done.stdout)
        self.assertIn("writing failed", done.stderr)

    def test_verdict_on_a_full_disk(self):
        def no_room():  # a write beyond it fails like one on a full disk
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        path = made.write(self.path("full.json"), "old")
        done = self.iopt("compare", self.base, self.slow, "--verdict", path, preexec_fn=no_room)
        self.assertEqual(done.returncode, WRITE)
        self.assertIn("verdict: REGRESSED", done.stdout)
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), "old")
        self.assertEqual([f for f in os.listdir(self.folder.name) if f.startswith("full.json.")], [])

    def test_full_stdout(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = self.iopt("compare", self.base, self.slow, stdout=full)
            self.assertEqual(done.returncode, WRITE)
            done = self.iopt("compare", self.base, self.host, stdout=full)
            self.assertEqual(done.returncode, NOT_COMPARABLE)

    def test_verdict_replaces_and_keeps_its_mode(self):
        path = self.path("there.json")
        made.write(path, "old")
        self.compare(OK, self.base, self.same, "--verdict", path)
        with open(path, encoding="utf-8") as f:
            self.assertEqual(parse(f.read())["verdict"], "OK")
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o666 & ~mask)

    def test_thresholds(self):
        for text, says in (
                ("[a]\nthrougput = 3%\n", r"t.ini:2: no metric 'througput'; did you mean throughput\?"),
                ("[a]\np99 = ten\n", r"t.ini:2: p99 = ten: want RELATIVE% \[ABSOLUTE\]"),
                ("p99 = 10% 50\n", "t.ini:1: .*a time with its unit"),
                ("p99 = 10% nan\n", "a time with its unit"),
                ("waste = 10% 50ns\n", "lost pages a table"),
                ("waste = 10% nan\n", "lost pages a table"),
                ("p99 = nan\n", "want RELATIVE"),
                ("p99 = -1\n", "want RELATIVE"),
                ("p99 = 5000\n", "at most 1000%"),
                ("throughput = 3% 5\n", "no absolute margin"),
                ("just words\n", r"t.ini:1: want \[GLOB\]"),
                ("[" + "x" * 60 + "]\np99 = 3\n", "at most 48 characters"),
                ("p99 = 3" + " " * 300 + "\n", "t.ini:1: the line is longer")):
            path = made.write(self.path("t.ini"), text)
            self.refused(USAGE, says, "compare", self.base, self.same, "--thresholds", path)
        self.refused(BAD_DATA, "nowhere.ini", "compare", self.base, self.same, "--thresholds",
                     self.path("nowhere.ini"))
        self.refused(BAD_DATA, "t?/tmp", "compare", self.base, self.same, "--thresholds",
                     self.folder.name)

    def test_flags(self):
        for says, args in (
                ("wants two results, BASE and NEW", ()),
                ("wants two results", (self.base,)),
                ("one argument too many", (self.base, self.same, self.slow)),
                ("--gat: no such flag; did you mean --gate", ("--gat", "p99")),
                ("no metric 'p98'; did you mean p9", (self.base, self.same, "--gate", "p98")),
                ("no metric ''", (self.base, self.same, "--gate=throughput,")),
                ("--min-effect", (self.base, self.same, "--min-effect", "p99:x")),
                ("--min-effect", (self.base, self.same, "--min-effect", "nan")),
                ("no metric 'p100'", (self.base, self.same, "--min-effect", "p100:3")),
                ("--format html: want one of text, md", (self.base, self.same, "--format", "html")),
                ("the other build is missing: --new", ("--old", "x")),
                ("the other build is missing: --old", ("--new", "x")),
                ("follows --", ("--old", "x", "--new", "y", self.base)),
                ("options of run go with --old", (self.base, self.same, "--", "--threads", "2")),
                ("--pairs goes with --old", (self.base, self.same, "--pairs", "12")),
                ("from 6 to 10000", ("--old", "x", "--new", "y", "--pairs", "3")),
                ("from 6 to 10000", ("--old", "x", "--new", "y", "--pairs", "24..12")),
                ("--old and --self-test exclude", ("--self-test", "--old", "x", "--new", "y")),
                ("--short goes with --self-test", (self.base, self.same, "--short")),
                ("--self-test wants no other", ("--self-test", self.base)),
                ("--save-baseline wants one RESULT", ("--save-baseline", "x")),
                ("--history wants one result", ("--history", "x")),
                ("--baseline wants one result", ("--baseline", "x", self.base, self.same)),
                ("one of the two", ("-", "-")),
                ("--seed", (self.base, self.same, "--seed", "-1"))):
            self.refused(USAGE, says, "compare", *args)

    def test_help(self):
        text = self.fine("compare", "--help")
        for flag in ("--gate", "--min-effect", "--thresholds", "--strict", "--verdict", "--self-test"):
            self.assertIn(flag, text)
        self.assertIn("Examples:", text)


if __name__ == "__main__":
    main()

"""--lock-stat and --walk: what is asked for, where it appears, and that it stays apart."""
import os
import re

from command import main
from result import Results, read_csv, two_cpus

COLUMNS = {"lock_acquisitions": "acquisitions", "lock_contended": "contended",
           "lock_hand_offs": "hand_offs", "lock_hand_offs_across_nodes": "hand_offs_across_nodes",
           "lock_spins": "spins", "lock_sleeps": "sleeps", "lock_stat_ops": "ops"}


class LockStat(Results):
    @two_cpus
    def test_counts(self):
        out = self.directory()
        doc, done = self.measured("--engines", "lockless-2019,mutex-2019,mutex,pthread-2019",
                                  "--threads", "2", "--lock-stat", "--processes", "2",
                                  "--duration", "0.6s", out=out)
        self.assertIs(doc["config"]["jobs"][0]["lock_stat"], True)
        cases = {c["sync"] + c["body"]: c for c in doc["cases"]}
        for case in cases.values():
            self.consistent(case)
        self.assertIsNone(cases["nullruler"]["lock_stat"])
        mutex, lockless = cases["mutexmodern"]["lock_stat"], cases["lockless2019"]["lock_stat"]
        self.assertGreaterEqual(mutex["slices"], 12)  # of both processes
        self.assertEqual(mutex["acquisitions"], mutex["ops"])  # private looks nothing up
        self.assertEqual(mutex["growth_acquisitions"], None)
        self.assertEqual(mutex["compare_exchange"]["clear"]["tried"], 0)
        for name in ("acquisitions", "contended", "spins", "sleeps", "wait_ns", "hold_ns"):
            self.assertIsNone(lockless[name], name)
        self.assertGreater(lockless["compare_exchange"]["clear"]["tried"], 0)
        self.assertEqual(lockless["growth_acquisitions"], 0)
        glibc = cases["pthread2019"]["lock_stat"]
        self.assertEqual((glibc["spins"], glibc["sleeps"]), (None, None))
        self.assertGreater(glibc["acquisitions"], 0)
        self.columns(doc, out)
        self.screen(done.stdout)
        with open(os.path.join(out, "job.ini"), encoding="utf-8") as f:
            self.assertIn("lock-stat = yes", f.read())

    def consistent(self, case):
        s = case["lock_stat"]
        if not s:
            return
        for kind in s["compare_exchange"].values():
            self.assertLessEqual(kind["failed"], kind["tried"])
        if s["acquisitions"] is None:
            return
        self.assertEqual(s["wait_ns"]["n"] if s["wait_ns"] else 0, s["contended"])
        self.assertLessEqual(s["hand_offs_across_nodes"], s["hand_offs"])
        self.assertLess(s["hand_offs"], s["acquisitions"])
        self.assertAlmostEqual(s["hold_ns"]["n"] * s["hold_every"] / s["acquisitions"], 1, delta=0.2)

    def columns(self, doc, out):
        with open(os.path.join(out, "summary.csv"), encoding="utf-8", newline="") as f:
            table = read_csv(f.read())
        for row, case in zip(table, doc["cases"]):
            s = case["lock_stat"] or {}
            for column, name in COLUMNS.items():
                want = s.get(name)
                self.assertEqual(row[column], "" if want is None else str(want), column)
            if s:
                self.assertEqual(row["cas_clear_tried"], str(s["compare_exchange"]["clear"]["tried"]))

    def screen(self, text):
        part = text[text.index("LOCK STATISTICS"):]
        self.assertRegex(part, r"(?m)^     mutex-2019 +x\d")
        self.assertRegex(part, r"(?m)^     pthread-2019 .* -        -$")
        self.assertFalse([line for line in part.splitlines() if len(line) > 100 or line.endswith(" ")])

    def test_not_asked(self):
        doc, done = self.measured("--engines", "mutex", "--threads", "1", "--duration", "0.2s")
        self.assertTrue(all(case["lock_stat"] is None for case in doc["cases"]))
        self.assertNotIn("LOCK STATISTICS", done.stdout)


class Walk(Results):
    def test_both(self):
        doc, _ = self.measured("--engines", "lockless-2019,lockless,lockless-rewalk", "--batch", "16",
                               "--threads", "1", "--duration", "0.4s")
        walks = {c["engine"]: c["walk"] for c in doc["cases"]}
        self.assertEqual(walks, {"amdv1/lockless-2019": "re-walk", "amdv1/lockless": "cursor",
                                 "amdv1/lockless-rewalk": "re-walk", "amdv1/null": None})
        name = {c["case_id"]: c["engine"][6:] for c in doc["cases"]}
        apart = {(name[c["a"]], name[c["b"]]): c["differs"] for c in doc["comparisons"]}
        self.assertEqual(apart[("lockless-2019", "lockless-rewalk")], ["body"])
        self.assertEqual(apart[("lockless-2019", "lockless")], ["body", "walk"])
        self.assertEqual(apart[("lockless-rewalk", "lockless")], ["walk"])

    def test_listed_apart(self):
        text = self.iopt("list", "engines").stdout
        rows = re.findall(r"(?m)^  (amdv1/[\w-]+)", text)
        self.assertFalse([name for name in rows if "rewalk" in name])
        self.assertIn("amdv1/mcs-rewalk", text)
        plan = self.iopt("run", "--engines", "all", "--threads", "1", "--dry-run").stdout
        self.assertNotIn("rewalk", plan)


if __name__ == "__main__":
    main()

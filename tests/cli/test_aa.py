"""--aa: every engine beside itself; and scripts/aa, which counts what excludes 1."""
import configparser
import os
import re
import subprocess
import sys

import command
from command import ROOT, main
from result import Results

ENGINES = ("--engines", "lockless,mutex-2019")


class AgainstItself(Results):
    def test_run(self):
        out = self.directory()
        doc, done = self.measured("--aa", "--workload", "private,cursor,rendezvous", "--threads", "2",
                                  "--oversubscribe", "--duration", "0.3s", *ENGINES, out=out)
        cases = {c["case_id"]: c for c in doc["cases"]}
        again = [c for c in doc["cases"] if c["again"]]
        self.assertEqual(len(again), sum(c["body"] != "ruler" and not c["again"] for c in doc["cases"]))
        for case in again:
            self.assertTrue(case["case_id"].endswith("#again"))
            first = cases[case["case_id"][:-len("#again")]]
            self.assertEqual((first["engine"], first["again"], first["group"]),
                             (case["engine"], False, case["group"]))
            self.assertEqual(len(first["slices"]), len(case["slices"]))
            self.assertTrue(case["verified"])
        for cmp in doc["comparisons"]:
            self.assertFalse(cases[cmp["a"]]["again"])
            self.assertEqual(cmp["differs"] == ["again"], cases[cmp["b"]]["again"])
            if cases[cmp["b"]]["again"]:
                self.assertEqual(cmp["b"], cmp["a"] + "#again")
            self.assertNotEqual(cases[cmp["a"]]["workload"], "rendezvous")  # forced
        self.assertEqual(sum(cmp["differs"] == ["again"] for cmp in doc["comparisons"]), 4)
        self.assertIn("lockless against itself", done.stdout)
        self.assertIn("lockless again", done.stdout)
        self.assertNotIn("#again", str([p for s in doc["scaling"] for p in s.get("points", [])]))
        job = configparser.ConfigParser()
        job.read(os.path.join(out, "job.ini"))
        self.assertEqual([job[s]["aa"] for s in job.sections()], ["yes"])

    def test_planned(self):
        says = self.fine("run", "--dry-run", "--aa", "--threads", "1", *ENGINES)
        self.assertRegex(says, r"engines amdv1/lockless \(baseline\) amdv1/lockless \(again\) "
                         r"amdv1/mutex-2019 amdv1/mutex-2019 \(again\) amdv1/null")

    def test_script(self):
        def count(*args):
            return subprocess.run([sys.executable, os.path.join(ROOT, "scripts/aa"), "--iopt", command.IOPT,
                                   *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  check=False)

        done = count("--runs", "2", "--at-most", "40", "--", "--workload", "private", "--threads", "1",
                     "--engines", "lockless", "--duration", "0.4s", "--slice", "3ms", "--warmup", "0.2ms")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = re.findall(r"^ +[12] +[0-9.]+ \[([0-9.]+) ([0-9.]+)\].*?(EXCLUDES 1)?$", done.stdout, re.M)
        self.assertEqual(len(rows), 2, done.stdout)
        for lo, hi, excludes in rows:
            if (float(lo) - 1) * (float(hi) - 1):  # else it is rounded
                self.assertEqual(bool(excludes), not float(lo) <= 1 <= float(hi))
        excluded = sum(bool(e) for _, _, e in rows)
        self.assertIn(f"{excluded} of 2 intervals exclude 1: private/lockless/", done.stdout)
        self.assertEqual(count("--runs", "0").returncode, 2)  # argparse's
        self.assertEqual(count("--runs", "1", "--", "--engines", "nonsense").returncode, 64)


if __name__ == "__main__":
    main()

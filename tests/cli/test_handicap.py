"""--handicap as a user meets it: refused when it makes no sense, disclosed when it does."""
import configparser
import csv
import os

from command import main
from result import Results, two_cpus

BRIEF = ("--duration", "0.1s", "--engines", "lockless,lockless-2019")


class Handicap(Results):
    def test_refused(self):
        for wrong in ("slow", "slow:", "slow:0.01", "slow:1001", "slow:nan", "slow:-8", "slow:8x", "fast:8"):
            self.refused(64, r"--handicap .*: must be none, slow:PERCENT \(0.1..1000, such as slow:8\), "
                         "or waste", "run", "--handicap", wrong)
        self.refused(64, "--lock-stat: its observed copies know nothing of --handicap",
                     "run", "--handicap", "waste", "--lock-stat")

    def test_disclosed(self):
        out = self.directory()
        plain, _ = self.measured("--threads", "1", *BRIEF)
        doc, done = self.measured("--threads", "1", "--handicap", "slow:12.5", *BRIEF, out=out)
        self.assertEqual([c["case_id"] for c in doc["cases"]], [c["case_id"] for c in plain["cases"]])
        for case in plain["cases"]:
            self.assertIsNone(case["handicap"])
        for case in doc["cases"]:
            self.assertEqual(case["handicap"], None if case["body"] == "ruler" else "slow:12.5")
        self.assertTrue(any(w.startswith("--handicap slow:12.5: ") for w in doc["warnings"]))
        self.assertFalse(any("handicap" in w for w in plain["warnings"]))
        self.assertIn("! --handicap slow:12.5: the engines are made worse on purpose", done.stdout)
        self.assertEqual(doc["config"]["jobs"][0]["handicap"], "slow:12.5")
        for cmp in doc["comparisons"]:
            self.assertNotIn("handicap", cmp["differs"])
        with open(os.path.join(out, "summary.csv"), encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(f))
        self.assertEqual([row["handicap"] or None for row in rows],
                         [case["handicap"] for case in doc["cases"]])
        job = configparser.ConfigParser()
        job.read(os.path.join(out, "job.ini"))
        self.assertEqual([job[s]["handicap"] for s in job.sections()], ["slow:12.5"])

    def test_planned(self):
        says = self.fine("run", "--dry-run", "--handicap", "waste", "--threads", "1")
        self.assertIn("--handicap waste: the engines are made worse on purpose", says)

    @two_cpus
    def test_waste_balances(self):
        # its ledger is checked in sound_case(); --processes carries it through case_save()
        doc, _ = self.measured("--workload", "rendezvous", "--threads", "2", "--handicap", "waste",
                               "--processes", "2", *BRIEF)
        for case in doc["cases"]:
            self.assertEqual([n % 2 for n in case["pages"]["wasted_by_level"]],
                             [0] * len(case["pages"]["wasted_by_level"]))
            self.assertGreater(case["pages"]["wasted"], 0)
            self.assertEqual(case["handicap"], "waste")


if __name__ == "__main__":
    main()

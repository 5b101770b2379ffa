"""The audit bites: every bug switched on is caught, and nothing else is; two writers on a range."""
import re

from command import main
from result import CPUS, Results, two_cpus

BUGS = ("drop-leaf", "wrong-pa", "wrong-perm", "double-link", "leak-page", "stray-leaf")
WITHHELD = re.compile(r"(ops_per_s(_lo|_hi)?|_per_op|_per_page|longest_wait_ns)$")


class Broken(Results):
    def caught(self, bug):
        doc, done = self.measured(
            "--break", bug, "--engines", "mutex-2019,lockless-2019,lockless", "--workload",
            "private,cursor,churn", "--threads", str(min(CPUS, 2)), "--duration", "0.2s", code=13)
        self.assertIs(doc["complete"], True)
        broken = [c for c in doc["cases"] if c["body"] != "ruler"]
        self.assertEqual(len(broken), 9)
        for case in broken:
            with self.subTest(case["case_id"]):
                self.withheld(case)
                self.assertIn(case["case_id"] + ": failed, its numbers are withheld", done.stdout)
                for line in case["evidence"]:
                    self.assertIn(line[:60], done.stdout)
        self.assertEqual(doc["comparisons"], [])
        self.assertEqual(doc["knees"], [])
        self.assertEqual(doc["audit"]["clean"], 0)
        self.assertIn("4  AUDIT 0/9 clean", done.stdout)

    def withheld(self, case):
        self.assertIs(case["verified"], False)
        self.assertTrue(case["evidence"])
        for name, value in case.items():
            if WITHHELD.search(name):
                self.assertIsNone(value, name)
        self.assertEqual(set(case["latency_ns"].values()), {None})
        self.assertEqual(set(case["fairness"].values()), {None})
        for name in ("per_table", "per_table_lo", "per_table_hi", "per_map", "ns_per_map"):
            self.assertIsNone(case["waste"][name], name)
        self.assertEqual(case["slices"], [])


class Clean(Results):
    def test_large_pages(self):
        """Output addresses are aligned for every size, and a good engine is not accused."""
        doc, _ = self.measured("--engines", "lockless-2019,lockless", "--threads", "1", "--tables",
                               "3", "--page-size", "64K,1G,1T,256T,2P", "--duration", "0.05s")
        self.assertEqual(doc["audit"]["clean"], 10)
        self.measured("--engines", "lockless-2019,lockless", "--threads", "1", "--round", "16",
                      "--workload", "cursor", "--page-size", "1G", "--batch", "1,7,8",
                      "--duration", "0.05s")


for _bug in BUGS:
    setattr(Broken, "test_" + _bug.replace("-", "_"), lambda self, bug=_bug: self.caught(bug))


@two_cpus
class Overlap(Results):
    ENGINES = "lockless-2019,mutex-2019,lockless,mutex"

    def fought(self, *args):
        doc, _ = self.measured("--workload", "overlap", "--threads", "2", "--engines",
                               self.ENGINES, "--duration", "0.2s", *args)
        self.assertEqual(len(doc["cases"]), 4)
        for case in doc["cases"]:
            self.assertIsNone(case["verified"])
            self.assertGreater(case["overlap"]["ranges"], 0)
        return doc["cases"]

    def test_one_range(self):
        for case in self.fought():
            over = case["overlap"]
            self.assertEqual(over["ranges"], over["one_writer"] + over["torn_leaf"]
                             + over["mixed_chunks"] + over["absent"], case["case_id"])
            if case["sync"] == "mutex":  # a 64K page is written under one hold of the lock
                self.assertEqual(over["one_writer"], over["ranges"])

    def test_chunks(self):
        for case in self.fought("--range", "3x4K"):
            self.assertEqual(case["overlap"]["torn_leaf"], 0)

    def test_a_range_each(self):
        for span in ("64K", "3x4K"):
            for case in self.fought("--disjoint", "--range", span):
                over = dict(case["overlap"])
                ranges = over.pop("ranges")
                self.assertEqual(over.pop("one_writer"), ranges, case["case_id"])
                self.assertEqual(over.pop("one_writer_share"), 1)
                self.assertEqual(set(over.values()), {0}, case["case_id"])
                self.assertEqual(case["pages"]["lost"], 0)


if __name__ == "__main__":
    main()

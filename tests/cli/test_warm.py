"""collapse, lookup, pairs and --ratio as a user meets them: figures, refusals, repeats."""
import os
from statistics import median

from command import main
from result import Results, two_cpus

BRIEF = ("--duration", "0.15s", "--engines", "lockless-2019,lockless")


class Refuse(Results):
    def test_what_does_not_go_together(self):
        plan = ("run", "--dry-run", "--topology", "1 pack:1 numa:1 core:4 pu:1", "--threads")
        self.refused(64, "--threads 3 leaves one worker without a partner; use an even number",
                     *plan, "3", "--workload", "pairs")
        self.refused(64, "--readers 2 of 2 threads leaves nobody to write",
                     *plan, "2", "--workload", "lookup", "--readers", "2")
        self.refused(64, "--workload lookup wants at least 2 threads",
                     *plan, "1", "--workload", "lookup")
        self.refused(64, "--readers: is about workload lookup,collapse; add --workload lookup\n",
                     *plan, "2", "--readers", "1")
        self.refused(64, "--depth: is about workload pairs", *plan, "2", "--depth", "8")
        self.refused(64, "--ratio: is about workload private,adjacent,churn",
                     *plan, "2", "--workload", "pairs", "--ratio", "1:1:1")
        self.refused(64, "--ratio 2:1:0: every page mapped is unmapped here; write 2:2:0",
                     *plan, "2", "--ratio", "2:1:0")
        self.refused(64, r"--ratio 1:1: must be MAP:UNMAP:LOOKUP, such as 2:2:1",
                     *plan, "2", "--ratio", "1:1")
        self.refused(64, "collapse: --batch 512: an unmap of the whole table would free it",
                     *plan, "1", "--workload", "collapse", "--batch", "512")
        self.refused(64, "collapse: --page-size is that of the small pages, below 1G",
                     *plan, "1", "--workload", "collapse", "--page-size", "1G")
        says = self.fine(*plan, "1,2,4", "--workload", "lookup,pairs")  # 1 is left out
        self.assertIn("plan: 4 groups", says)
        self.assertRegex(says, r"lookup  threads 4 on CPUs 0-3 .*  2 readers\n")
        self.assertRegex(says, r"pairs  threads 2 on CPUs 0-1 .*  depth 256\n")
        self.assertRegex(self.fine(*plan, "1", "--ratio", "1:1:2"), r"  ratio 1:1:2\n")


class Measure(Results):
    def cases(self, doc):
        return [c for c in doc["cases"] if c["body"] != "ruler"]

    def phases(self, case):
        return {p["name"]: p for p in case["phases"]}

    def test_collapse(self):
        doc, done = self.measured("--workload", "collapse", "--threads", "1", "--page-size",
                                  "4K,2M", *BRIEF)
        for case in self.cases(doc):
            phases = self.phases(case)
            self.assertEqual(list(phases), ["small map", "small unmap", "large map", "large unmap"])
            self.assertEqual(phases["large map"]["retired_per_op"], 1)
            self.assertEqual(phases["small unmap"]["retired"], 0)
            large = [s["phase_ns"][2] / s["phase_ops"][2] for s in case["slices"] if s["phase_ops"][2]]
            self.assertAlmostEqual(phases["large map"]["ns_per_op"], median(large), delta=0.01)
            mean = (sum(s["phase_ns"][2] for s in case["slices"]) / phases["large map"]["ops"])
            self.assertAlmostEqual(mean, case["map_ns_per_op"], delta=1)
            self.assertEqual((case["readers"], case["depth"], case["ratio"]), (0, None, None))
            self.assertIsNone(case["readers_cost_ns"])
        self.assertIn("large map", done.stdout)
        self.assertIn("retires 1;", done.stdout)

    @two_cpus
    def test_lookup(self):
        doc, _ = self.measured("--workload", "lookup", "--threads", "2", *BRIEF)
        for case in self.cases(doc):
            self.assertEqual(case["readers"], 1)
            self.assertIn("/r1", case["case_id"])
            self.assertEqual(list(self.phases(case)), ["writers alone", "beside readers"])
            self.assertIsNotNone(case["readers_cost_ns"])
            self.assertGreater(case["lookup_ns_per_op"], 0)
            self.assertGreater(case["latency_ns"]["lookup"]["n"], 0)
            self.assertEqual(len(case["slices"][0]["phase_ops"]), 6)

    @two_cpus
    def test_readers_see_a_wrong_address(self):
        doc, done = self.measured("--workload", "lookup,pairs", "--threads", "2", "--break",
                                  "wrong-pa", *BRIEF, code=13)
        for case in self.cases(doc):
            self.assertIs(case["verified"], False)
            self.assertTrue(any("lookups found a wrong address" in e for e in case["evidence"]))
        self.assertIn("lookups found a wrong address", done.stdout)

    @two_cpus
    def test_pairs_and_a_repeat(self):
        first = self.directory()
        asked = ("--workload", "pairs", "--threads", "2", "--depth", "64", *BRIEF)
        doc, done = self.measured(*asked, out=first)
        self.assertIn("depth 64", done.stdout)
        again = self.directory()
        self.fine("run", os.path.join(first, "job.ini"), "--quiet", "--out", again)
        other = self.read(again)
        self.assertEqual([c["case_id"] for c in doc["cases"]], [c["case_id"] for c in other["cases"]])
        for case in self.cases(other):
            self.assertEqual(case["depth"], 64)
            self.assertIn("/d64", case["case_id"])
            self.assertIsNotNone(case["wait_ns_per_op"])
            self.assertIsNone(case["phases"])
            for s in case["slices"]:
                self.assertEqual(s["map_ops"], s["unmap_ops"])

    def test_ratio(self):
        first = self.directory()
        doc, _ = self.measured("--workload", "private,churn,cursor", "--threads", "1", "--ratio", "3:3:6",
                               "--round", "16", *BRIEF, out=first)
        ratios = {c["workload"]: c["ratio"] for c in doc["cases"]}
        self.assertEqual(ratios, {"private": "3:3:6", "churn": "3:3:6", "cursor": None})
        for case in self.cases(doc):
            if case["workload"] == "private":
                self.assertTrue(all(s["lookup_ops"] == 2 * s["map_ops"] for s in case["slices"]))
                self.assertGreater(case["lookup_ns_per_op"], 0)
        with open(os.path.join(first, "job.ini"), encoding="utf-8") as f:
            self.assertIn("ratio = 3:3:6\n", f.read())
        plain, _ = self.measured("--threads", "1", *BRIEF)
        self.assertEqual({c["ratio"] for c in plain["cases"]}, {"1:1:0"})
        self.assertNotIn("1:1:0", plain["cases"][0]["case_id"])


if __name__ == "__main__":
    main()

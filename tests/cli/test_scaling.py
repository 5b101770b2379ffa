"""A sweep over threads, and hardware counters or the reason why there are none."""
import re

from command import main
from result import CPUS, Results, two_cpus


class Scaling(Results):
    def counted_or_explained(self, doc):
        for case in doc["cases"]:
            figures = case["counters"]
            if figures is None:
                self.assertTrue(case["counters_reason"], case["case_id"])
                continue
            for name in ("cycles", "instructions", "llc_misses", "remote"):
                if figures[name + "_per_op"] is None:
                    self.assertIn(name, case["counters_reason"])
                else:
                    self.assertTrue(figures["events"][name])

    @two_cpus
    def test_sweep(self):
        doc, done = self.measured("--threads", "1,2", "--engines", "lockless,mutex", "--duration",
                                  "0.4s", "--processes", "2")
        series = {s["engine"]: s for s in doc["scaling"]}
        self.assertEqual(set(series), {"amdv1/lockless", "amdv1/mutex", "amdv1/limit"})
        cases = {c["case_id"]: c for c in doc["cases"]}
        for engine, s in series.items():
            self.assertEqual(s["against"], "own" if engine.endswith("limit") else "limit")
            self.assertEqual([p["threads"] for p in s["points"]], [1, 2])
            self.assertEqual(s["points"][0]["efficiency"], 1)
            for point in s["points"]:
                self.assertEqual(point["ops_per_s"], cases[point["case_id"]]["ops_per_s"])
            self.assertEqual(s["usl"]["reason"], "2 thread counts <= CPUs, 4 wanted")
            shown = re.search(rf"(?m)^ +{engine.split('/')[1]} +1\.00 +(\d+\.\d+)", done.stdout)
            self.assertTrue(shown, done.stdout)
            self.assertAlmostEqual(float(shown[1]), s["points"][1]["efficiency"], delta=0.006)
        self.assertIn("USL not identifiable: 2 thread counts <= CPUs, 4 wanted", done.stdout)
        self.counted_or_explained(doc)

    def test_one_count(self):
        doc, done = self.measured("--threads", "1", "--engines", "lockless", "--duration", "0.1s",
                                  "--counters", "no")
        self.assertEqual(doc["scaling"], [])
        self.assertNotIn("SCALING", done.stdout)
        self.assertNotIn("counters", done.stdout)
        self.assertEqual(doc["config"]["jobs"][0]["counters"], "no")
        self.assertEqual({c["counters_reason"] for c in doc["cases"]}, {"--counters no"})

    def test_no_limit_no_comparison_with_it(self):
        threads = "1,2" if CPUS > 1 else "1"
        doc, _ = self.measured("--threads", threads, "--engines", "lockless", "--duration", "0.1s",
                               "--page-size", "64K")
        for s in doc["scaling"]:
            self.assertEqual(s["against"], "own")
            self.assertEqual({p["of_limit"] for p in s["points"]}, {None})
        self.counted_or_explained(doc)


main()

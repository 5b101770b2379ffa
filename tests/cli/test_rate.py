"""--rate and --pace: a schedule that is kept, one that cannot be, and where there is none."""
import os
import re

from command import main
from result import Results, read_csv, two_cpus

KINDS = ("map", "unmap", "lookup")


class Rate(Results):
    def tables(self, out, name):
        with open(os.path.join(out, name), encoding="utf-8", newline="") as f:
            return read_csv(f.read())

    def schedule_kept(self, case):
        """What holds of every open loop, whatever the machine was busy with."""
        rate = case["rate"]
        offered = sum(s["paced_ops"] + s["backlog"] for s in case["slices"])
        done = sum(s["paced_ops"] for s in case["slices"])
        self.assertGreater(done, 0)
        self.assertAlmostEqual(rate["achieved"], done / offered, places=9)
        self.assertEqual(case["sample_every"], 1)
        if rate["saturated"]:
            return
        for kind in KINDS:
            service, response = case["latency_ns"][kind], rate["response_ns"][kind]
            self.assertEqual(service is None, response is None)
            if not service:
                continue
            self.assertEqual(service["n"], response["n"])  # nothing is left out of either
            for p in ("min", "p50", "p90", "p99", "p999", "p9999", "max"):
                if service[p] is not None:  # the same operations, each with its lag on top
                    self.assertGreaterEqual(response[p] * 1.01 + 1, service[p], p)
        n = sum(rate["response_ns"][k]["n"] for k in KINDS if rate["response_ns"][k])
        self.assertEqual((n, rate["lag_ns"]["n"]), (done, done))

    @two_cpus
    def test_low(self):
        for pace in "constant", "poisson":
            out = self.directory()
            doc, done = self.measured("--engines", "lockless,mutex", "--threads", "2", "--rate", "0,20k",
                                      "--pace", pace, "--duration", "0.2s", "--slice", "5ms", out=out)
            self.assertEqual((doc["config"]["jobs"][0]["rate"], doc["config"]["jobs"][0]["pace"]),
                             ([0, 20000], pace))
            closed = doc["cases"][:len(doc["cases"]) // 2]
            self.assertEqual({c["rate"] for c in closed}, {None})
            self.assertEqual({s["paced_ops"] for c in closed for s in c["slices"]}, {0})
            self.assertFalse(any("rate" in c["case_id"] for c in closed))
            doc["cases"] = doc["cases"][len(closed):]
            self.assertEqual(len({c["ops_per_slice"] for c in doc["cases"]}), 1)  # rulers too
            for case, row in zip(doc["cases"], self.tables(out, "summary.csv")[len(closed):]):
                self.schedule_kept(case)
                rate = case["rate"]
                self.assertEqual((rate["asked_per_s"], rate["pace"]), (20000, pace))
                self.assertEqual((row["rate_per_s"], row["pace"]), ("20000", pace))
                self.assertEqual(row["rate_saturated"], str(rate["saturated"]).lower())
                self.assertLess(case["ops_per_s"], 3 * 2 * 20000)
                self.assertRegex(case["case_id"],
                                 "/rate20000-constant$" if pace == "constant" else "/rate20000$")
            said = r"(achieved [\d.]+ % of asked(\n|;)|saturated: achieved [\d.]+ % of asked, lag grows)"
            self.assertEqual(len(re.findall(said, done.stdout)), len(doc["cases"]))
            self.assertIn(f"20000 ops/s a worker, {pace}", done.stdout)
            self.assertIn(pace, self.fine("run", os.path.join(out, "job.ini"), "--dry-run"))
            kinds = {r["op"] for r in self.tables(out, "latency.csv")}
            if any(not c["rate"]["saturated"] for c in doc["cases"]):
                self.assertLessEqual({"map", "unmap", "map_response", "unmap_response", "lag"}, kinds)

    def test_too_high(self):
        doc, done = self.measured("--engines", "lockless", "--threads", "1", "--rate", "100M",
                                  "--duration", "0.1s", "--slice", "5ms")
        for case in doc["cases"]:
            rate = case["rate"]
            self.schedule_kept(case)
            self.assertIs(rate["saturated"], True)
            self.assertLess(rate["achieved"], 0.99)
            self.assertGreater(rate["lag_growth"], 0.01)
            self.assertEqual(set(rate["response_ns"].values()) | {rate["lag_ns"]}, {None})
            self.assertIsNotNone(case["latency_ns"]["map"])  # service time is as it was
        self.assertIn("saturated: achieved ", done.stdout)

    @two_cpus
    def test_workloads(self):
        doc, _ = self.measured("--engines", "lockless", "--workload", "cursor,churn,lookup,pairs",
                               "--threads", "2", "--rate", "100k", "--round", "8", "--slice", "5ms",
                               "--duration", "0.1s")
        self.assertEqual(len({c["workload"] for c in doc["cases"]}), 4)
        for case in doc["cases"]:
            if case["workload"] == "pairs":  # who unmaps follows who maps
                self.assertIsNone(case["rate"]["response_ns"]["unmap"])
                self.assertIsNotNone(case["latency_ns"]["unmap"])
            else:
                self.schedule_kept(case)

    def test_processes(self):
        doc, _ = self.measured("--engines", "lockless", "--threads", "1", "--rate", "20k",
                               "--duration", "0.1s", "--processes", "2", "--slice", "5ms")
        for case in doc["cases"]:
            self.assertEqual({s["process"] for s in case["slices"]}, {0, 1})
            self.schedule_kept(case)

    def test_refused(self):
        for workload in "rendezvous", "convoy", "grow", "overlap", "collapse", "replay:x.trace":
            self.refused(64, rf"--rate: --workload {workload.split(':')[0]} has its own say.*leave --rate out",
                         "run", "--workload", workload, "--rate", "50k", "--threads", "2", "--dry-run",
                         "--topology", "pu:4")
        self.refused(64, r"--rate: with --think .*leave one out", "run", "--rate", "50k", "--think", "1us")
        self.refused(64, r"--pace: is about --rate; add --rate", "run", "--pace", "constant")
        self.refused(64, r"--pace: is about --rate; add --rate", "run", "--pace", "poisson")
        self.refused(64, r"--rate 100: fewer than 16 operations in a --slice; use a --slice of \d+ms",
                     "run", "--rate", "100")
        self.refused(64, r"--pace even: must be one of constant, poisson", "run", "--pace", "even")


main()

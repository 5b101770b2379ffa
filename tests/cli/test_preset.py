"""--preset generic_pt and --speed recorded: from the command line to the files."""
import os
import re

from command import main
from result import Results

SIZES = [1 << n for n in range(12, 22)] + [1 << 30]


class Preset(Results):
    def test_generic_pt(self):
        out = self.directory()
        doc, done = self.measured("--preset", "generic_pt", "--duration", "10ms", out=out)
        self.assertEqual(doc["config"]["jobs"][0]["preset"], "generic_pt")
        cases = {(c["engine"], c["page_size"], c["batch"]): c for c in doc["cases"]}
        for engine in ("amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/lockless", "amdv1/mutex"):
            self.assertEqual(sorted(s for e, s, b in cases if e == engine and b == 1), SIZES)
            self.assertEqual(sorted(s for e, s, b in cases if e == engine and b == 256),
                             [1 << 12, 1 << 21, 1 << 30])
        self.assertEqual(sorted({s for e, s, b in cases if e == "vtdss/lockless"}), [1 << 12, 1 << 21, 1 << 30])
        self.assertEqual({c["workload"] for c in doc["cases"]}, {"repeat"})
        self.assertEqual({c["threads"] for c in doc["cases"]}, {1})
        for case in doc["cases"]:
            self.assertEqual(case["sample_every"], 1)  # each call is stamped
        # a row of the screen: average and least of ours, and what was posted
        row = re.search(r"^     4K +(\S+)/(\S+) +\S+ +\S+ +\S+ +\S+ +64/61 +65/62$", done.stdout, re.M)
        first = cases["amdv1/lockless-2019", 4096, 1]
        self.assertEqual(row.group(1), format(first["map_ns_per_op"], ".3g"))
        self.assertEqual(int(row.group(2)), first["latency_ns"]["map"]["min"])
        for p in doc["published"]:
            if p["min_ns_before"] and p["format"] != "VT-d":
                self.assertIn(f"{p['avg_ns_before']}/{p['min_ns_before']}", done.stdout)
                self.assertIn(p["source"], done.stdout)
        # and the job file that is left repeats it
        text = self.fine("run", os.path.join(out, "job.ini"), "--dry-run")
        self.assertEqual(len(re.findall(r"repeat", text)), 14)

    def test_dry_run(self):
        text = self.fine("run", "--dry-run", "--topology", "2 pack:2 numa:1 core:4 pu:2", "--preset", "generic_pt")
        self.assertEqual(len(re.findall(r"repeat", text)), 14)

    def test_recorded(self):
        """A slice is a segment; how late its events began is in the file and on the screen."""
        args = ("--workload", "replay:net-amd-strict", "--engines", "lockless-2019,lockless", "--threads", "1")
        doc, done = self.measured(*args, "--speed", "recorded", "--slice", "30ms", "--duration", "0.4s")
        for case in doc["cases"]:
            replay = case["replay"]
            self.assertEqual((replay["speed"], replay["segment_ns"]), ("recorded", 30000000))
            self.assertEqual(replay["late_ns"]["n"], case["ops"])
            self.assertTrue(case["case_id"].endswith("/recorded"))
            self.assertLess(case["slices"][0]["ops"], replay["events"] / 20)
        self.assertIn("as recorded, 30 ms of it a slice", done.stdout)
        self.assertIn("events as recorded", done.stdout)
        self.assertEqual([s["ops"] for s in doc["cases"][0]["slices"]],
                         [s["ops"] for s in doc["cases"][1]["slices"]])
        self.refused(64, "--speed: is about workload replay", "run", "--speed", "recorded")
        self.refused(64, "leave one out", "run", *args, "--speed", "recorded", "--think", "1us")


if __name__ == "__main__":
    main()

"""The DMA path as a user sees it: short runs with each flush and two allocators, the plan, what is refused."""
import re
import resource
import unittest

from result import Results, two_cpus

BRIEF = ("--duration", "240ms", "--slice", "8ms", "--warmup", "1ms", "--engines", "lockless-2019,mutex-2019",
         "--counters", "no")
PARTS = ["alloc", "map", "unmap", "invalidate", "free"]


class Refuse(Results):
    def test_refused(self):
        self.refused(64, "--iova: is about workload ring,storage,bulk,piecewise; add --workload ring",
                     "run", "--workload", "private", "--iova", "rbtree")
        self.refused(64, "--iova rcach: must be one of fixed, .*; did you mean rcache",
                     "run", "--workload", "ring", "--iova", "rcach")
        self.refused(64, "--flush lasy: .*did you mean lazy",
                     "run", "--workload", "ring", "--flush", "lasy")
        self.refused(64, "--flush-ns: nothing is invalidated with --flush none; add --flush strict",
                     "run", "--workload", "ring", "--flush-ns", "2us")
        self.refused(64, "--buffers: several sizes want weights",
                     "run", "--workload", "ring", "--buffers", "4K,64K")
        self.refused(64, "storage: --buffers: its lists have 4 to 256 pages",
                     "run", "--workload", "storage", "--threads", "1", "--buffers", "4K")
        self.refused(64, "ring: --iova bitmap has 68 GiB, too few for --depth 256 of 1 threads: less --depth",
                     "run", "--workload", "ring", "--threads", "1", "--iova", "bitmap", "--buffers", "1G")
        self.refused(64, "ring: --page-size: has pages of its own choice",
                     "run", "--workload", "ring", "--threads", "1", "--page-size", "2M")


    def test_no_room(self):
        """68 GiB hold 60 ranges of 1 GiB, but not what waits beside them: no engine is to blame."""
        self.refused(69, "bulk: --iova bitmap found no room for a buffer of 1 threads: less --depth, smaller",
                     "run", "--workload", "bulk", "--threads", "1", "--iova", "bitmap", "--buffers", "1G",
                     "--depth", "60", "--flush", "lazy", *BRIEF)


class Plan(Results):
    def test_memory(self):
        """What the plan calls \"at most\" is."""
        args = ("--workload", "ring", "--threads", "1", "--depth", "65536", *BRIEF)
        value, unit = re.search(r"at most ([\d.]+)([MG])", self.fine("run", "--dry-run", *args)).groups()
        self.fine("run", "--quiet", *args)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        self.assertGreater(peak, 24 << 20)
        self.assertLess(peak, float(value) * (1 << 20 if unit == "M" else 1 << 30))

    def test_dry_run(self):
        text = self.fine("run", "--dry-run", "--workload", "ring", "--threads", "1", "--iova",
                         "rbtree,percpu", "--flush", "none,strict", "--flush-ns", "2us")
        for iova in ("rbtree", "percpu"):
            self.assertIn(f"iova {iova} below 4G  flush none\n", text)
            self.assertIn(f"iova {iova} below 4G  flush strict (model: completion 2 us, lock held)\n", text)
        self.assertEqual(text.count("  ring  threads 1 "), 4)
        self.assertEqual(text.count("  depth 256\n"), 4)

    def test_window(self):
        """Nobody allocates with `fixed`, so it has no window."""
        text = self.fine("run", "--dry-run", "--workload", "ring", "--threads", "1", "--iova", "fixed,rcache",
                         "--iova-window", "64M")
        self.assertIn("iova fixed  flush none\n", text)
        self.assertIn("iova rcache below 64M  flush none\n", text)
        doc, done = self.measured("--workload", "ring", "--threads", "1", "--iova", "fixed,rcache",
                                  "--iova-window", "64M", "--think", "0,5us", *BRIEF)
        for case in doc["cases"]:
            fixed = case["dma"]["iova"] == "fixed"
            self.assertEqual(case["dma"]["iova_window"], None if fixed else 64 << 20)
            self.assertEqual("window" in case["case_id"], not fixed)
            self.assertEqual((case["dma"]["direction"], case["dma"]["sg"]), (None, None))
        self.assertEqual(done.stdout.count("window 64M"), 2)
        self.assertIn(("iova",), {tuple(c["differs"]) for c in doc["comparisons"]})
        self.assertIn("whole calls and their parts took turns, but with --rate or --think", " ".join(done.stdout.split()))

    def test_list(self):
        text = self.fine("list", "iova")
        for name in ("fixed", "rbtree", "rcache", "percpu", "bitmap", "eager"):
            self.assertRegex(text, rf"(?m)^  {name} +\w")


class Measure(Results):
    def path(self, case, iova, flush):
        dma = case["dma"]
        self.assertEqual((dma["iova"], dma["flush"]), (iova, flush))
        self.assertEqual([p["name"] for p in case["phases"]], PARTS)
        for part in case["phases"]:
            self.assertGreater(part["ops"], 0)
            self.assertGreater(part["ns_per_op"], 0)
        self.assertGreater(dma["parts_ns"], 0)
        self.assertGreater(dma["whole_ns"], 0)
        share = dma["unmap_table_share"]
        self.assertTrue(0 < share < 1)
        self.assertTrue(dma["unmap_table_share_lo"] is None or dma["unmap_table_share_lo"] <= share)
        lo, hi = dma["whole_by_parts_lo"], dma["whole_by_parts_hi"]
        if lo is not None and (hi < 0.8 or lo > 1.25):
            self.assertIsNone(dma["amdahl"])
        else:
            self.assertAlmostEqual(dma["amdahl"], 1 / (1 - share))
        self.assertEqual(dma["table_ns"] is None, case["body"] == "ruler")
        self.assertEqual(dma["allocator"]["failed"], 0)
        return dma

    def model(self, dma):
        model = dma["invalidation"]
        if dma["flush"] == "none":
            self.assertEqual((model, dma["flush_ns"], dma["flush_lock"]), (None, None, None))
            return
        self.assertEqual((dma["flush_ns"], dma["flush_lock"]), (3000, "held"))
        # nothing is clean before the command's turn and its latency are over
        self.assertGreaterEqual(model["stale_ns"]["min"], 3000)
        self.assertGreater(model["stale_ns"]["n"], 0)
        self.assertGreater(model["ring_depth"]["n"], 0)
        if dma["flush"] == "strict":
            self.assertGreaterEqual(model["commands"], model["unmaps"])
        else:
            self.assertLess(model["commands"], model["unmaps"] / 10)
            self.assertGreater(model["queued_peak"], 0)

    def test_ring(self):
        doc, done = self.measured("--workload", "ring", "--threads", "1", "--iova", "fixed,percpu",
                                  "--flush", "none,strict,lazy", "--flush-ns", "3us", *BRIEF, code=0)
        self.assertEqual(len(doc["cases"]), 2 * 3 * 3)
        at = iter(doc["cases"])
        for iova in ("fixed", "percpu"):
            for flush in ("none", "strict", "lazy"):
                for engine in ("lockless", "mutex", "null"):
                    case = next(at)
                    with self.subTest(case["case_id"]):
                        self.assertEqual(case["sync"], engine)
                        self.model(self.path(case, iova, flush))
        differs = {tuple(c["differs"]) for c in doc["comparisons"]}
        self.assertIn(("sync",), differs)
        self.assertIn(("iova",), differs)
        self.assertEqual(done.stdout.count("THE DMA PATH"), 1)
        self.assertRegex(done.stdout, r"mutex-2019: (the page table is [\d.]+ % .*of an unmap|what an unmap could gain)")
        self.assertIn("stale windows are unbounded", done.stdout)
        self.assertIn("SCOPE page table, allocator, a MODEL of invalidation", done.stdout)
        self.assertTrue(all(len(line) <= 100 for line in done.stdout.splitlines()), done.stdout)

    @two_cpus
    def test_processes(self):
        """What processes counted is added up, and their histograms are merged."""
        doc, _ = self.measured("--workload", "ring", "--threads", "2", "--flush", "lazy", "--processes", "2",
                               "--flush-ns", "3us", *BRIEF)
        for case in doc["cases"]:
            dma = self.path(case, "rcache", "lazy")
            self.model(dma)
            allocated = dma["allocator"]["allocated"]
            measured = sum(s["map_ops"] for s in case["slices"])
            self.assertEqual({s["process"] for s in case["slices"]}, {0, 1})
            self.assertGreater(allocated, measured)

    def test_without_a_model(self):
        text = self.fine("run", "--workload", "ring", "--threads", "1", "--quiet", *BRIEF)
        self.assertIn("SCOPE page table and allocator: no IOTLB flush", text)
        self.assertNotIn("Amdahl", text)


if __name__ == "__main__":
    unittest.main()

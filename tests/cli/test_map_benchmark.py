"""--preset dma_map_benchmark: what it runs, how it counts, what it prints beside that."""
import os

from command import main
from result import Results


class MapBenchmark(Results):
    def test_run(self):
        out = self.directory()
        doc, done = self.measured("--preset", "dma_map_benchmark:-g 4 -m 1 -x 200", "--flush", "strict",
                                  "--engines", "lockless-2019,lockless", "--duration", "0.2s", out=out)
        self.assertEqual([c["engine"] for c in doc["cases"]],
                         ["amdv1/lockless-2019", "amdv1/lockless", "amdv1/null"])
        self.assertEqual(doc["config"]["jobs"][0]["preset"], "dma_map_benchmark:-g 4 -m 1 -x 200")
        for case in doc["cases"]:
            tool = case["dma_map_benchmark"]
            self.assertEqual((case["workload"], case["batch"], case["think_ns"], case["sample_every"]),
                             ("one-buffer", 4, 200, 1))
            self.assertRegex(case["case_id"], "/d0-sg")
            self.assertEqual(2 * tool["loops"], case["ops"])
            for kind in "map", "unmap":
                latency = case["latency_ns"][kind]
                # cut down to 100 ns, and the mean again: at most 200 ns less, and never more
                less = case[f"{kind}_ns_per_op"] / 1000 - tool[f"{kind}_us"]
                self.assertTrue(-1e-6 < less < 0.2 + 1e-6, (kind, less))
                self.assertLessEqual(latency["n"], tool["loops"])
                self.assertGreaterEqual(latency["n"] + case["disturbed_samples"], tool["loops"])
        # the same range again and again: what an allocator caches, it hands out
        iova = doc["cases"][0]["dma"]["allocator"]
        self.assertEqual(iova["allocated"], iova["freed"])
        posted = doc["published"]
        self.assertEqual(len(posted), 26)
        self.assertEqual({p["preset"] for p in posted}, {"dma_map_benchmark"})
        row = [p for p in posted if (p["batch"], p["threads"], p["kind"]) == (256, 10, "unmap")]
        self.assertEqual((row[0]["avg_ns_before"], row[0]["avg_ns_after"]), (280800, 191500))
        self.assertEqual({p["format"] for p in posted if p["batch"] == 512}, {"SMMUv3, one 2M block"})
        self.assertEqual({p["format"] for p in posted if p["batch"] == 256}, {"SMMUv3"})
        self.assertRegex(done.stdout, r"512 \(2M block\) +0.2/0.9 -> 0.2/0.9 +3.6/3.2 -> 1.5/2.5")
        self.assertEqual({(c["dma"]["direction"], c["dma"]["sg"]) for c in doc["cases"]}, {(0, True)})
        self.assertIsNone(doc["ruler"]["null_ns"])
        for words in ("PRESET dma_map_benchmark   -t 1 -s 2 -n -1 -b 32 -d 0 -x 200 -g 4 -m 1, but --duration",
                      "flush strict (model)", "14.7/280.8 -> 1.8/191.5", "map 1.1 sigma 1.9"):
            self.assertIn(words, done.stdout)
        self.assertTrue(all(len(line) <= 109 for line in done.stdout.splitlines()))
        text = self.fine("run", os.path.join(out, "job.ini"), "--dry-run")
        self.assertIn("one-buffer", text)

    def test_repeated(self):
        """What a run wrote down is a job again, -s included; so with --resume, which reads the same."""
        out = self.directory()
        self.fine("run", "--preset", "dma_map_benchmark:-t 1 -s 1", "--engines", "lockless-2019", "--quiet",
                  "--slice", "5ms", "--warmup", "1ms", "--counters", "no", "--out", out)
        self.assertIn("one-buffer", self.fine("run", os.path.join(out, "job.ini"), "--dry-run"))
        self.refused(64, "-s and --duration both", "run", os.path.join(out, "job.ini"), "--duration", "1s")

    def test_stands_alone(self):
        path = self.directory() + ".ini"
        with open(path, "w", encoding="utf-8") as f:
            f.write("[tool]\npreset = dma_map_benchmark\n[other]\nworkload = private\n")
        self.refused(64, r"\[tool\] --preset dma_map_benchmark: stands alone, and here are 2 jobs; give it",
                     "run", path, "--dry-run")

    def test_refused(self):
        for args, says in ((("dma_map_benchmark:-t 0",), r"-t 0: takes the options .* -t 1\.\.1024"),
                           (("dma_map_benchmark:-s 3", "--duration", "1s"), "-s and --duration both"),
                           (("dma_map_benchmark:-n 0", "--place", "scatter"), "-n and --place both"),
                           (("dma_map_benchmark", "--threads", "2"), "--threads: --preset .* chooses that"),
                           (("generic_pt:-t 2",), "takes no such text"),
                           (("none:x",), "takes no such text"),
                           (("dma_map_benchmark:-t 2", "--rate", "5k"), "--rate: --preset")):
            self.refused(64, says, "run", "--preset", *args)


main()

"""--share, --order, --page-source and mixes of page sizes: from the command line to the files."""
import os

from command import main
from result import Results, read_csv, two_cpus

BRIEF = ("--engines", "lockless-2019,lockless", "--duration", "0.2s", "--threads", "2")
MIX = "4K:60,64K:30,2M:10"


class Axes(Results):
    def summary(self, out):
        with open(os.path.join(out, "summary.csv"), encoding="utf-8", newline="") as f:
            return read_csv(f.read())

    @two_cpus
    def test_mix(self):
        out = self.directory()
        doc, done = self.measured(*BRIEF, "--page-size", MIX, "--share", "l2", "--order",
                                  "descending", out=out)
        job = doc["config"]["jobs"][0]
        self.assertEqual((job["page_size"], job["page_weight"]), ([4096, 65536, 1 << 21], [60, 30, 10]))
        self.assertEqual((job["share"], job["order"], job["page_source"]),
                         ("l2", "descending", ["pool"]))
        self.assertEqual(len(doc["cases"]), 3)  # a mix is no sweep; null, but not limit
        for case, row in zip(doc["cases"], self.summary(out)):
            self.assertIsNone(case["page_size"])
            self.assertEqual([(s["bytes"], s["weight"]) for s in case["page_sizes"]],
                             [(4096, 60), (65536, 30), (1 << 21, 10)])
            self.assertRegex(case["case_id"], r"/4K:60\+64K:30\+2M:10/.*/l2/descending$")
            self.assertEqual((case["share"], case["order"]), ("l2", "descending"))
            self.assertEqual((row["page_size"], row["page_sizes"], row["order"], row["page_source"]),
                             ("", "4K:60+64K:30+2M:10", "descending", "pool"))
        self.assertIn("4K:60+64K:30+2M:10 x 1", done.stdout)
        self.assertRegex(done.stdout, r"shared: l2 \| descending")
        # and the job file that is left repeats it
        again, _ = self.measured(os.path.join(out, "job.ini"))
        self.assertEqual([c["case_id"] for c in again["cases"]], [c["case_id"] for c in doc["cases"]])

    @two_cpus
    def test_sources(self):
        doc, done = self.measured(*BRIEF, "--workload", "cursor", "--page-source",
                                  "pool,arena,jemalloc,mmap", "--round", "32")
        engines = [c["engine"] for c in doc["cases"]]
        self.assertEqual(engines, ["amdv1/lockless-2019", "amdv1/lockless"] * 4)
        self.assertEqual([c["page_source"] for c in doc["cases"][::2]],
                         ["pool", "arena", "jemalloc", "mmap"])
        self.assertEqual({c["verified"] for c in doc["cases"]}, {True})
        self.assertEqual([c["case_id"].split("/")[-2] for c in doc["cases"][::2]],
                         ["alloc", "from-arena", "from-jemalloc", "from-mmap"])
        self.assertEqual({c["order"] for c in doc["cases"]}, {"ascending"})
        across = [c for c in doc["comparisons"] if c["differs"] == ["page_source"]]
        self.assertEqual(len(across), 6)  # each engine elsewhere, against the pool
        self.assertTrue(all(c["pairs"] == 0 for c in across))
        self.assertIn("pages from mmap", done.stdout)

    def test_plan(self):
        text = self.fine("run", *BRIEF[:2], "--threads", "2", "--dry-run", "--topology", "pu:4",
                         "--share", "l1", "--order", "ascending", "--page-source", "mmap")
        self.assertRegex(text, r"share l1  order ascending  pages from mmap")
        text = self.fine("run", "--dry-run", "--topology", "pu:4", "--page-size", MIX)
        self.assertIn("page 4K:60+64K:30+2M:10 ", text)

    def test_refused(self):
        for says, *args in (
                (r"give a weight to each \(a mix, such as 4K:60,2M:40\) or to none",
                 "--page-size", "4K:60,2M"),
                (r"pages of 2M lie in tables of level 1", "--share", "l1", "--page-size", "2M"),
                (r"use --zero alloc, or --page-source pool", "--page-source", "mmap", "--zero", "free"),
                (r"use --mem local, or --page-source arena", "--page-source", "jemalloc", "--mem",
                 "interleave"),
                (r"use ascending or descending, or --workload private", "--workload", "cursor",
                 "--order", "random")):
            self.refused(64, says, "run", *args)


if __name__ == "__main__":
    main()

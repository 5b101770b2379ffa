"""What a case is called and compared by, and what a sweep leaves out: told, never silent."""
import os
import re

from command import main
from result import Results

TWO = ("--dry-run", "--topology", "pack:1 core:2 pu:1")
SHARED = (*TWO, "--threads", "3", "--oversubscribe", "--workload", "private")


class Identity(Results):
    def job(self, text):
        path = os.path.join(os.path.dirname(self.directory()), "two.ini")
        with open(path, "w", encoding="utf-8") as f:
            f.write("[global]\nthreads = 1\nengines = lockless\nduration = 50ms\n" + text)
        return path

    def test_tables_set_cases_apart(self):
        doc, _ = self.measured(self.job("[one]\ntables = 1\n[many]\ntables = 64\nmem = interleave\n"
                                        "[cold]\nworkload = cursor\nround = 8\n"))
        cases = [c for c in doc["cases"] if c["body"] != "ruler"]
        self.assertEqual([(c["tables"], c["round"]) for c in cases], [(1, None), (64, None), (None, 8)])
        self.assertEqual([c["case_id"].rpartition("/")[2] for c in cases],
                         ["tables1", "tables64", "round8"])
        self.assertEqual(doc["comparisons"], [])  # memory is not all that differs

    def test_usual_ones_are_not_named(self):
        doc, _ = self.measured(self.job("[one]\nmem = local\n[two]\nmem = interleave\n"))
        self.assertEqual([c["tables"] for c in doc["cases"]], [16] * len(doc["cases"]))
        self.assertNotIn("tables", "".join(c["case_id"] for c in doc["cases"]))
        self.assertEqual([c["differs"] for c in doc["comparisons"]], [["mem"]])

    def test_repeated_sections(self):
        doc, _ = self.measured(self.job("[a]\nseed = 1\n[b]\nsample = none\n[c]\nseed = 1\n"))
        ids = [c["case_id"] for c in doc["cases"]]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual([i.partition("#")[2] for i in ids if "/lockless/" in i], ["", "2", "3"])


class Left(Results):
    def plan(self, *args):
        return self.fine("run", *args)

    def test_told(self):
        args = ("--engines", "lockless,none", "--workload", "private", "--threads", "1,2")
        line = "left out: amdv1/none with more than one thread"
        self.assertIn(line, self.plan(*args, *TWO))
        if len(os.sched_getaffinity(0)) > 1:
            doc, done = self.measured(*args, "--duration", "50ms")
            self.assertIn(line, doc["warnings"])
            self.assertIn(line, done.stdout)
        self.assertIn("left out: vtdss/lockless in private of 64K pages",
                      self.plan("--engines", "lockless,vtdss/lockless", "--page-size", "4K,64K", *TWO))

    def test_mixes_are_fitted_whole(self):
        self.refused(64, r"--engines vtdss/lockless has no pages of 64K",
                     "run", "--workload", "private", "--page-size", "4K:1,2M:1,64K:1", "--engines",
                     "vtdss/lockless", *TWO, "--threads", "2")

    def test_words(self):
        for word in ("all", "modern"):
            text = self.plan("--engines", word, "--threads", "2", *TWO)
            self.assertNotIn("amdv1/none", re.search(r"(?m)^    engines.*$", text).group())
            self.assertIn("left out: amdv1/none", text)
        text = self.plan("--engines", "all", "--walk", "re-walk", "--threads", "2", *TWO)
        engines = re.search(r"(?m)^    engines (.*)$", text).group(1).split()
        self.assertIn("amdv1/lockless-2019", engines)
        self.assertIn("amdv1/lockless-rewalk", engines)
        self.assertNotIn("amdv1/lockless", engines)
        self.refused(64, "wants one thread", "run", "--engines", "none", "--threads", "2", *TWO)

    def test_pairs_are_even(self):
        three = ("--dry-run", "--topology", "pack:1 core:3 pu:1", "--engines", "lockless")
        text = self.plan(*three, "--workload", "private,pairs", "--threads", "all")
        self.assertEqual(re.findall(r"(?m)^  (\w+)  threads (\d)", text), [("private", "3"), ("pairs", "2")])
        self.assertIn("left out: pairs with 3 threads", text)
        self.refused(64, "use an even number", "run", *three, "--workload", "pairs", "--threads", "3")

    def test_locks_in_line_want_a_cpu_each(self):
        for more in ((), ("--engines", "all")):
            text = self.plan(*SHARED, *more)
            self.assertNotRegex(text, r"(?m)^    engines.*(spin|ticket|mcs)")
            self.assertRegex(text, r"left out: .*amdv1/spin-2019")
        for name in ("spin", "spin-2019", "ticket-rewalk", "mcs"):
            self.refused(64, "waits for a scheduler turn", "run", *SHARED, "--engines", name)
        self.assertRegex(self.plan(*TWO, "--threads", "3", "--oversubscribe"),
                         "left out: amdv1/spin-2019 with more threads than CPUs")  # the default comparison

    def test_options_that_do_nothing(self):
        plan = ("run", *TWO, "--threads", "2", "--engines", "lockless", "--workload")
        self.refused(64, r"--round: is about workload .*; add --workload cursor", *plan, "private",
                     "--round", "4")
        self.refused(64, r"--tables: is about workload .*; add --workload private", *plan, "cursor",
                     "--tables", "4")
        for name in ("churn", "overlap", "replay:nvme-amd-lazy"):
            self.refused(64, "leave it at 4K", *plan, name, "--page-size", "2M")
            self.refused(64, "leave --batch at 1", *plan, name, "--batch", "4")


if __name__ == "__main__":
    main()

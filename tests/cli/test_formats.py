"""Two formats in one run: who is compared how, what fits where, how high a table stands."""
import os
import re

from command import main
from result import CPUS, Results, two_cpus

FOUR = "amdv1/lockless-2019,vtdss/lockless-intel,amdv1/lockless,vtdss/lockless"
INTEL = "vtdss/lockless-intel,vtdss/lockless,vtdss/mutex"


class SideBySide(Results):
    def test_comparisons(self):
        self.maxDiff = None
        doc, done = self.measured("--engines", FOUR, "--threads", "1", "--duration", "0.5s")
        engine = {c["case_id"]: c["engine"] for c in doc["cases"]}
        found = {(engine[c["b"]], engine[c["a"]]): c["differs"] for c in doc["comparisons"]}
        self.assertEqual(len(found), len(doc["comparisons"]))
        self.assertEqual(found, {
            ("vtdss/lockless-intel", "amdv1/lockless-2019"): ["format", "body", "walk"],
            ("amdv1/lockless", "amdv1/lockless-2019"): ["body", "walk"],
            ("vtdss/lockless", "amdv1/lockless-2019"): ["format", "body", "walk"],
            ("vtdss/lockless", "amdv1/lockless"): ["format"],
            ("vtdss/lockless", "vtdss/lockless-intel"): ["body", "walk"],
        })
        for name in FOUR.split(",") + ["amdv1/limit", "vtdss/limit"]:
            self.assertRegex(done.stdout, rf"(?m)^     {name.removeprefix('amdv1/')} ")
            self.assertIn(name, engine.values())
        self.assertIn("private/vtdss-lockless/t1/", "\n".join(engine))
        self.assertIn("private/lockless/t1/", "\n".join(engine))

    def test_every_workload(self):
        doc, _ = self.measured("--engines", INTEL, "--threads", str(min(CPUS, 2)), "--workload",
                               "private,adjacent,cursor,churn,replay:nvme-vtd-strict",
                               "--duration", "0.1s", "--round", "64")
        self.assertEqual(doc["audit"]["clean"], 15)
        for case in doc["cases"]:
            if case["body"] != "ruler":
                self.assertEqual((case["verified"], case["levels_end"]), (True, 3))
            self.assertEqual(case["refused"], 0 if case["body"] == "intel" else None)

    @two_cpus
    def test_second_writers_are_counted(self):
        doc, _ = self.measured("--engines", INTEL, "--threads", "2", "--workload", "overlap",
                               "--range", "3x4K", "--duration", "0.2s")
        for case in doc["cases"]:
            if case["body"] == "intel":
                self.assertGreater(case["refused"], 0)
            else:
                self.assertIsNone(case["refused"])


class Fits(Results):
    def engines(self, *args):
        """Of each group of the plan."""
        plan = self.fine("run", "--dry-run", "--threads", "1", *args)
        return [line.split()[1:] for line in re.findall(r"(?m)^    engines (.*)$",
                                                        plan.replace(" (baseline)", ""))]

    def test_page_sizes(self):
        self.refused(64, r"--engines vtdss/lockless has no pages of 64K, which private maps; "
                     r"it has 4K, 2M, 1G: choose among these with --page-size",
                     "run", "--engines", "lockless,vtdss/lockless", "--page-size", "64K")
        self.refused(64, r"--engines vtdss/mutex has no pages of 64K, which overlap maps.*--range",
                     "run", "--engines", "vtdss/mutex", "--workload", "overlap", "--threads", "2")
        both = "lockless,vtdss/lockless"
        small, large = self.engines("--engines", both, "--page-size", "4K,64K")
        self.assertIn("vtdss/lockless", " ".join(small))
        self.assertNotIn("vtdss", " ".join(large))
        for word in ("all", "modern"):
            groups = self.engines("--engines", word, "--page-size", "64K")
            self.assertEqual(len(groups), 1)
            self.assertNotIn("vtdss", " ".join(groups[0]))
        self.assertEqual(len(self.engines("--engines", "intel", "--page-size", "64K,2M")), 1)
        self.refused(64, r"has no pages of 64K", "run", "--engines", "intel", "--page-size", "64K")

    def test_what_was_left_out_is_not_asked_for_again(self):
        first = self.directory()
        a, _ = self.measured("--engines", "all", "--page-size", "64K", "--threads", "1",
                             "--duration", "0.1s", out=first)
        b, _ = self.measured(os.path.join(first, "job.ini"))
        self.assertEqual([c["case_id"] for c in a["cases"]], [c["case_id"] for c in b["cases"]])

    def test_levels(self):
        args = ("--engines", "lockless,vtdss/lockless,lockless-intel", "--threads", "1")
        doc, done = self.measured(*args, "--levels", "auto,4,5", "--duration", "0.1s")
        seen = {(c["engine"], c["levels"]): c for c in doc["cases"] if c["body"] != "ruler"}
        self.assertEqual(len(seen), 9)
        for (engine, levels), case in seen.items():
            self.assertEqual(case["levels_end"], levels or 3, engine)
            self.assertEqual(f"/levels{levels}" in case["case_id"], levels is not None)
        self.assertRegex(done.stdout, r"zero alloc \| levels 4|levels 4\n")
        apart = [c for c in doc["comparisons"] if c["differs"] == ["levels"]]
        self.assertEqual(len(apart), 6)
        self.refused(64, r"--levels 6: a table of --engines vtdss/lockless has at most 5",
                     "run", *args, "--levels", "6")
        self.refused(64, r"--levels 2: must be one of auto, 3, 4, 5, 6|--levels 2", "run", *args,
                     "--levels", "2")

    def test_reach(self):
        """Fixed tables are as tall as the work is long; less is refused, and more is no harm."""
        for work, most in ((("private", "--tables", "2"), 3), (("private", "--page-size", "1G"), 4),
                           (("adjacent", "--page-size", "1G"), 4),
                           (("cursor", "--page-size", "1G", "--round", "8"), 4),
                           (("cursor", "--page-size", "2M", "--round", "8"), 3),
                           (("cursor", "--page-size", "2M", "--round", "511"), 3),
                           (("cursor", "--page-size", "2M", "--round", "512"), 4)):
            args = ("--engines", "lockless-intel,vtdss/lockless", "--threads", "1", "--workload",
                    *work)
            with self.subTest(work=work):
                if "--round" not in work or work[-1] == "8":
                    doc, _ = self.measured(*args, "--duration", "0.05s")
                    self.assertEqual({c["levels_end"] for c in doc["cases"]} - {None}, {most})
                    self.assertEqual(doc["audit"]["clean"], 2)
                if most > 3:
                    self.refused(64, rf"--levels 3: {work[0]} with 1 threads reaches 0x\w+, and a "
                                 r"table of --engines vtdss/lockless-intel does not grow; use "
                                 rf"--levels {most}, or auto", "run", *args, "--levels", "3")
                else:
                    self.fine("run", *args, "--levels", "3", "--dry-run")
                plan = self.fine("run", *args, "--dry-run")
                self.assertIn(f"vtdss/lockless ({most} levels)", plan)
        self.refused(64, r"private with 4 threads reaches .* vtdss/lockless ends at 57 bits; use a "
                     r"smaller workload, or name", "run", "--engines", "vtdss/lockless",
                     "--threads", "4", "--page-size", "1G", "--tables", "65536", "--dry-run",
                     "--topology", "pack:4 core:2 pu:1")


if __name__ == "__main__":
    main()

"""Run `iopt run --out` and read what it left: JSON against its schema, CSV by Python's reader."""
import csv
import json
import os
import tempfile
import unittest
from statistics import median

from command import ROOT, Command

try:
    import jsonschema
except ImportError:  # the other checks do not need it
    jsonschema = None

CPUS = len(os.sched_getaffinity(0))
two_cpus = unittest.skipIf(CPUS < 2, "needs two CPUs")
TABLES = ("summary.csv", "slices.csv", "series.csv", "latency.csv", "scaling.csv",
          "comparisons.csv", "workers.csv")
FILES = ("result.json", "job.ini", "latency.hlog", "hgrm") + TABLES


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(text):
    return json.loads(text, parse_constant=no_constant)


def read_csv(text):
    """Rows as dicts; fails unless every line ends in CRLF and has as many fields as the header."""
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), "line ends"
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    widths = {len(row) for row in rows}
    assert len(widths) == 1, f"rows of {sorted(widths)} columns"
    assert len(set(rows[0])) == len(rows[0]), "a column twice"
    return [dict(zip(rows[0], row)) for row in rows[1:]]


class Results(Command):
    def directory(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        return os.path.join(kept.name, "out")

    def measured(self, *args, code=0, out=None, **more):
        """Exit `code`; the parsed result.json, which is valid and sound, and the process."""
        out = out or self.directory()
        done = self.iopt("run", *args, "--quiet", "--out", out, **more)
        self.assertEqual((done.returncode, done.stderr), (code, ""), args)
        return self.read(out), done

    def read(self, out):
        kept = ("checkpoint",) if "checkpoint" in os.listdir(out) else ()
        self.assertEqual(sorted(os.listdir(out)), sorted(FILES + kept))
        with open(os.path.join(out, "result.json"), encoding="utf-8") as f:
            doc = parse(f.read())
        self.assertTrue(kept or doc["complete"])
        self.sound(doc)
        self.same_tables(doc, out)
        return doc

    def sound(self, doc):
        """What holds of every result there is."""
        if jsonschema:
            with open(os.path.join(ROOT, "docs", "result.schema.json"), encoding="utf-8") as f:
                schema = json.load(f)
            few = [dict(case, slices=case["slices"][:4]) for case in doc["cases"]]  # all alike
            wrong = jsonschema.Draft202012Validator(schema).iter_errors(dict(doc, cases=few))
            self.assertEqual([f"{list(e.absolute_path)}: {e.message[:200]}" for e in wrong], [])
        ids = [case["case_id"] for case in doc["cases"]]
        self.assertEqual(len(ids), len(set(ids)))
        for case in doc["cases"]:
            with self.subTest(case["case_id"]):
                self.sound_case(case)

    def sound_case(self, case):
        p = case["pages"]
        self.assertEqual(p["wasted"], p["wasted_install"] + p["wasted_growth"])
        self.assertEqual(sum(p["wasted_by_level"]), p["wasted_install"])
        if case["verified"] is not False:  # a broken table may well lose pages
            self.assertEqual(p["allocated"], p["freed"] + p["reachable"] + p["spare"]
                             + p["retired"] + p["lost"])
            if case["workload"] != "overlap":
                self.assertEqual(p["lost"], 0)
        if case["workload"] == "overlap" or case["body"] == "ruler":
            self.assertIn(case["verified"], (None, False))
        else:
            self.assertIsNotNone(case["verified"])
        self.assertEqual(case["verified"] is False, bool(case["evidence"]))
        if case["verified"] is not False:
            self.sound_draws(case)

    def sound_draws(self, case):
        """Each process's share, and nothing else, whatever the cases went through since."""
        draws = case["draws"]
        of = {d["process"]: [s for s in case["slices"] if s["process"] == d["process"]] for d in draws}
        self.assertEqual(sum(d["slices"] for d in draws), len(case["slices"]))
        self.assertEqual(len(of), len(draws))
        for draw in draws:
            slices = of[draw["process"]]
            self.assertEqual(draw["slices"], len(slices))
            rates = [s["ops_per_s"] for s in slices if s["ops_per_s"]]
            if draw["ops_per_s"] is not None:
                self.assertAlmostEqual(draw["ops_per_s"] / median(rates), 1, places=6)
        self.assertEqual(sum(d["lost"] for d in draws), case["waste"]["lost"])
        self.assertEqual(sum(d["tables"] for d in draws), case["waste"]["tables"])
        for kind, h in case["latency_ns"].items():
            self.assertEqual(sum(d["latency_ns"][kind]["n"] for d in draws if d["latency_ns"][kind]),
                             h["n"] if h else 0)
            for p in ("p50", "p90", "p99", "p999", "p9999") if h else ():
                if h[p + "_lo"] is not None:
                    self.assertLessEqual(h[p + "_lo"], h[p])
                    self.assertGreaterEqual(h[p + "_hi"], h[p])

    def same_tables(self, doc, out):
        tables = {}
        for name in TABLES:
            with open(os.path.join(out, name), encoding="utf-8", newline="") as f:
                tables[name] = read_csv(f.read())
        ids = [case["case_id"] for case in doc["cases"]]
        self.assertEqual([row["case_id"] for row in tables["summary.csv"]], ids)
        self.assertEqual(len(tables["slices.csv"]), sum(len(c["slices"]) for c in doc["cases"]))
        times = [(c["case_id"], s["process"], s["round"], s["half"], s["at_ns"], s["live_pages"])
                 for c in doc["cases"] for s in c["slices"]]
        self.assertEqual([(r["case_id"],) + tuple(int(r[k]) for k in (
            "process", "round", "half", "at_ns", "live_pages")) for r in tables["series.csv"]], times)
        self.same_comparisons(tables["comparisons.csv"], doc["comparisons"])
        workers = [(c["case_id"], str(i), str(w["cpu"]), str(w["ops"]),
                    " ".join(map(str, w["table_pages_by_node"])))
                   for c in doc["cases"] for i, w in enumerate(c["workers"])]
        self.assertEqual([tuple(r[k] for k in ("case_id", "worker", "cpu", "ops", "table_pages_by_node"))
                          for r in tables["workers.csv"]], workers)
        for row, case in zip(tables["summary.csv"], doc["cases"]):
            self.assertEqual(float(row["pair_ns"]), doc["clock"]["pair_ns"])
            self.assertEqual(row["ops"], str(case["ops"]))
            self.assertEqual(row["verified"], {None: "", True: "true",
                                               False: "false"}[case["verified"]])
            samples = sum(int(r["count"]) for r in tables["latency.csv"]
                          if r["case_id"] == case["case_id"] and r["op"] in case["latency_ns"])
            stated = sum(h["n"] for h in case["latency_ns"].values() if h)
            self.assertEqual(samples, stated)

    def same_comparisons(self, rows, comparisons):
        self.assertEqual(len(rows), len(comparisons))
        for row, cmp in zip(rows, comparisons):
            for name, field in row.items():
                want = cmp[name]
                if isinstance(want, float):
                    self.assertAlmostEqual(float(field), want, delta=1e-9 * abs(want))
                elif isinstance(want, list):
                    self.assertEqual(field, ",".join(want))
                elif isinstance(want, bool):
                    self.assertEqual(field, str(want).lower())
                else:
                    self.assertEqual(field, "" if want is None else str(want))

"""The files of a result against their description, by readers that are not ours."""
import copy
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

import jsonschema

WRITER, SCHEMA = sys.argv[1:3]


def refuse(constant):
    raise ValueError(constant + " is not JSON")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f, parse_constant=refuse)


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        text = f.read()
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(text.splitlines(True), strict=True))


def number(text):
    return None if text == "" else float(text)


class Result(unittest.TestCase):
    kind = "whole"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dir = os.path.join(cls.folder.name, "out")
        subprocess.run([WRITER, cls.kind, cls.dir], check=True)
        cls.doc = load(os.path.join(cls.dir, "result.json"))
        schema = load(SCHEMA)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def errors(self, doc):
        return [f"{list(e.absolute_path)}: {e.message[:200]}"
                for e in self.validator.iter_errors(doc)]

    def test_valid(self):
        self.assertEqual(self.errors(self.doc), [])

    def test_ids_are_unique_and_referred_to(self):
        ids = [c["case_id"] for c in self.doc["cases"]]
        self.assertEqual(len(ids), len(set(ids)))
        for comparison in self.doc["comparisons"]:
            self.assertIn(comparison["a"], ids)
            self.assertIn(comparison["b"], ids)

    def test_schema_bites(self):
        """Each of these must be found, or the schema checks nothing there."""
        small = copy.deepcopy(self.doc)
        del small["cases"][1:], small["cases"][0]["slices"][1:], small["comparisons"][1:]

        def broken(change):
            doc = copy.deepcopy(small)
            change(doc)
            return self.errors(doc)

        self.assertEqual(self.errors(small), [])

        for name in self.doc:
            self.assertTrue(broken(lambda d, n=name: d.pop(n)), name)
        for name in self.doc["cases"][0]:
            self.assertTrue(broken(lambda d, n=name: d["cases"][0].pop(n)), name)
        for name in self.doc["cases"][0]["pages"]:
            self.assertTrue(broken(lambda d, n=name: d["cases"][0]["pages"].pop(n)), name)
        changes = [
            lambda d: d.update(extra=1),
            lambda d: d["host"].update(extra=1),
            lambda d: d["cases"][0].update(extra=1),
            lambda d: d["cases"][0].update(threads=0),
            lambda d: d["cases"][0].update(ops=-1),
            lambda d: d["cases"][0].update(ops=2 ** 60),
            lambda d: d["cases"][0].update(verified="yes"),
            lambda d: d["cases"][0].update(verified=False),  # with its numbers
            lambda d: d["cases"][0].update(forced=True),  # with a rate
            lambda d: d["cases"][0]["fairness"].update(jain=1.5),
            lambda d: d["cases"][0]["slices"][0].update(half=2),
            lambda d: d["comparisons"][0].update(differs=[]),
            lambda d: d["comparisons"][0].update(verdict="fine"),
            lambda d: d.update(schema_version=2),
        ]
        for i, change in enumerate(changes):
            self.assertTrue(broken(change), f"change {i}")

    def test_summary_says_what_the_json_says(self):
        table = rows(os.path.join(self.dir, "summary.csv"))
        self.assertEqual(len(table), len(self.doc["cases"]))
        same = {"ops_per_s": ["ops_per_s"], "ops_per_s_lo": ["ops_per_s_lo"],
                "map_ns_per_op": ["map_ns_per_op"], "busy_ns_per_op": ["busy_ns_per_op"],
                "waste_per_table": ["waste", "per_table"], "jain": ["fairness", "jain"],
                "waste_window_ns": ["waste", "window_ns"], "pages_peak": ["pages", "peak"],
                "think_ns": ["think_ns"], "longest_wait_ns": ["longest_wait_ns"]}
        for row, case in zip(table, self.doc["cases"]):
            self.assertNotIn(None, row)
            self.assertEqual(row["case_id"], case["case_id"])
            for column, path in same.items():
                value = case
                for key in path:
                    value = value[key]
                got = number(row[column])
                if value is None or got is None:
                    self.assertEqual(got, value, column)
                else:
                    self.assertAlmostEqual(got, value, delta=1e-9 * abs(value), msg=column)
            latency = case["latency_ns"]["map"]
            self.assertEqual(number(row["map_p999_ns"]), latency and latency["p999"])
            verified = {None: "", True: "true", False: "false"}[case["verified"]]
            self.assertEqual(row["verified"], verified)

    def test_slices_and_latency(self):
        slices = rows(os.path.join(self.dir, "slices.csv"))
        want = [(c["case_id"], str(s["position"])) for c in self.doc["cases"] for s in c["slices"]]
        self.assertEqual([(r["case_id"], r["position"]) for r in slices], want)
        latency = rows(os.path.join(self.dir, "latency.csv"))
        for case in self.doc["cases"]:
            for op, h in case["latency_ns"].items():
                mine = [r for r in latency if (r["case_id"], r["op"]) == (case["case_id"], op)]
                self.assertEqual(sum(int(r["count"]) for r in mine), h["n"] if h else 0)
                for name, column in (h["histogram"] if h else {}).items():
                    self.assertEqual(column, [int(r[name]) for r in mine], name)
                for row in mine:
                    self.assertLessEqual(int(row["low_ns"]), int(row["high_ns"]))

    def test_ledger(self):
        for case in self.doc["cases"]:
            p = case["pages"]
            balance = p["freed"] + p["reachable"] + p["spare"] + p["retired"] + p["lost"]
            if self.kind == "whole":
                self.assertEqual(p["allocated"], balance)


class Sweep(Result):
    kind = "sweep"

    def test_evidence_instead_of_numbers(self):
        failed = [c for c in self.doc["cases"] if c["verified"] is False]
        self.assertEqual(len(failed), 1)
        self.assertEqual(failed[0]["slices"], [])
        self.assertEqual((failed[0]["waste"]["in_vain"], failed[0]["waste"]["growth"]), (None, None))
        row = [r for r in rows(os.path.join(self.dir, "summary.csv"))
               if r["case_id"] == failed[0]["case_id"]][0]
        self.assertEqual((row["waste_lost_installs"], row["waste_zeroed_bytes"]), ("", ""))
        self.assertIn('"found"', failed[0]["evidence"][0])
        self.assertIs(self.doc["complete"], False)


class Scaling(Result):
    kind = "scaling"
    test_schema_bites = None  # once is enough

    def test_scaling_bites(self):
        small = copy.deepcopy(self.doc)
        del small["cases"][1:], small["comparisons"][1:], small["scaling"][1:]

        def broken(*path, **change):
            doc = copy.deepcopy(small)
            node = doc
            for key in path:
                node = node[key]
            for key, value in change.items():
                if value is None:
                    del node[key]
                else:
                    node[key] = value
            return self.errors(doc)

        self.assertEqual(self.errors(small), [])
        series = small["scaling"][0]
        for path, node in ((("scaling", 0), series), (("scaling", 0, "usl"), series["usl"]),
                           (("scaling", 0, "points", 1), series["points"][1]),
                           (("cases", 0, "counters"), small["cases"][0]["counters"]),
                           (("cases", 0, "counters", "events"),
                            small["cases"][0]["counters"]["events"])):
            for name in node:
                self.assertTrue(broken(*path, **{name: None}), name)
            self.assertTrue(broken(*path, extra=1), path)
        self.assertTrue(broken("scaling", 0, "usl", identifiable=False))  # with its numbers
        self.assertTrue(broken("scaling", 0, "points", 1, marks=["second"]))
        self.assertTrue(broken("cases", 0, "counters", running_share=1.5))

    def test_scaling_csv_says_what_the_json_says(self):
        table = rows(os.path.join(self.dir, "scaling.csv"))
        points = [(s, p) for s in self.doc["scaling"] for p in s["points"]]
        self.assertEqual(len(table), len(points))
        for row, (series, point) in zip(table, points):
            self.assertEqual(row["case_id"], point["case_id"])
            self.assertEqual(row["series"], series["series"])
            self.assertEqual(row["marks"].split(), point["marks"])
            pairs = [(row[k], point[k]) for k in ("efficiency", "efficiency_lo", "of_limit",
                                                  "speedup_hi", "ops_per_s")]
            pairs += [(row["usl_" + k], series["usl"][k]) for k in ("sigma", "kappa_hi",
                                                                    "peak_threads")]
            for got, want in pairs:
                got = number(got)
                if got is None or want is None:
                    self.assertEqual(got, want)
                else:
                    self.assertAlmostEqual(got, want, delta=1e-9 * abs(want))

    def test_counters(self):
        counters = self.doc["cases"][0]["counters"]
        self.assertAlmostEqual(counters["cycles_per_op"], 80)
        self.assertIsNone(counters["remote_per_op"])
        self.assertEqual(counters["events"]["llc_misses"], "LLC-load-misses")
        self.assertEqual(self.doc["cases"][0]["counters_reason"], "remote: because")
        self.assertIsNone(self.doc["cases"][1]["counters"])
        table = rows(os.path.join(self.dir, "summary.csv"))
        self.assertAlmostEqual(number(table[0]["instructions_per_op"]), 200)
        self.assertEqual(table[1]["cycles_per_op"], "")


class Dma(Result):
    kind = "dma"

    test_schema_bites = None  # once is enough

    def test_dma_bites(self):
        """Each field, by the part of the schema that is about this object: the rest has its own tests."""
        validator = self.validator.evolve(schema={**self.validator.schema, "$ref": "#/$defs/dma",
                                                  "required": [], "properties": {},
                                                  "additionalProperties": True, "allOf": []})
        dma = next(c for c in self.doc["cases"] if c["dma"]["flush"] == "strict")["dma"]

        def found(doc):
            return not validator.is_valid(doc)

        self.assertFalse(found(dma))
        for path in ((), ("allocator",), ("invalidation",), ("census",)):
            names = dma
            for key in path:
                names = names[key]
            for name in names:
                doc = copy.deepcopy(dma)
                node = doc
                for key in path:
                    node = node[key]
                del node[name]
                self.assertTrue(found(doc), (path, name))
                node[name] = names[name]
                self.assertFalse(found(doc), (path, name))
                node["extra"] = 1
                self.assertTrue(found(doc), path)
        for name, value in (("unmap_table_share", 1.1), ("unmap_table_share_hi", 1.1), ("flush", "eager"), ("flush_lock", "spin")):
            self.assertTrue(found({**dma, name: value}), name)

    def test_summary_has_the_path(self):
        table = rows(os.path.join(self.dir, "summary.csv"))
        for row, case in zip(table, self.doc["cases"]):
            dma = case["dma"]
            self.assertEqual((row["iova"], row["flush"]), (dma["iova"], dma["flush"]))
            got = [number(row[k]) for k in ("dma_whole_by_parts", "dma_table_ns_lo", "unmap_table_share_lo", "amdahl_hi",
                                            "iova_shared", "census_lines_by_2", "flush_ns")]
            want = [dma["whole_by_parts"], dma["table_ns_lo"], dma["unmap_table_share_lo"], dma["amdahl_hi"],
                    dma["allocator"]["shared"], dma["census"]["lines_by_cpus"][1], dma["flush_ns"]]
            for a, b in zip(got, want):
                self.assertEqual(a is None, b is None, (case["case_id"], want))
                if b is not None:
                    self.assertAlmostEqual(a, b, delta=1e-9 * abs(b))

    def test_the_model_is_told_apart(self):
        for case in self.doc["cases"]:
            model = case["dma"]["invalidation"]
            self.assertEqual(model is None, case["dma"]["flush"] == "none")
            if model and case["verified"] is not False:
                self.assertGreater(model["stale_ns"]["p50"], 1000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

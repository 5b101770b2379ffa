"""`iopt report`: what it writes for others is what the result says, in their own grammar."""
import copy
import json
import math
import os
import re
import statistics
import subprocess
import tempfile
import unittest

from command import IOPT, Command, main
from result import CPUS, parse

try:
    import jsonschema
except ImportError:
    jsonschema = None

# https://bencher.dev/docs/reference/bencher-metric-format/
METRIC = {"type": "object", "required": ["value"], "additionalProperties": False,
          "properties": {k: {"type": "number"} for k in ("value", "lower_value", "upper_value")}}
BMF = {"type": "object", "additionalProperties": {"type": "object", "minProperties": 1,
                                                  "additionalProperties": METRIC}}
# github-action-benchmark, README: customBiggerIsBetter
GHA = {"type": "array", "items": {
    "type": "object", "required": ["name", "unit", "value"], "additionalProperties": False,
    "properties": {"name": {"type": "string"}, "unit": {"type": "string"}, "value": {"type": "number"},
                   "range": {"type": "string", "pattern": r"^± \d[^ ]*$"}, "extra": {"type": "string"}}}}


def go_format(text):
    """golang.org/design/14313-benchmark-format, strictly: {key: value}, {unit: better}, and lines as
    (name, iterations, {unit: value})."""
    config, units, lines = {}, {}, []
    assert text.endswith("\n") and "\r" not in text
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            assert not lines, "comments are ours, at the head only"
        elif line.startswith("Unit "):
            _, unit, better = line.split(" ")
            assert unit not in units and better in ("better=higher", "better=lower"), line
            units[unit] = better[7:]
        elif line.startswith("Benchmark"):
            fields = line.split(" ")
            assert len(fields) >= 4 and len(fields) % 2 == 0 and all(fields), line
            assert re.fullmatch(r"Benchmark[A-Z][^\s]*-[1-9]\d*", fields[0]), line
            assert re.fullmatch(r"[1-9]\d*", fields[1]), line
            values = {}
            for value, unit in zip(fields[2::2], fields[3::2]):
                assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", value) and unit not in values, line
                values[unit] = float(value)
            lines.append((fields[0], int(fields[1]), values))
        else:
            found = re.fullmatch(r"([a-z][^\sA-Z:]*):[ \t]+(\S.*)", line)
            assert found and found[1] not in config and not lines, line
            config[found[1]] = found[2]
    return config, units, lines


def keys(name):
    """Parts KEY=VALUE of a name; the base as "", threads as "-"."""
    name, threads = name.rsplit("-", 1)
    base, *parts = name[len("Benchmark"):].split("/")
    named = [p.split("=", 1) for p in parts if "=" in p]
    assert all(parts) and len(dict(named)) == len(named), name
    return dict(named, **{"": base, "-": threads})


@unittest.skipIf(CPUS < 2, "needs two CPUs")
class Report(Command):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.kept.cleanup)
        cls.out = os.path.join(cls.kept.name, "out")
        subprocess.run([IOPT, "run", "--engines", "lockless-2019,mutex-2019", "--threads", "2", "--workload",
                        "private,cursor,rendezvous", "--processes", "2", "--duration", "400ms", "--round",
                        "64", "--quiet", "--out", cls.out], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(cls.out, "result.json"), encoding="utf-8") as f:
            cls.doc = json.load(f)
        cls.cases = [c for c in cls.doc["cases"] if not c["forced"]]

    def written(self, doc):
        path = os.path.join(self.kept.name, "changed.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(doc, f)
        return path

    def go(self, path=None, *args):
        return go_format(self.fine("report", path or self.out, "--format", "go", *args))

    def bmf(self, path=None, *args):
        doc = parse(self.fine("report", path or self.out, "--format", "bmf", *args))
        if jsonschema:
            jsonschema.validate(doc, BMF)
        return doc

    def gha(self, path=None, *args):
        doc = parse(self.fine("report", path or self.out, "--format", "gha", *args))
        if jsonschema:
            jsonschema.validate(doc, GHA)
        names = [entry["name"] for entry in doc]
        self.assertEqual(len(names), len(set(names)))
        return {entry["name"]: entry for entry in doc}

    def close(self, a, b):
        self.assertTrue(math.isclose(a, b, rel_tol=1e-9), (a, b))

    def samples(self, lines, case, unit):
        """In the order of the file."""
        named = []
        for name, iterations, values in lines:
            key = keys(name)
            if (key[""].lower(), key.get("engine")) == (case["workload"], case["case_id"].split("/")[1]):
                self.assertEqual((key["threads"], key["-"], key["page"], key["batch"], key["think"],
                                  key["place"], key["mem"], key["zero"]),
                                 ("2", "2", "4K", "1", "0ns", "compact", "local", "alloc"))
                named += [(iterations, values[unit])] if unit in values else []
        return named

    def rates(self, case):
        """Median and operations of each process."""
        by = {}
        for s in case["slices"]:
            by.setdefault(s["process"], []).append(s)
        return [(sum(s["ops"] for s in part), statistics.median(s["ops_per_s"] for s in part))
                for _, part in sorted(by.items())]

    def test_go_is_a_line_for_each_process(self):
        config, units, lines = self.go()
        self.assertEqual((config["goos"], config["pkg"]), ("linux", "iopt"))
        self.assertEqual(config["cpu"], self.doc["host"]["cpu_model"])
        self.assertIn(self.doc["host"]["kernel"], config["kernel"])
        self.assertNotIn("commit", config)  # benchstat would put old and new into tables of their own
        self.assertEqual((units["ops/s"], units["ns/op"], units["lost/table"]), ("higher", "lower", "lower"))
        self.assertNotIn("Rendezvous", {keys(name)[""] for name, _, _ in lines})
        for case in self.cases:
            want = self.rates(case)
            got = self.samples(lines, case, "ops/s")
            self.assertEqual([n for n, _ in got], [n for n, _ in want], case["case_id"])
            for (_, a), (_, b) in zip(got, want):
                self.close(a, b)
            for (_, ns), (_, rate) in zip(self.samples(lines, case, "ns/op"), got):
                self.close(ns * rate, 1e9)
            self.assertEqual(bool(self.samples(lines, case, "map-ns/op")), case["map_ns_per_op"] is not None)
        cold = next(c for c in self.cases if c["workload"] == "cursor" and c["engine"] == "amdv1/lockless-2019")
        lost = [(sum(s["lost_install"] + s["lost_growth"] for s in part), sum(s["tables"] for s in part))
                for part in ([s for s in cold["slices"] if s["process"] == p] for p in (0, 1))]
        for (_, got), (a, b) in zip(self.samples(lines, cold, "lost/table"), lost):
            self.close(got, a / b)

    def test_go_of_one_process_is_a_line_for_each_slice(self):
        doc = copy.deepcopy(self.doc)
        doc["processes"] = 1
        for case in doc["cases"]:
            case["slices"] = [s for s in case["slices"] if s["process"] == 0]
            case["draws"] = [d for d in case.get("draws") or [] if d["process"] == 0]
        _, _, lines = self.go(self.written(doc))
        case = next(c for c in doc["cases"] if c["workload"] == "private")
        got = self.samples(lines, case, "ops/s")
        want = [(s["ops"], s["ops_per_s"]) for s in
                sorted(case["slices"], key=lambda s: (s["round"], s["half"]))]
        self.assertEqual([n for n, _ in got], [n for n, _ in want])
        for (_, a), (_, b) in zip(got, want):
            self.close(a, b)
        self.assertEqual(len(self.samples(lines, case, "map-ns/op")), 1)

    def test_go_names(self):
        doc = copy.deepcopy(self.doc)
        a, b = doc["cases"][:2]
        a["workload"] = "replay:a trace"
        a["case_id"] = "replay:a trace/lockless-2019/t2+shared/4K:60+64K/b8/think1us/cpus:0,2/bind:1/alloc/l2/x-3#2"
        a["handicap"] = "slow:8"
        b["case_id"] = "odd/none"
        names = {name: keys(name) for name, _, _ in self.go(self.written(doc))[2]}
        self.assertIn("BenchmarkReplay/trace=a_trace/engine=lockless-2019/threads=2+shared/page=4K:60+64K/"
                      "batch=8/think=1us/place=cpus:0,2/mem=bind:1/zero=alloc/l2/x-3#2/handicap=slow:8-2", names)
        self.assertIn("BenchmarkOdd/engine=none-2", names)
        self.assertIn(a["case_id"] + "/handicap=slow:8", self.bmf(self.written(doc)))

    def test_bmf(self):
        doc = self.bmf()
        measured = [c for c in self.cases if c["body"] != "ruler"]
        self.assertEqual(set(doc), {c["case_id"] for c in measured})
        for case in measured:
            got = doc[case["case_id"]]
            for name, field in (("throughput", "ops_per_s"), ("latency", "map_ns_per_op"),
                                ("unmap-latency", "unmap_ns_per_op")):
                self.assertEqual(name in got, case[field] is not None, (case["case_id"], name))
                if name in got:
                    self.close(got[name]["value"], case[field])
            for end in ("lo", "hi"):
                bound = {"lo": "lower_value", "hi": "upper_value"}[end]
                self.assertEqual(bound in got["throughput"], case["ops_per_s_" + end] is not None)
                if bound in got["throughput"]:
                    self.close(got["throughput"][bound], case["ops_per_s_" + end])
                if case["waste"]["per_table"] is not None:
                    self.close(got["lost-per-table"][bound] + 1, case["waste"]["per_table_" + end] + 1)
        self.assertTrue(any("lower_value" in got["throughput"] for got in doc.values() if "throughput" in got))
        self.assertEqual(set(self.bmf(None, "--metric", "waste").popitem()[1]), {"lost-per-table"})

    def test_bounds_of_latency_are_over_processes(self):
        doc = copy.deepcopy(self.doc)
        case = next(c for c in doc["cases"] if c["workload"] == "private" and c["body"] != "ruler")
        doc["cases"] = [case]
        doc["comparisons"], doc["knees"], doc["scaling"] = [], [], []
        some = case["slices"]
        for processes in (5, 12):
            doc["processes"] = processes
            case["slices"] = [dict(s, process=p, map_timed_ns=s["map_timed_ns"] * (1 + p / 10))
                              for p in range(processes) for s in some if s["process"] == 0]
            nothing = dict.fromkeys(("n", "p50", "p90", "p99", "p999", "p9999"))
            case["draws"] = [{"process": p, "ops_per_s": 1e6, "lost": 0, "tables": 0, "latency_ns": {
                "map": dict(nothing, n=1000, p50=100 + p, p99=1000 + p), "lookup": dict(nothing, n=0),
                "unmap": dict(nothing, n=1000, p50=50 + p)}} for p in range(processes)]
            measures = self.bmf(self.written(doc))[case["case_id"]]
            for name, first in (("map-p50", 100), ("map-p99", 1000), ("unmap-p50", 50)):
                self.assertEqual(measures[name]["value"], first + (processes - 1) / 2)
                self.assertEqual("upper_value" in measures[name], processes > 5)
            for name in ("unmap-p99", "map-p999", "lookup-p50"):
                self.assertNotIn(name, measures)
            values = [v for name, _, v in self.go(self.written(doc))[2] if "map-p99-ns" in v]
            self.assertEqual([v["map-p99-ns"] for v in values], [1000 + p for p in range(processes)])
            got = measures["latency"]
            self.assertEqual("lower_value" in got, processes > 5)
            if processes > 5:
                one = [s for s in some if s["process"] == 0]
                ns = sum(s["map_timed_ns"] for s in one) / sum(s["map_timed_ops"] for s in one)
                self.assertTrue(ns < got["lower_value"] < 1.55 * ns < got["upper_value"] < 2.1 * ns, (ns, got))

    def test_gha(self):
        doc = self.gha()
        measured = [c for c in self.cases if c["body"] != "ruler" and c["ops_per_s"] is not None]
        self.assertEqual(set(doc), {c["case_id"] + " throughput" for c in measured})
        for case in measured:
            got = doc[case["case_id"] + " throughput"]
            self.close(got["value"], case["ops_per_s"])
            self.assertEqual(got["unit"], "ops/s")
            self.assertIn(self.doc["host"]["cpu_model"], got["extra"])
            self.assertEqual("range" in got, case["ops_per_s_lo"] is not None)
            if "range" in got:
                self.close(float(got["range"][2:]), max(case["ops_per_s_hi"] - case["ops_per_s"],
                                                        case["ops_per_s"] - case["ops_per_s_lo"]))
        latency = self.gha(None, "--metric", "latency")
        self.assertEqual({e["unit"] for e in latency.values()}, {"ns"})
        self.assertFalse(any(name.endswith("throughput") for name in latency))

    def test_what_may_not_be_said_is_not(self):
        doc = copy.deepcopy(self.doc)
        failed = next(c for c in doc["cases"] if c["workload"] == "private" and c["body"] != "ruler")
        failed["verified"], failed["evidence"] = False, ["planted"]
        doc["complete"] = False
        done = self.iopt("report", self.written(doc), "--format", "bmf")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"1 of \d+ cases left out: their audit failed\n.*was interrupted")
        self.assertNotIn(failed["case_id"], parse(done.stdout))
        done = self.iopt("report", self.written(doc), "--format", "go")
        self.assertNotIn("BenchmarkPrivate/engine=" + failed["case_id"].split("/")[1], done.stdout)
        doc["cases"] = [c for c in doc["cases"] if c["forced"]]
        doc["complete"] = True
        self.refused(65, r"no case has a number to export", "report", self.written(doc), "--format", "go")
        doc["cases"] = [c for c in self.doc["cases"] if c["body"] == "ruler"]
        self.refused(65, r"no case has a number to export", "report", self.written(doc), "--format", "gha")
        self.go(self.written(doc))

    def test_a_rate_that_was_asked_for(self):
        """It is no throughput; times are as they were."""
        doc = copy.deepcopy(self.doc)
        for case in doc["cases"]:
            case["rate"] = {"asked_per_s": 20000, "saturated": False}
        path = self.written(doc)
        self.refused(65, r"no case has a number.*a rate that was asked for", "report", path, "--format", "gha")
        cases = {c["case_id"]: c for c in doc["cases"]}
        for case_id, measures in json.loads(self.fine("report", path, "--format", "bmf")).items():
            self.assertNotIn("throughput", measures)
            sampled = [d["latency_ns"]["map"] or {} for d in cases[case_id]["draws"]]  # a busy machine has few
            self.assertEqual("map-p99" in measures, any(d.get("p99") is not None for d in sampled))

    def test_streams_and_files(self):
        want = self.fine("report", os.path.join(self.out, "result.json"), "--format", "go")
        with open(os.path.join(self.out, "result.json"), "rb") as f:
            piped = subprocess.run([IOPT, "report", "-", "--format=go"], stdin=f, capture_output=True,
                                   text=True, timeout=60)
        self.assertEqual((piped.returncode, piped.stdout), (0, want))
        path = os.path.join(self.kept.name, "old.txt")
        for _ in range(2):
            self.assertEqual(self.fine("report", self.out, "--format", "go", "--out", path), "")
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.read(), want)
        self.assertEqual([n for n in os.listdir(self.kept.name) if n.startswith("old.txt")], ["old.txt"])
        self.refused(74, r"--out /dev/full: writing failed", "report", self.out, "--format", "go", "--out",
                     "/dev/full")
        self.refused(73, r"--out .*/out: cannot create it: Is a directory", "report", self.out, "--format",
                     "go", "--out", self.out)
        self.refused(73, r"--out /nowhere/x", "report", self.out, "--format", "go", "--out", "/nowhere/x")
        with open("/dev/full", "wb") as full:
            done = self.iopt("report", self.out, "--format", "bmf", stdout=full)
        self.assertEqual(done.returncode, 74)

    def test_refused(self):
        self.refused(64, r"no RESULT", "report")
        self.refused(64, r"--format xml: want one of html, go, bmf, gha", "report", self.out, "--format", "xml")
        self.refused(64, r"--metric speed: want one of throughput, latency, waste", "report", self.out,
                     "--format", "go", "--metric", "speed")
        self.refused(64, r"one RESULT too many", "report", self.out, self.out, "--format", "go")
        self.refused(65, r"result\.json", "report", self.kept.name, "--format", "go")
        self.refused(65, r"/nowhere", "report", "/nowhere", "--format", "go")
        self.refused(65, r"job\.ini", "report", os.path.join(self.out, "job.ini"), "--format", "go")


if __name__ == "__main__":
    main()

"""scripts/plot: what it shows is what the files say, and what it says of files that are not as they should be."""
import argparse
import gzip
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from command import ROOT, main
from result import CPUS, Results

SCRIPT = os.path.join(ROOT, "scripts", "plot")
sys.path.insert(0, os.path.dirname(SCRIPT))
figures, tables = importlib.import_module("plotting.figures"), importlib.import_module("plotting.tables")
try:
    import matplotlib
except ImportError:
    matplotlib = None
drawn = unittest.skipIf(matplotlib is None, "needs matplotlib")

THREADS = "1,2" if CPUS > 1 else "1"
ASKED = argparse.Namespace(cases="*", ops=["map", "unmap", "lookup"], process=0)
BASE = "private/lockless-2019/t2/4K"


def csv_of(columns, rows):
    lines = [columns] + [[str(row.get(name, "")) for name in columns] for row in rows]
    return "".join(",".join(line) + "\r\n" for line in lines)


def a_case(workload="cursor", engine="lockless-2019", threads=2, **more):
    return dict({"case_id": f"{workload}/{engine}/t{threads}/4K", "engine": f"amdv1/{engine}", "threads": threads,
                 "body": "2019", "workload": workload, "forced": "false", "verified": "true"}, **more)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Made(Results):
    """A directory with a summary.csv of made cases."""

    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.dir = os.path.join(kept.name, "made")
        os.mkdir(self.dir)
        self.cases([a_case("private")])

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def cases(self, rows):
        names = tables.COLUMNS["summary.csv"].split()
        self.write("summary.csv", csv_of(names + sorted(set(k for r in rows for k in r) - set(names)), rows))

    def rows(self, name, rows):
        self.write(name, csv_of(tables.COLUMNS[name].split(), rows))

    def figure(self, name, **options):
        asked = argparse.Namespace(**{**vars(ASKED), **options})
        return figures.FIGURES[name](tables.Result(self.dir), asked)

    def plot(self, *args, **more):
        return subprocess.run([sys.executable, SCRIPT, *args], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)

    def fails(self, code, says, *args, **more):
        done = self.plot(*args, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, says)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


class OfARun(Made):
    """Of a run of iopt: every number drawn is that of result.json, though only CSV was read."""

    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        run = cls("run_once")
        cls.doc, _ = run.measured("--engines", "lockless-2019,mutex-2019", "--workload", "private", "--threads",
                                  THREADS, "--duration", "0.4s", "--slice", "5ms", "--sample", "8",
                                  out=os.path.join(cls.kept.name, "out"))

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def setUp(self):
        self.dir = os.path.join(self.kept.name, "out")

    def run_once(self):
        pass

    def lines(self, name):
        for panel in self.figure(name).panels:
            for line in panel.lines:
                yield panel.title, line

    def shown(self, name, style="line"):
        return {line.label: line.points for _, line in self.lines(name) if line.style == style}

    def case(self, engine):
        """The one with the most threads."""
        return [c for c in self.doc["cases"] if c["engine"] == f"amdv1/{engine}"][-1]

    def same(self, points, want):
        self.assertEqual(len(points), len(want))
        for got, expected in zip(points, want):
            for a, b in zip(got, expected):
                self.assertEqual(a is None, b is None)
                if b is not None:
                    self.assertAlmostEqual(a, b, delta=1e-9 * abs(b))

    @unittest.skipIf(CPUS < 2, "needs two CPUs")
    def test_scaling(self):
        for name, field in (("scaling", "ops_per_s"), ("efficiency", "efficiency")):
            points = self.shown(name)
            swept = [s for s in self.doc["scaling"] if s["engine"].split("/")[1] in points]
            self.assertEqual(len(swept), 2)
            for series in swept:
                self.same(points[series["engine"].split("/")[1]],
                          [(p["threads"], p[field], p[field + "_lo"], p[field + "_hi"]) for p in series["points"]])
        first = self.shown("scaling")["lockless-2019"][0]
        self.same(self.shown("scaling", "ideal")["ideal from lockless-2019"], [(1, first[1]), (2, 2 * first[1])])

    def test_lock(self):
        added = [(len(c["workers"]), x["added_ns"], x["added_ns_lo"], x["added_ns_hi"])
                 for x in self.doc["comparisons"] for c in self.doc["cases"] if c["case_id"] == x["b"]]
        self.same(self.shown("lock")["mutex-2019 over lockless-2019"], added)

    def test_latency(self):
        for _, line in self.lines("latency"):
            if line.style != "line":
                continue
            case = self.case(line.label)
            kinds = [case["latency_ns"][kind]["p90"] for kind in ("map", "unmap")]
            if None not in kinds:  # else there were too few samples for it
                at = next(ns for beyond, ns in line.points if beyond >= 10)
                self.assertTrue(any(abs(at - p90) <= 0.02 * p90 + 1 for p90 in kinds), (line.label, at, kinds))
            self.assertEqual([ns for _, ns in line.points], sorted(ns for _, ns in line.points))

    def test_slices_and_live(self):
        for name in ("lockless-2019", "mutex-2019"):
            case = self.case(name)
            of = [s for s in case["slices"] if s["process"] == 0]
            self.same(self.shown("slices", "points")[name], [(s["at_ns"] / 1e9, s["ops_per_s"]) for s in of])
            stolen = [(s["at_ns"] / 1e9, s["ops_per_s"]) for s in of if s["steal_ns"]]
            marked = [line.points for title, line in self.lines("slices") if line.style == "steal"]
            self.assertTrue(not stolen or any(len(points) == len(stolen) for points in marked))
        with self.assertRaises(figures.Nothing):  # warm tables stay as they are
            self.figure("live")

    @unittest.skipIf(CPUS < 2, "needs two CPUs")
    def test_fairness(self):
        for name, points in self.shown("fairness", "points").items():
            rates = [w["ops"] / w["elapsed_ns"] for w in self.case(name)["workers"]]
            mean = sum(rates) / len(rates)
            self.same(points, [(rate / mean, i) for i, rate in enumerate(rates)])
            jain = sum(rates) ** 2 / len(rates) / sum(rate * rate for rate in rates)
            self.assertAlmostEqual(jain, self.case(name)["fairness"]["jain"], places=6)

    @drawn
    def test_drawn_as_it_is(self):
        """A line's vertices are the points, moved and scaled; two drawings are the same bytes; fonts are inside."""
        out = os.path.join(self.kept.name, "figures")
        done = self.plot(self.dir, "--figures", "lock", "--format", "svg,pdf", "--out", out)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        files = done.stdout.split()
        self.assertEqual(sorted(files), sorted(os.path.join(out, f) for f in os.listdir(out)))
        before = {path: read(path) for path in files}
        path = os.path.join(out, "lock.svg")
        vertices = re.search(rb'<g id="lock-0-mutex-2019 over lockless-2019-line">.*?d="([^"]*)"', before[path], re.S)
        drawn_at = [tuple(map(float, pair)) for pair in re.findall(rb"[ML] (\S+) (\S+)", vertices.group(1))]
        points = self.shown("lock")["mutex-2019 over lockless-2019"]
        self.assertEqual(len(drawn_at), len(points))
        self.assertEqual(drawn_at, sorted(drawn_at))
        if len(points) == 2:  # upwards is smaller
            self.assertEqual(drawn_at[1][1] < drawn_at[0][1], points[1][1] > points[0][1])
        again = self.plot(self.dir, "--figures", "lock", "--format", "svg,pdf", "--out", out)
        self.assertEqual(again.returncode, 0, again.stderr)
        for path in again.stdout.split():
            self.assertEqual(read(path), before[path], path)
        self.assertIn(b"/FontFile2", before[os.path.join(out, "lock.pdf")])  # TrueType, embedded


class Figures(Made):
    def test_waste_and_model(self):
        self.cases([a_case(waste_tables=100, waste_lost=30, waste_per_table=0.3, waste_per_table_lo=0.2,
                           waste_per_table_hi=0.4, pages_wasted_level_0=20, pages_wasted_level_1=5,
                           pages_wasted_growth=5, waste_ceiling=0.5, waste_by_gaps=0.25),
                    a_case(engine="mutex-2019", waste_tables=100, waste_lost=0, waste_per_table=0,
                           pages_wasted_growth=0),
                    a_case("private", waste_tables=9, waste_lost=0, waste_per_table=0, pages_wasted_growth=0)])
        panel, = self.figure("waste").panels
        self.assertEqual((panel.title, [bar.label for bar in panel.bars]),
                         ("cursor/4K", ["lockless-2019 2t", "mutex-2019 2t"]))
        parts = dict(panel.bars[0].parts)
        self.assertAlmostEqual(sum(parts.values()), 0.3)
        self.assertAlmostEqual(parts["level 0"], 0.2)
        self.assertAlmostEqual(parts["growth"], 0.05)
        self.assertEqual(panel.bars[0].whole, (0.3, 0.2, 0.4))
        panel, = self.figure("model").panels
        self.assertEqual({line.style: line.points for line in panel.lines},
                         {"line": [(2, 0.3, 0.2, 0.4)], "ceiling": [(2, 0.5)], "gaps": [(2, 0.25)]})

    def test_what_is_forced_has_no_bounds(self):
        self.cases([a_case(forced="true", waste_tables=100, waste_lost=30, waste_per_table=0.3,
                           waste_per_table_lo=0.2, waste_per_table_hi=0.4, pages_wasted_level_0=30,
                           pages_wasted_growth=0, waste_ceiling=1, waste_by_gaps=0.25)])
        self.assertEqual(self.figure("waste").panels[0].bars[0].whole, (0.3, None, None))
        self.assertEqual(self.figure("model").panels[0].lines[0].points, [(2, 0.3, None, None)])

    def test_nothing_lost_where_it_could_be(self):
        """A finding, with its interval; not so where nobody could lose, nor of a warm workload."""
        none = dict(waste_tables=300, waste_lost=0, waste_per_table=0, waste_per_table_lo=0, waste_per_table_hi=0.01)
        self.cases([a_case(**none), a_case("replay:x", **none), a_case("rendezvous", forced="true", **none),
                    a_case("private", **none), a_case("overlap", **none), a_case("grow", waste_tables=0)])
        panels = self.figure("waste").panels
        self.assertEqual([p.title for p in panels], ["cursor/4K", "replay:x/4K", "rendezvous/4K FORCED"])
        self.assertEqual([bar.whole for p in panels for bar in p.bars], [(0, 0, 0.01)] * 2 + [(0, None, None)])
        self.cases([a_case("private", **none)])
        with self.assertRaises(figures.Nothing):
            self.figure("waste")

    def test_steal_and_switches(self):
        """As in the HTML report: any, ring and cross."""
        self.cases([a_case("private", ops_per_s=11)])
        self.rows("slices.csv", [dict(case_id=BASE, process=0, at_ns=i * 10**9, elapsed_ns=1, ops_per_s=10 + i, steal_ns=steal,
                                      involuntary_switches=n) for i, (steal, n) in enumerate(((0, 3), (0, 0), (7, 3), (0, 4)))])
        panel, = self.figure("slices").panels
        self.assertEqual({line.style: line.points for line in panel.lines if line.style != "points"},
                         {"switches": [(0, 10), (2, 12), (3, 13)], "steal": [(2, 12)]})
        if matplotlib:
            marks = importlib.import_module("plotting.draw").MARKS
            self.assertEqual({what: look["marker"] for what, look in marks.items()}, {"steal": "o", "switches": "x"})

    def test_what_the_clock_cannot_tell_apart(self):
        """Shaded below three pairs of stamps; of results from before that was in summary.csv it is said. Max is drawn."""
        self.rows("latency.csv", [dict(case_id=BASE, op="map", low_ns=low, high_ns=low + 1, count=n)
                                  for low, n in ((10, 900), (100, 90), (200, 10))])
        for facts, max_ns, shaded in ((dict(pair_ns=20, map_max_ns=201), 201, [(1, 10), (1, 60)]),
                                      (dict(pair_ns=2), 201, [(1, 6), (1, 6)]), (dict(), 201, None)):
            self.cases([a_case("private", **facts)])
            figure = self.figure("latency")
            lines = {line.style: line.points for line in figure.panels[0].lines}
            self.assertEqual((lines.get("clock"), lines["max"]), (shaded, [(1000, max_ns)]))
            self.assertEqual("nothing shaded" in figure.note, shaded is None)

    def test_dma(self):
        self.cases([a_case("piecewise", dma_parts_ns=100, dma_whole_ns=90, dma_whole_ns_lo=80, dma_whole_ns_hi=99,
                           iova="rcache", flush="lazy", phase_0="alloc", phase_0_ops=10, phase_0_ns_per_op=20,
                           phase_1="map", phase_1_ops=10, phase_1_ns_per_op=40,
                           phase_2="unmap", phase_2_ops=80, phase_2_ns_per_op=5)])  # piece by piece
        bar, = self.figure("dma").panels[0].bars
        self.assertEqual(bar, figures.Bar("lockless-2019 rcache lazy", [("alloc", 20), ("map", 40), ("unmap", 40)],
                                          (90, 80, 99)))

    def test_live(self):
        self.cases([a_case("piecewise"), a_case("piecewise", "lockless")])
        self.rows("series.csv", [{"case_id": f"piecewise/{engine}/t2/4K", "process": 0, "table": i // 3,
                                  "at_ns": i * 10**9, "live_pages": i % 3 * n}
                                 for i in range(6) for engine, n in (("lockless-2019", 1), ("lockless", 2))])
        panel, = self.figure("live").panels
        self.assertEqual([(line.label, line.style, line.points) for line in panel.lines], [
            ("lockless-2019", "line", [(0, 0), (1, 1), (2, 2)]), ("lockless", "line", [(0, 0), (1, 2), (2, 4)]),
            ("lockless-2019", "faint", [(3, 0), (4, 1), (5, 2)]), ("lockless", "faint", [(3, 0), (4, 2), (5, 4)])])

    def test_the_law_only_where_it_is_identifiable(self):
        rows = [dict(case_id="private/lockless-2019/t2/4K", series="s", threads=n, ops_per_s=n * 5, against="own",
                     usl_identifiable="true", usl_gamma_ops_per_s=10, usl_sigma=0.1, usl_kappa=0.01) for n in (1, 2, 4)]
        self.rows("scaling.csv", rows)
        law = [line.points for line in self.figure("scaling").panels[0].lines if line.style == "law"]
        self.assertEqual(law[0][0], (1, 10))
        self.assertAlmostEqual(law[0][3][1], 40 / (1 + 0.3 + 0.12))
        self.rows("scaling.csv", [dict(row, usl_identifiable="false") for row in rows])
        self.assertNotIn("law", [line.style for line in self.figure("scaling").panels[0].lines])

    def test_ideal_from_the_first_count_there_is(self):
        self.rows("scaling.csv", [dict(case_id=BASE, series="s", threads=n, ops_per_s=n * 5, against="own")
                                  for n in (2, 4, 8)])
        ideal = [line.points for line in self.figure("scaling").panels[0].lines if line.style == "ideal"]
        self.assertEqual(ideal, [[(2, 10), (8, 40)]])

    def test_only_the_lock_differs(self):
        self.cases([a_case("private"), a_case("private", "mutex-2019"), a_case("private", "mutex")])
        self.rows("comparisons.csv", [dict(a=BASE, b=f"private/{engine}/t2/4K", differs=differs, added_ns=7)
                                      for engine, differs in (("mutex-2019", "sync"), ("mutex", '"body,sync"'))])
        line, = self.figure("lock").panels[0].lines
        self.assertEqual((line.label, line.points), ("mutex-2019 over lockless-2019", [(2, 7, None, None)]))

    def test_percentiles_end_where_samples_do(self):
        line = list(figures.percentiles([(10, 10, 900), (20, 20, 90), (30, 30, 5), (40, 40, 5)]))
        self.assertEqual(line, [(10, 10), (100, 20)])
        self.assertEqual(list(figures.percentiles([(10, 10, 5), (20, 20, 4)])), [])

    def test_what_is_no_competitor_is_left_out(self):
        """Rulers, failed audits; forced cases are called so."""
        self.cases([a_case("private", "limit", body="ruler"), a_case("private", "mutex-2019", verified="false"),
                    a_case("rendezvous", forced="true")])
        shown = figures.shown(tables.Result(self.dir), ASKED)
        self.assertEqual([figures.series_of(case) for case in shown], ["rendezvous/4K FORCED"])

    @drawn
    def test_many_and_odd(self):
        """Engines nobody has heard of, panels for two files, names of several results."""
        self.cases([a_case(f"w{i}", engine) for i in range(9) for engine in ("mutex-2019", "made-up", "<b>&amp;")])
        self.rows("series.csv", [{"case_id": f"w{i}/{engine}/t2/4K", "process": 0, "table": 0, "at_ns": n,
                                  "live_pages": n} for i in range(9) for n in (1, 2)
                                 for engine in ("mutex-2019", "made-up", "<b>&amp;")])
        other = os.path.join(os.path.dirname(self.dir), "other")
        shutil.copytree(self.dir, other)
        done = self.plot(self.dir, other, "--figures", "live", "--out", os.path.join(self.dir, "new", "out"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([os.path.basename(path) for path in done.stdout.split()],
                         [f"{name}-live{part}.svg" for name in ("made", "other") for part in ("", "-2")])
        self.assertNotIn(b"<b>", read(done.stdout.split()[0]))


class Broken(Made):
    def test_usage(self):
        for says, args in (("required: DIR", ()), ("unrecognized arguments: --figure", (self.dir, "--figure")),
                           ("unknown 'latencies': did you mean latency", (self.dir, "--figures", "latencies")),
                           ("unknown 'gif': there are svg, pdf, png", (self.dir, "--format", "gif")),
                           ("are called the same", (self.dir, self.dir, "--out", self.dir))):
            self.fails(64, says, *args)

    def test_data(self):
        self.fails(65, "nowhere: no such directory", os.path.join(self.dir, "nowhere"))
        self.fails(65, "summary.csv: not a directory", os.path.join(self.dir, "summary.csv"))
        self.fails(65, "no case fits --cases x", self.dir, "--cases", "x")
        self.fails(65, r"slices\.csv: no such file", self.dir, "--figures", "slices")
        self.fails(65, r"comparisons\.csv: no such file; this iopt is too old", self.dir, "--figures", "lock")
        self.fails(65, "no figure dma: no case of the DMA path", self.dir, "--figures", "dma")
        header = csv_of(tables.COLUMNS["series.csv"].split(), [])
        row = f"{BASE},0,0,0,1\r\n"
        for says, text in ((r"series\.csv: empty", ""), ("ends in the middle of line 3: truncated", header + row + row[:9]),
                           ("no column process", "case_id,x\r\n"), ("line 2: 4 fields, 5 wanted", header + row.replace(",1", "")),
                           ("line 2: live_pages: want a number, not 'nan'", header + row.replace(",1", ",nan")),
                           ("line 3: at_ns is empty", header + row + row.replace(",0,1", ",,1")),
                           ("is no case of summary.csv", header + row.replace("t2", "t3")),
                           ("unexpected end of data", header + '"' + row)):
            self.write("series.csv", text)
            self.fails(65, says, self.dir, "--figures", "live")
        os.unlink(os.path.join(self.dir, "series.csv"))
        with open(os.path.join(self.dir, "series.csv.gz"), "wb") as f:
            f.write(gzip.compress((header + row).encode())[:-9])
        self.fails(65, r"series\.csv\.gz: ", self.dir, "--figures", "live")

    @drawn
    def test_places(self):
        self.rows("series.csv", [{"case_id": BASE, "process": 0, "table": 0, "at_ns": n, "live_pages": n}
                                 for n in (1, 2)])
        self.write("file", "")
        self.fails(73, "file", self.dir, "--figures", "live", "--out", os.path.join(self.dir, "file"))
        self.assertEqual(os.listdir(self.dir).count("live.svg"), 0)

    def test_without_matplotlib(self):
        os.mkdir(os.path.join(self.dir, "matplotlib"))
        with open(os.path.join(self.dir, "matplotlib", "__init__.py"), "w", encoding="utf-8") as f:
            f.write("raise ImportError\n")
        self.rows("series.csv", [{"case_id": BASE, "process": 0, "table": 0, "at_ns": n, "live_pages": n}
                                 for n in (1, 2)])
        self.fails(69, "python3-matplotlib", self.dir, "--figures", "live", env=dict(os.environ, PYTHONPATH=self.dir))


if __name__ == "__main__":
    main()

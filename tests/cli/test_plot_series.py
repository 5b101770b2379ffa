"""scripts/plot-series: what it draws, and what it says where it cannot."""
import os
import subprocess
import sys
import tempfile
import unittest

from command import ROOT, Command, main

try:
    import matplotlib
except ImportError:
    matplotlib = None

SCRIPT = os.path.join(ROOT, "scripts", "plot-series")
HEADER = "case_id,engine,process,table,at_ns,live_pages\r\n"
ROWS = [f"piecewise/{e}/t1,amdv1/{e},0,{i // 4},{i * 1000000},{i * n}\r\n"
        for i in range(8) for e, n in (("mutex-2019", 1), ("lockless", 2))]


class PlotSeries(Command):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.dir = kept.name
        self.series = os.path.join(self.dir, "series.csv")
        self.write(HEADER + "".join(ROWS))

    def write(self, text):
        with open(self.series, "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def plot(self, *args, **more):
        return subprocess.run([sys.executable, SCRIPT, *args], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)

    def fails(self, code, says, *args, **more):
        done = self.plot(*args, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, says)
        self.assertEqual(done.stderr.count("\n"), 1)

    @unittest.skipIf(matplotlib is None, "needs matplotlib")
    def test_draws(self):
        done = self.plot(self.dir)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        with open(os.path.join(self.dir, "series.svg"), encoding="utf-8") as f:
            drawn = f.read()
        for words in ("<svg", "amdv1/mutex-2019", "amdv1/lockless", "piecewise/t1"):
            self.assertIn(words, drawn)

    def test_nowhere(self):
        self.fails(73, "nowhere", "--out", os.path.join(self.dir, "nowhere", "x.svg"), self.dir)

    def test_without_matplotlib(self):
        os.mkdir(os.path.join(self.dir, "matplotlib"))
        with open(os.path.join(self.dir, "matplotlib", "__init__.py"), "w", encoding="utf-8") as f:
            f.write("raise ImportError\n")
        self.fails(69, "python3-matplotlib", self.dir, env=dict(os.environ, PYTHONPATH=self.dir))

    def test_bad_data(self):
        self.fails(65, "series.csv: No such file", os.path.join(self.dir, "x", "series.csv"))
        self.fails(65, "no slices of process 3", "--process", "3", self.dir)
        for text in ("", "a,b\r\n1,2\r\n"):
            self.write(text)
            self.fails(65, "columns", self.dir)
        for text in (ROWS[0].replace(",0,", ",x,", 1), "piecewise/x/t1,amdv1/x,0\r\n"):
            self.write(HEADER + text)
            self.fails(65, "series.csv: ", self.dir)


if __name__ == "__main__":
    main()

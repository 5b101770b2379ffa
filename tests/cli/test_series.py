"""Live table pages over time: in result.json, in series.csv, on the screen; and that they are the ledger's."""
import re

from command import main
from result import Results


class Series(Results):
    """--iova fixed walks on through 40 ranges of 2M; a leaf table each, which nobody gives back."""

    def grown(self, *args):
        return self.measured("--workload", "piecewise", "--iova", "fixed", "--engines",
                             "lockless-2019,lockless", "--threads", "1", "--duration", "0.3s",
                             "--slice", "1ms", "--warmup", "100us", *args)

    def engines(self, doc):
        return [c for c in doc["cases"] if c["body"] != "ruler"]

    def test_piecewise(self):
        doc, done = self.grown("--tables", "40")
        lines = re.findall(r"^     \S+ +(\S+) to (\S+), peak (\S+) +\|(.+)\| \S+ m?s$", done.stdout, re.M)
        self.assertEqual(len(lines), len(self.engines(doc)))
        for case, line in zip(self.engines(doc), lines):
            live = [s["live_pages"] for s in case["slices"]]  # series.csv has the same: result.py
            self.assertEqual(live, sorted(live))
            self.assertEqual(case["live_pages"], {"first": live[0], "last": live[-1], "peak": max(live)})
            self.assertEqual([int(n.replace(",", "")) for n in line[:3]],
                             [live[0], live[-1], max(live)])
            self.assertLessEqual(len(line[3]), 60)
            pages = case["pages"]
            self.assertEqual(live[-1], pages["allocated"] - pages["freed"])
            self.assertEqual(live[-1], pages["reachable"] + pages["retired"])
            self.assertLessEqual(live[-1], 40 + 2)  # a root, a table below it

    def test_every_slice_in_order(self):
        doc, _ = self.grown("--processes", "2", "--tables", "9")
        for case in doc["cases"]:
            for process in (0, 1):  # each begins its clock and its tables anew
                at = [s["at_ns"] for s in case["slices"] if s["process"] == process]
                self.assertGreater(len(at), 1)
                self.assertEqual(at, sorted(set(at)))

    def test_refused(self):
        for says, args in ((r"--tables 7: fewer ranges than the 8 of --depth", ("--tables", "7")),
                           (r"--buffers: each is unmapped in pieces of 4K", ("--buffers", "1G"))):
            self.refused(64, says, "run", "--workload", "piecewise", "--iova", "fixed", *args)


if __name__ == "__main__":
    main()

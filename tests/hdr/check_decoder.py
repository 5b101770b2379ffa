"""latency.hlog and hgrm/ against latency.csv of the same result, by a reader written from the format."""
import collections
import csv
import os
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

import hdr_format

WRITER = sys.argv.pop(1)
USUAL, AWKWARD = "g0/amdv1/lockless-2019/t2/think0", "replay:a_b/mutex-2019/t2/cpus:0_2-5#2"
FILES = ["g0_amdv1_lockless-2019_t2_think0-" + kind + ".hgrm" for kind in ("lookup", "map", "unmap")]


class Hdr(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.kept.cleanup)
        cls.dir = os.path.join(cls.kept.name, "out")
        subprocess.run([WRITER, cls.dir], check=True)
        with open(os.path.join(cls.dir, "latency.hlog"), encoding="ascii") as f:
            cls.start, cls.log = hdr_format.read_log(f.read())
        cls.buckets = collections.defaultdict(list)
        with open(os.path.join(cls.dir, "latency.csv"), newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                tag = row["case_id"].replace(",", "_").replace(" ", "_") + ":" + row["op"]
                cls.buckets[tag].append(tuple(int(row[k]) for k in ("low_ns", "high_ns", "count")))

    def test_every_case_with_samples_has_a_line(self):
        self.assertEqual(set(self.log), set(self.buckets))
        self.assertEqual(set(self.log), {USUAL + ":map", USUAL + ":unmap", USUAL + ":lookup",
                                         AWKWARD + ":map", AWKWARD + ":unmap"})
        self.assertEqual(self.start, 1767323045)  # 2026-01-02T03:04:05Z

    def test_every_bucket_has_its_count(self):
        for tag, (_, _, payload) in self.log.items():
            counts, high = hdr_format.decode(payload)
            left = dict(counts)
            for low, last, count in self.buckets[tag]:
                inside = [at for at in left if low <= at[0] and at[1] <= hdr_format.highest_alike(last)]
                self.assertEqual(sum(left.pop(at) for at in inside), count, (tag, low))
            self.assertEqual(left, {}, tag)
            self.assertLessEqual(max(counts)[0], high)

    def test_a_reader_is_off_by_less_than_ours(self):
        for tag, (_, _, payload) in self.log.items():
            for (_, shown), _ in hdr_format.decode(payload)[0].items():
                low, last = next(b[:2] for b in self.buckets[tag] if b[0] <= shown
                                 <= hdr_format.highest_alike(b[1]))
                if last < 1 << 40:
                    self.assertLessEqual(max(shown - low, last - shown), low / 64 + 1, tag)
                # the ends are one sample each; all others are at the middle: half of that
        counts = hdr_format.decode(self.log[USUAL + ":unmap"][2])[0]
        ends = (min(counts), max(counts))
        for at in counts:
            if at not in ends:
                low, last = next(b[:2] for b in self.buckets[USUAL + ":unmap"] if b[0] <= at[1] <= b[1])
                self.assertLessEqual(max(at[1] - low, last - at[1]), low / 128 + 1)

    def test_the_largest_value_is_exact(self):
        largest = {tag: float(Fraction(line[1]) * 10**6) for tag, line in self.log.items()}
        self.assertEqual(largest[USUAL + ":lookup"], 123456)
        self.assertEqual(largest[AWKWARD + ":unmap"], 1000001)
        self.assertAlmostEqual(largest[AWKWARD + ":map"] / ((1 << 62) + 12345), 1)
        for tag, (_, _, payload) in self.log.items():
            low, high = max(hdr_format.decode(payload)[0])
            self.assertTrue(low <= largest[tag] <= high + 1e6, tag)
            self.assertLessEqual(high - low, low / 1000)

    def test_percentile_files(self):
        there = sorted(os.listdir(os.path.join(self.dir, "hgrm")))
        self.assertEqual(there[:3], FILES)
        self.assertEqual(len(there), 5)
        for name in there[3:]:
            self.assertRegex(name, r"^replay_a_b_mutex-2019_t2_cpus_0,2-5_2-[0-9a-f]{8}-(un)?map\.hgrm$")

    def test_percentiles_are_those_of_the_buckets(self):
        for name, tag in zip(FILES, (USUAL + ":lookup", USUAL + ":map", USUAL + ":unmap")):
            with open(os.path.join(self.dir, "hgrm", name), encoding="ascii") as f:
                rows, below = hdr_format.read_hgrm(f.read())
            total = sum(b[2] for b in self.buckets[tag])
            self.assertEqual(below[3], total)
            self.assertEqual((rows[-1][1], rows[-1][2], rows[-1][3]), (1.0, total, None))
            self.assertEqual(rows[-1][0], below[2])
            for value, share, count, inverse in rows:
                # that many samples lie at or below; one less than the buckets up to it have, at the most
                upto = sum(b[2] for b in self.buckets[tag] if b[0] <= value)
                self.assertTrue(upto - 1 <= count <= upto or value == rows[0][0], (name, value))
                self.assertGreaterEqual(count / total + 1e-12, share)
                if inverse:
                    self.assertAlmostEqual(inverse, 1 / (1 - share), delta=0.005 + inverse * 1e-5)
            self.assertEqual(rows, sorted(rows, key=lambda row: (row[0], row[1])))

    def test_the_reader_is_strict(self):
        payload = self.log[USUAL + ":map"][2]
        for broken in (payload[4:], payload[:-4], "AAAA" + payload[4:]):
            with self.assertRaises(Exception):
                hdr_format.decode(broken)


if __name__ == "__main__":
    unittest.main()

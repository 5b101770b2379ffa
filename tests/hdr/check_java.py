"""latency.hlog read by HdrHistogram's own reader (libhdrhistogram-java) says what hgrm/ says. 77: not here."""
import os
import re
import subprocess
import sys
import tempfile

import hdr_format

JAR = "/usr/share/java/hdrhistogram.jar"
FILES = {"g0/amdv1/lockless-2019/t2/think0:map": "g0_amdv1_lockless-2019_t2_think0-map.hgrm",
         "g0/amdv1/lockless-2019/t2/think0:unmap": "g0_amdv1_lockless-2019_t2_think0-unmap.hgrm",
         "g0/amdv1/lockless-2019/t2/think0:lookup": "g0_amdv1_lockless-2019_t2_think0-lookup.hgrm",
         "replay:a_b/mutex-2019/t2/cpus:0_2-5#2:map": r"replay_.*-map\.hgrm",
         "replay:a_b/mutex-2019/t2/cpus:0_2-5#2:unmap": r"replay_.*-unmap\.hgrm"}


def java(log, *args):
    # a small heap and no compiler: it runs for a moment
    done = subprocess.run(["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", JAR,
                           "org.HdrHistogram.HistogramLogProcessor", "-v", "-i", log, *args],
                          capture_output=True, text=True, timeout=50)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def same(tag, ours, theirs):
    """Theirs are rounded up to what three digits tell apart, in the ends: ours are exact there."""
    (rows, below), (other_rows, other_below) = ours, theirs
    assert len(rows) == len(other_rows), (tag, len(rows), len(other_rows))
    for row, other in zip(rows, other_rows):
        assert row[2] == other[2] and (row[3] is None) == (other[3] is None), (tag, row, other)
        # Java rounds a half up
        assert abs(row[1] - other[1]) < 2e-12, (tag, row, other)
        assert row[3] is None or abs(row[3] - other[3]) < 0.011, (tag, row, other)
        assert other[0] == float(hdr_format.highest_alike(int(row[0]))), (tag, row, other)
    for a, b in zip(below[:2], other_below[:2]):
        assert abs(a - b) <= 0.002 * max(a, b), (tag, below, other_below)
    assert other_below[2] == float(hdr_format.highest_alike(int(below[2]))), (tag, below, other_below)
    assert below[3:] == other_below[3:], (tag, below, other_below)


def main():
    try:
        subprocess.run(["java", "-version"], capture_output=True, check=True)
        open(JAR, "rb").close()
    except (OSError, subprocess.CalledProcessError):
        print("skipped: wants java and libhdrhistogram-java")
        return 77
    with tempfile.TemporaryDirectory() as kept:
        out = os.path.join(kept, "out")
        subprocess.run([sys.argv[1], out], check=True)
        log = os.path.join(out, "latency.hlog")
        tags = java(log, "-listtags").splitlines()
        assert set(tags[1:]) == set(FILES), tags
        for tag, pattern in FILES.items():
            text = java(log, "-tag", tag, "-outputValueUnitRatio", "1")
            start = re.match(r"#\[StartTime: 1767323045\.000 [^\n]*\n", text)
            assert start, text[:100]
            names = [n for n in os.listdir(os.path.join(out, "hgrm")) if re.fullmatch(pattern, n)]
            assert len(names) == 1, names
            with open(os.path.join(out, "hgrm", names[0]), encoding="ascii") as f:
                same(tag, hdr_format.read_hgrm(f.read()), hdr_format.read_hgrm(text[start.end():]))
        print(f"{len(FILES)} histograms read alike")
    return 0


if __name__ == "__main__":
    sys.exit(main())

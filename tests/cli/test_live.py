"""The live display of `iopt run`: on terminals of all sizes, resized, interrupted; elsewhere plain lines, few or none."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from command import IOPT, Command, main

try:
    import pyte
except ImportError:
    pyte = None

RUN = ("run", "--threads", "1", "--workload", "private", "--think", "0", "--engines", "lockless,mutex,null",
       "--warmup", "0", "--format", "json")
# A warning that is always there.
WARNED = {"IOPT_CLOCK": "clock_gettime"}
TEXT_BEFORE = "text of the user's\r\n"


class Terminal:
    """A terminal of so many columns and rows, with some text on it, on which iopt runs."""

    def __init__(self, columns, rows, args, **env):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.stream.feed(TEXT_BEFORE.encode())
        self.outer, inner = pty.openpty()
        self.size(inner, columns, rows)
        self.raw, self.results = b"", tempfile.TemporaryFile()
        self.frames = []
        env = {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **env}
        self.child = subprocess.Popen([IOPT, *args], stdin=subprocess.DEVNULL, stdout=self.results, stderr=inner,
                                      env=env)
        os.close(inner)

    @staticmethod
    def size(terminal, columns, rows):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        self.size(self.outer, columns, rows)

    def read(self):
        """Something more; False at the end."""
        try:
            data = os.read(self.outer, 65536) if select.select([self.outer], [], [], 60)[0] else b""
        except OSError:
            return False # Linux: the other end is closed
        self.raw += data
        self.stream.feed(data)
        self.frames.append("\n".join(line.rstrip() for line in self.screen.display))
        return bool(data)

    def read_until(self, says):
        while not re.search(says, self.frames[-1] if self.frames else ""):
            if not self.read():
                raise AssertionError(f"no {says} in\n" + "\n".join(self.frames))

    def end(self):
        """Exit code and what stdout got."""
        while self.read():
            pass
        code = self.child.wait(60)
        os.close(self.outer)
        self.results.seek(0)
        with self.results as f:
            return code, f.read().decode()

    def lines(self):
        """What was drawn, line by line, without codes."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw.decode()).replace("\r", "").split("\n")


@unittest.skipUnless(pyte, "python3-pyte is not installed")
class Live(Command):
    def clean(self, terminal):
        """Nothing of it is left, nothing of the user's is gone, the cursor is where it was."""
        left = [line.rstrip() for line in terminal.screen.display]
        self.assertEqual(left[0] + "\r\n", TEXT_BEFORE)
        self.assertFalse(any(left[1:]), left)
        self.assertEqual((terminal.screen.cursor.y, terminal.screen.cursor.x), (1, 0))
        self.assertFalse(terminal.screen.cursor.hidden)
        self.assertNotIn(b"\x1b[?", terminal.raw)

    def test_what_it_shows(self):
        t = Terminal(100, 24, (*RUN, "--duration", "900ms"), **WARNED)
        code, out = t.end()
        self.assertEqual((code, json.loads(out)["complete"]), (0, True))
        self.clean(t)
        self.assertIn(b"\x1b[33m! clock", t.raw)
        last = t.frames[-2] if "group" in t.frames[-2] else t.frames[-1]
        for says in (r"(?m)^\[#* *\] +\d+ %  \d+:\d\d left, \d+:\d\d gone$",
                     r"(?m)^group 1 of 1: private, 1 thread, 4K, compact/local$", r"(?m)^  engine +ops/s$",
                     r"(?m)^  amdv1/lockless +[\d.]+ [kMG]  #+$", r"(?m)^  amdv1/mutex +[\d.]+ [kMG]  #+$",
                     r"(?m)^  amdv1/null +[\d.]+ [kMG]  ruler$",
                     r"(?m)^! clock_gettime instead of the cycle counter"):
            self.assertRegex("\n".join(t.frames), says)
        ends = {len(re.match(r"  \S+ +[\d.]+ ?[kMG]?", line).group()) for line in last.split("\n")
                if re.match(r"  amdv1/\S+ +\d", line)}
        self.assertLessEqual(len(ends), 1) # figures stand below each other

    def test_waste(self):
        t = Terminal(80, 24, ("run", "--threads", "1", "--workload", "cursor", "--engines", "lockless",
                              "--duration", "700ms", "--format", "json"))
        self.assertEqual(t.end()[0], 0)
        self.assertRegex("\n".join(t.frames), r"ops/s lost/table\n  amdv1/lockless +[\d.]+ [kM] +0  #")
        self.clean(t)

    def test_sizes(self):
        """No line is as wide as the terminal, no frame as tall."""
        for columns, rows in ((200, 50), (40, 8), (13, 3)):
            t = Terminal(columns, rows, (*RUN, "--duration", "300ms"), **WARNED)
            self.assertEqual(t.end()[0], 0, (columns, rows))
            widest = max(len(line) for line in t.lines())
            self.assertLess(widest, max(columns, 12), t.lines())
            for frame in re.split(rb"\r\x1b\[\d+A", t.raw):
                self.assertLess(frame.count(b"\n"), max(rows, 2))
            if rows > 12:
                self.clean(t) # else the user's text has been scrolled away
            self.assertFalse(any(line.strip() for line in t.screen.display[1:]), t.screen.display)

    def test_resized(self):
        t = Terminal(110, 24, (*RUN, "--duration", "1200ms"), **WARNED)
        t.read_until(r"amdv1/lockless +[\d.]+ [kMG]  #")
        t.resize(30, 24)
        seen = len(t.raw)
        self.assertEqual(t.end()[0], 0)
        after = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", t.raw[seen:]).replace(b"\r", b"").split(b"\n")
        self.assertTrue(any(len(line) < 30 and b"group 1" in line for line in after), after)
        self.assertFalse(any(line.strip() for line in t.screen.display[1:]), t.screen.display)
        # most terminals fold lines that have become too long: the display is then so many rows taller
        before, rows = re.search(rb"(?s)(.*?)\r\x1b\[(\d+)A\x1b\[J", t.raw).groups()
        last = re.split(rb"\x1b\[K\r+\n", re.split(rb"\r\x1b\[\d+A", before)[-1])[:-1]
        wide = [len(re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", line)) for line in last]
        self.assertEqual(int(rows), sum(max(1, -(-w // 30)) for w in wide), last)

    def test_interrupted(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            t = Terminal(80, 24, (*RUN, "--duration", "20s"), **WARNED)
            t.read_until(r"amdv1/lockless +[\d.]+ [kMG]  #")
            t.stream.feed(b"^C") # the terminal's echo, below the display
            t.child.send_signal(how)
            code, out = t.end()
            self.assertEqual((code, json.loads(out)["complete"]), (130, False))
            self.clean(t)

    def test_killed(self):
        """Whatever ends it, the terminal is in order: the next text begins a line of its own."""
        t = Terminal(80, 24, (*RUN, "--duration", "20s"))
        t.read_until(r"amdv1/lockless +[\d.]+ [kMG]  #")
        t.child.kill()
        t.end()
        self.assertFalse(t.screen.cursor.hidden)
        self.assertEqual(t.screen.cursor.x, 0)
        self.assertEqual(t.screen.display[t.screen.cursor.y].strip(), "")

    def test_processes(self):
        t = Terminal(120, 24, (*RUN, "--duration", "800ms", "--processes", "2"), **WARNED)
        self.assertEqual(t.end()[0], 0)
        for says in ("process 1 of 2", "process 2 of 2"):
            self.assertIn(says, "\n".join(t.frames))
        self.clean(t)

    def test_no_colour(self):
        t = Terminal(80, 24, (*RUN, "--duration", "300ms"), NO_COLOR="1", **WARNED)
        self.assertEqual(t.end()[0], 0)
        self.assertIn(b"! clock", t.raw)
        self.assertNotRegex(t.raw, rb"\x1b\[[\d;]*m")

    def test_warnings_have_two_rows(self):
        """Their end is the remedy."""
        for rows, cut in (24, False), (10, True):
            t = Terminal(60, rows, (*RUN, "--duration", "300ms"), **WARNED)
            self.assertEqual(t.end()[0], 0)
            seen = " ".join("\n".join(t.frames).split())
            self.assertIn("! clock_gettime instead of the cycle counter: ", seen)
            self.assertEqual("counter: IOPT_CLOCK=clock_gettime" not in seen, cut, seen)

    def test_silenced(self):
        for more in (("--progress", "never"), ("--quiet", "--progress", "always")):
            t = Terminal(80, 24, (*RUN, "--duration", "200ms", *more))
            self.assertEqual(t.end()[0], 0)
            self.assertEqual(t.raw, b"")

    def test_dumb_terminal(self):
        t = Terminal(80, 24, (*RUN, "--duration", "200ms"), TERM="dumb")
        self.assertEqual(t.end()[0], 0)
        self.assertNotIn(b"\x1b", t.raw)
        self.assertRegex(t.raw, rb"(?m)^\d\d:\d\d:\d\d +0 %  0:0\d left  group 1 of 1: private, 1 thread")

    def test_does_not_flood(self):
        """At most five times a second, however many slices there are."""
        began = time.monotonic()
        t = Terminal(80, 24, (*RUN, "--duration", "1s", "--slice", "1ms"))
        self.assertEqual(t.end()[0], 0)
        frames = len(re.findall(rb"\r\x1b\[\d+A", t.raw))
        self.assertLessEqual(frames, 5 * (time.monotonic() - began) + 2)


class PlainLines(Command):
    def test_always(self):
        done = self.iopt(*RUN, "--duration", "200ms", "--processes", "2", "--progress", "always",
                         env=dict(os.environ, **WARNED))
        self.assertEqual(done.returncode, 0)
        json.loads(done.stdout)
        said = done.stderr.splitlines()
        self.assertTrue(all(re.match(r"\d\d:\d\d:\d\d +\d+ %  ", line) for line in said), said)
        began = [line for line in said if "group 1 of 1: private" in line]
        self.assertEqual([re.search(r"process \d of \d", line).group() for line in began],
                         ["process 1 of 2", "process 2 of 2"])
        ended = [line for line in said if "ops/s" in line]
        self.assertRegex(ended[1], r" 100 %  amdv1/lockless [\d.]+ [kMG] ops/s, amdv1/mutex [\d.]+ [kMG] ops/s, ")
        self.assertEqual(len([line for line in said if "! clock_gettime instead" in line]), 1)

    def test_few_by_itself(self):
        """A short run says nothing, a longer one at once how long it will take, and not each group."""
        self.assertEqual(self.iopt(*RUN, "--duration", "200ms", "--batch", "1,2").stderr, "")
        sweep = [*RUN, "--duration", "500ms", "--batch", ",".join(map(str, range(1, 33)))]
        for more, lines in ((), 1), (("--quiet",), 0), (("--progress", "never"), 0):
            with subprocess.Popen([IOPT, *sweep, *more], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as child:
                time.sleep(2)
                child.send_signal(signal.SIGINT)
                out, said = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 130, said)
            self.assertGreater(len(json.loads(out)["cases"]), 3)
            self.assertEqual(said.count("\n"), lines, said)
            if lines:
                self.assertRegex(said, r"^\d\d:\d\d:\d\d +0 %  0:[12]\d left  group 1 of 32: private, 1 thread")

    def test_nobody_reads(self):
        """A reader of stderr that has gone, or does not read, is nobody's loss."""
        got, end = os.pipe()
        os.close(got)
        with subprocess.Popen([IOPT, *RUN, "--duration", "20s"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=end, text=True) as child:
            os.close(end)
            time.sleep(1)
            child.send_signal(signal.SIGINT)
            out, _ = child.communicate(timeout=60)
        self.assertEqual((child.returncode, json.loads(out)["complete"]), (130, False))

    def test_refused(self):
        self.refused(64, r"--progress often: must be one of auto, always, never", *RUN, "--progress", "often")


if __name__ == "__main__":
    main()

"""Text for people at 80, 100, 120 and 200 columns: no line wraps, cells stand under their titles, nothing
depends on colour; and where width and colour come from."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import tempfile
import termios
import unittest

import made
from command import IOPT, ROOT, Command, main

WIDTHS = (80, 100, 120, 200)
CODE = re.compile(r"\x1b\[(\d*)m")
# what says in words what the colour says
WORDS = {"31": r"^! |REGRESSED|FAILED|NOT|worse|withheld|caught|missed", "33": r"^! |^- |INCONCLUSIVE|unsure",
         "32": r"IMPROVED|better|yes", "1": ""}


def colours(text):
    """[(code, what it colours)]"""
    return re.findall(r"\x1b\[(\d+)m([^\x1b]*)\x1b\[0m", text)


class Width(Command):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.dir.cleanup)
        base = made.write(cls.path("base.json"), made.machine(1, drift=0.05, sd=0.01, warnings=["w" * 20 + " x" * 90]))
        slow = made.write(cls.path("slow.json"), made.machine(21, factor=0.9, drift=0.05, sd=0.01))
        fast = made.write(cls.path("fast.json"), made.machine(31, factor=1.1, drift=0.05, sd=0.01))
        cls.seen = {}
        cls.compare = ("compare", base, slow)
        cls.better = ("compare", base, fast)
        cls.doctor = ("doctor", "--probe", "1ms", "--matrix")
        cls.trace = ("trace", os.path.join(ROOT, "configs", "traces", "nvme-amd-lazy.trace.gz"))
        cls.verify = ("verify", "--layer", "sequence,race", "--engine", "lockless,vtdss/lockless", "--seconds", "100ms",
                      "--threads", "2", "--seed", "7")

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir.name, name)

    def at(self, width, args):
        """What a file gets; run once."""
        if (width, args) not in self.seen:
            self.seen[width, args] = self.iopt(*args, env={**os.environ, "COLUMNS": str(width)}).stdout
        return self.seen[width, args]

    def on_terminal(self, args, width=0, program=IOPT, **env):
        """What a terminal of so many columns gets; 0: one that does not know."""
        try:
            outer, inner = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            self.skipTest(f"no terminal to be had here: {error}")
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        with subprocess.Popen([program, *args], stdin=inner, stdout=inner, stderr=subprocess.DEVNULL,
                              env={**clean, "TERM": "xterm", **env}):
            os.close(inner)
            seen = b""
            try:
                while got := os.read(outer, 65536):
                    seen += got
            except OSError:  # how a pty says that the other end is closed
                pass
        os.close(outer)
        return seen.decode().replace("\r\n", "\n")

    def fits(self, text, width):
        for line in text.split("\n"):
            self.assertLessEqual(len(line), width, line)
            self.assertNotRegex(line, r"[\x00-\x1f]")

    def test_no_line_is_longer(self):
        for args in self.compare, self.doctor, self.trace, self.verify:
            for width in WIDTHS:
                with self.subTest(args=args[0], width=width):
                    text = self.at(width, args)
                    self.assertGreater(text.count("\n"), 8)
                    # a path is one word, and left whole
                    self.fits(text.replace(self.dir.name, "dir"), width)

    def under(self, text, title, row):
        """What stands under the title in the lines that match: right of a blank, from the title's column on
        or up to its end."""
        lines = text.split("\n")
        at = next(i for i, line in enumerate(lines) if title in line)
        left = lines[at].index(title)
        rows = [line for line in lines[at + 1:] if re.match(row, line)]
        self.assertTrue(rows, text)
        for line in rows:
            begins = line[left:left + 1].strip() and not line[left - 1].strip()
            end = left + len(title)
            ends = line[end - 1:end].strip() and not line[end:end + 1].strip()
            self.assertTrue(begins or ends, f"not under '{title}':\n{lines[at]}\n{line}")

    def test_cells_stand_under_their_titles(self):
        for width in WIDTHS:
            text = self.at(width, self.compare)
            for title in "metric", "base", "new", "ratio [95 %]", "margin", "p Holm", "verdict":
                self.under(text[text.index("\n\n"):], title, r"  (throughput|p99_map) ")
            text = self.at(width, self.trace)
            for title in "maps  ", "p50", "p90", "p99", "max":
                self.under(text[text.index("  lifetime"):], title.strip(), r" +(up to \S+|all) +\d")
            text = self.at(width, self.doctor)
            for title in "cpu", "a second", "longest", "time lost":
                self.under(text[text.index("PAUSES"):text.index("CORE")], title, r" +\d+ +[\d,]+ ")
            text = self.at(width, self.verify)
            for title in "LAYER", "ROUNDS", "OPERATIONS", "LOOKUPS", "RESULT":
                self.under(text, title, r"\S+/\S+ +(sequence|race)")

    def test_a_narrow_screen_says_the_same(self):
        for args in self.compare, self.trace:
            words = {width: sorted(self.at(width, args).split()) for width in WIDTHS}
            for width in WIDTHS:
                self.assertEqual(words[width], words[200])

    def test_where_the_width_comes_from(self):
        long = max(len(line) for line in self.at(200, self.compare).split("\n"))
        self.assertGreater(long, 160)
        for width, env, most in ((80, {}, 80), (120, {"COLUMNS": "80"}, 120), (60, {}, 80), (0, {"COLUMNS": "90"}, 90),
                                 (0, {}, 100), (1000, {}, 200)):
            text = CODE.sub("", self.on_terminal(self.compare, width, **env)).replace(self.dir.name, "dir")
            self.fits(text, most)
            self.assertGreater(max(len(line) for line in text.split("\n")), most * 0.8)

    def test_through_a_pipe(self):
        """`| tee` and `| less` end in the window, `> FILE` does not."""
        for columns, env, most in (80, {}, 80), (120, {}, 120), (0, {}, 100), (120, {"COLUMNS": "80"}, 80):
            text = self.on_terminal(("-c", 'exec 2>&0; "$@" | cat', "sh", IOPT, *self.compare), columns, program="sh",
                                    **env)
            self.fits(text.replace(self.dir.name, "dir"), most)
            self.assertGreater(max(map(len, text.split("\n"))), most * 0.8)
        file = self.path("redirected")
        self.on_terminal(("-c", 'exec 2>&0; "$@" >' + file, "sh", IOPT, *self.compare), 80, program="sh")
        with open(file, encoding="utf-8") as f:
            self.assertEqual(f.read(), self.at(100, self.compare))

    def test_colour(self):
        plain = self.at(100, self.compare)
        self.assertNotIn("\x1b", plain)
        for args in self.compare, self.better, self.doctor, self.verify:
            text = self.on_terminal(args, 100)
            spans = colours(text)
            self.assertEqual(len(CODE.findall(text)), 2 * len(spans))
            for code, words in spans:
                self.assertRegex(words, re.compile(WORDS[code], re.M), text)
        self.assertIn(("31", "REGRESSED"), colours(self.on_terminal(self.compare, 100)))
        self.assertIn(("32", "IMPROVED"), colours(self.on_terminal(self.better, 100)))
        self.assertEqual(CODE.sub("", self.on_terminal(self.compare, 100)), plain)
        for env in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
            self.assertEqual(self.on_terminal(self.compare, 100, **env), plain)
        self.assertIn("\x1b", self.on_terminal(self.compare, 100, NO_COLOR=""))  # no-color.org: not empty

    def test_a_run(self):
        run = ("run", "--workload", "private,overlap", "--threads", "2", "--duration", "10ms", "--engines",
               "lockless-2019,mutex-2019", "--quiet")
        text = self.on_terminal(run, 80)
        self.fits(CODE.sub("", text), 80)
        self.assertIn(("1", "4  AUDIT "), colours(text))
        self.assertNotIn("\x1b", self.on_terminal(run, 80, TERM="dumb"))

    def test_a_hostile_result(self):
        """Codes for the terminal in somebody's file stay text."""
        doc = made.machine(1, drift=0.05, sd=0.01, warnings=["red \x1b[31m, and a bell \x07"])
        for case in doc["cases"]:
            case["case_id"] = case["case_id"].replace("private", "pri\x1b[2Jvate")
        doc["host"]["cpu_model"] = "E\x1b]0;title\x07PYC"
        hostile = []
        for second in "05", "06":
            doc["started_utc"] = f"2026-01-02T03:04:{second}Z"
            hostile.append(made.write(self.path(f"hostile{second}.json"), json.dumps(doc)))
        done = self.iopt("compare", *hostile)
        self.assertIn("pri?[2Jvate", done.stdout)
        self.assertNotRegex(done.stdout, r"[\x00-\x09\x0b-\x1f]")


if __name__ == "__main__":
    main()

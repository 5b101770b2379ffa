#!/usr/bin/env python3
"""test_docs_commands.py TOP IOPT: would docs_commands.py notice? A page of planted faults, and one without."""
import os
import sys
import tempfile
import unittest

from docs_commands import Commands

IOPT = os.path.abspath(sys.argv.pop(2))
TOP = os.path.abspath(sys.argv.pop(1))


class Cheap(Commands):
    def measure(self):
        """Something to copy, where nothing reads it."""
        for n in ("1", "2"):
            os.makedirs(self.made + n)


class Planted(unittest.TestCase):
    def problems(self, *fenced):
        found = []
        commands = Cheap(TOP, IOPT, lambda page, line, text: found.append((line, text)))
        with commands.holder:
            commands.page("page.md", list(fenced))
            self.ran = commands.carried_out()
        return found

    def planted(self, says, info, text):
        found = self.problems((7, info, text))
        self.assertEqual([line for line, _ in found], [7], found)
        self.assertRegex(found[0][1], says)

    def test_good(self):
        self.assertEqual(self.problems(
            (1, "ini a.ini", "[a]\nthreads = 1\nworkload = private\n"),
            (2, "sh", "iopt run a.ini --dry-run\niopt list engines | grep -q amdv1\n"),
            (3, "sh not run: wants a machine", "iopt nonsense\n"),
            (4, "", "iopt 0.1.0 says something\n")), [])
        self.assertEqual(self.ran, 2)

    def test_refused(self):
        self.planted("unknown option", "sh", "iopt run --thread 1\n")
        self.planted("no such verb", "sh", "iopt lst\niopt list\n")
        self.planted("exit 64", "sh", "iopt run \\\n  --threads 0\n")

    def test_not_the_last_line(self):
        self.planted("unknown option", "sh", "iopt run --dry-run --thread 1\niopt list iova\n")

    def test_another_program(self):
        self.planted("not found", "sh", "no-such-program\n")

    def test_unmarked(self):
        self.planted("not marked", "", "iopt run --threads 1\n")
        self.planted("want nothing", "sh sometimes", "iopt list\n")
        self.planted("want nothing", "sh not run:", "iopt list\n")

    def test_source(self):
        with open(os.path.join(TOP, "tests/example/engine.patch"), encoding="utf-8") as f:
            patch = f.read()
        self.assertEqual(self.problems((1, "diff tests/example/engine.patch", patch)), [])
        self.planted("is not what", "diff tests/example/engine.patch", patch.replace("ttas", "ttaz", 1))
        self.planted("No such file", "c tests/example/none.h", patch)

    def test_examples(self):
        found = []
        commands = Cheap(TOP, IOPT, lambda page, line, text: found.append(text))
        with commands.holder:
            commands.examples("list", "Examples:\n  iopt list engines\n  iopt list \\\n      engine\n\nMore\n")
            commands.examples("dump", "no such part\n")
        self.assertEqual(len(found), 2, found)
        self.assertIn("did you mean engines", found[0])
        self.assertEqual(found[1], "no example")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as away:
        os.environ["TMPDIR"] = tempfile.tempdir = away
        unittest.main(verbosity=1)

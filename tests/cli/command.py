"""Run iopt and check what a user would see. Used by test_*.py, which get iopt's path as argv[1]."""
import os
import re
import subprocess
import sys
import unittest

IOPT = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "iopt"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


os.environ.pop("COLUMNS", None)  # of the shell that runs the tests


class Command(unittest.TestCase):
    def iopt(self, *args, stdout=subprocess.PIPE, timeout=60, text=True, **more):
        return subprocess.run([IOPT, *args], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, text=text, timeout=timeout, **more)

    def fine(self, *args, **more):
        """Exit 0 and nothing on stderr; returns stdout."""
        done = self.iopt(*args, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def refused(self, code, says, *args, **more):
        """Exit `code`, nothing on stdout, one line on stderr that matches `says`."""
        done = self.iopt(*args, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), (args, done.stderr))
        self.assertRegex(done.stderr, re.compile(says))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr


def main():
    unittest.main(verbosity=1)

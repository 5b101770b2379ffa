"""`iopt dump`: the golden tables byte for byte, and scripts that are none."""
import glob
import os
import subprocess
import sys
import tempfile

from command import ROOT, Command, main

GOLDEN = os.path.join(ROOT, "tests", "data", "golden")
ENGINES = {"classic": ("lockless-2019", "mutex-2019"), "modern": ("amdv1/lockless", "none")}


class Dump(Command):
    def test_golden(self):
        scripts = sorted(glob.glob(os.path.join(GOLDEN, "*.ops")))
        self.assertGreater(len(scripts), 40)
        for script in scripts:
            for suffix, engines in ENGINES.items():
                with open(f"{script[:-4]}.{suffix}", encoding="ascii") as f:
                    want = f.read()
                for engine in engines:
                    with self.subTest(script=script, engine=engine):
                        self.assertEqual(self.fine("dump", script, "--engine", engine), want)

    def test_vtdss(self):
        """What an encoder written from the specification says: stored, and still what it says."""
        maker = os.path.join(GOLDEN, "vtdss", "make.py")
        subprocess.run([sys.executable, maker, "--check"], check=True)

    def test_levels(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ops") as f:
            f.write("map 256T-4K 0 4K 1 3\n")
            f.flush()
            for engine, levels, mode in (("vtdss/lockless", (), 4), ("lockless-intel", ("5",), 5),
                                         ("lockless", (), 4), ("lockless", ("6",), 6)):
                with self.subTest(engine, levels=levels):
                    text = self.fine("dump", f.name, "--engine", engine,
                                     *("--levels=" + n for n in levels))
                    self.assertIn(f"ret 0 mapped 0x1000\n# mode {mode},", text)
            text = self.fine("dump", f.name, "--engine", "vtdss/mutex", "--levels", "3")
            self.assertIn("ret -ERANGE mapped 0x0", text)
            self.refused(64, r"--levels 6: a table of vtdss/mutex has at most 5", "dump", f.name,
                         "--engine", "vtdss/mutex", "--levels", "6")
            self.refused(64, r"--levels wants a value", "dump", f.name, "--levels", "")
            for wrong in ("2", "7", "four"):
                self.refused(64, r"--levels .*want one of auto, 3, 4, 5, 6", "dump", f.name,
                             "--levels", wrong)

    def test_default_is_modern(self):
        script = os.path.join(GOLDEN, "size_4k")
        with open(script + ".modern", encoding="ascii") as f:
            self.assertEqual(self.fine("dump", script + ".ops"), f.read())

    def test_malformed(self):
        for line, says in (("mop 0 0 4K 1 3", "operations are"), ("map 0 0 4K 1", "too few"),
                           ("lookup", "too few"), ("lookup 1 2", "too many"),
                           ("map 0x 0 4K 1 3", "a number is"), ("map 0 0 4Q 1 3", "a number is"),
                           ("map 0 0 4K 4294967296 3", "COUNT"), ("lookup 1\0", "zero byte"),
                           ("unmap 99999999999999999999 4K 1", "a number is")):
            with tempfile.NamedTemporaryFile("w", suffix=".ops") as f:
                f.write(f"# fine\nmap 0 0x1000 4K 1 3\n\n{line}\n")
                f.flush()
                self.refused(65, rf"^iopt dump: {f.name}:4: .*{says}", "dump", f.name)

    def test_refused_operations_are_results(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ops") as f:
            f.write("map 1 0 4K 1 3\nmap 0 0 4K 1 0\nunmap 0 4K 0\nlookup -1\n")
            f.flush()
            text = self.fine("dump", f.name)
        self.assertIn("# 1: map 1 0 4K 1 3 -> ret -EINVAL mapped 0x0", text)
        self.assertIn("# after destroy: pages live 0", text)

    def test_arguments(self):
        self.refused(64, r"wants a FILE", "dump")
        self.refused(65, r"No such file", "dump", "/no/such/file")
        self.refused(65, r"directory", "dump", "/")
        self.refused(64, r"--engin: no such flag; did you mean --engine", "dump", "x", "--engin", "y")
        self.refused(64, r"no engine 'x'", "dump", os.path.join(GOLDEN, "size_4k.ops"),
                     "--engine", "x")
        self.refused(64, r"is a ruler", "dump", os.path.join(GOLDEN, "size_4k.ops"),
                     "--engine", "null")


if __name__ == "__main__":
    main()

"""Interrupts: what is valid is kept, soon; closed and full outputs."""
import os
import signal
import subprocess
import time

from command import IOPT, main
from processes import pinned
from result import Results

LONG = ("run", "--engines", "lockless-2019,mutex-2019", "--workload", "private,churn",
        "--threads", "1", "--duration", "30s", "--progress", "never")


class Stop(Results):
    def interrupted(self, number, *args):
        out = self.directory()
        with subprocess.Popen([IOPT, *LONG, *args, "--out", out], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            try:
                pinned(child.pid, 1)
                time.sleep(1.5)  # past calibration
                asked = time.monotonic()
                child.send_signal(number)
                stdout, stderr = child.communicate(timeout=20)
                took = time.monotonic() - asked
            finally:
                child.kill()
        return child.returncode, stdout, stderr, took, out

    def kept(self, *interrupt):
        code, stdout, stderr, took, out = self.interrupted(*interrupt)
        self.assertEqual((code, stderr), (130, ""))
        self.assertLess(took, 5)  # two seconds on a machine that is not busy
        self.assertIn("! incomplete: ", stdout)
        doc = self.read(out)
        self.assertIs(doc["complete"], False)
        self.assertEqual({c["workload"] for c in doc["cases"]}, {"private"})
        for case in doc["cases"]:
            self.assertTrue(case["slices"], case["case_id"])
        return doc

    def test_interrupt(self):
        self.kept(signal.SIGINT)

    def test_terminate(self):
        self.kept(signal.SIGTERM)

    def test_processes(self):
        doc = self.kept(signal.SIGINT, "--processes", "2")
        self.assertEqual({s["process"] for c in doc["cases"] for s in c["slices"]}, {0})


class Closed(Results):
    QUICK = ("run", "--engines", "lockless", "--threads", "1", "--duration", "0.1s", "--quiet")

    def test_full(self):
        for args in (self.QUICK, (*self.QUICK, "--format", "json"), (*self.QUICK, "--format", "csv"),
                     ("run", "--dry-run"), ("run", "--help"), ("topo",), ("list",), ("version",),
                     ("trace", "net-amd-strict")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = self.iopt(*args, stdout=full)
            self.assertEqual(done.returncode, 74, args)
            self.assertIn("cannot write to stdout", done.stderr)

    def test_full_keeps_files(self):
        out = self.directory()
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = self.iopt(*self.QUICK, "--out", out, stdout=full)
        self.assertEqual(done.returncode, 74)
        self.assertIs(self.read(out)["complete"], True)

    def test_pipe_without_reader(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            self.assertEqual(self.iopt(*self.QUICK, stdout=pipe).returncode, 74)


if __name__ == "__main__":
    main()

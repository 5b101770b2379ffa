"""Interrupts: what is valid is kept, soon, and a second one ends it at once."""
import os
import signal
import subprocess
import time

from command import IOPT, main
from result import Results

LONG = ("run", "--engines", "lockless-2019,mutex-2019", "--workload", "private,churn",
        "--threads", "1", "--duration", "30s")


class Stop(Results):
    def interrupted(self, number, *args, times=1):
        out = self.directory()
        with subprocess.Popen([IOPT, *LONG, *args, "--out", out], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            try:
                time.sleep(1.5)
                asked = time.monotonic()
                for _ in range(times):
                    child.send_signal(number)
                    time.sleep(0.01 if times > 1 else 0)
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

    def test_twice(self):
        slow = ("--slice", "5s", "--duration", "60s")
        args = [a for a in LONG if a not in ("--duration", "30s")]
        with subprocess.Popen([IOPT, *args, *slow], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            try:
                time.sleep(1.5)
                child.send_signal(signal.SIGINT)
                time.sleep(0.3)
                self.assertIsNone(child.poll(), "a slice of 5 s was not finished")
                child.send_signal(signal.SIGINT)
                child.communicate(timeout=2)
            finally:
                child.kill()
        self.assertEqual(child.returncode, -signal.SIGINT)


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

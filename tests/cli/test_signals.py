"""A signal in any phase: what is there is valid, no file is left half done, no process behind."""
import fcntl
import os
import signal
import subprocess
import time
import unittest

from command import IOPT, main
from processes import alive, blocked
from result import Results, parse

SHORT = ("--engines", "lockless-2019,mutex", "--workload", "private,cursor", "--threads", "1",
         "--quiet")
LASTS = ("--duration", "0.2s")
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STARTING = 0.1  # s: until then the handlers may not be there yet


class Phases(Results):
    def signalled(self, number, after, *args, out=None, stdout=subprocess.PIPE):
        """Exit code and stderr of a run in a session of its own, which nobody of may outlive it."""
        out = out or self.directory()
        with subprocess.Popen([IOPT, "run", *args, "--out", out], stdin=subprocess.DEVNULL,
                              stdout=stdout, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as child:
            try:
                time.sleep(after)
                child.send_signal(number)
                _, stderr = child.communicate(timeout=30)
                self.assertEqual(alive(child.pid), [])
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
        return child.returncode, stderr, out

    def sweep(self, delays, *args):
        """The delays fall into plan, opening, calibration, measuring, audit and writing."""
        codes = []
        for i, after in enumerate(delays):
            number = STOPS[i % len(STOPS)]
            code, stderr, out = self.signalled(number, after, *SHORT, *LASTS, *args)
            codes.append(code)
            with self.subTest(signal=number, after=after, code=code):
                if code == -number and after < STARTING:
                    self.assertFalse(os.path.isdir(out) and os.listdir(out))
                    continue
                self.assertIn(code, (0, 130))
                self.assertEqual(stderr, "")
                self.assertIs(self.read(out)["complete"], code == 0)
        self.assertIn(130, codes)

    def test_one_process(self):
        self.sweep((0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2))

    def test_processes(self):
        self.sweep((0.4, 0.6, 0.8, 1.0, 1.2), "--processes", "3")

    def test_ignored(self):
        """nohup: what is ignored stays ignored."""
        was = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            code, stderr, out = self.signalled(signal.SIGHUP, 0.6, *SHORT, *LASTS)
        finally:
            signal.signal(signal.SIGHUP, was)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIs(self.read(out)["complete"], True)

    def unread(self):
        """A run that has measured, and waits for somebody to read the document."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, 1031, 65536)  # F_SETPIPE_SZ: what it is unless pages are large
        args = ("--engines", "lockless,mutex", "--workload", "private", "--threads", "1",
                "--slice", "1ms", "--warmup", "0.1ms", "--duration", "0.8s", "--quiet",
                "--format", "json")
        child = subprocess.Popen([IOPT, "run", *args], stdin=subprocess.DEVNULL, stdout=writer,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        os.close(writer)
        pipe = os.fdopen(reader, encoding="utf-8")
        self.addCleanup(pipe.close)
        blocked(pipe)
        return child, pipe

    def test_slow_reader(self):
        """Interrupted while stdout is full: all of the document is written, when it can be."""
        child, pipe = self.unread()
        child.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        self.sound(parse(pipe.read()))
        self.assertEqual((child.wait(timeout=20), child.stderr.read()), (0, ""))

    def test_twice(self):
        """The second of a kind ends it at once."""
        child, _ = self.unread()
        child.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=5), -signal.SIGINT)

    def test_parent_killed(self):
        """Its child goes with it."""
        with subprocess.Popen([IOPT, "run", *SHORT, "--processes", "2", "--duration=20s"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True) as child:
            time.sleep(1)
            child.kill()
            child.wait(timeout=5)
            for _ in range(100):
                if not alive(child.pid):
                    return
                time.sleep(0.02)
            os.killpg(child.pid, signal.SIGKILL)
            self.fail("a child outlived its parent")


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()

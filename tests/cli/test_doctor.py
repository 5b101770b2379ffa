"""`iopt doctor`: complaints are exit 14, what it prints is what its JSON has, and `run` says one line."""
import json
import os
import tempfile

from command import Command, main

NAMES = ("governor boost smt thp numa_balancing clocksource clock timer hiccups steal load irqs isolated "
         "cpuset cpu_quota memory_limit memory swap locked_memory mbind move_pages aslr pmu "
         "hypervisor").split()
SHORT = ("--engines", "lockless", "--workload", "private", "--duration", "20ms", "--threads", "1", "--quiet")


class Doctor(Command):
    def doctor(self, *args, **more):
        """Exit 0 or 14, whichever the complaints say."""
        done = self.iopt("doctor", "--format", "json", *args, **more)
        self.assertEqual(done.stderr, "")
        doc = json.loads(done.stdout)
        verdicts = [c["verdict"] for c in doc["checks"]]
        self.assertEqual(doc["complaints"], verdicts.count("complaint"))
        self.assertEqual(doc["notes"], verdicts.count("note"))
        self.assertEqual(done.returncode, 14 if doc["complaints"] else 0)
        return doc

    def test_json(self):
        doc = self.doctor("--probe", "50ms", "--matrix")
        self.assertEqual([c["name"] for c in doc["checks"]], NAMES)
        for check in doc["checks"]:
            self.assertEqual(check["verdict"] in ("note", "complaint"), check["remedy"] is not None, check)
            self.assertTrue(check["found"] and check["why"] and check["complains_when"])
        allowed = sorted(os.sched_getaffinity(0))
        self.assertEqual([c["cpu"] for c in doc["probe"]["cpus"]], allowed)
        for cpu in doc["probe"]["cpus"]:
            self.assertGreaterEqual(cpu["duration_ns"], 50e6)
            self.assertLessEqual(cpu["gaps_of_1ms"], cpu["gaps"])
        n = len(doc["matrix"]["cpus"])
        trips = doc["matrix"]["round_trip_ns"]
        self.assertEqual([len(row) for row in trips], [n] * n)
        for i in range(n):
            self.assertIsNone(trips[i][i])
            for j in range(n):
                self.assertEqual(trips[i][j], trips[j][i])

    def test_nothing_measured(self):
        doc = self.doctor("--probe", "0")
        self.assertIsNone(doc["probe"])
        self.assertIsNone(doc["matrix"])
        self.assertEqual({c["verdict"] for c in doc["checks"] if c["name"] in ("hiccups", "irqs")}, {"unknown"})

    def test_text(self):
        done = self.iopt("doctor", "--probe", "20ms", "--matrix=all", env=dict(os.environ, NO_COLOR="1"))
        self.assertIn(done.returncode, (0, 14), done.stderr)
        self.assertEqual(done.stderr, "")
        for name in NAMES:
            self.assertRegex(done.stdout, rf"(?m)^[ ?!-] {name} ")
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)
        self.assertRegex(done.stdout, r"(?m)^PAUSES .* on \d+ CPU")
        self.assertIn("CORE TO CORE", done.stdout)
        found = [line for line in done.stdout.splitlines() if line.startswith("! ")]
        self.assertRegex(done.stdout, rf"\n{len(found)} complaint.*: {'a measurement' if found else 'nothing'}")
        self.assertEqual(done.returncode, 14 if found else 0)

    def test_clock(self):
        """Planted: the user's own choice of a clock is a note with the variable's name."""
        doc = self.doctor("--probe", "0", env=dict(os.environ, IOPT_CLOCK="clock_gettime"))
        clock = next(c for c in doc["checks"] if c["name"] == "clock")
        self.assertEqual(clock["verdict"], "note")
        self.assertIn("IOPT_CLOCK", clock["found"])
        self.assertEqual(doc["clock"]["source"], "clock_gettime")

    def test_aslr(self):
        """Planted: a process that asked for no randomisation says so."""
        done = self.iopt("doctor", "--probe", "0", "--format", "json",
                         preexec_fn=lambda: libc_personality(0x0040000))
        aslr = next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "aslr")
        if not libc_personality.worked:
            self.skipTest("personality is refused here")
        self.assertEqual(aslr["verdict"], "note")

    def test_run_says_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            done = self.iopt("run", *SHORT, "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(os.path.join(out, "result.json"), encoding="utf-8") as f:
                warnings = json.load(f)["warnings"]
        shown = [line for line in done.stdout.splitlines() if line.startswith("! ")]
        self.assertLessEqual(len(shown), 1 + len([w for w in warnings if "clock_gettime instead" in w]), shown)
        doc = self.doctor("--probe", "0")
        for check in doc["checks"]:  # what does not change from one moment to the next is in the file
            if check["verdict"] in ("note", "complaint") and check["name"] not in ("load", "steal", "memory"):
                self.assertTrue(any(w.startswith(check["found"] + " (") for w in warnings),
                                (check, warnings))

    def test_refused(self):
        self.refused(64, r"--probe 2: want a time", "doctor", "--probe", "2")
        self.refused(64, r"--probe 2h|--probe 5m: want", "doctor", "--probe", "5m")
        self.refused(64, r"--matrix most: want one of none, few, all", "doctor", "--matrix=most")
        self.refused(64, r"--topology: no such flag", "doctor", "--topology", "pack:2")
        self.refused(64, r"one argument too many", "doctor", "here")
        self.refused(64, r"after -- are for --calibrate", "doctor", "--", "--threads", "2")
        self.refused(64, r"--trials is for --calibrate", "doctor", "--trials", "60")
        self.refused(64, r"leave --matrix out", "doctor", "--calibrate", "--matrix")
        self.refused(64, r"--trials 5: want 30 to", "doctor", "--calibrate", "--trials", "5")
        self.assertIn("iopt doctor", self.fine("doctor", "--help"))

    def test_calibrate_asks_run_first(self):
        """Options that `run` refuses are refused before a minute is spent, and nothing is kept."""
        with tempfile.TemporaryDirectory() as folder:
            done = self.iopt("doctor", "--calibrate", "--", "--workload", "nosuch",
                             env=dict(os.environ, XDG_DATA_HOME=folder))
            self.assertEqual((done.returncode, done.stdout), (64, ""))
            self.assertRegex(done.stderr, r"--workload nosuch: no such workload")
            self.assertEqual(os.listdir(folder), [])


def libc_personality(persona):
    import ctypes
    return ctypes.CDLL(None).personality(persona)


def personality_works():
    """In a child: a filter of system calls may refuse it."""
    pid = os.fork()
    if not pid:
        os._exit(0 if libc_personality(0x0040000) != -1 else 1)
    return os.waitpid(pid, 0)[1] == 0


libc_personality.worked = personality_works()

if __name__ == "__main__":
    main()

"""Two builds by turns: order, seeds, looks, exit codes, and nothing left behind."""
import json
import os
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import fake_build
from command import IOPT, main
from processes import alive
from result import Results, parse, two_cpus

SANITIZED = bool(os.environ.get("IOPT_SANITIZE"))
RUN = ("--engines", "lockless", "--workload", "private", "--threads", "1", "--duration", "30ms",
       "--slice", "1ms", "--warmup", "0.1ms", "--quiet")


class Duets(Results):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        out = os.path.join(cls.kept.name, "out")
        subprocess.run([IOPT, "run", *RUN, "--out", out], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "result.json"), encoding="utf-8") as f:
            doc = fake_build.cut(parse(f.read()))
        doc["warnings"] = ["load is 1.5 on 2 CPUs, others run beside us: stop them or wait"]
        cls.template = os.path.join(cls.kept.name, "template.json")
        with open(cls.template, "w", encoding="utf-8") as f:
            json.dump(doc, f)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.work = work.name
        self.log = os.path.join(self.work, "log")
        self.temporary = os.path.join(self.work, "tmp")
        self.verdict_file = os.path.join(self.work, "verdict.json")
        os.mkdir(self.temporary)
        self.environment = dict(os.environ, TMPDIR=self.temporary,
                                XDG_DATA_HOME=os.path.join(self.work, "data"))

    def build(self, name, **more):
        return fake_build.make(self.work, name, self.template, self.log, **more)

    def command(self, old, new, *args, rest=("--workload", "private")):
        return ("compare", "--old", old, "--new", new, "--verdict", self.verdict_file, *args, "--",
                *rest)

    def forget(self):
        for path in (self.log, self.verdict_file):
            if os.path.exists(path):
                os.remove(path)

    def duet(self, old, new, *args, **more):
        self.forget()
        return self.iopt(*self.command(old, new, *args, **more), env=self.environment)

    def judged(self, code, old, new, *args, **more):
        """Exit `code`, silent, nothing left behind; the verdict, and what the builds logged."""
        done = self.duet(old, new, *args, **more)
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        return self.verdict(), self.started()

    def failed(self, code, says, old, new, *args, **more):
        """Exit `code` and one line; no verdict, nothing left behind."""
        done = self.duet(old, new, *args, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, says)
        self.assertEqual(os.listdir(self.temporary), [])
        self.assertFalse(os.path.exists(self.verdict_file))
        return done.stderr

    def verdict(self):
        self.assertEqual(os.listdir(self.temporary), [])
        with open(self.verdict_file, encoding="utf-8") as f:
            return parse(f.read())

    def started(self):
        try:
            with open(self.log, encoding="utf-8") as f:
                return [json.loads(line) for line in f]
        except FileNotFoundError:
            return []

    def throughput(self, doc):
        return next(row for row in doc["rows"] if row["name"] == "throughput" and row["gated"])


class Looks(Duets):
    def test_equal(self):
        """OK at the first look. Base first, then new first; a seed a pair."""
        doc, log = self.judged(0, self.build("base"), self.build("new"), "--gate", "throughput")
        self.assertEqual((doc["verdict"], doc["pairs"], doc["complete"]), ("OK", 12, True))
        self.assertEqual([name for name, *_ in log], ["base", "new", "new", "base"] * 6)
        self.assertEqual([seed for _, seed, _ in log], [1 + i // 2 for i in range(24)])
        self.assertEqual(doc["design"], "builds")
        self.assertEqual((doc["base"]["commit"], doc["new"]["commit"]), ("base", "new"))
        self.assertEqual(doc["new"]["path"], os.path.join(self.work, "new"))

    def test_arguments(self):
        """Exactly those that were given, and what a comparison sets."""
        rest = ("--workload", "private", "--engines=lockless", "job.ini")
        _, log = self.judged(0, self.build("base"), self.build("new"), "--gate", "throughput",
                             "--pairs", "6", "--seed", "77", rest=rest)
        for _, seed, argv in log:
            self.assertEqual(argv[:5], ["run", *rest])
            self.assertEqual(argv[5:-1],
                             ["--processes", "1", "--quiet", "--seed", str(seed), "--out"])
        self.assertEqual(log[0][1], 77)

    def test_default_arguments(self):
        _, log = self.judged(0, self.build("base"), self.build("new"), "--gate", "throughput",
                             "--pairs", "6", rest=())
        self.assertIn("private,cursor", log[0][2])

    def test_regressed(self):
        doc, log = self.judged(10, self.build("base", noise=0.01),
                               self.build("new", noise=0.01, factor=0.9), "--pairs", "8..16")
        self.assertEqual((doc["verdict"], len(log)), ("REGRESSED", 16))
        self.assertAlmostEqual(self.throughput(doc)["ratio"], 0.9, delta=0.02)

    def test_improved(self):
        doc, log = self.judged(0, self.build("base"), self.build("new", factor=1.2),
                               "--gate", "throughput", "--pairs", "8..16")
        self.assertEqual((doc["verdict"], len(log)), ("IMPROVED", 16))

    def test_noisy(self):
        """Every look is taken, all data are kept, and the verdict is that there is none."""
        doc, log = self.judged(11, self.build("base", noise=0.3), self.build("new", noise=0.3),
                               "--pairs", "6..15", "--gate", "throughput")
        self.assertEqual((doc["verdict"], doc["pairs"], len(log)), ("INCONCLUSIVE", 15, 30))
        self.assertEqual(self.throughput(doc)["pairs"], 15)
        self.assertEqual(doc["looks"], 3)
        self.assertLess(doc["alpha"], 0.03)
        self.assertTrue(any("looks at 6, 12, 15 pairs, 3 taken" in note for note in doc["notes"]))

    def test_later_look(self):
        """Noise in the first pairs only: the second look, with all the data, is clear."""
        wild = {str(n): f"SIDE['noise'] = 0.2; seed += {n}" for n in range(1, 4)}
        doc, log = self.judged(0, self.build("base", does=wild), self.build("new", does=wild),
                               "--pairs", "6..30", "--gate", "throughput")
        self.assertEqual(doc["verdict"], "OK")
        self.assertGreater(len(log), 12)
        self.assertLess(len(log), 60)
        self.assertEqual(self.throughput(doc)["pairs"], len(log) // 2)

    def test_warn_only(self):
        doc, _ = self.judged(0, self.build("base"), self.build("new", factor=0.5), "--warn-only",
                             "--pairs", "8", "--gate", "throughput")
        self.assertEqual((doc["verdict"], doc["exit_code"]), ("REGRESSED", 10))

    def test_same_words_once(self):
        """A dozen processes warn of the load, each with its own figure."""
        warns = {"always": "SIDE['doc'] = {'warnings': ['load is %.1f on 2 CPUs' % (seed / 7)]}"}
        doc, _ = self.judged(0, self.build("base", does=warns), self.build("new", does=warns),
                             "--gate", "throughput", "--pairs", "6")
        self.assertLessEqual(sum("load is" in note for note in doc["notes"]), 2)

    def test_other_flags(self):
        """Two builds may differ in how they were built: a note."""
        doc, _ = self.judged(0, self.build("base"), self.build("new", flags="-O3"), "--pairs", "6",
                             "--gate", "throughput")
        self.assertIn("flags: -O3, was -O2", doc["notes"])

    def test_keep(self):
        kept = os.path.join(self.work, "kept")
        args = (self.build("base"), self.build("new"), "--pairs", "6", "--keep", kept, "--gate",
                "throughput")
        self.judged(0, *args)
        self.assertEqual(sorted(os.listdir(kept)),
                         sorted(f"{pair:04}-{side}" for pair in range(1, 7) for side in "ab"))
        for name in os.listdir(kept):
            with open(os.path.join(kept, name, "result.json"), encoding="utf-8") as f:
                doc = json.load(f)
            self.assertEqual((doc["seed"], doc["host"]["commit"]),
                             (int(name[:4]), {"a": "base", "b": "new"}[name[-1]]))
        self.failed(73, "--keep: .*0001-a is there already", *args)


class Failures(Duets):
    """What a build does wrong, whose it was, and in whose words."""

    def wrong(self, code, says, does, **more):
        self.failed(code, "new build .*" + says, self.build("base"),
                    self.build("new", does={"3": does}, **more))
        self.assertEqual([name for name, *_ in self.started()].count("new"), 3)

    def test_refuses(self):
        said = self.failed(64, "base build .*refuses its arguments: iopt run: --wrkload: no such",
                           self.build("base", does={
                               "1": "sys.stderr.write('iopt run: --wrkload: no such'); sys.exit(64)"
                           }), self.build("new"))
        self.assertEqual(said.count("\n"), 1)
        self.assertEqual(len(self.started()), 1)

    def test_exit_codes(self):
        for code, expected in ((1, 70), (65, 65), (69, 69), (70, 70), (74, 74), (127, 69)):
            with self.subTest(code):
                self.failed(expected, f"new build .*exit code {code}: alas", self.build("base"),
                            self.build("new", does={"1": "sys.stderr.write('alas');"
                                                    f"sys.exit({code})"}))

    def test_killed(self):
        self.wrong(70, "killed by signal 11", "os.kill(os.getpid(), 11)")

    def test_many_words(self):
        """All lines of it are passed on, within bounds, and without a deadlock."""
        self.failed(70, "the new build says:\nfirst\nsecond(.|\n)*exit code 3: first",
                    self.build("base"), self.build("new", does={
                        "1": "sys.stderr.write('first\\nsecond\\n' + 'x' * 300000); sys.exit(3)"}))

    def test_words_are_bounded(self):
        done = self.duet(self.build("base"), self.build("new", does={
            "1": "sys.stderr.write('y\\n' * 300000); sys.exit(3)"}))
        self.assertLess(len(done.stderr), 10000)

    def test_stdout_is_not_ours(self):
        """What builds print does not reach whoever reads the verdict."""
        chatty = {"always": "print('z' * 100000)"}
        done = self.duet(self.build("base", does=chatty), self.build("new", does=chatty), "--pairs",
                         "6", "--format", "json", "--gate", "throughput")
        self.assertEqual(parse(done.stdout)["verdict"], "OK")

    def test_no_result(self):
        self.wrong(65, "left no result", "sys.exit(0)")
        self.failed(65, "base build /bin/true left no result", "/bin/true", "/bin/true")

    def test_garbage(self):
        self.wrong(65, "left no result that can be read",
                   "open(out + '/result.json', 'w').write('{\"schema\": '); sys.exit(0)")

    def test_untidy(self):
        """Whatever it leaves in its directory goes."""
        mess = {"always": "os.makedirs(out + '/a/b/c'); open(out + '/a/b/x', 'w').close();"
                          "os.symlink('/', out + '/link')"}
        self.judged(0, self.build("base", does=mess), self.build("new"), "--pairs", "6", "--gate",
                    "throughput")

    def test_audit(self):
        """A failed audit outranks everything, and ends it."""
        bad = {"3": "SIDE['case'] = {'verified': False}; SIDE['exit'] = 13"}
        doc, log = self.judged(13, self.build("base"), self.build("new", does=bad))
        self.assertEqual((doc["verdict"], len(log)), ("UNVERIFIED", 6))

    def test_untrusted(self):
        bad = {"1": "doc_ = json.load(open(SIDE['template'])); doc_['audit']['lost_pinning'] = True;"
                    "SIDE['doc'] = {'audit': doc_['audit']}; SIDE['exit'] = 14"}
        doc, log = self.judged(14, self.build("base"), self.build("new", does=bad))
        self.assertEqual((doc["verdict"], len(log)), ("UNTRUSTED", 2))

    def test_untrusted_without_a_result(self):
        self.wrong(14, "exit code 14: alas", "sys.stderr.write('alas'); sys.exit(14)")

    def test_not_there(self):
        base = self.build("base")
        with open(os.path.join(self.work, "text"), "w", encoding="utf-8") as f:
            f.write("no program\n")
        for path, says in (("/nowhere/iopt", "No such file"), (self.work, "is no program"),
                           (f.name, "Permission denied.*chmod")):
            with self.subTest(path):
                self.failed(64, "new build .*" + says, base, path)
                self.assertEqual(self.started(), [])
                self.failed(64, "base build .*" + says, path, base)
                self.assertEqual(self.started(), [])
        os.chmod(f.name, stat.S_IRWXU)
        self.failed(69, "base build .*Exec format error", f.name, base)

    def test_no_room(self):
        self.environment["TMPDIR"] = os.path.join(self.work, "nowhere")
        done = self.duet(self.build("base"), self.build("new"))
        self.assertEqual(done.returncode, 73)
        self.assertRegex(done.stderr, "nowhere.*set TMPDIR")

    def test_ours(self):
        """What a comparison sets cannot be asked of run."""
        for flag in ("--processes=2", "--out=x", "--format", "--resume", "--dry-run", "--seed=3",
                     "--topology", "--help"):
            with self.subTest(flag):
                self.failed(64, flag.split("=", maxsplit=1)[0] + " after `--`", self.build("base"),
                            self.build("new"), rest=("--workload", "private", flag))
                self.assertEqual(self.started(), [])

    def test_forced(self):
        for more in ({"forced": True}, {"unowned": True}):
            with self.subTest(more):
                self.failed(64, "never a gate", self.build("base", case=more),
                            self.build("new", case=more))
                self.assertEqual(len(self.started()), 1)


class Interrupts(Duets):
    HANG = "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)"
    STOP = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); time.sleep(100)"

    def interrupted(self, does, *signals, nth=8):
        """The nth start of the new build waits for signals; all of them go to compare."""
        with subprocess.Popen([IOPT, *self.command(self.build("base"),
                                                   self.build("new", does={str(nth): does}))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=self.environment,
                              start_new_session=True) as child:
            try:
                end = time.monotonic() + 30
                while [name for name, *_ in self.started()].count("new") < nth:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.02)
                for number in signals:
                    time.sleep(0.2)
                    child.send_signal(number)
                out, stderr = child.communicate(timeout=20)
                self.assertEqual(alive(child.pid), [])
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
        self.assertEqual(child.returncode, 130, stderr)
        return out, stderr, self.verdict()

    def test_once(self):
        for number in (signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                out, stderr, doc = self.interrupted(self.STOP, number)
                self.assertEqual((stderr, doc["complete"], doc["pairs"]), ("", False, 7))
                self.assertEqual((doc["verdict"], doc["exit_code"]), ("INCONCLUSIVE", 11))
                self.assertIn("interrupted after 7 of at least 12 pairs", out)
                self.forget()

    def test_twice(self):
        """A build that does not stop is killed by the second, and cleared away after."""
        _, _, doc = self.interrupted(self.HANG, signal.SIGINT, signal.SIGINT)
        self.assertEqual((doc["complete"], doc["pairs"]), (False, 7))

    def test_before_the_first_pair(self):
        _, stderr, doc = self.interrupted(self.STOP, signal.SIGTERM, nth=1)
        self.assertEqual((doc["complete"], doc["pairs"], doc["rows"]), (False, 0, []))
        self.assertIn("interrupted before the first pair", stderr)


class SelfTest(Duets):
    """The real thing. Whether this machine passes is its business; what is said must add up."""

    def proof(self, *args, code=None):
        done = self.iopt("compare", "--self-test", "--short", "--verdict", self.verdict_file, *args,
                         env=self.environment, timeout=110)
        self.assertEqual(done.stderr, "")
        doc = self.verdict()
        self.assertEqual(done.returncode, 0 if doc["proven"] else 14)
        self.assertIn("PROVEN" if doc["proven"] else "NOT PROVEN", done.stdout)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout)
        return doc, done.stdout

    def adds_up(self, doc, out):
        for kind in ("slow", "same", "waste"):
            goal, of_kind = doc[kind], [t for t in doc["trials"] if t["kind"] == kind]
            self.assertEqual(goal["done"], len(of_kind))
            self.assertEqual(goal["right"], sum(t["right"] for t in of_kind))
        for trial in doc["trials"]:
            flagged = trial["verdict"] in ("REGRESSED", "IMPROVED")
            if trial["kind"] == "slow":
                self.assertEqual(trial["right"], (trial["verdict"], trial["metric"]) ==
                                 ("REGRESSED", "throughput"))
            if trial["kind"] == "same":
                self.assertEqual(trial["right"], not flagged)
        self.assertEqual(doc["proven"], all(doc[kind]["right"] >= doc[kind]["needed"]
                                            for kind in ("slow", "same", "waste")))
        self.assertEqual(out.count(" pairs of processes"), 1)

    @unittest.skipIf(SANITIZED, "no timings under a sanitizer")
    @two_cpus
    def test_fires(self):
        """Ten times slower: seen on the busiest of machines."""
        doc, out = self.proof("--tries", "1", "--handicap-by", "900%", "--pairs", "6",
                              "--gate", "throughput,waste", "--", "--engines",
                              "lockless", "--workload", "private", "--threads", "1", "--duration",
                              "50ms", "--slice", "2ms", "--warmup", "0.2ms")
        self.adds_up(doc, out)
        slow = next(t for t in doc["trials"] if t["kind"] == "slow")
        self.assertEqual(slow["verdict"], "REGRESSED", out)
        self.assertLess(slow["ratio_hi"], 0.97)

    def test_refused(self):
        self.refused(64, "--handicap-by 2%: must be more than the 3 %", "compare", "--self-test",
                     "--handicap-by", "2%")
        self.refused(64, "prints text or json", "compare", "--self-test", "--format", "md")
        self.refused(64, "--tries goes with --self-test", "compare", "--tries", "3", "--old", "a",
                     "--new", "b", "--")
        self.refused(64, "--keep goes with --old", "compare", "--self-test", "--keep", "x")


if __name__ == "__main__":
    main()

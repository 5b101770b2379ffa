"""Verbs, help, flags and job files: exit codes and messages."""
import os
import re
import tempfile

from command import ROOT, Command, main

VERBS = ["run", "topo", "dump", "trace", "list", "version"]


class Verbs(Command):
    def test_bare(self):
        done = self.iopt()
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("usage: iopt VERB", done.stderr)

    def test_help(self):
        for args in (["--help"], ["-h"], ["help"]):
            text = self.fine(*args)
            for verb in VERBS:
                self.assertRegex(text, rf"(?m)^  {verb} ")

    def test_help_of_each_verb(self):
        for verb in VERBS:
            text = self.fine(verb, "--help")
            self.assertRegex(text, rf"^[Uu]sage: iopt {verb}\b")
            self.assertRegex(text, rf"(?s)Examples?:.*iopt {verb}")
            self.assertEqual(self.fine("help", verb), text)

    def test_unknown(self):
        self.refused(64, r"^iopt: rnu: no such verb; did you mean run\?", "rnu")
        self.refused(64, r"^iopt: verison: .*did you mean version\?", "verison")
        self.refused(64, r"^iopt: xyzzy: no such verb \(", "xyzzy")
        self.refused(64, r"^iopt: : no such verb", "")
        self.refused(64, r"no such verb", "help", "xyzzy")

    def test_version(self):
        text = self.fine("version")
        self.assertRegex(text, r"^iopt \d+\.\d+\.\d+")
        for name in ("commit", "compiler", "flags", "hwloc", "jansson", "zlib"):
            self.assertRegex(text, rf"(?m)^{name} +\S")
        self.assertEqual(self.fine("--version"), text)
        self.refused(64, r"^iopt version: now: takes no argument", "version", "now")


class List(Command):
    def test_engines(self):
        text = self.fine("list", "engines")
        for name in ("amdv1/null", "amdv1/limit", "amdv1/lockless-2019", "amdv1/mutex-2019",
                     "amdv1/spin-2019", "amdv1/lockless"):
            self.assertRegex(text, rf"(?m)^  {name} ")

    def test_workloads(self):
        text = self.fine("list", "workloads")
        for name in ("private", "adjacent", "cursor", "cold", "rendezvous", "convoy", "grow",
                     "churn", "overlap", "replay:FILE"):
            self.assertRegex(text, rf"(?m)^  {name} +\w")

    def test_options(self):
        text = self.fine("list", "options")
        for name in ("node-rr", "interleave", "ahead", "stray-leaf"):
            self.assertRegex(text, rf"(?m)^  {name} +\w")
        rows = re.findall(r"(?m)^  --([\w-]+)( \S+)?", self.fine("run", "--help"))
        self.assertGreater(len(rows), 45)
        first = text.split("\n\n")[0]  # that is where people look
        for name, metavar in rows:
            self.assertRegex(first, rf"(?m)^  {name}{re.escape(metavar)}(  +|\n +)\w", name)
        for default in re.findall(r"\[[^\[\]]*\bdefault [^\]]+\]", self.fine("run", "--help")):
            self.assertIn(" ".join(default.split()), " ".join(first.split()))

    def test_mutants(self):
        text = self.fine("list", "mutants")
        for name, engine in (("b1-unlocked-growth", "lockless-2019"), ("no-grace", "lockless")):
            self.assertRegex(text, rf"(?m)^  {name} +{engine} +\w")

    def test_all(self):
        self.assertEqual(self.fine("list"), "\n".join(
            self.fine("list", topic) for topic in ("engines", "workloads", "options", "iova", "presets",
                                                   "traces", "metrics", "mutants")))

    def test_refused(self):
        self.refused(64, r"^iopt list: engine: .*did you mean engines\?", "list", "engine")
        self.refused(64, r"^iopt list: --all: no such flag", "list", "--all")
        self.refused(64, r"one argument too many", "list", "engines", "workloads")


class Run(Command):
    def test_flags(self):
        for says, *args in (
                (r"^iopt run: --threads 0: must be 1\.\.1024$", "--threads", "0"),
                (r"--thread: unknown option; did you mean --threads\?", "--thread", "1"),
                (r"--time: unknown option; did you mean --duration\?", "--time", "3s"),
                (r"--json: unknown option; did you mean --format\?", "--json"),
                (r"--runs: unknown option; did you mean --processes\?", "--runs=5"),
                (r"did you mean lockless-2019\?", "--engines", "lockles-2019"),
                (r"--think 5: not a duration with its unit", "--think", "5"),
                (r"--threads: needs a value", "--threads"),
                (r"--threads: given twice", "--threads", "1", "--threads=2"),
                (r"--batch 1: in the list twice", "--batch", "1,1"),
                (r"--place nowhere: .*compact", "--place", "nowhere"),
                (r"add --workload overlap", "--range", "64K"),
                (r"add --dry-run", "--topology", "pu:4")):
            self.refused(64, says, "run", *args)

    def test_broken_job_files(self):
        for code, says, content in (
                (64, r"job.ini:2: threads = 0: must be 1", b"[a]\nthreads = 0\n"),
                (64, r"job.ini:2: thread: unknown option; did you mean threads\?",
                 b"[a]\nthread = 1\n"),
                (65, r"job.ini:1: neither \[section\]", b"threads 1\n"),
                (65, r"job.ini:1: no job", b""),
                (65, r"job.ini: binary", b"\x7fELF\0\0\0"),
                (65, r"job.ini: larger than 1 MiB", b"\n" * (1 << 21)),
                (65, r"job.ini:1: line too long", b"[" * 5000)):
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "job.ini"), "wb") as f:
                    f.write(content)
                self.refused(code, says, "run", "job.ini", cwd=folder)

    def test_missing_job_files(self):
        self.refused(65, r"nowhere.ini: cannot read the job file: No such file", "run",
                     "nowhere.ini")
        self.refused(65, r"cannot read the job file: Is a directory", "run", "/")
        self.refused(65, r"larger than 1 MiB", "run", "/dev/zero")
        self.refused(64, r"b.ini: a second job file \(the first is a.ini\)", "run", "a.ini",
                     "b.ini")

    def test_configs(self):
        for name in ("default", "smoke", "scaling", "contention", "numa", "storm", "overlap"):
            path = os.path.join(ROOT, "configs", name + ".ini")
            done = self.iopt("run", path, "--dry-run", "--quiet", "--topology",
                             "pack:2 numa:1 l3:2 core:4 pu:2")
            self.assertEqual(done.returncode, 0, done.stderr)


class Write(Command):
    def test_full_disk(self):
        for args in (["--help"], ["version"], ["list"], ["run", "--help"], ["help", "list"]):
            with open("/dev/full", "w") as full:
                done = self.iopt(*args, stdout=full)
            self.assertEqual(done.returncode, 74, args)
            self.assertRegex(done.stderr, r"^iopt.*(write|writing).*"
                             r"(No space left on device|an earlier write failed)\n$")
            self.assertEqual(done.stderr.count("\n"), 1)


main()

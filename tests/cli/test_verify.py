"""`iopt verify`: clean engines give 0, caught bugs 13 with evidence that repeats, an interrupt 130."""
import json
import os
import re
import resource
import signal
import subprocess
import time
import unittest

from command import IOPT, ROOT, Command, main

QUICK = ("--seconds", "400ms", "--threads", "2", "--seed", "11")
unittest_skip_sanitized = unittest.skipIf(os.environ.get("IOPT_SANITIZE"), "a bug is the sanitizer's to find")


class Verify(Command):
    def test_help(self):
        text = self.fine("verify", "--help")
        for flag in ("engine", "layer", "history", "seconds", "threads", "seed", "shake", "break", "mutants",
                     "format"):
            self.assertIn(f"--{flag}", text)
        self.assertIn("\nExamples:\n", text)
        self.assertIn("  verify   ", self.fine("--help"))

    def test_usage(self):
        for args, says in (
                (("--engine", "lokless"), "--engine lokless: no such thing; did you mean lockless"),
                (("--engine", "null"), "ruler"),
                (("--engine", ""), "want a name"),
                (("--layer", "rice"), "did you mean race"),
                (("--layer", "race", "--history"), "--history is --layer history"),
                (("--break", "b2-no-rechek"), "did you mean b2-no-recheck"),
                (("--seconds", "0"), "--seconds 0: want seconds"),
                (("--seconds", "soon"), "--seconds soon: want seconds"),
                (("--threads", "0"), "--threads 0"),
                (("--explorer", "/bin/true"), "--explorer is a layer of the matrix: give --mutants too"),
                (("--tsan", "/bin/true"), "--tsan is a layer of the matrix"),
                (("--mutants", "--engine", "mutex"), "leave --engine out"),
                (("--mutants", "--layer", "race"), "leave --layer out"),
                (("--mutants", "--shake", "3"), "leave --shake out"),
                (("--sed", "1"), "did you mean --seed")):
            self.refused(64, says, "verify", *args)

    def test_clean(self):
        text = self.fine("verify", "--engine", "lockless,mutex-2019", *QUICK)
        self.assertRegex(text, r"\Aseed 11, up to 2 writers, held up at one labelled point in 32\n")
        for engine in ("amdv1/lockless", "amdv1/mutex-2019"):
            for layer in ("sequence", "race", "device", "history"):
                self.assertRegex(text, rf"(?m)^{engine} +{layer} .* clean$")
        self.assertRegex(text.splitlines()[-1],
                         r"^clean: [\d,]+ operations \([\d,]+ refused memory\), "
                         r"[\d,]+ lookups and translations judged, in \d+ s$")

    def check_schema(self, doc):
        import jsonschema
        with open(os.path.join(ROOT, "docs", "stress.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        self.assertEqual([e.message[:200] for e in validator.iter_errors(doc)], [])
        for key in schema["required"]:  # each is looked at
            self.assertFalse(validator.is_valid({k: v for k, v in doc.items() if k != key}), key)
        part = doc["parts"][0]
        for key, wrong in (("layer", "luck"), ("caught", 1), ("writers", -1), ("oracle", 5), ("rounds", None)):
            right, part[key] = part[key], wrong
            self.assertFalse(validator.is_valid(doc), key)
            part[key] = right

    def test_json(self):
        doc = json.loads(self.fine("verify", "--engine", "lockless-intel", "--layer", "race,device", "--shake",
                                   "0", "--format", "json", *QUICK))
        self.assertEqual((doc["schema"], doc["schema_version"]), ("iopt-verify", 1))
        self.assertEqual((doc["seed"], doc["threads"], doc["shake"], doc["mutant"]), (11, 2, 0, None))
        self.assertEqual((doc["complete"], doc["caught"]), (True, 0))
        self.assertEqual([(p["engine"], p["layer"]) for p in doc["parts"]],
                         [("vtdss/lockless-intel", "race"), ("vtdss/lockless-intel", "device")])
        for part in doc["parts"]:
            self.assertGreater(part["rounds"], 0)
            self.assertGreater(part["operations"], 0)
            self.assertFalse(part["caught"])
            self.assertIsNone(part["evidence"])
        self.assertGreater(doc["parts"][1]["translations"], 0)
        self.check_schema(doc)

    def test_threads(self):
        """What ran is told, not what was asked for."""
        doc = json.loads(self.fine("verify", "--engine", "none,mutex", "--layer", "sequence,race,device",
                                   "--format", "json", "--seconds", "60ms", "--threads", "3"))
        ran = [(p["writers"], p["readers"], p["devices"]) for p in doc["parts"]]
        self.assertEqual(ran[:4], [(1, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 0)])
        self.assertEqual(ran[4], (3, 1, 0))
        self.assertEqual(ran[5][:2], (3, 0))
        self.assertIn(ran[5][2], (1, 2))

    @unittest_skip_sanitized
    def test_error_later(self):
        """What was caught before threads could not be had is told, and is the exit code."""
        def little():
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        run = ("verify", "--break", "b14-holes", "--layer", "sequence,race", "--threads", "512", "--seconds",
               "8", "--seed", "11")
        done = self.iopt(*run, preexec_fn=little)
        self.assertEqual(done.returncode, 13, done.stderr)
        self.assertIn("no memory for ", done.stderr)
        self.assertRegex(done.stdout, r"\nO1 by sequence(.|\n)*\nended early: 1 of 2 parts were done\n")
        done = self.iopt(*run, "--format", "json", preexec_fn=little)
        doc = json.loads(done.stdout)
        self.assertEqual((done.returncode, doc["complete"], doc["caught"]), (13, False, 1))
        self.check_schema(doc)
        done = self.iopt("verify", "--engine", "mutex", "--layer", "race", *run[5:], preexec_fn=little)
        self.assertEqual((done.returncode, done.stdout), (69, ""))

    def test_history_alone(self):
        text = self.fine("verify", "--engine", "mutex", "--history", *QUICK)
        self.assertEqual(re.findall(r"(?m)^amdv1/mutex +(\w+) ", text), ["history"])

    @unittest_skip_sanitized
    def test_break(self):
        """The evidence names oracle, place, expected and found, seed; its command finds the same again."""
        done = self.iopt("verify", "--break", "b14-holes", "--layer", "sequence", "--seconds", "8", "--seed",
                         "11", "--shake", "0")
        self.assertEqual((done.returncode, done.stderr), (13, ""), done.stdout)
        self.assertIn("with a bug: b14-holes: ", done.stdout)
        self.assertRegex(done.stdout, r"\nO1 by sequence, amdv1/lockless-2019:\n")
        self.assertRegex(done.stdout, r"expected 0x[0-9a-f]+, found 0x[0-9a-f]+\n")
        self.assertRegex(done.stdout, r"iova 0x[0-9a-f]+, entry [\d/]+, in or after step \d+: ")
        self.assertRegex(done.stdout, r"\n    amdv1/lockless-2019, layer sequence, round of seed \d+\n")
        self.assertRegex(done.stdout.splitlines()[-1], "^caught: 1 of 1 parts: amdv1/lockless-2019 sequence")
        again = re.search(r"(?m)^    again: iopt (verify .*)$", done.stdout).group(1).split()
        self.assertEqual(again[again.index("--shake") + 1], "0")  # not the default
        repeated = self.iopt(*again, "--seconds", "8")
        self.assertEqual(repeated.returncode, 13, repeated.stdout)

        def found(text):
            return re.search(r"(?s)\nO1 by sequence.*?again", text).group(0)
        self.assertEqual(found(repeated.stdout), found(done.stdout))

    @unittest_skip_sanitized
    def test_break_race(self):
        done = self.iopt("verify", "--break", "loser-keeps-own", "--layer", "race", "--seconds", "8", "--format",
                         "json", "--seed", "11")
        doc = json.loads(done.stdout)
        self.assertEqual((done.returncode, doc["caught"], doc["mutant"]), (13, 1, "loser-keeps-own"))
        self.check_schema(doc)
        part = doc["parts"][0]
        self.assertIn(part["oracle"], ("O1", "O2", "O4"))
        self.assertRegex(part["evidence"], r"expected .*(?s:.)*again: iopt verify --engine amdv1/lockless "
                                           r"--layer race --threads \d+ --seed \d+ --shake 32 "
                                           r"--break loser-keeps-own")

    def test_shake_is_apart(self):
        """A seed is the same round with --shake and without: one thread does the same operations."""
        def counts(seed, shake):
            doc = json.loads(self.fine("verify", "--engine", "none", "--layer", "race", "--seconds", "1ns",
                                       "--seed", seed, "--shake", shake, "--format", "json"))
            return [(p["rounds"], p["operations"], p["lookups"]) for p in doc["parts"]]
        for seed in ("1", "3"):  # a round that the machine keeps waiting is cut short: not always
            self.assertTrue(any(counts(seed, "0") == counts(seed, "32") for _ in range(20)), seed)

    def test_interrupt(self):
        """What was done is printed, and 130 given."""
        with subprocess.Popen([IOPT, "verify", "--engine", "lockless,mutex,none", "--layer", "race,history",
                               "--seconds", "40", "--threads", "2"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            time.sleep(2)
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does: the child hears it too
            out, err = run.communicate(timeout=30)
        self.assertEqual((run.returncode, err), (130, ""), out)
        self.assertRegex(out, r"\ninterrupted: \d of 6 parts were done\n")


if __name__ == "__main__":
    main()

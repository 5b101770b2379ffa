"""iopt verify --mutants: every planted bug is caught by some layer, and no engine without one by any.

This is what the other checks rest on: a layer that no bug has ever set off proves nothing."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from command import IOPT, ROOT, Command, main

SANITIZED = bool(os.environ.get("IOPT_SANITIZE"))
EXPLORER = os.path.join(os.path.dirname(IOPT), "tests", "explore", "explore")
SEED = "20190815"


def program(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, stat.S_IRWXU)


class Mutants(Command):
    @unittest.skipIf(SANITIZED, "the explorer is not built with a sanitizer")
    @unittest.skipUnless(os.path.exists(EXPLORER), "the explorer is not built")
    def test_matrix(self):
        done = self.iopt("verify", "--mutants", "--seconds", "100ms", "--seed", SEED, "--format",
                         "json", timeout=280)
        self.assertEqual(done.stderr, "")
        doc = json.loads(done.stdout)
        self.check_schema(doc)
        known = re.findall(r"(?m)^  ([a-z0-9-]+) ", self.fine("list", "mutants"))[1:]
        self.assertGreater(len(known), 20)
        self.assertEqual([row["name"] for row in doc["mutants"]], known)
        for row in doc["mutants"]:
            caught = {c["layer"]: c["oracle"] for c in row["layers"] if c["caught"]}
            self.assertTrue(caught, "%s: missed by all" % row["name"])
            self.assertEqual(row["caught"], bool(caught))
            for cell in row["layers"]:
                if cell["caught"]:
                    self.assertTrue(cell["evidence"], row["name"])
        alarms = ["%s, %s: %s" % (row["name"], c["layer"], c["evidence"])
                  for row in doc["clean"] for c in row["layers"] if c["caught"]]
        self.assertEqual(alarms, [])
        self.assertGreater(len(doc["clean"]), 20)
        self.assertEqual((done.returncode, doc["missed"], doc["false_alarms"]), (0, 0, 0))
        self.assertTrue(doc["complete"])
        for row in doc["clean"]:  # the negative control has looked, and at something
            for cell in row["layers"]:
                if cell["layer"] in ("race", "device", "history"):
                    self.assertGreater(int(cell["operations"]), 0, row["name"])

    def validate(self, doc):
        import jsonschema
        with open(os.path.join(ROOT, "docs", "verify.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        self.assertEqual([e.message[:200] for e in validator.iter_errors(doc)], [])
        return schema, validator

    def check_schema(self, doc):
        schema, validator = self.validate(doc)
        for key in schema["required"]:  # each is looked at
            less = {k: v for k, v in doc.items() if k != key}
            self.assertFalse(validator.is_valid(less), key)
        cell = doc["mutants"][0]["layers"][0]
        for key, wrong in (("layer", "luck"), ("caught", 1), ("elapsed_s", -1), ("oracle", 5)):
            right, cell[key] = cell[key], wrong
            self.assertFalse(validator.is_valid(doc), key)
            cell[key] = right

    def test_one(self):
        """A single bug; no clean engines then. Sanitizers see it too."""
        text = self.fine("verify", "--mutants", "--break", "loser-keeps-own", "--seconds", "300ms",
                         "--seed", SEED, timeout=110)
        self.assertRegex(text, r"(?m)^loser-keeps-own .* yes$")
        self.assertIn("1 of 1 bug caught; ", text)
        self.assertNotIn("NO BUG", text)
        self.assertIn("seed " + SEED, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 110)

    def test_missed(self):
        """Without the explorer nobody can see this one: said, and exit 13."""
        with tempfile.TemporaryDirectory() as alone:
            copy = shutil.copy(IOPT, os.path.join(alone, "iopt"))
            done = self.run_copy(copy, "--break", "relaxed-failure", "--seconds", "20ms")
        self.assertEqual((done.returncode, done.stderr), (13, ""))
        self.assertRegex(done.stdout, r"(?m)^relaxed-failure +- +- +- +- +NO$")
        self.assertRegex(done.stdout, "explorer: not built")
        self.assertRegex(done.stdout, "tsan: not built")
        self.assertRegex(done.stdout, "(?m)^0 of 1 bug caught")
        self.assertRegex(done.stdout, "(?m)^  missed: relaxed-failure ")

    @unittest.skipIf(SANITIZED, "many processes, slow ones")
    def test_false_alarm(self):
        """An explorer that cries wolf: every bug is caught, and that counts for nothing."""
        with tempfile.TemporaryDirectory() as alone:
            copy = shutil.copy(IOPT, os.path.join(alone, "iopt"))
            program(os.path.join(alone, "tests", "explore", "explore"),
                    "echo 'caught it after 1204 schedules (0.1 s) by den/lair: wolf'; exit 13\n")
            done = self.run_copy(copy, "--seconds", "1ms")
        self.assertEqual((done.returncode, done.stderr), (13, ""))
        self.assertRegex(done.stdout, r"(?m)^relaxed-failure +- .* 1,204 schedules +yes$")
        self.assertRegex(done.stdout, r"FALSE ALARMS(.|\n)*explorer's scenarios, explorer .*\n    den/lair: wolf")
        self.assertIn("26 of 26 bugs caught; ", done.stdout)
        self.assertIn(" 1 false alarm;", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 110)

    def run_copy(self, copy, *args):
        return subprocess.run([copy, "verify", "--mutants", "--seed", SEED, *args],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=110)

    def cut_short(self, code, says, *args):
        """An error, and yet what is done is printed."""
        done = self.iopt("verify", "--mutants", "--break", "b14-holes", "--seconds", "300ms", "--seed", SEED,
                         "--format", "json", *args)
        self.assertEqual(done.returncode, code, done.stdout)
        self.assertRegex(done.stderr, says)
        doc = json.loads(done.stdout)
        self.validate(doc)
        self.assertEqual((doc["complete"], doc["missed"]), (False, 0))
        layers = {c["layer"]: c["caught"] for c in doc["mutants"][0]["layers"]}
        self.assertTrue(layers["sequence"])
        self.assertNotIn("explorer", layers)

    @unittest.skipIf(SANITIZED, "slow")
    def test_interrupt(self):
        """130, with the rows so far; a second look would come to the end."""
        with subprocess.Popen([IOPT, "verify", "--mutants", "--seconds", "300ms", "--seed", SEED],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as run:
            time.sleep(3)
            os.killpg(run.pid, signal.SIGINT)
            out, err = run.communicate(timeout=30)
        self.assertEqual((run.returncode, err), (130, ""), out)
        self.assertRegex(out, r"(?m)^b14-holes .* O1")
        self.assertRegex(out, r"(?m)^not complete: so far \d+ of \d+ bugs caught; ")
        self.assertNotRegex(out, "missed|(?m: NO$)")

    def test_programs(self):
        self.cut_short(69, "/nonexistent does not start", "--explorer", "/nonexistent")
        with tempfile.TemporaryDirectory() as alone:
            path = os.path.join(alone, "explore")
            program(path, "echo confused; exit 64\n")
            self.cut_short(70, "exit code 64: confused", "--explorer", path)


main()

"""Named baselines and history, as a user meets them: kept, listed, compared with, looked back on."""
import csv
import json
import os
import tempfile

from command import ROOT, Command, main
import made

try:
    import jsonschema
except ImportError:  # the other checks do not need it
    jsonschema = None


class Store(Command):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = kept.name
        self.env = {"PATH": os.environ["PATH"], "HOME": os.path.join(kept.name, "home")}

    def iopt(self, *args, **more):
        return super().iopt(*args, **{"env": self.env, **more})

    def file(self, name, result):
        return made.write(os.path.join(self.folder, name), result)

    def kept(self, *names):
        return os.path.join(self.folder, "home/.local/share/iopt/baselines", *names)

    def save(self, name, result):
        return self.fine("compare", "--save-baseline", name, self.file("saved.json", result))

    def history(self, *args, form="json"):
        done = self.fine("compare", "--history", "main", "--format", form, *args)
        if form != "json":
            return done
        doc = json.loads(done)
        if jsonschema:
            with open(os.path.join(ROOT, "docs/history.schema.json"), encoding="utf-8") as f:
                jsonschema.Draft202012Validator(json.load(f)).validate(doc)
        return doc


def machine(seed, **more):
    return made.machine(seed, drift=0.03, started=f"2026-01-02T03:04:{seed % 60:02}Z", **more)


class Baselines(Store):
    def test_kept_listed_and_compared_with(self):
        said = self.save("main", machine(1))
        self.assertRegex(said, r"kept as main@1: 3 cases, commit abc1234, EPYC 7763, .*\n"
                               r".*/main/0001-abc1234.json\n$")
        self.assertIn("kept as main@2", self.save("main", machine(2, factor=0.5)))
        listed = self.fine("list", "baselines")
        for part in ("main@2", "and 1 older", "commit abc1234", "12 processes", "EPYC 7763"):
            self.assertIn(part, listed)
        new = self.file("new.json", machine(3, factor=0.5))
        gate = ("compare", "--gate", "throughput", "--min-effect", "10")
        self.assertEqual(self.iopt(*gate, "--baseline", "main", new).returncode, 0)
        worse = self.iopt(*gate, "--baseline", "main@1", new)
        self.assertEqual(worse.returncode, 10, worse.stderr)

    def test_a_directory_stands_for_its_result(self):
        os.mkdir(os.path.join(self.folder, "out"))
        self.file("out/result.json", machine(1))
        self.fine("compare", "--save-baseline", "v1", os.path.join(self.folder, "out"))
        with open(self.kept("v1/0001-abc1234.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f)["seed"], 1)

    def test_what_would_spoil_every_comparison_is_refused(self):
        broken = machine(1)
        broken["cases"][0]["verified"] = False
        slow = machine(1)
        slow["cases"][1]["handicap"] = "slow:8"
        moved = machine(1)
        moved["audit"]["lost_pinning"] = True
        for code, says, result in (
                (65, "interrupted.*--resume", machine(1, complete=False)),
                (13, "audit of private/lockless/t2/4K failed", broken),
                (65, "made worse on purpose", slow),
                (14, "not to be trusted", moved),
                (65, "saved.json", "{}"),
                (65, "saved.json", json.dumps(machine(1))[:-20])):
            self.refused(code, says, "compare", "--save-baseline", "main",
                         self.file("saved.json", result))
        self.assertFalse(os.path.exists(self.kept("main")))
        self.refused(64, "want a name", "compare", "--save-baseline", "../x",
                     self.file("saved.json", machine(1)))

    def test_few_processes_are_told(self):
        done = self.iopt("compare", "--save-baseline", "main",
                         self.file("saved.json", machine(1, n=1)))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"1 process: .*6 are needed \(iopt run --processes 6\)\n$")

    def test_nowhere_to_keep_it(self):
        path = self.file("saved.json", machine(1))
        for env, says in (({}, "XDG_DATA_HOME nor HOME"), ({"HOME": path}, "follows from HOME"),
                          ({"XDG_DATA_HOME": path}, "follows from XDG_DATA_HOME")):
            self.env = {"PATH": os.environ["PATH"], **env}
            self.refused(73, says, "compare", "--save-baseline", "main", path)
        self.env = {"PATH": os.environ["PATH"]}
        self.refused(65, "XDG_DATA_HOME nor HOME", "list", "baselines")

    def test_a_name_that_is_not_there(self):
        new = self.file("new.json", machine(3))
        self.refused(65, "none is kept", "compare", "--baseline", "main", new)
        self.save("main", machine(1))
        self.refused(65, "did you mean main.*kept: main", "compare", "--baseline", "mian", new)
        self.refused(65, "no number 9", "compare", "--baseline", "main@9", new)
        self.refused(65, "did you mean main", "compare", "--history", "mian", new)

    def test_what_iopt_did_not_put_there_is_told(self):
        self.save("main", machine(1))
        with open(self.kept("main/notes.txt"), "w", encoding="utf-8") as f:
            f.write("mine")
        with open(self.kept("main/0002-cut.json"), "w", encoding="utf-8") as f:
            f.write('{"schema": "iopt-res')
        listed = self.fine("list", "baselines")
        self.assertRegex(listed, "broken: .*0002-cut.json")
        self.assertRegex(listed, "not put there by iopt, and not read: .*notes.txt")
        self.refused(65, "0002-cut.json", "compare", "--baseline", "main",
                     self.file("new.json", machine(3)))

    def test_list_names_its_topics(self):
        self.refused(64, "did you mean baselines", "list", "baseline")
        self.assertIn("none is kept", self.fine("list", "baselines"))


class History(Store):
    def test_a_result_among_those_of_its_machine(self):
        for seed in range(10, 13):
            self.save("main", machine(seed))
        new = self.file("new.json", machine(50, factor=0.5))
        row = self.history(new)["rows"][0]
        self.assertEqual((row["stored"], row["z"]), (3, None))
        self.assertEqual(row["why"], "3 of 6 stored results: 3 more")
        for seed in range(13, 18):
            self.save("main", machine(seed))
        self.save("main", machine(20, host={"kernel": "Linux 9"}))
        self.save("main", machine(12))
        with open(self.kept("main/0011-cut.json"), "w", encoding="utf-8") as f:
            f.write("{")
        with open(self.kept("main/notes.txt"), "w", encoding="utf-8") as f:
            f.write("mine")
        doc = self.history(new)
        self.assertEqual((doc["schema"], doc["stored"]), ("iopt-history", 8))
        left = "\n".join(doc["left_out"])
        for says in ("0009-abc1234.json: of another machine", "0010-abc1234.json: a run that was",
                     "0011-cut.json: ", "notes.txt: not put there by iopt"):
            self.assertIn(says, left)
        rows = {(r["case_id"], r["metric"]): r for r in doc["rows"]}
        slow = rows["private/lockless/t2/4K", "throughput"]
        self.assertLess(slow["z"], -5)
        self.assertTrue(slow["far"])
        self.assertEqual(slow["unit"], "ruler")
        self.assertFalse(rows["private/mutex/t2/4K", "throughput"]["far"])
        self.assertIn(("private/lockless/t2/4K", "p99_map"), rows)
        self.assertNotIn("private/limit/t2/4K", {case for case, _ in rows})
        self.assertIn("far, worse", self.history(new, form="text"))
        self.assertIn("| private/lockless/t2/4K | throughput | 8 |", self.history(new, form="md"))
        lines = self.history(new, form="csv").splitlines()
        self.assertEqual([r["metric"] for r in csv.DictReader(lines)],
                         [r["metric"] for r in doc["rows"]])

    def test_metrics_are_those_of_the_gate(self):
        self.save("main", machine(1))
        new = self.file("new.json", machine(50))
        doc = self.history(new, "--gate", "p50")
        self.assertEqual({r["metric"] for r in doc["rows"]}, {"p50_map"})

    def test_it_gives_no_verdict(self):
        self.save("main", machine(1))
        self.refused(64, "--verdict: --history gives none", "compare", "--history", "main", "--verdict",
                     "v.json", self.file("new.json", machine(50)))


if __name__ == "__main__":
    main()

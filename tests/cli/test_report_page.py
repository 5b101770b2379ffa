"""`iopt report` of html: where the page goes, that all of a result is in it and nothing gets out of its
place. What a browser makes of it is tests/html's."""
import gzip
import html.parser
import json
import os
import re
import shutil
import subprocess
import unittest

import made
from command import IOPT, Command, main
from tempfile import TemporaryDirectory

HOSTILE = "</script><script>alert(1)</script><!-- <b>&amp; \u2028 \"'\\ ]]>"


class Page(html.parser.HTMLParser):
    """The data, and whatever of the page could ask for something elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.data, self.links, self.scripts, self.policy, self.inside = "", [], [], None, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[a] for a in ("src", "href", "action", "data") if a in attrs]
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        if tag == "script":
            self.inside = attrs.get("id", "")
            self.scripts.append("")

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = None

    def handle_data(self, data):
        if self.inside == "data":
            self.data += data
        elif self.inside is not None:
            self.scripts[-1] += data


def result(**more):
    cases = [made.case("private/lockless/t2", [10.0, 11.0]),
             made.case("private/mutex/t2", [7.0, 7.5], engine="amdv1/mutex")]
    return made.result(cases, **more)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class ReportPage(Command):
    def setUp(self):
        kept = TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.dir = kept.name

    def written(self, doc, *where):
        path = os.path.join(self.dir, *where)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(doc, f)
        return path

    def report(self, *args, place, **more):
        """The page, which was told of and is at `place`."""
        done = self.iopt("report", *args, **more)
        if done.returncode == 69 and "Chart.js" in done.stderr:
            self.assertRegex(done.stderr, r"libjs-chart\.js.*IOPT_CHART_JS")
            self.skipTest("built without Chart.js")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], "iopt report: " + place)
        with open(os.path.join(more.get("cwd", ""), place), encoding="utf-8") as f:
            return Page(f.read())

    def test_all_of_a_result_is_in_it(self):
        doc = result(warnings=[HOSTILE, "plain"], host={"hostname": HOSTILE})
        doc["cases"][0]["engine"] = "amdv1/" + HOSTILE
        self.written(doc, "one", "result.json")
        page = self.report(os.path.join(self.dir, "one"), place=os.path.join(self.dir, "one", "report.html"))
        self.assertNotIn("<", page.data)
        data = json.loads(page.data)
        self.assertRegex(data["made_by"], r"^iopt \d+\.\d+")
        self.assertEqual(data["verdicts"], [None])
        got = data["results"][0]
        self.assertEqual((got["name"], os.path.basename(got["path"])), ("one", "result.json"))
        for case, want in zip(got["result"]["cases"], doc["cases"]):
            columns, slices = case.pop("slices"), want.pop("slices")
            self.assertEqual((columns.pop("n"), columns.pop("kept")), (len(slices), len(slices)))
            self.assertLessEqual({"process", "round", "half", "ops_per_s"}, set(columns))
            for name, column in columns.items():
                self.assertEqual(column, [s.get(name) for s in slices], name)
        self.assertEqual(got["result"], doc)

    def test_verdicts_are_those_of_compare(self):
        """All of it: rows, margins, differences; and what compare refuses is told, not left out."""
        base = self.written(made.machine(1, drift=0.05, sd=0.01), "base.json")
        slow = self.written(made.machine(21, factor=0.92, drift=0.05, sd=0.01), "slow.json")
        other = self.written(made.machine(31, host={"kernel": "Linux 6.2.0"}), "other.json")
        copy = shutil.copy(base, os.path.join(self.dir, "copy.json"))
        place = os.path.join(self.dir, "all.html")
        page = self.report(base, slow, other, copy, "--out", place, place=place)
        none, *verdicts, refused = json.loads(page.data)["verdicts"]
        self.assertIsNone(none)
        for path, code, verdict in zip((slow, other), (10, 12), verdicts):
            done = self.iopt("compare", base, path, "--format", "json")
            self.assertEqual((done.returncode, verdict["exit_code"]), (code, code))
            self.assertEqual(verdict, json.loads(done.stdout))
        self.assertTrue(verdicts[0]["rows"] and verdicts[1]["differs"])
        done = self.iopt("compare", base, copy)
        self.assertEqual(list(refused), ["error"])
        self.assertIn(refused["error"], done.stderr)

    def test_it_needs_nothing_else(self):
        path = self.written(result(), "result.json")
        page = self.report(path, place=os.path.join(self.dir, "report.html"))
        self.assertTrue(all(link.startswith("#") for link in page.links), page.links)
        self.assertIn("default-src 'none'", page.policy)
        self.assertEqual(len(page.scripts), 3)  # data, Chart.js, ours: nothing in the data began another
        self.assertIn("Released under the MIT License", page.scripts[1][:400])
        self.assertNotIn("sourceMappingURL", page.scripts[1])

    def test_where_it_goes(self):
        path = self.written(result(), "a", "out", "result.json")
        self.report("result.json", place="report.html", cwd=os.path.dirname(path))
        with open(path, "rb") as f:
            done = subprocess.run([IOPT, "report", "-"], stdin=f, cwd=self.dir, capture_output=True, text=True,
                                  timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, "iopt report: report.html\n"))
        with open(os.path.join(self.dir, "report.html"), encoding="utf-8") as f:
            self.assertEqual(json.loads(Page(f.read()).data)["results"][0]["name"], "standard input")
        packed = os.path.join(self.dir, "old.json.gz")
        with open(path, "rb") as f, gzip.open(packed, "wb") as to:
            shutil.copyfileobj(f, to)
        other = os.path.join(self.dir, "b", "out")
        shutil.copytree(os.path.join(self.dir, "a", "out"), other)
        os.makedirs(os.path.join(self.dir, "packed"))
        shutil.copy(packed, os.path.join(self.dir, "packed", "result.json.gz"))
        page = self.report("packed", place="packed/report.html", cwd=self.dir)
        self.assertEqual(json.loads(page.data)["results"][0]["name"], "packed")
        both = os.path.join(self.dir, "both.html")
        page = self.report(os.path.dirname(path), other, packed, path, "--out", both, place=both)
        names = [r["name"] for r in json.loads(page.data)["results"]]
        self.assertEqual(len(set(names)), 4, names)
        self.assertIn("old", names)
        self.assertEqual([n for n in os.listdir(self.dir) if n.startswith("both.html")], ["both.html"])

    def test_what_is_in_the_way(self):
        path = self.written(result(), "out", "result.json")
        place = os.path.join(self.dir, "out", "report.html")
        for _ in range(2):  # an earlier page is replaced
            self.report(path, place=place)
        with open(place, "w", encoding="utf-8") as f:
            f.write("<html>somebody's own report</html>")
        self.refused(73, r"report\.html: is there, and no page of iopt: .*--out", "report", path)
        with open(place, encoding="utf-8") as f:
            self.assertIn("somebody's own", f.read())
        self.refused(74, r"--out /dev/full: writing failed", "report", path, "--out", "/dev/full")
        self.refused(73, r"--out /nowhere/x", "report", path, "--out", "/nowhere/x")

    def test_never_over_a_measurement(self):
        path = self.written(result(), "out", "result.json")
        other = self.written(result(), "old.json")
        linked = os.path.join(self.dir, "linked.json")
        os.link(path, linked)
        packed = os.path.join(self.dir, "old.json.gz")
        with gzip.open(packed, "wb") as f:
            f.write(read(other))
        kept = [read(p) for p in (path, other, packed)]
        if self.iopt("report", path).returncode == 69:
            self.skipTest("built without Chart.js")
        for how in ((), ("--format", "go"), ("--format", "bmf"), ("--format", "gha")):
            one_of = r"--out .*: is a RESULT that is read"
            self.refused(64, one_of, "report", path, "--out", path, *how)
            self.refused(64, one_of, "report", os.path.dirname(path), "--out", path, *how)
            self.refused(64, one_of, "report", path, "--out", linked, *how)
            self.refused(64, one_of, "report", packed, "--out", packed, *how)
            for another in (other, packed):
                self.refused(73, r"--out .*old\.json.*: is there, and", "report", path, "--out", another, *how)
        self.refused(64, "is a RESULT that is read", "report", other, path, "--out", path)
        with open(path, encoding="utf-8") as f:
            done = subprocess.run([IOPT, "report", "-", "--out", path], stdin=f, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 64)
        self.assertEqual([read(p) for p in (path, other, packed)], kept)

    def test_what_a_page_replaces(self):
        """A page or an empty file, where --out says so; nothing else."""
        path = self.written(result(), "result.json")
        place = os.path.join(self.dir, "empty")
        with open(place, "w", encoding="utf-8"):
            pass
        for _ in range(2):
            self.report(path, "--out", place, place=place)
        with open(place, "w", encoding="utf-8") as f:
            f.write("my notes\n")
        self.refused(73, r"--out .*empty: is there, and no page of iopt", "report", path, "--out", place)
        with open(place, encoding="utf-8") as f:
            self.assertEqual(f.read(), "my notes\n")
        self.fine("report", path, "--format", "go", "--out", place)  # as it always did

    def test_what_spoils_a_result_is_told(self):
        doc = result(complete=False)
        doc["cases"][0]["verified"] = False
        doc["audit"]["lost_pinning"] = True
        done = self.iopt("report", self.written(doc, "result.json"))
        self.assertIn(done.returncode, (0, 69))
        if not done.returncode:
            self.assertRegex(done.stderr, r"the audit of 1 of 2 cases failed\n.*was interrupted.*\n.*not to be trusted")

    def test_refused(self):
        path = self.written(result(), "result.json")
        if self.iopt("report", path).returncode == 69:
            self.skipTest("built without Chart.js")
        self.refused(64, r"--metric is for --format go", "report", path, "--metric", "waste")
        self.refused(64, r"one argument too many", "report", *[path] * 9)
        self.refused(65, r"newer iopt", "report", self.written(result(schema_version=2), "new.json"))
        self.refused(65, r"no result of iopt", "report", path, self.written({}, "other.json"))
        with open(path, encoding="utf-8") as f:
            text = f.read()
        cut = os.path.join(self.dir, "cut.json")
        with open(cut, "w", encoding="utf-8") as f:
            f.write(text[:len(text) // 2])
        self.refused(65, r"ends in the middle", "report", cut)
        self.refused(65, r"nowhere", "report", "/nowhere")

    def test_help_has_examples(self):
        text = self.fine("report", "--help")
        self.assertTrue(re.search(r"^  iopt report out/new +# writes out/new/report\.html$", text, re.M), text)


if __name__ == "__main__":
    main()

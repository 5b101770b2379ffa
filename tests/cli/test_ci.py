"""The templates for CI: iopt-gate in a throw-away repository whose builds are made up, and the
workflow for GitHub."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from command import ROOT, Command, main

try:
    import yaml
except ImportError:
    yaml = None

GATE = os.path.join(ROOT, "scripts/ci/iopt-gate")
WORKFLOW = os.path.join(ROOT, "scripts/ci/github-actions.yml")
RUN = ("--", "--workload", "private", "--duration", "1s")

# Stands in for cmake: what it "builds" is the file `iopt` of the commit.
CMAKE = """#!/bin/sh
echo "cmake $*"
case $1 in
--preset) mkdir -p build/release ;;
--build) grep -q BROKEN iopt && { echo "iopt.c:1: error"; exit 1; }
	cp iopt build/release/iopt && chmod +x build/release/iopt ;;
esac
"""

# Stands in for iopt: says what the commit wants it to say.
FAKE = """#!/bin/sh
printf '%s\\n' "$0" "$@" >"$ASKED"
while [ $# -gt 0 ]; do
	case $1 in
	--verdict) verdict=$2 ;;
	esac
	shift
done
CODE
"""


def says(code):
    return FAKE.replace("CODE", f"""echo "| a verdict |"
echo '{{"exit_code": {code}}}' >"$verdict"
exit {code}""")


class Gate(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = os.path.realpath(kept.name)
        self.repo, self.tmp, self.out = (os.path.join(self.folder, n) for n in ("repo", "tmp", "out"))
        os.mkdir(self.tmp)
        os.mkdir(os.path.join(self.folder, "bin"))
        self.write("bin/cmake", CMAKE, 0o755)
        self.asked = os.path.join(self.folder, "asked")
        self.env = {"PATH": os.path.join(self.folder, "bin") + ":" + os.environ["PATH"],
                    "TMPDIR": self.tmp, "HOME": self.folder, "ASKED": self.asked,
                    "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        self.git("init", "-q", self.repo)
        self.commit(says(0))
        self.git("-C", self.repo, "tag", "base")

    def write(self, name, text, mode=0o644):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(os.path.join(self.folder, name), mode)

    def git(self, *args):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *args],
                              check=True, env=self.env, text=True, stdout=subprocess.PIPE).stdout

    def commit(self, iopt):
        self.write("repo/iopt", iopt)
        self.git("-C", self.repo, "add", "iopt")
        self.git("-C", self.repo, "commit", "-q", "--allow-empty", "-m", "change")

    def gate(self, *args, code, run=RUN, **env):
        done = subprocess.run([GATE, "--repo", self.repo, "--out", self.out, *args, *run],
                              cwd=self.folder, env={**self.env, **env}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        self.nothing_left()
        return done

    def nothing_left(self):
        self.assertEqual(os.listdir(self.tmp), [])
        self.assertEqual(self.git("-C", self.repo, "worktree", "list").count("\n"), 1)
        self.assertEqual(self.git("-C", self.repo, "status", "--porcelain"), "")

    def test_exit_codes_are_passed_on(self):
        for code in (0, 10, 13, 65, 130):
            self.commit(says(code))
            done = self.gate("--base", "base", code=code)
            self.assertIn("| a verdict |", done.stdout)
            with open(os.path.join(self.out, "gate.md"), encoding="utf-8") as f:
                self.assertEqual(f.read(), done.stdout)
            self.assertNotIn("Warning", done.stdout)

    def test_policies(self):
        for code, variable, usual in ((11, "IOPT_GATE_INCONCLUSIVE", "pass"),
                                      (12, "IOPT_GATE_NOT_COMPARABLE", "fail"),
                                      (14, "IOPT_GATE_UNTRUSTED", "fail")):
            self.commit(says(code))
            for policy in ("fail" if usual == "pass" else "pass", None):
                env = {variable: policy} if policy else {}
                passes = (policy or usual) == "pass"
                done = self.gate("--base", "base", code=0 if passes else code, **env)
                self.assertEqual("**Warning:** passes" in done.stdout, passes)
                self.assertEqual("warning: passes, although" in done.stderr, passes)
        self.commit(says(10))
        self.gate("--base", "base", code=10, IOPT_GATE_INCONCLUSIVE="pass",
                  IOPT_GATE_NOT_COMPARABLE="pass", IOPT_GATE_UNTRUSTED="pass")
        done = self.gate("--base", "base", code=64, IOPT_GATE_INCONCLUSIVE="maybe")
        self.assertIn("IOPT_GATE_INCONCLUSIVE=maybe: want pass or fail", done.stderr)

    def test_a_yes_without_a_verdict_is_no_pass(self):
        for yes in ("exit 0", "echo fine; exit 0",
                    says(0).replace("echo \"|", ": \"|"), says(10).replace("exit 10", "exit 0")):
            self.commit(yes if "#!" in yes else FAKE.replace("CODE", yes))
            os.makedirs(self.out, exist_ok=True)
            self.write("out/verdict.json", "{}")  # of an earlier time
            self.write("out/gate.md", "fine")
            done = self.gate("--base", "base", code=70)
            self.assertIn("gave no verdict that says so", done.stderr)

    def test_what_is_asked_of_iopt(self):
        self.commit(says(10))
        self.gate("--base=base", "--pairs", "6..12", code=10)
        with open(self.asked, encoding="utf-8") as f:
            asked = f.read().splitlines()
        work = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(asked[0]))))
        exe = {side: f"{work}/{side}/build/release/iopt" for side in ("base", "head")}
        self.assertEqual(asked, [
            exe["head"], "compare", "--old", exe["base"], "--new", exe["head"], "--pairs", "6..12",
            "--format", "md", "--verdict", f"{self.out}/verdict.json", *RUN])
        self.gate("--base", "base", "--judge", "base", code=0)  # the base says that all is well
        with open(self.asked, encoding="utf-8") as f:
            self.assertEqual(f.readline().strip()[-len("/base/build/release/iopt"):],
                             "/base/build/release/iopt")

    def test_a_commit_that_does_not_build(self):
        self.commit(says(0) + "# BROKEN\n")
        done = self.gate("--base", "base", code=70)
        self.assertRegex(done.stderr, r"iopt.c:1: error\n.*head \(\w+\) does not build")
        self.assertFalse(os.path.exists(self.asked))
        self.gate("--base", "HEAD", "--head", "base", code=70)

    def test_usage(self):
        for args, run, text in (
                ((), RUN, "--base REV is missing"),
                (("--base", "base"), (), "what to measure is missing"),
                (("--base", "base"), ("--",), "what to measure is missing"),
                (("--base",), (), "--base wants a value"),
                (("--base", "nothing"), RUN, "nothing: no such commit.*fetch-depth"),
                (("--base", "base", "--head", "nothing"), RUN, "--head nothing: no such commit"),
                (("--base", "base", "--repo", self.tmp), RUN, "no git repository"),
                (("--base", "base", "--judge", "me"), RUN, "want base or head"),
                (("--base", "base", "--bse", "x"), RUN, "--bse: no such option"),
                (("base",), RUN, "base: no such option")):
            done = self.gate(*args, run=run, code=64)
            self.assertRegex(done.stderr, text)
            self.assertEqual(done.stdout, "")
        shown = self.gate("--help", run=(), code=0).stdout
        for word in ("--judge", "IOPT_GATE_INCONCLUSIVE", "RUN-OPTIONS"):
            self.assertIn(word, shown)

    def test_told_of_what_may_surprise(self):
        self.assertIn("both are one commit", self.gate("--base", "base", code=0).stderr)
        self.write("repo/iopt", "changed")
        done = subprocess.run([GATE, "--repo", self.repo, "--out", self.out, "--base", "base", *RUN],
                              env=self.env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertIn("uncommitted changes are not part", done.stderr)
        self.git("-C", self.repo, "checkout", "-q", "iopt")

    def test_told_to_stop_it_leaves_nothing(self):
        started = os.path.join(self.folder, "started")
        self.commit(FAKE.replace("CODE", f'sleep 60 & echo $! >"{started}"; wait'))
        for number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen(
                [GATE, "--repo", self.repo, "--out", self.out, "--base", "base", *RUN],
                env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            begun = time.monotonic()
            while not (os.path.exists(started) and os.path.getsize(started)):
                self.assertLess(time.monotonic() - begun, 30)
                time.sleep(0.01)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=30), 128 + number)
            self.nothing_left()
            with open(started, encoding="utf-8") as f:
                self.gone(int(f.read()))
            os.remove(started)

    def gone(self, pid):
        begun = time.monotonic()
        while time.monotonic() - begun < 10:
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except OSError:
                return
            time.sleep(0.01)
        self.fail(f"{pid} is still there")

    def test_the_trial(self):
        """Its patch fits, and each of its commits is judged apart (by the words of the patch)."""
        judge = FAKE.replace("CODE", """echo "| a verdict |"; echo '{"exit_code": 0}' >"$verdict"
top=$(dirname "$0")/../..
grep -q "does nothing" "$top/src/pt/hot.h" && exit ${NOTHING:-0}
grep -q "six steps" "$top/src/pt/hot.h" && exit 10""")
        for name in ("scripts/ci/iopt-gate", "tests/ci/trial.sh", "tests/ci/slow-install.patch",
                     "src/pt/hot.h"):
            to = os.path.join(self.repo, name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), to)
        self.git("-C", self.repo, "add", "-A")
        self.commit(judge)
        for env, code in (({}, 0), ({"NOTHING": "11"}, 70), ({"NOTHING": "10"}, 70)):
            done = subprocess.run([os.path.join(self.repo, "tests/ci/trial.sh"), self.out, *RUN],
                                  env={**self.env, **env}, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn("slow: exit 10, wanted 10", done.stdout)
            self.assertIn(f"nothing: exit {env.get('NOTHING', '0')}, wanted 0", done.stdout)
            self.nothing_left()
        with open(os.path.join(self.out, "slow/gate.md"), encoding="utf-8") as f:
            self.assertIn("| a verdict |", f.read())

    @unittest.skipUnless(shutil.which("shellcheck"), "needs shellcheck")
    def test_shellcheck(self):
        scripts = [GATE, os.path.join(ROOT, "tests/ci/trial.sh")]
        done = subprocess.run(["shellcheck", *scripts], stdout=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


@unittest.skipUnless(yaml, "needs python3-yaml")
class Workflow(Command):
    def setUp(self):
        with open(WORKFLOW, encoding="utf-8") as f:
            self.doc = yaml.safe_load(f)
        self.steps = [s for job in self.doc["jobs"].values() for s in job["steps"]]
        self.shell = "\n".join(s["run"] for s in self.steps if "run" in s).replace("\\\n", " ")

    def test_it_is_a_workflow(self):
        self.assertEqual(set(self.doc[True]),  # YAML 1.1 reads `on` so
                         {"pull_request", "schedule", "workflow_dispatch"})
        for name, job in self.doc["jobs"].items():
            self.assertIn("timeout-minutes" if name != "comment" else "needs", job)
            for step in job["steps"]:
                self.assertEqual(("uses" in step) + ("run" in step), 1, step)
        for step in self.steps:
            if "uses" in step:
                self.assertRegex(step["uses"], r"^actions/[a-z-]+@v\d+$")

    def test_tokens_can_do_no_more_than_they_must(self):
        self.assertEqual(self.doc["permissions"], {"contents": "read"})
        writers = {n for n, j in self.doc["jobs"].items() if "write" in str(j.get("permissions"))}
        self.assertEqual(writers, {"comment"})
        self.assertNotIn("checkout", str(self.doc["jobs"]["comment"]))  # runs no foreign code
        for step in self.steps:
            self.assertNotIn("${{", step.get("run", ""))  # no text of a stranger in a shell

    def test_the_shell_in_it(self):
        done = subprocess.run(["sh", "-n"], input=self.shell, text=True, stderr=subprocess.PIPE)
        self.assertEqual(done.stderr, "")
        if shutil.which("shellcheck"):
            done = subprocess.run(["shellcheck", "--shell=bash", "-"], input=self.shell, text=True,
                                  stdout=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
        for script in re.findall(r"\./(scripts/\S+)", self.shell):
            self.assertTrue(os.access(os.path.join(ROOT, script), os.X_OK), script)

    def test_flags_exist(self):
        gate = subprocess.run([GATE, "--help"], stdout=subprocess.PIPE, text=True).stdout
        line = re.search(r"iopt-gate (.*?) -- (.*)", self.shell)
        for flag in re.findall(r"--[a-z-]+", line.group(1)):
            self.assertIn(f"  {flag} ", gate)
        self.fine("run", *line.group(2).split(), "--dry-run")
        with open(GATE, encoding="utf-8") as f:
            script = f.read().replace("\\\n", " ")
        compare = self.fine("compare", "--help")
        used = re.findall(r'"\$by" compare (.*) -- "\$@"', script)
        used += re.findall(r"iopt compare (.*)", self.shell)
        flags = [f for words in used for f in re.findall(r"(?<=[\s+])--[a-z-]+", f" {words}")]
        self.assertIn("--self-test", flags)
        self.assertIn("--verdict", flags)
        for flag in flags:
            self.assertIn(f"  {flag}", compare)


if __name__ == "__main__":
    main()

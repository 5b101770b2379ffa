"""What stands in fenced blocks is carried out, or is what it says it is. Used by docs.py.

    ```sh                       carried out by sh -e, in a folder of the page's own, `iopt` shortened
    ```sh not run: REASON       not carried out; the reason is for whoever reads the source of the page
    ```ini NAME                 written to that folder as NAME, for the commands below it
    ```c FILE, ```diff FILE     is FILE of this repository, to the letter
    ```                         output: no line may begin with a command

The examples of `iopt VERB --help` are carried out likewise, but for NOT_RUN.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND = re.compile(r"(\./|scripts/|build/|tests/|iopt (?!\w+: |0\.|doctor \||compare  )|ctest |cmake |git )")
# Examples of --help that are not carried out here
NOT_RUN = {
    "iopt doctor --calibrate": "takes more than a minute; cli/doctor has it",
    "iopt verify --mutants": "takes minutes; cli/mutants has it",
    "source <(": "is bash",
    "| man -l": "wants man",
    "iopt run configs/scaling.ini --place cpus:0,2-5": "wants six CPUs",
}
RESULTS = ("iopt-out/1", "iopt-out/2", "out", "results/main", "results/branch", "before", "after", "out/old", "out/new")


class Commands:
    def __init__(self, top, iopt, problem):
        self.top, self.iopt, self.problem = top, iopt, problem
        self.not_run = 0
        self.holder = tempfile.TemporaryDirectory(prefix="iopt-docs.")
        self.base = self.holder.name
        self.log = os.path.join(self.base, "log")
        self.env = dict(os.environ, PATH=f"{self.base}/bin:{os.environ['PATH']}", NO_COLOR="1",
                        XDG_DATA_HOME=os.path.join(self.base, "data"), PYTHONDONTWRITEBYTECODE="1")
        self.env.pop("IOPT_TRACE_DIR", None)
        self.script("bin/iopt", f'exec "{sys.executable}" -E -S "{HERE}/short_iopt.py" "{iopt}" "{self.log}" "$@"')
        self.script("bin/bench", 'exec iopt run "$@"')
        for other in ("bencher", "benchstat"):  # programs of others: something to call
            self.script(f"bin/{other}", "cat >/dev/null")
        self.made = os.path.join(self.base, "made")
        self.measure()

    def script(self, name, text):
        path = os.path.join(self.base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    def measure(self):
        """A result to be compared, reported and repeated."""
        for n in ("1", "2"):
            subprocess.run([self.iopt, "run", "--workload", "private", "--engines", "mutex-2019,lockless-2019",
                            "--threads", "1", "--duration", "60ms", "--slice", "1ms", "--warmup", "100us", "--processes", "6",
                            "--quiet", "--out", self.made + n], check=True, stdout=subprocess.DEVNULL)

    def folder(self, name):
        """What a reader has in front of him: the repository, two builds and some results."""
        folder = os.path.join(self.base, "pages", name.replace("/", "_"))
        os.makedirs(os.path.join(folder, "scripts"))
        for entry in ("configs", "tests", "docs", "src", "README.md", "packaging"):
            os.symlink(os.path.join(self.top, entry), os.path.join(folder, entry))
        for entry in os.listdir(os.path.join(self.top, "scripts")):
            os.symlink(os.path.join(self.base, "bin/bench") if entry == "bench" else
                       os.path.join(self.top, "scripts", entry), os.path.join(folder, "scripts", entry))
        for entry in ("iopt", "iopt-main", "iopt-branch"):
            os.symlink(self.iopt, os.path.join(folder, entry))
        for i, entry in enumerate(RESULTS):
            path = os.path.join(folder, entry)
            subprocess.run(["mkdir", "-p", os.path.dirname(path)], check=True)
            subprocess.run(["cp", "-r", f"{self.made}{i % 2 + 1}", path], check=True)
        for entry in os.listdir(os.path.join(self.top, "results")):
            os.symlink(os.path.join(self.top, "results", entry), os.path.join(folder, "results", entry))
        return folder

    def carry_out(self, page, number, text, folder):
        done = subprocess.run(["sh", "-ec", text], cwd=folder, env=self.env, text=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            self.problem(page, number, f"exit {done.returncode}: {done.stderr.strip()[-400:]}")

    def page(self, page, fenced):
        folder = None
        for number, info, text in fenced:
            language, _, argument = info.partition(" ")
            if language in ("sh", "ini") and not folder:
                folder = self.folder(page)
            if language == "sh" and not argument:
                self.carry_out(page, number, text, folder)
            elif language == "sh":
                if not re.fullmatch(r"not run: \w.*\w", argument):
                    self.problem(page, number, f"sh {argument}: want nothing, or `not run: REASON`")
                self.not_run += 1
            elif language == "ini" and argument:
                with open(os.path.join(folder, argument), "w", encoding="utf-8") as f:
                    f.write(text)
            elif language in ("c", "diff") and argument:
                self.same(page, number, argument, text)
            elif not language:
                self.no_commands(page, number, text)

    def same(self, page, number, name, text):
        try:
            with open(os.path.join(self.top, name), encoding="utf-8") as f:
                if f.read() != text:
                    self.problem(page, number, f"the block is not what {name} is")
        except OSError as e:
            self.problem(page, number, str(e))

    def no_commands(self, page, number, text):
        for line in text.splitlines():
            if COMMAND.match(line):
                self.problem(page, number, f"a command in a block that is not marked sh: {line}")

    def examples(self, verb, text):
        """Examples of a verb's --help: two blanks before each command, more before what goes on."""
        part = re.search(r"^examples?:.*?\n((?: +.*\n)+)", text, re.I | re.M)
        if not part:
            self.problem(f"iopt {verb} --help", 1, "no example")
            return
        lines = re.sub(r"\\\n\s*", "", part.group(1)).splitlines()
        run = [re.sub(r"\s{3,}\w.*", "", x.strip()) for x in lines if not any(skip in x for skip in NOT_RUN)]
        self.not_run += len(lines) - len(run)
        folder = self.folder(f"help-{verb}")
        for line in run:
            self.carry_out(f"iopt {verb} --help", 1, line + "\n", folder)

    def carried_out(self):
        if not os.path.exists(self.log):
            return 0
        with open(self.log, encoding="utf-8") as f:
            return len(f.readlines())

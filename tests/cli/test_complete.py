"""What iopt says of itself, made of the rows that --help shows: completions of three shells, iopt(1)."""
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import unittest

from command import IOPT, ROOT, Command, main

VERBS = ("run", "compare", "verify", "doctor", "report", "topo", "dump", "trace", "list", "version")
BASH = """source "$1"
shift
for line; do
    COMP_LINE=$line COMP_POINT=${#line}
    _iopt
    echo "${COMPREPLY[*]}"
done
"""
# ^X shows what the line has become, and empties it.
ZSH = """PS1= PROMPT= RPROMPT=
fpath=({0} $fpath) path=({0} $path)
autoload -Uz compinit && compinit -u -d {0}/dump
show() {{ print -rn -- "<$BUFFER>"; BUFFER= }}
zle -N show
bindkey '^X' show
print rea''dy
"""


def flags_of(text):
    return re.findall(r"(?m)^  --([\w-]+)", text)


class Complete(Command):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def written(self, topic, name):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.fine("list", topic))
        return path

    def shell(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(command[0] + " is not installed")
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def bash(self, *lines):
        script = self.written("bash", "iopt.bash")
        out = self.shell("bash", "--norc", "-c", BASH, "bash", script, *lines).split("\n")
        return dict(zip(lines, map(str.split, out)))

    def test_bash(self):
        os.mkdir(os.path.join(self.folder, "results"))
        with open(os.path.join(self.folder, "result.json"), "w", encoding="utf-8"):
            pass
        wanted = {
            "iopt ": set(VERBS) | {"help", "--help", "--version"},
            "iopt ver": {"version", "verify"},
            "iopt help to": {"topo"},
            "iopt run --think": {"--think"},
            "iopt run --place sc": {"scatter"},
            "iopt run --place=sc": {"scatter"},
            "iopt run --engines lockless,tic": {"lockless,ticket", "lockless,ticket-rewalk"},
            "iopt run --engines=mutex-": {"mutex-2019", "mutex-rewalk"},
            "iopt run --workload rep": {"repeat", "replay:"},
            "iopt run --workload cursor,replay:resu": {"results", "result.json"},
            "iopt run --workload replay:nv": {"nvme-amd-lazy", "nvme-vtd-strict"},
            "iopt trace ne": {"net-amd-strict"},
            "iopt run --threads a": {"all", "auto"},
            "iopt run --mem bind": {"bind:"},
            "iopt run --seed ": set(),
            "iopt run --quiet res": {"results", "result.json"},
            "iopt run --out res": {"results"},
            "iopt run --resume=res": {"results"},
            "iopt run --iova ": set(re.findall(r"(?m)^  ([\w-]+) ", self.fine("list", "iova"))),
            "iopt doctor --matrix=": {"none", "few", "all"},
            "iopt doctor --matrix ": set(),
            "iopt verify --layer race,de": {"race,device"},
            "iopt verify --break no-gr": {"no-grace"},
            "iopt dump --engine vtdss/m": {"vtdss/mutex", "vtdss/mutex-rewalk"},
            "iopt compare --format m": {"md"},
            "iopt compare res": {"results", "result.json"},
            "iopt list mu": {"mutants"},
            "iopt version ": set(),
        }
        replies = self.bash(*wanted)
        for line, words in wanted.items():
            self.assertEqual(set(replies[line]), words, line)

    def test_bash_knows_every_flag(self):
        lines = [f"iopt {verb} --" for verb in VERBS]
        for line, reply in self.bash(*lines).items():
            flags = flags_of(self.fine(*line.split()[1:2], "--help"))
            self.assertEqual({"--" + f for f in flags} | {"--help"}, set(reply), line)

    def test_bash_is_clean(self):
        path = self.written("bash", "iopt.bash")
        self.assertEqual(self.shell("shellcheck", "-s", "bash", path), "")

    def test_fish(self):
        path = self.written("fish", "iopt.fish")
        self.shell("fish", "--no-execute", path)
        wanted = {"iopt run --engines lockless,tic": {"lockless,ticket", "lockless,ticket-rewalk"},
                  "iopt run --engines=ticke": {"--engines=ticket", "--engines=ticket-rewalk"},
                  "iopt run --place sc": {"scatter"},
                  "iopt run --order as": {"ascending"},
                  "iopt run --workload cursor,replay:nv": {"cursor,replay:nvme-amd-lazy", "cursor,replay:nvme-vtd-strict"},
                  "iopt trace nv": {"nvme-amd-lazy", "nvme-vtd-strict"},
                  "iopt ver": {"verify", "version"}, "iopt list mut": {"mutants"},
                  "iopt doctor --matr": {"--matrix", "--matrix="}}
        wanted.update({f"iopt {verb} --": {"--" + f for f in flags_of(self.fine(verb, "--help"))} | {"--help"}
                       for verb in ("run", "topo")})
        out = self.shell("fish", "--no-config", "-c", "source $argv[1]; for line in $argv[2..-1]; "
                         "complete -C $line; echo =; end", path, *wanted)
        for (line, words), reply in zip(wanted.items(), out.split("=\n")):
            got = {row.split("\t")[0] for row in reply.splitlines()}
            says = dict(row.split("\t") for row in reply.splitlines() if "\t" in row)
            if "place" in line or "order" in line:
                self.assertEqual(set(says.values()) & {"spread over packages, nodes and caches in turn",
                                                       "each page behind the last"}, set(says.values()), reply)
            if line == "iopt run --":  # whole, or cut where a word ends
                self.assertEqual(says["--depth"], "pairs: buffers that a mapper may be ahead of its unmapper; DMA path: "
                                 "buffers …")
                self.assertEqual(says["--ratio"], "maps to unmaps to lookups, such as 1:1:3; auto: 1:1:0, and 2:2:1 "
                                 "in churn")
            self.assertTrue(words & got == words if "matr" not in line else words & got, (line, got))

    def test_zsh(self):
        path = self.written("zsh", "_iopt")
        self.shell("zsh", "-n", path)
        os.symlink(IOPT, os.path.join(self.folder, "iopt"))
        with open(os.path.join(self.folder, "setup"), "w", encoding="utf-8") as f:
            f.write(ZSH.format(self.folder))
        for line, becomes in (("iopt vers", "iopt version "),
                              ("iopt run --engines ticket,mutex-20", "iopt run --engines ticket,mutex-2019"),
                              ("iopt run --engines=lockless,pth", "iopt run --engines=lockless,pthread-2019"),
                              ("iopt run --lock-s", "iopt run --lock-stat "),
                              ("iopt topo --place scat", "iopt topo --place scatter "),
                              ("iopt run --mem bi", "iopt run --mem bind:"),
                              ("iopt run --workload=replay:net", "iopt run --workload=replay:net-amd-strict"),
                              ("iopt trace net", "iopt trace net-amd-strict"),
                              ("iopt list muta", "iopt list mutants ")):
            self.assertEqual(self.zsh_line(line).rstrip(" "), becomes.rstrip(" "))

    def zsh_line(self, line):
        """What the line becomes by a tab, in a zsh on a terminal of its own."""
        if not hasattr(self, "terminal"):
            pid, self.terminal = pty.fork()
            if not pid:
                os.execvp("zsh", ["zsh", "-f", "-i"])
            self.addCleanup(os.close, self.terminal)
            self.until(f"source {self.folder}/setup\n", r"ready")
        return self.until(line + "\t\x18", r"<(.*)>")

    def until(self, text, says):
        seen = ""
        os.write(self.terminal, text.encode())
        while not re.search(says, seen):
            self.assertTrue(select.select([self.terminal], [], [], 30)[0], seen)
            seen += os.read(self.terminal, 65536).decode()
        return re.search(says, seen).group(re.compile(says).groups)


class Manual(Command):
    def test_holds_all(self):
        page = self.fine("list", "man", env=dict(os.environ, SOURCE_DATE_EPOCH="86400"))
        self.assertIn(".TH IOPT 1 1970-01-02 ", page)
        plain = page.replace("\\-", "-")
        for verb in VERBS:
            self.assertIn(f".SS iopt {verb}\n", plain)
            section = plain.split(f".SS iopt {verb}\n")[1].split(".SS ")[0]
            for flag in flags_of(self.fine(verb, "--help")):
                if flag != "help":
                    self.assertIn(f"\\fB--{flag}\\fR", section, verb)
        for engine in ("compact", "rendezvous", "dma_map_benchmark", "stray-leaf"):
            self.assertIn(f"\\fB{engine}\\fR\n", plain)

    def test_date(self):
        for date in "abc", "1x", "-1", "99999999999999999999":
            self.refused(64, "^iopt list: SOURCE_DATE_EPOCH=", "list", "man",
                         env=dict(os.environ, SOURCE_DATE_EPOCH=date))

    def test_exit_codes_and_environment(self):
        """What the sources have is there: no code and no variable is forgotten."""
        plain = self.fine("list", "man").replace("\\-", "-")
        with open(os.path.join(ROOT, "src", "sys", "err.h"), encoding="utf-8") as f:
            codes = re.findall(r"EXIT_\w+ = (\d+)", f.read())
        self.assertGreater(len(codes), 10)
        for code in codes:
            self.assertIn(f".TP\n\\fB{code}\\fR\n", plain)
        section = plain.split(".SH ENVIRONMENT")[1].split(".SH ")[0]
        for folder, _, names in (*os.walk(os.path.join(ROOT, "src")), *os.walk(os.path.join(ROOT, "bench"))):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(folder, name), encoding="utf-8") as f:
                        for variable in re.findall(r'(?:getenv|directory_of)\("(\w+)"\)', f.read()):
                            self.assertIn(variable, section, name)

    def read(self, *command):
        with tempfile.NamedTemporaryFile("w", suffix=".1", encoding="utf-8") as f:
            f.write(self.fine("list", "man"))
            f.flush()
            done = subprocess.run([*command, f.name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=60,
                                  env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))
        return done

    @unittest.skipUnless(shutil.which("man") and shutil.which("groff"), "man-db and groff are not installed")
    def test_man_warns_of_nothing(self):
        done = self.read("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = re.sub(r".\x08", "", self.read("man", "-E", "UTF-8", "-l").stdout)
        self.assertIn("EXIT STATUS", text)
        self.assertIn("iopt run --dry-run --topology '2 pack:2 numa:1 l3:4 core:4 pu:2'", text)
        self.assertEqual([line for line in text.split("\n") if len(line) > 110], [])

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing(self):
        done = self.read("mandoc", "-T", "lint", "-W", "warning")
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    main()

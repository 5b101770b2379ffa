#!/usr/bin/env python3
"""docs.py TOP IOPT: what *.md says of this repository is so.

Relative links and their anchors resolve, files named in code spans exist, command lines in fenced
`sh` blocks are accepted (run is only planned, for a machine of two nodes), options named in code
spans exist, and every engine, workload, mutant and stop of the laboratory has its place in docs/.
"""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

TOP, IOPT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MACHINE = "2 pack:2 numa:1 l3:4 core:4 pu:2"
FOLDERS = "bench configs docs results scripts src tests".split()
WORKED_EXAMPLE = {"src/pt/lock_clh.h"}  # docs/architecture.md adds it
problems = []


def problem(page, line, text):
    problems.append(f"{page}:{line}: {text}")


def pages():
    yield from (f for f in sorted(os.listdir(TOP)) if f.endswith(".md"))
    for folder in FOLDERS:
        for path, _, files in os.walk(os.path.join(TOP, folder)):
            for f in sorted(files):
                if f.endswith(".md"):
                    yield os.path.relpath(os.path.join(path, f), TOP)


def read(page):
    """Lines of prose and lines of fenced blocks: [(number, text)], [(number, language, text)]."""
    prose, fenced, language = [], [], None
    with open(os.path.join(TOP, page), encoding="utf-8") as f:
        for number, text in enumerate(f, 1):
            fence = re.match(r"\s*```+\s*(\w*)", text)
            if fence:
                language = None if language is not None else fence.group(1)
            elif language is None:
                prose.append((number, text))
            else:
                fenced.append((number, language, text.rstrip("\n")))
    if language is not None:
        problem(page, number, "a fenced block does not end")
    return prose, fenced


def anchors(page):
    """As GitHub makes them: lower case, punctuation dropped, blanks to dashes, repeats numbered."""
    seen, found = {}, set()
    for _, text in read(page)[0]:
        heading = re.match(r"#+\s+(.*?)\s*#*$", text)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
            seen[slug] = seen.get(slug, 0) + 1
    return found


def check_links(page, prose):
    for number, text in prose:
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            if not os.path.exists(os.path.join(TOP, path)):
                problem(page, number, f"link to {target}: no such file")
            elif anchor and (not path.endswith(".md") or anchor not in anchors(path)):
                problem(page, number, f"link to {target}: no such heading")


def check_spans(page, prose, options):
    for number, text in prose:
        for span in re.findall(r"`([^`]+)`", text):
            path = re.fullmatch(r"((?:%s)/[\w./-]+\.\w+)(?::\d+)?" % "|".join(FOLDERS), span)
            if path and not re.search(r"NAME|MACHINE|build/", span) and \
                    path.group(1) not in WORKED_EXAMPLE and \
                    not os.path.exists(os.path.join(TOP, path.group(1))):
                problem(page, number, f"`{span}`: no such file")
            option = re.match(r"--[a-z][a-z-]*", span)
            if option and option.group() not in options:
                problem(page, number, f"`{span}`: no verb of iopt has {option.group()}")


def commands(fenced):
    """Commands of sh blocks, with continued lines joined: (number, words)."""
    begun, number = "", 0
    for at, language, text in fenced:
        if language != "sh":
            continue
        number = number if begun else at
        begun += text
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        line, begun = re.split(r"\s[|>]\s?|\s&&\s", begun)[0].strip(), ""
        if line and not line.startswith("#"):
            yield number, shlex.split(line, comments=True)


def check_command(page, number, words, folder):
    if words[0].startswith("./scripts/"):
        if not os.access(os.path.join(TOP, words[0]), os.X_OK):
            problem(page, number, f"{words[0]}: no such script")
        if words[0] != "./scripts/bench":
            return False
        words = ["iopt", "run"] + words[1:]
    if words[0] != "iopt":
        return False
    if words[1] == "run":
        words = words + ["--dry-run"] * ("--dry-run" not in words)
        words += ["--topology", MACHINE] * ("--topology" not in words)
    done = subprocess.run([IOPT] + words[1:], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=10)
    if done.returncode:
        problem(page, number, f"exit {done.returncode}: {shlex.join(words)}: {done.stderr.strip()}")
    return True


def a_folder(folder):
    """Where the command lines run: the repository's data, and a result of an earlier run."""
    for name in ("configs", "tests"):
        os.symlink(os.path.join(TOP, name), os.path.join(folder, name))
    os.makedirs(os.path.join(folder, "iopt-out/1"))
    shutil.copy(os.path.join(TOP, "configs/smoke.ini"), os.path.join(folder, "iopt-out/1/job.ini"))


def iopt(*args):
    return subprocess.run([IOPT, *args], stdout=subprocess.PIPE, text=True, check=True).stdout


def check_names():
    engines = set(re.findall(r"^  (\w+/[\w-]+)", iopt("list", "engines"), re.M))
    named = {name for _, text in read("docs/engines.md")[0]
             for name in re.findall(r"`((?:amdv1|vtdss)/[\w-]+)`", text)}
    listed = iopt("list", "workloads").split("\n\n")[0]
    workloads = set(re.findall(r"^  ([a-z]+)(?::[A-Z]+)?  ", listed, re.M))
    for name in sorted(engines - named):
        problem("docs/engines.md", 1, f"engine {name} is not in it")
    for name in sorted(named - engines):
        problem("docs/engines.md", 1, f"{name} is no engine of `iopt list`")
    sections = {re.sub("file$", "", a) for a in anchors("docs/workloads.md")}  # replay:FILE
    for name in sorted(workloads - sections):
        problem("docs/workloads.md", 1, f"workload {name} has no section")
    return len(engines), len(workloads)


def check_lab():
    """Bugs and stops of the laboratory: those of the sources are those of docs/verification.md."""
    mutants = set(re.findall(r"^  ([a-z]\w*(?:-\w+)+) ", iopt("list", "mutants"), re.M))
    labels = set()
    for path in sorted(glob.glob(os.path.join(TOP, "src/pt/*")) +
                       glob.glob(os.path.join(TOP, "src/iotlb/*"))):
        with open(path, encoding="utf-8") as f:
            labels |= set(re.findall(r'lab_(?:point|stop)\("([^"]+)"\)', f.read()))
    page = "docs/verification.md"
    section, rows = "", set()
    for _, text in read(page)[0]:
        section = text.strip() if text.startswith("## ") else section
        if section == "## The bugs that are planted":
            rows |= set(re.findall(r"^\| `([^`]+)` \|", text))
    for name in sorted((mutants | labels) - rows):
        problem(page, 1, f"no row is for `{name}`")
    for name in sorted(rows - mutants - labels):
        problem(page, 1, f"`{name}`: neither a mutant nor a stop in src/pt or src/iotlb")
    return len(mutants), len(labels)


def main():
    verbs = re.findall(r"^  (\w+) ", iopt("--help"), re.M)
    options = {o for verb in verbs for o in re.findall(r"--[a-z][a-z-]*", iopt(verb, "--help"))}
    ran = read_pages = 0
    with tempfile.TemporaryDirectory() as folder:
        a_folder(folder)
        for page in pages():
            prose, fenced = read(page)
            check_links(page, prose)
            check_spans(page, prose, options)
            ran += sum(check_command(page, n, words, folder) for n, words in commands(fenced))
            read_pages += 1
    engines, workloads = check_names()
    mutants, labels = check_lab()
    print(f"{read_pages} pages, {ran} commands, {engines} engines, {workloads} workloads, "
          f"{mutants} mutants, {labels} stops")
    if not (ran and engines and workloads and mutants and labels):
        problem("docs.py", 1, "found nothing to check")
    for text in problems:
        print(text)
    return 1 if problems else 0


sys.exit(main())

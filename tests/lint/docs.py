#!/usr/bin/env python3
"""docs.py TOP IOPT: what *.md says of this repository is so.

Relative links and their anchors resolve, files named in code spans exist, command lines in fenced
`sh` blocks and in the examples of --help are carried out (docs_commands.py), options named in code
spans exist, and every engine, workload, mutant and stop of the laboratory has its place in docs/.
"""
import glob
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from docs_commands import Commands

TOP, IOPT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FOLDERS = "bench configs docs results scripts src tests".split()
WORKED_EXAMPLE = {"src/pt/lock_ttas.h"}  # docs/adding-an-engine.md adds it
SOURCE_PAGES = ("docs/architecture.md", "docs/adding-an-engine.md", "CONTRIBUTING.md")  # name files briefly
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
    """Lines of prose [(number, text)] and fenced blocks [(number, what stands behind ```, text)]."""
    prose, fenced, block = [], [], None
    with open(os.path.join(TOP, page), encoding="utf-8") as f:
        for number, text in enumerate(f, 1):
            fence = re.match(r"\s*```+\s*(.*?)\s*$", text)
            if fence and block is None:
                block = (number, fence.group(1), [])
            elif fence:
                fenced.append((*block[:2], "".join(block[2])))
                block = None
            elif block is None:
                prose.append((number, text))
            else:
                block[2].append(text)
    if block:
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


def check_sources(page, prose):
    """What these pages name briefly, `plan.c` and `lane_stretch()`, is there."""
    code = ""
    for path in sorted(glob.glob(f"{TOP}/src/*/*.[ch]") + glob.glob(f"{TOP}/bench/*.[ch]") +
                       glob.glob(f"{TOP}/tests/example/*.h")):
        with open(path, encoding="utf-8") as f:
            code += f.read()
    known = set(re.findall(r"\w+(?=\()", code))
    known |= {"NAME_init", "NAME_acquire", "NAME_release"}  # of a lock to come
    for number, text in prose:
        for span in re.findall(r"`([^`]+)`", text):
            if re.fullmatch(r"(\w+/)?[\w*]+\.[ch]", span) and not span.startswith(tuple(FOLDERS)) and \
                    not any(glob.glob(f"{TOP}/{folder}/{span}") for folder in ("bench", "src", "src/*")):
                problem(page, number, f"`{span}`: no such source")
            function = re.fullmatch(r"(\w+)\(\)", span)
            if function and function.group(1) not in known:
                problem(page, number, f"`{span}`: no such function")


def check_indented(page, prose):
    for number, text in prose:
        if re.match(r"    (iopt|ctest|cmake|git|\./scripts/\S+|build/\S+) ", text):
            problem(page, number, "a command outside of a fenced block, where nobody carries it out")


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
    helps = {verb: iopt(verb, "--help") for verb in verbs}
    options = {o for text in helps.values() for o in re.findall(r"--[a-z][a-z-]*", text)}
    commands = Commands(TOP, IOPT, problem)
    all_pages = list(pages())
    with ThreadPoolExecutor(2) as pool:  # a run waits for its clocks half of the time
        carried_out = [pool.submit(commands.page, page, read(page)[1]) for page in all_pages]
        carried_out += [pool.submit(commands.examples, verb, text) for verb, text in helps.items()]
        for page in all_pages:
            prose, _ = read(page)
            check_links(page, prose)
            check_spans(page, prose, options)
            check_indented(page, prose)
            if page in SOURCE_PAGES:
                check_sources(page, prose)
    for each in carried_out:
        each.result()  # raises what went wrong there
    engines, workloads = check_names()
    mutants, labels = check_lab()
    ran = commands.carried_out()
    print(f"{len(all_pages)} pages, {ran} commands, {commands.not_run} blocks and examples not run, "
          f"{engines} engines, {workloads} workloads, {mutants} mutants, {labels} stops")
    if not (ran and engines and workloads and mutants and labels):
        problem("docs.py", 1, "found nothing to check")
    for text in problems:
        print(text)
    return 1 if problems else 0


sys.exit(main())

"""Stand-ins for builds of iopt: `run ... --out DIR` writes a result with figures made to order."""
import json
import os
import stat
import sys

FAKE = r'''#!{python} -IS
import json, os, random, signal, sys, time
SIDE = json.loads({side!r})
argv = sys.argv[1:]
at = dict(zip(argv, argv[1:]))
seed, out = int(at["--seed"]), at["--out"]
with open(SIDE["log"], "a") as log:
    log.write(json.dumps([SIDE["name"], seed, argv]) + "\n")
nth = sum(1 for line in open(SIDE["log"]) if json.loads(line)[0] == SIDE["name"])
does = SIDE["does"].get(str(nth), SIDE["does"].get("always"))
if does:
    exec(does)
with open(SIDE["template"]) as f:
    doc = json.load(f)
noise = random.Random(seed * 2 + (SIDE["name"] == "new"))
pick = noise.gauss(0, SIDE["noise"])
factor = SIDE["factor"] * 2.718281828 ** pick
doc["seed"], doc["argv"] = seed, argv
doc["host"]["commit"] = SIDE["name"]
doc["host"]["flags"] = SIDE["flags"]
for case in doc["cases"]:
    times = factor if case["body"] != "ruler" else 1.0
    case["ops_per_s"] = 1e8 * times
    for slice in case["slices"]:
        slice["ops_per_s"] = 1e8 * times
    for draw in case.get("draws") or []:
        draw["ops_per_s"] = 1e8 * times
    case.update(SIDE["case"])
    if "no_draws" in SIDE:
        case.pop("draws", None)
doc.update(SIDE["doc"])
os.makedirs(out, exist_ok=True)
with open(os.path.join(out, "result.json"), "w") as f:
    json.dump(doc, f)
sys.exit(SIDE["exit"])
'''


def make(directory, name, template, log, **more):
    """A program at directory/name; `does` has Python for its n-th start, or for "always"."""
    side = {"name": name, "template": template, "log": log, "factor": 1.0, "noise": 0.0,
            "does": {}, "case": {}, "doc": {}, "flags": "-O2", "exit": 0}
    side.update(more)
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(FAKE.format(python=sys.executable, side=json.dumps(side)))
    os.chmod(path, stat.S_IRWXU)
    return path


def cut(doc):
    """A result with no more than two slices a case, so that it is read fast."""
    for case in doc["cases"]:
        case["slices"] = case["slices"][:2]
    return doc

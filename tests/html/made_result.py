"""MADE UP results of every shape, for looking at the page: no number in here was ever measured.

made_result.py --list | SHAPE | --all DIR   prints one as result.json, or writes DIR/SHAPE/result.json of each.
`iopt report DIR/SHAPE` draws it. Every result but `old` is valid by docs/result.schema.json.
"""
import argparse
import json
import os
import sys

import made_parts as parts
import made_spoiled as spoiled
from made_case import LAW, RULERS, add_waste, case, fail_audit, latency

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "result.schema.json")
FOUR = ("amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/spin-2019", "amdv1/lockless")
SWEEP = (1, 2, 4, 8, 16, 32, 64)
ALERT = ('<script>alert(1)</script>', '</script><script>window.pwned=1</script>', '"><img src=x onerror=window.pwned=1>',
         "<!--<script>", "line\u2028separator\u2029paragraph", "\u202eright to left", "a&amp;b'c`${window.pwned=1}",
         "wide" * 60, "\U0001f4a5", "{{constructor}}", "javascript:window.pwned=1", "%s%n")


def sweep(workload="private", engines=FOUR + RULERS, threads=SWEEP, thinks=(0,), group=0, **more):
    made = []
    for think in thinks:
        for t in threads:
            made += [case(workload, e, t, think, group, **more) for e in engines]
            group += 1
    return made


def colds(threads=SWEEP, engines=("amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/lockless"), group=100, **more):
    made = []
    for i, t in enumerate(threads):
        for e in engines:
            share = 0.0 if "mutex" in e or t == 1 else 0.3 * (t - 1) * (0.7 if e == "amdv1/lockless" else 1)
            made.append(add_waste(case("cursor", e, t, 1000, group + i, **more), share))
        for e in engines[::2]:
            share = 0 if t == 1 else 0.1
            made.append(add_waste(case("grow", e, t, 0, group + 20 + i, **more), share, by_growth=int(t > 1)))
    return made


def forced(threads=(2, 16, 64), group=200):
    made = []
    for i, t in enumerate(threads):
        for e in ("amdv1/lockless-2019", "amdv1/lockless"):
            c = add_waste(case("rendezvous", e, t, 0, group + i), 0.8 * (t - 1), arrival="at_once")
            c.update({"forced": True, "ops_per_s": None, "ops_per_s_lo": None, "ops_per_s_hi": None,
                      "fairness": {"jain": None, "min_max": None}})
            for w in c["workers"]:
                w["ops_per_s"] = None
            c["waste"].update({"skew_ns": 80.0, "overlap": 0.8})
            for d in c["draws"]:
                d["ops_per_s"] = None
            made.append(c)
    return made


def overlaps(group=300):
    made = []
    for i, span in enumerate(("64K", "3x4K")):
        for e in ("amdv1/mutex-2019", "amdv1/lockless-2019"):
            c = case("overlap", e, 2, 0, group + i, end="/" + span)
            c.update({"forced": True, "unowned": True, "section": 3, "range": span, "verified": None,
                      "ops_per_s": None, "ops_per_s_lo": None, "ops_per_s_hi": None})
            torn = 6571 if span == "64K" and "lockless" in e else 0
            mixed = 8803 if span == "3x4K" else 0
            c["overlap"] = {"ranges": 100000, "one_writer": 100000 - torn - mixed, "mixed_chunks": mixed,
                            "one_writer_share": 1 - (torn + mixed) / 100000, "torn_leaf": torn, "absent": 0,
                            "leaked_tables": 0}
            for d in c["draws"]:
                d["ops_per_s"] = None
            made.append(c)
    return made


def rates(group=400):
    made = []
    for i, asked in enumerate((50_000, 500_000, 5_000_000)):
        for e in FOUR[:2]:
            saturated = asked > 1_000_000 and "mutex" in e
            c = case("private", e, 8, 0, group + i, end=f"/rate{asked}")
            late = 30.0 * (1 + asked / 1e6)
            c["rate"] = {"asked_per_s": asked, "pace": "poisson", "achieved": 0.61 if saturated else 0.999,
                         "lag_growth": 0.4 if saturated else 0.0, "saturated": saturated,
                         "response_ns": {"map": None if saturated else latency(60 + late, seed=asked, tail=4),
                                         "unmap": None, "lookup": None},
                         "lag_ns": None if saturated else latency(late, seed=asked + 1, tail=4)}
            made.append(c)
    return made


def dmas(group=500):
    made = []
    for workload in ("ring", "storage"):
        for iova, flush in (("fixed", "none"), ("rcache", "none"), ("percpu", "none"), ("rbtree", "none"),
                            ("rcache", "strict"), ("rcache", "lazy")):
            for t in (1, 2, 16):
                end = "/" + "/".join(w for w in (iova, flush) if w not in ("rcache", "none"))
                for e in FOUR[:2] + RULERS[:1]:
                    made.append(parts.add_dma(case(workload, e, t, 0, group, end=end.rstrip("/")), iova, flush))
                group += 1
    return made


def odd(group=600):
    """One of each that is rare."""
    replay = case("replay:nvme-amd-lazy", FOUR[0], 4, 0, group)
    replay["replay"] = {"events": 10000, "events_skipped": 12, "speed": "recorded", "segment_ns": 10 ** 9,
                        "late_ns": latency(400, seed=1)}
    look = case("lookup", FOUR[3], 8, 0, group + 1, readers=4, readers_cost_ns=3.5, readers_cost_ns_lo=2.5,
                readers_cost_ns_hi=4.5, phases=[
                    {"name": n, "ops": 1000, "ns_per_op": v, "retired": r, "retired_per_op": r / 1000}
                    for n, v, r in (("alone", 18.0, 0), ("beside", 21.5, 3))])
    locked = case("private", FOUR[1], 8, 0, group + 2, end="/lock-stat", lock_stat=parts.lock_stat())
    counted = case("private", FOUR[3], 8, 0, group + 2, end="/counters", counters_reason="remote: no such event",
                   counters={"cycles_per_op": 80.0, "instructions_per_op": 200.0, "llc_misses_per_op": 0.5,
                             "remote_per_op": None, "running_share": 0.99,
                             "events": {"cycles": "cycles", "instructions": "instructions",
                                        "llc_misses": "LLC-load-misses", "remote": None}})
    slow = case("private", FOUR[0], 4, 0, group + 3, end="/slow:8", handicap="slow:8")
    mix = case("private", FOUR[0], 4, 0, group + 4, end="/mix", page_size=None, page_sizes=[
        {"bytes": 4096, "weight": 60}, {"bytes": 65536, "weight": 30}, {"bytes": 2 << 20, "weight": 10}])
    failed = fail_audit(case("private", "amdv1/ticket", 4, 0, group + 5),
                        ['{"check":"leaf","iova":"0x1000","expected":"present","found":"absent"}'])
    lost = case("private", FOUR[0], 8, 0, group + 6, end="/moved")
    lost["workers"][3].update({"cpu": 40, "moved": True})
    lost["workers"][5].update({"unpinned": True, "memory_node": None})
    crowd = case("private", FOUR[0], 96, 0, group + 7, end="/crowd")
    return [replay, look, locked, counted, slow, mix, failed, lost, crowd]


def published():
    row = {"preset": "rfc", "format": "amdv1", "source": "<20230101.someone@example.org>", "hardware": "a desk",
           "before": "re-walk", "after": "cursor", "page_size": 4096, "batch": 1, "kind": "map",
           "avg_ns_before": 53, "avg_ns_after": 66, "min_ns_before": 50, "min_ns_after": 63}
    bench = dict(row, preset="dma_map_benchmark", kind="unmap", avg_ns_after=None, min_ns_after=None, threads=16,
                 sigma_ns_before=12)
    return [row, dict(row, kind="unmap", batch=512, min_ns_before=None), bench]


def result(cases, title="made", **more):
    made = {"schema": "iopt-result", "schema_version": 1, "complete": True, "started_utc": "2026-01-02T03:04:05Z",
            "argv": ["--made-up", title, "--out", "nowhere"], "seed": 1,
            "processes": max([len(c["draws"]) for c in cases], default=1), "config": {"jobs": [parts.job()]},
            "host": parts.host(), "clock": parts.clock(), "ruler": parts.ruler(), "alloc": parts.alloc(),
            "audit": parts.audit(cases), "warnings": list(parts.WARNINGS), "cases": cases,
            "comparisons": parts.comparisons(cases), "knees": parts.knees(cases), "scaling": parts.scaling(cases),
            "published": []}
    made.update(more)
    return made


def wide():
    """Everything there is, on two nodes."""
    cases = sweep(thinks=(0, 1000, 10000), processes=4, turns=8) + colds() + forced() + overlaps() + rates() + dmas() + odd()
    return result(cases, "wide", published=published())


def quick():
    """Two engines, two thread counts, twelve processes: the law is not identifiable."""
    return result(sweep(engines=FOUR[:2] + RULERS, threads=(1, 2), processes=12, turns=4), "quick")


def one():
    return result([case("private", FOUR[0], 1, processes=1, turns=4)], "one")


def single():
    """Several engines, but one thread count: nothing scales."""
    return result(sweep(threads=(1,)), "single")


def many():
    """300 cases and some eighteen thousand slices."""
    engines = FOUR + RULERS + ("amdv1/mutex", "amdv1/ticket", "amdv1/mcs", "vtdss/lockless")
    cases = sweep(engines=engines, thinks=(0, 100, 1000, 10000), processes=5, turns=12) + colds(processes=5, turns=12)
    return result(cases[:300], "many")


def empty():
    """Interrupted before the first case was through."""
    return result([], "empty", complete=False, warnings=[])


def interrupted():
    made = result(sweep()[:9] + colds()[:3], "interrupted", complete=False)
    made["audit"]["resumed_groups"] = 1
    return made


def failed():
    """Every audit failed but the rulers'."""
    cases = sweep(threads=(1, 2, 4, 8))
    for c in cases:
        if c["engine"] not in RULERS:
            fail_audit(c, ['{"check":"leaf","found":"absent"}', "two pages lost"])
    return result(cases, "failed")


def nulls():
    """Null wherever the schema lets it be."""
    made = spoiled.nulled(result(sweep(engines=FOUR, threads=(1, 2, 4)) + colds((1, 2)) + forced((2,)) + overlaps() + rates()
                                 + [c for c in dmas()[:12] if c["engine"] not in RULERS] + odd(), "nulls", published=published()), schema())
    for s in made["scaling"]:
        s["usl"].update({"identifiable": False, "reason": "1 thread count <= CPUs, 4 wanted"})
    return made


def old():
    """As the first release wrote it: not valid today, and read all the same."""
    return spoiled.aged(result(sweep(threads=(1, 2)) + colds((1, 2)) + forced((2,)) + overlaps(), "old"))


def hostile():
    """Every text tries to be more than text."""
    cases = sweep(threads=(1, 2, 4, 8)) + colds((1, 2)) + forced((2,)) + overlaps() + rates() + dmas()[:12] + odd()
    made = result(cases, "hostile", published=published())
    made = spoiled.poisoned(made, schema(), ALERT)
    for i, word in enumerate(("__proto__", "constructor", "toString", "hasOwnProperty")):  # of every object
        c = case(word, word + "/" + word, 1 + i, group=700 + i, turns=4, place=word, range=word, format=word, sync=word)
        made["cases"].append(c)
    return made


def faster():
    """`quick` again by a build whose lockless engine got slower and whose mutex got better, for side by side."""
    kept = dict(LAW)
    try:
        LAW["amdv1/lockless-2019"] = (52, 0.004, 0.00002)
        LAW["amdv1/mutex-2019"] = (40, 0.5, 0.004)
        made = quick()
    finally:
        LAW.update(kept)
    made["host"]["commit"], made["started_utc"] = "f00f00f", "2026-01-03T03:04:05Z"
    return made


SHAPES = {f.__name__: f for f in (wide, quick, one, single, many, empty, interrupted, failed, nulls, old, hostile,
                                  faster)}


def schema():
    with open(SCHEMA, encoding="utf-8") as f:
        return json.load(f)


def errors(made):
    """What the schema has against it; of each case's slices the first few, as all are alike."""
    import jsonschema
    few = dict(made, cases=[dict(c, slices=c["slices"][:2]) for c in made["cases"]])
    found = jsonschema.Draft202012Validator(schema()).iter_errors(few)
    return [f"{list(e.absolute_path)}: {e.message[:200]}" for e in found]


def rounded(value):
    """Twelve digits, as iopt writes them."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def write(directory, shape):
    """DIR/SHAPE/result.json; its path."""
    os.makedirs(os.path.join(directory, shape), exist_ok=True)
    path = os.path.join(directory, shape, "result.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write(json.dumps(rounded(SHAPES[shape]()), allow_nan=False))
    return path


def main():
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("shape", nargs="?", choices=SHAPES)
    said.add_argument("--list", action="store_true")
    said.add_argument("--all", metavar="DIR")
    asked = said.parse_args()
    if asked.all:
        for shape in SHAPES:
            print(write(asked.all, shape))
    elif asked.shape:
        json.dump(rounded(SHAPES[asked.shape]()), sys.stdout, allow_nan=False)
    else:
        for shape, make in SHAPES.items():
            print(f"{shape:12}{make.__doc__ or ''}")


if __name__ == "__main__":
    main()

"""Made results: result.json as `iopt run` writes it, with the figures that a test wants."""
import json
import math
import random

HOST = {"hostname": "box", "kernel": "Linux 6.1.0", "cpu_model": "EPYC 7763", "microcode": "0xa0",
        "governor": "performance", "boost": "1", "smt": True, "version": "0.1.0", "commit": "abc1234",
        "compiler": "gcc 12", "flags": "-O2 -g",
        "topology": {"nodes": [{"node": 0}], "cpus": 2, "cpus_allowed": 2}}


def noise(seed, n, sd):
    """n factors around 1, the same for the same seed."""
    rng = random.Random(seed)
    return [math.exp(rng.gauss(0, sd)) for _ in range(n)]


def latency(p99, n=5000):
    return {"n": n, "p50": p99 / 3, "p90": p99 / 2, "p99": p99 if n >= 1000 else None,
            "p999": None, "p9999": None}


def case(case_id, rates, engine="amdv1/lockless", rulers=None, p99=None, samples=5000, lost=None,
         tables=1000, **more):
    """One case: a process for each rate, two slices each."""
    slices, draws = [], []
    for p, rate in enumerate(rates):
        for half in (0, 1):
            slices.append({"process": p, "round": 0, "half": half, "ops": 1000,
                           "ops_per_s": rate, "tables": tables // 2 if lost else 0,
                           "lost_install": lost[p] // 2 + (half and lost[p] % 2) if lost else 0})
        draws.append({"process": p, "ops_per_s": rate, "lost": lost[p] if lost else 0,
                      "tables": tables if lost else 0,
                      "latency_ns": {"map": latency(p99[p], samples) if p99 else None,
                                     "unmap": None, "lookup": None}})
    made = {"case_id": case_id, "engine": engine, "workload": case_id.split("/")[0], "threads": 2,
            "group": 0, "page_size": 4096, "batch": 1, "think_ns": 0, "place": "compact",
            "mem": "local", "forced": False, "cold": bool(lost), "unowned": False,
            "verified": None if engine.endswith(("limit", "null")) else True,
            "ops_per_s": sorted(rates)[len(rates) // 2], "slices": slices, "draws": draws}
    made.update(more)
    return made


def result(cases, host=None, started="2026-01-02T03:04:05Z", seed=7, warnings=(), **more):
    made = {"schema": "iopt-result", "schema_version": 1, "complete": True, "started_utc": started,
            "argv": ["iopt"], "seed": seed, "processes": max(len(c["draws"]) for c in cases),
            "host": dict(HOST, **(host or {})),
            "alloc": {"library": "jemalloc", "version": "5.3.0"},
            "audit": {"lost_pinning": False, "clock_stepped_back": False},
            "warnings": list(warnings), "cases": cases}
    made.update(more)
    return made


def machine(seed, n=12, factor=1.0, ruler=1.0, sd=0.02, drift=0.15, p99_factor=1.0, lost=None,
            **more):
    """A run of two engines and a ruler on a machine whose speed wanders by `drift` from process to
    process; what `factor` does is on the first engine alone."""
    speed, own, other = noise(seed, n, drift), noise(seed + 1, n, sd), noise(seed + 2, n, sd)
    tail = noise(seed + 3, n, 0.03)
    cases = [
        case("private/lockless/t2/4K", [40e6 * s * f * factor * ruler for s, f in zip(speed, own)],
             p99=[400 * t * p99_factor for t in tail]),
        case("private/mutex/t2/4K", [10e6 * s * f * ruler for s, f in zip(speed, other)],
             engine="amdv1/mutex"),
        case("private/limit/t2/4K", [100e6 * s * ruler for s in speed], engine="amdv1/limit"),
    ]
    if lost:
        cases.append(case("cursor/lockless/t2/4K", [5e6 * f for f in other], lost=lost))
    return result(cases, seed=seed, **more)


def write(path, made):
    with open(path, "w", encoding="utf-8") as f:
        f.write(made if isinstance(made, str) else json.dumps(made))
    return path

"""MADE UP, not measured: one case of a result, on a machine that nobody has.

Two nodes of 16 cores with two threads each; an engine's rate follows the Universal Scalability Law with the
coefficients below, all noise is seeded. Numbers that belong together agree (draws are of their slices,
percentiles of their histogram, waste of its slices), so that a page may be held to them.
"""
import math
import random
from statistics import median

# engine: ns of an operation alone, sigma, kappa
LAW = {
    "amdv1/lockless-2019": (40, 0.004, 0.00002),
    "amdv1/mutex-2019": (45, 0.62, 0.0040),
    "amdv1/spin-2019": (42, 0.45, 0.0110),
    "amdv1/lockless": (16, 0.003, 0.00001),
    "amdv1/mutex": (21, 0.70, 0.0050),
    "amdv1/ticket": (20, 0.50, 0.0300),
    "amdv1/mcs": (22, 0.60, 0.0010),
    "vtdss/lockless": (18, 0.003, 0.00001),
    "amdv1/null": (0.3, 0.0, 0.0),
    "amdv1/limit": (5, 0.001, 0.0),
}
RULERS = ("amdv1/null", "amdv1/limit")
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999))
CORES, NODES = 32, 2


def cpu_of(worker):
    """compact, a core's second thread last"""
    return worker % (2 * CORES)


def node_of(cpu):
    return cpu % CORES // (CORES // NODES)


def rate_of(engine, threads, think_ns=0):
    own, sigma, kappa = LAW.get(engine, (30, 0.1, 0.001))
    share = own / (own + think_ns)
    alone = 1e9 / (own + think_ns)
    return alone * threads / (1 + share * (sigma * (threads - 1) + kappa * threads * (threads - 1)))


def buckets(p50, n, seed, tail=0.4, step=0.08):
    """A skewed histogram: low, high and count of what is not empty."""
    rng = random.Random(seed)
    low, rows, total = max(1, int(p50 / 4)), [], 0
    while low < p50 * 4000:
        high = max(low, int(low * (1 + step)) - 1)
        x = math.log(low / p50)
        weight = math.exp(-x * x / 0.05) + tail * 0.02 * math.exp(-abs(x) * 1.7)
        rows.append((low, high, weight))
        total += weight
        low = high + 1
    made = []
    for low, high, weight in rows:
        count = int(n * weight / total + rng.random())
        if count:
            made.append((low, high, count))
    return made


def rank(rows, n, share):
    need, seen = share * n, 0
    for low, high, count in rows:
        seen += count
        if seen >= need:
            return (low + high) // 2
    return (rows[-1][0] + rows[-1][1]) // 2


def percentiles(rows, n):
    return {k: rank(rows, n, q) if n * (1 - q) >= 10 else None for k, q in PERCENTILES}


def histogram(p50, n=5000, seed=0, **more):
    """hiccup_ns, gap_ns and the like: percentiles only"""
    rows = buckets(p50, n, seed, **more)
    n = sum(r[2] for r in rows)
    made = {"n": n, "min": rows[0][0], "max": rows[-1][1], "overflow": 0}
    made.update(percentiles(rows, n))
    return made, rows


def latency(p50, n=200000, seed=0, **more):
    made, rows = histogram(p50, n, seed, **more)
    for k, _ in PERCENTILES:
        made[k + "_lo"] = None if made[k] is None else made[k] * 0.98
        made[k + "_hi"] = None if made[k] is None else made[k] * 1.03
    made["histogram"] = {"low_ns": [r[0] for r in rows], "high_ns": [r[1] for r in rows],
                         "count": [r[2] for r in rows]}
    return made


def one_slice(process, turn, rate, rng, **more):
    ops = 400000 if rate is None else max(2, int(rate * 0.02) // 2 * 2)
    steal = 10_000_000 if rng.random() < 0.02 else 0
    slowed = (rate or 2e7) * math.exp(rng.gauss(0, 0.02)) * (0.6 if steal else 1)
    made = {
        "process": process, "round": turn // 2, "half": turn % 2, "table": turn // 40, "position": turn * ops,
        "at_ns": (turn + 1) * 90_000_000 + rng.randrange(5_000_000), "live_pages": 18 + turn // 40 + turn % 3,
        "ops": ops, "pages": ops, "elapsed_ns": int(1e9 * ops / slowed), "ops_per_s": slowed,
        "map_ops": ops // 2, "unmap_ops": ops // 2, "lookup_ops": 0,
        "map_timed_ops": ops // 2, "unmap_timed_ops": ops // 2, "lookup_timed_ops": 0,
        "map_timed_pages": ops // 2, "unmap_timed_pages": ops // 2, "lookup_timed_pages": 0,
        "map_timed_ns": ops * 12.5, "unmap_timed_ns": ops * 10.5, "lookup_timed_ns": 0.0,
        "busy_ns": ops * 23.0, "busy_ops": ops, "wait_ns": 0.0,
        "tables": 0, "lost_install": 0, "lost_growth": 0, "growths": 0, "plain_ns": 0.0, "plain_ops": 0,
        "meetings": 0, "steal_ns": steal, "phase_ops": None, "phase_ns": None, "phase_retired": None,
        "involuntary_switches": 3 if steal else 0, "voluntary_switches": 0, "minor_faults": 0, "migrations": 0,
        "skew_ns": None, "overlap": None, "cycles": None, "instructions": None, "llc_misses": None,
        "remote": None, "counters_running_share": None, "paced_ops": 0, "backlog": 0, "lag_first_ns": 0,
        "lag_last_ns": 0}
    made.update(more)
    return made


def workers_of(threads, engine, rate, seed):
    rng = random.Random(seed)
    unfair = 0.25 if "spin" in engine and threads > 8 else 0.02
    made = []
    for i in range(threads):
        cpu = cpu_of(i)
        pages = [0] * NODES
        pages[node_of(cpu)] = 9 + i % 3
        pages[0] += i % 7 == 6
        made.append({"cpu_asked": cpu, "cpu": cpu, "node": node_of(cpu), "memory_node": node_of(cpu),
                     "moved": False, "unpinned": False, "ops": 10_000_000,
                     "ops_per_s": rate / threads * math.exp(rng.gauss(0, unfair)), "table_pages_by_node": pages})
    return made


def fairness_of(workers):
    rates = [w["ops_per_s"] for w in workers]
    return {"jain": sum(rates) ** 2 / len(rates) / sum(r * r for r in rates), "min_max": min(rates) / max(rates)}


def waste_none():
    return {"tables": 1000, "lost": 0, "per_table": 0.0, "per_table_lo": 0.0, "per_table_hi": 0.003,
            "per_allocated": 0.0, "per_map": 0.0, "ns_per_map": 0.0, "window_ns": None, "windows": 0,
            "skew_ns": None, "overlap": None,
            "growth": {"growths": 0, "lost": 0, "per_growth": None, "per_growth_lo": None, "per_growth_hi": None},
            "in_vain": {"lost_installs": 0, "lost_growth": 0, "handed_back": 0, "recycled": 0, "zeroed_bytes": 0,
                        "losers_timed": 0, "loser_ns": None, "ns": 0.0},
            "model": {"arrival": None, "ceiling": None, "omega": None, "omega_lo": None, "omega_hi": None,
                      "by_gaps": None, "op_ns": None, "meetings": 0, "gap_ns": None}}


def base(case_id, engine, workload, threads, group=0, think_ns=0, **more):
    ruler, old = engine in RULERS, engine.endswith("-2019")
    sync = engine.split("/")[1].replace("-2019", "")
    made = {
        "case_id": case_id, "group": group, "section": 1, "engine": engine, "format": engine.split("/")[0],
        "sync": None if ruler else sync, "body": "ruler" if ruler else "2019" if old else "modern",
        "walk": None if ruler else "re-walk" if old else "cursor", "workload": workload, "forced": False,
        "cold": False, "unowned": False, "counterfactual": False, "threads": threads,
        "nodes_used": len({node_of(cpu_of(i)) for i in range(threads)}), "page_size": 4096,
        "page_sizes": [{"bytes": 4096, "weight": 1}], "batch": 1, "think_ns": think_ns, "place": "compact",
        "smt": "last", "oversubscribed": threads > 2 * CORES, "mem": "local", "zero": "alloc",
        "page_source": "pool", "share": "root", "order": "random", "range": "64K", "disjoint": False,
        "again": False, "handicap": None, "ratio": None, "readers": 0, "depth": None, "tables": None,
        "round": None, "levels": None, "levels_end": None if ruler else 3, "refused": None}
    made.update(more)
    return made


def think_word(ns):
    return f"{ns // 1000}us" if ns >= 1000 and ns % 1000 == 0 else f"{ns}ns"


def short(engine):
    return engine.removeprefix("amdv1/").replace("/", "-")


def name(workload, engine, threads, think_ns=0, end=""):
    return (f"{workload}/{short(engine)}/t{threads}/4K/b1/think{think_word(think_ns)}"
            f"/compact/local/alloc{end}")


def case(workload, engine, threads, think_ns=0, group=0, processes=2, turns=16, end="", **more):
    """A warm case; `more` are fields that shall be otherwise."""
    made = base(name(workload, engine, threads, think_ns, end), engine, workload, threads, group, think_ns)
    rng = random.Random(made["case_id"])
    ruler = engine in RULERS
    slices, draws = [], []
    for p in range(processes):
        luck = math.exp(rng.gauss(0, 0.05))
        mine = [one_slice(p, t, rate_of(engine, threads, think_ns) * luck, rng) for t in range(turns)]
        slices += mine
        draws.append({"process": p, "slices": len(mine), "ops_per_s": median(s["ops_per_s"] for s in mine)})
    rate = median(s["ops_per_s"] for s in slices)
    busy = max(0.1, threads * 1e9 / rate - think_ns)
    timed = None if engine == "amdv1/null" else latency(max(busy, 12) * 1.1, seed=made["case_id"],
                                                         tail=3 if "mutex" in engine and threads > 4 else 0.4)
    workers = workers_of(threads, engine, rate, made["case_id"])
    for draw in draws:
        draw.update({"map_ns_per_op": busy * 1.1, "unmap_ns_per_op": busy * 0.9, "lookup_ns_per_op": None,
                     "lost": 0, "tables": 1000 // processes,
                     "latency_ns": {"map": timed and dict({k: timed[k] for k, _ in PERCENTILES},
                                                          n=timed["n"] // processes),
                                    "unmap": None, "lookup": None}})
    at_node = [sum(w["table_pages_by_node"][n] for w in workers) for n in range(NODES)]
    live = [s["live_pages"] for s in slices if s["process"] == 0]
    made.update({
        "ops": sum(s["ops"] for s in slices), "pages_done": sum(s["pages"] for s in slices),
        "elapsed_ns": sum(s["elapsed_ns"] for s in slices), "ops_per_s": rate, "ops_per_s_lo": rate * 0.97,
        "ops_per_s_hi": rate * 1.025, "map_ns_per_op": busy * 1.1, "map_ns_per_page": busy * 1.1,
        "unmap_ns_per_op": busy * 0.9, "unmap_ns_per_page": busy * 0.9, "lookup_ns_per_op": None,
        "lookup_ns_per_page": None, "busy_ns_per_op": busy, "wait_ns_per_op": None,
        "latency_ns": {"map": timed, "unmap": None, "lookup": None},
        "sample_every": 64, "disturbed_samples": 3, "longest_wait_ns": busy * 9000.0,
        "pages": {"allocated": 1000, "freed": 0, "reachable": 1000, "spare": 0, "retired": 0, "lost": 0,
                  "wasted": 0, "wasted_install": 0, "wasted_growth": 0, "wasted_by_level": [0] * 6, "recycled": 0,
                  "peak": max(live) + 2, "by_node": at_node, "on_asked_node": 0.98},
        "waste": waste_none(), "fairness": fairness_of(workers), "verified": None if ruler else True,
        "evidence": [], "workers": workers, "overlap": None, "replay": None, "counters": None,
        "counters_reason": "perf_event_open: ENOENT: no such counter in this guest: ask its host for a PMU",
        "readers_cost_ns": None, "readers_cost_ns_lo": None, "readers_cost_ns_hi": None, "phases": None,
        "rate": None, "dma_map_benchmark": None, "lock_stat": None, "dma": None,
        "live_pages": {"first": live[0], "last": live[-1], "peak": max(live)} if live else None,
        "ops_per_slice": slices[0]["ops"] if slices else 0, "slices": slices, "draws": draws})
    made.update(more)
    return made


def add_waste(made, share, window_ns=212, arrival="lockstep", by_growth=0):
    """Lost pages in each slice, and what follows from them."""
    for s in made["slices"]:
        lost = int(62 * share + 0.5)
        s.update({"tables": 62, "lost_install": lost, "meetings": 61 if share else 0, "growths": 1,
                  "lost_growth": by_growth, "live_pages": 63, "unmap_ops": 0, "map_ops": s["ops"]})
    install = sum(s["lost_install"] for s in made["slices"])
    growth = sum(s["lost_growth"] for s in made["slices"])
    tables, lost = sum(s["tables"] for s in made["slices"]), install + growth
    per = lost / tables
    upper = install // 50
    made["cold"] = True
    made["section"] = 2
    made["order"], made["round"] = "ascending", 1024
    made["unmap_ns_per_op"] = made["unmap_ns_per_page"] = None
    for d in made["draws"]:
        mine = [s for s in made["slices"] if s["process"] == d["process"]]
        d.update({"lost": sum(s["lost_install"] + s["lost_growth"] for s in mine),
                  "tables": sum(s["tables"] for s in mine), "unmap_ns_per_op": None})
    made["pages"].update({"allocated": tables + lost, "freed": lost, "reachable": tables, "wasted": lost,
                          "wasted_install": install, "wasted_growth": growth,
                          "wasted_by_level": [install - upper, upper, 0, 0, 0, 0]})
    gap, _ = histogram(window_ns * 2, 3000, made["case_id"])
    modelled = share and made["threads"] > 1
    ceiling = (made["threads"] - 1) * 0.5 if modelled else None
    made["waste"].update({
        "tables": tables, "lost": lost, "per_table": per, "per_table_lo": per * 0.95 if lost else 0.0,
        "per_table_hi": per * 1.05 if lost else 3 / tables, "per_allocated": lost / (tables + lost),
        "per_map": lost / made["ops"], "ns_per_map": lost * window_ns / made["ops"],
        "window_ns": window_ns if lost else None, "windows": tables if lost else 0,
        "growth": {"growths": len(made["slices"]), "lost": growth, "per_growth": growth / len(made["slices"]),
                   "per_growth_lo": 0.0, "per_growth_hi": 3.0 + growth / len(made["slices"])},
        "in_vain": {"lost_installs": install, "lost_growth": growth, "handed_back": lost, "recycled": 0,
                    "zeroed_bytes": lost * 4096, "losers_timed": lost // 3,
                    "loser_ns": 300.0 if lost > 3 else None, "ns": 300.0 * install},
        "model": {"arrival": arrival if modelled else None, "ceiling": ceiling,
                  "omega": per / ceiling if modelled else None,
                  "omega_lo": per / ceiling * 0.94 if modelled else None,
                  "omega_hi": per / ceiling * 1.06 if modelled else None,
                  "by_gaps": per * 0.85 if modelled else None, "op_ns": 1204.0 if modelled else None,
                  "meetings": tables if modelled else 0, "gap_ns": gap if modelled else None}})
    return made


WITHHELD = ("ops_per_s", "ops_per_s_lo", "ops_per_s_hi", "map_ns_per_op", "map_ns_per_page", "unmap_ns_per_op",
            "unmap_ns_per_page", "lookup_ns_per_op", "lookup_ns_per_page", "busy_ns_per_op", "wait_ns_per_op",
            "live_pages", "longest_wait_ns")


def fail_audit(made, evidence):
    made.update({k: None for k in WITHHELD})
    made.update({"verified": False, "evidence": evidence, "slices": [], "draws": [],
                 "latency_ns": {"map": None, "unmap": None, "lookup": None}})
    made["waste"].update({"growth": None, "in_vain": None, "window_ns": None, "ns_per_map": None})
    made["fairness"] = {"jain": None, "min_max": None}
    for worker in made["workers"]:
        worker["ops_per_s"] = None
    return made

"""MADE UP parts of a result that are not cases: machine, comparisons, scaling; and ways to spoil a result."""
from made_case import CORES, LAW, NODES, RULERS, histogram, node_of, rate_of, short

WARNINGS = (
    "made up: no number of this result was ever measured",
    "the hypervisor took 2.1 % of the CPUs' busy time since boot (the CPUs' time went to other machines): use "
    "dedicated CPUs, or measure when it is quiet",
    "no hardware counters (ENOENT) (cycles and misses by operation stay null): ask the host of this guest for a PMU")


def one_cpu(cpu):
    core = cpu % CORES
    return {"cpu": cpu, "core": core, "smt": cpu // CORES, "l3": core // 8, "package": node_of(cpu),
            "node": node_of(cpu), "kind": None, "allowed": True}


def host():
    nodes = [{"node": n, "memory_bytes": 137438953472, "memory_allowed": True, "cpus_allowed": CORES,
              "distance": [10 if m == n else 32 for m in range(NODES)]} for n in range(NODES)]
    return {"hostname": "made-up", "kernel": "Linux 6.12.0", "os": "Debian GNU/Linux 12 (bookworm)", "arch": "x86_64",
            "cpu_model": "MADE UP 2 x 16 cores", "microcode": "0x1000065", "hypervisor": None, "container": None,
            "governor": "performance", "boost": "1", "clocksource": "tsc", "transparent_hugepages": "madvise",
            "numa_balancing": True, "smt": True, "cgroup_cpus": None, "memory_bytes": 274877906944,
            "cgroup_memory_bytes": None, "load1": 0.32, "version": "0.1.0", "commit": "abc1234",
            "compiler": "gcc 12.2.0", "flags": "-O2 -g -DNDEBUG", "hwloc": "2.9.0",
            "topology": {"packages": 2, "last_level_caches": 4, "cores": CORES, "cpus": 2 * CORES,
                         "cpus_allowed": 2 * CORES, "cpus_per_core": 2, "nodes": nodes,
                         "cpu_map": [one_cpu(n) for n in range(2 * CORES)]}}


def clock():
    return {"source": "tsc", "why_not_cycles": None, "step_ns": 10.02, "pair_ns": 22.54, "ns_per_tick": 0.4089,
            "drift_ppm": 0.0136, "cross_cpu_ns": 0.0}


def ruler():
    idle, _ = histogram(210, 3000, 5, tail=4)
    return {"null_ns": 0.31, "hiccup_ns": idle, "steal_ns": 160_000_000, "elapsed_s": 165.7,
            "peak_rss_bytes": 34746368}


def alloc():
    return {"library": "jemalloc", "version": "5.3.0", "malloc_conf": None, "page_bytes": 4096, "peak_pages": 1027}


def audit(cases):
    seen = [c for c in cases if c["verified"] is not None]
    most = max([c["threads"] for c in cases], default=0)
    return {"cases": len(cases), "audited": len(seen), "clean": sum(c["verified"] for c in seen), "unbalanced": 0,
            "cpus": most, "cpus_as_asked": most, "on_asked_node": 0.98, "lost_pinning": False,
            "clock_stepped_back": False, "resumed_groups": 0}


def job():
    return {"job": "made", "default": False, "preset": None, "engines": ["amdv1/lockless-2019", "amdv1/mutex-2019"],
            "workload": ["private"], "threads": [1, 2], "page_size": [4096], "batch": [1], "think_ns": [0],
            "place": ["compact"], "smt": ["last"], "oversubscribe": False, "mem": ["local"], "zero": ["alloc"],
            "share": "auto", "range": "64K", "disjoint": False, "duration_ns": 3000000000, "slice_ns": 20000000,
            "warmup_ns": 2000000, "processes": 2, "seed": 1, "sample": "auto", "round": 1024, "tables": 16,
            "break": "none", "topology": None, "out": "nowhere", "counters": "auto", "ratio": "auto", "readers": 0,
            "depth": 0, "walk": [], "lock_stat": False, "page_source": ["pool"], "page_weight": [], "order": "auto",
            "levels": ["auto"], "handicap": "none", "aa": False, "iova": ["rcache"], "iova_window": 4294967296,
            "buffers": [], "flush": ["none"], "flush_ns": 1000, "flush_lock": "held", "rate": [0],
            "pace": "poisson", "speed": "max"}


def comparisons(cases):
    """Each engine of a group against the group's first."""
    made, first = [], {}
    for c in cases:
        if c["engine"] in RULERS or c["verified"] is False or c["forced"]:
            continue
        a = first.setdefault((c["group"], c["workload"], c["threads"]), c)
        if a is c or not a["busy_ns_per_op"] or not c["busy_ns_per_op"]:
            continue
        differs = [k for k in ("format", "body", "sync", "walk") if a[k] != c[k]] or ["engine"]
        ratio = c["busy_ns_per_op"] / a["busy_ns_per_op"]
        added = c["busy_ns_per_op"] - a["busy_ns_per_op"]
        verdict = "worse" if ratio > 1.05 else "better" if ratio < 0.95 else "same" if ratio < 1.01 else "unsure"
        made.append({
            "a": a["case_id"], "b": c["case_id"], "case": f"{c['workload']} threads={c['threads']} page=4K",
            "differs": differs, "metric": "ns_per_op", "ratio": ratio, "lo": ratio * 0.98, "hi": ratio * 1.02,
            "added_ns": added, "added_ns_lo": added - abs(added) * 0.05, "added_ns_hi": added + abs(added) * 0.05,
            "pairs": len(c["slices"]), "p": 0.001, "p_holm": 0.01, "margin": 0.03, "counterfactual": False,
            "verdict": verdict})
    return made


def knees(cases):
    made = []
    warm = [c for c in cases if c["workload"] == "private" and c["ops_per_s"] and not c["rate"]]
    for engine in ("amdv1/mutex-2019", "amdv1/spin-2019"):
        for think in sorted({c["think_ns"] for c in warm if c["engine"] == engine}):
            counts = sorted({c["threads"] for c in warm if c["engine"] == engine and c["think_ns"] == think})
            ratio = {t: rate_of(engine, t, think) / rate_of("amdv1/lockless-2019", t, think) for t in counts}
            good = [t for t in counts if ratio[t] > 0.95]
            full = [t for t, u in zip(counts, counts[1:])
                    if rate_of(engine, u, think) < 1.05 * rate_of(engine, t, think)]
            dear = [t for t in counts if t not in good]
            made.append({"engine": engine, "baseline": "amdv1/lockless-2019", "think_ns": think,
                         "below_5_percent_threads": max(good, default=0), "undecided_from_threads": None,
                         "from_5_percent_threads": dear[0] if dear else None,
                         "saturated_threads": full[0] if full else None, "measured_to_threads": counts[-1],
                         "thread_counts": len(counts)})
    return made


def marks(threads, before):
    made = []
    if threads > CORES // NODES >= before:
        made.append("second_node")
    if threads > CORES >= before:
        made.append("hyperthreads")
    return made


def usl(engine, counts, identifiable):
    made = dict.fromkeys(("gamma_ops_per_s", "gamma_ops_per_s_lo", "gamma_ops_per_s_hi", "sigma", "sigma_lo",
                          "sigma_hi", "kappa", "kappa_lo", "kappa_hi", "peak_threads", "peak_threads_lo",
                          "peak_threads_hi", "peak", "peak_reach_threads", "misfit"))
    made.update({"identifiable": identifiable, "reason": f"{len(counts)} thread counts <= CPUs, 4 wanted",
                 "thread_counts": len(counts), "hyperthreads": counts[-1] > CORES, "held_at_zero": []})
    if identifiable:
        own, sigma, kappa = LAW.get(engine, (30, 0.1, 0.001))
        for k, v in (("gamma_ops_per_s", 1e9 / own), ("sigma", sigma), ("kappa", kappa)):
            made.update({k: v, k + "_lo": v * 0.8, k + "_hi": v * 1.2})
        peak = ((1 - sigma) / kappa) ** 0.5 if kappa else None
        told = peak is not None and peak <= counts[-1]
        made.update({"reason": None, "misfit": 0.04, "peak": "told" if told else "beyond_reach",
                     "peak_reach_threads": 2.0 * counts[-1]})
        if told:
            made.update({"peak_threads": peak, "peak_threads_lo": peak * 0.9, "peak_threads_hi": peak * 1.2})
        if not kappa:
            made["held_at_zero"] = ["kappa"]
    return made


def scaling(cases):
    by = {}
    for c in cases:
        key = c["case_id"].replace(f"/{short(c['engine'])}/t{c['threads']}/", "/")
        if not c["forced"]:
            by.setdefault((c["engine"], key), []).append(c)
    made = []
    for (engine, series), found in by.items():
        limits = {c["threads"]: c for c in by.get(("amdv1/limit", series), [])}
        if len(found) < 2:
            continue
        first, points, before = found[0], [], found[0]["threads"]
        for c in found:
            point = {"case_id": c["case_id"], "threads": c["threads"], "marks": marks(c["threads"], before)}
            point.update({k: c[k] for k in ("ops_per_s", "ops_per_s_lo", "ops_per_s_hi")})
            limit = limits.get(c["threads"])
            values = {"speedup": None, "of_limit": None, "efficiency": None}
            if c["ops_per_s"] and first["ops_per_s"]:
                values["speedup"] = c["ops_per_s"] / first["ops_per_s"]
                values["efficiency"] = values["speedup"] / (c["threads"] / first["threads"])
                if limit and limits.get(first["threads"]):
                    values["of_limit"] = c["ops_per_s"] / limit["ops_per_s"]
                    values["efficiency"] = (values["of_limit"] * limits[first["threads"]]["ops_per_s"]
                                            / first["ops_per_s"])
            for k, v in values.items():
                known = v is not None and (c is not first or k == "of_limit")
                point.update({k: v, k + "_lo": v * 0.96 if known else None, k + "_hi": v * 1.03 if known else None})
            points.append(point)
            before = c["threads"]
        counts = [c["threads"] for c in found]
        made.append({"engine": engine, "series": series, "against": "limit" if limits else "own",
                     "reference_threads": counts[0], "points": points,
                     "usl": usl(engine, counts, len(counts) >= 4 and "/think0ns/" in first["case_id"]
                                and bool(first["ops_per_s"]))})
    return made


def lock_stat():
    wait, _ = histogram(900, 4000, 8, tail=6)
    hold, _ = histogram(45, 4000, 9)
    cas = {"tried": 4000, "tried_per_op": 0.01, "failed": 7, "failed_share": 7 / 4000}
    return {"slices": 8, "ops": 400000, "cost_ratio": 1.12, "acquisitions": 400000, "contended": 380000,
            "contended_share": 0.95, "hand_offs": 390000, "hand_off_share": 0.975, "hand_offs_across_nodes": 0,
            "across_share": 0.0, "spins": 9000000, "spins_per_op": 22.5, "sleeps": 1200, "sleeps_per_op": 0.003,
            "wait_ns": wait, "hold_ns": hold, "hold_every": 16, "growth_acquisitions": None, "growth_contended": None,
            "compare_exchange": {"install": cas, "top": dict(cas, tried=0, tried_per_op=0.0, failed=0,
                                                             failed_share=None), "clear": cas, "unlink": cas}}


DMA_PARTS = (("alloc", 30.0), ("map", 43.0), ("unmap", 37.0), ("invalidate", 3.0), ("free", 25.0))


def add_dma(made, iova, flush):
    own = {"fixed": 0.2, "percpu": 0.6, "rcache": 1.0, "rbtree": 4.0}[iova]
    times = dict(DMA_PARTS)
    for k in ("alloc", "free"):
        times[k] *= own * (1 + 0.2 * made["threads"] * (iova == "rbtree"))
    times["invalidate"] = {"none": 3.0, "strict": 1400.0 * made["threads"] ** 0.5, "lazy": 9.0}[flush]
    if made["body"] == "ruler":
        times["map"] = times["unmap"] = 0.5
    made["phases"] = [{"name": k, "ops": 100000, "ns_per_op": v, "retired": 0, "retired_per_op": 0.0}
                      for k, v in times.items()]
    total = sum(times.values())
    share = times["unmap"] / (times["unmap"] + times["invalidate"] + times["free"])
    dma = {"iova": iova, "iova_window": None if iova == "fixed" else 4294967296, "direction": None, "sg": None,
           "buffers": None, "flush": flush, "flush_ns": None if flush == "none" else 1000.0,
           "flush_lock": None if flush == "none" else "held", "whole_map_ns": times["alloc"] + times["map"],
           "whole_unmap_ns": times["unmap"] + times["invalidate"] + times["free"]}
    for k, v in (("parts_ns", total), ("whole_ns", total * 0.95), ("whole_by_parts", 0.95), ("table_ns", 79.5),
                 ("unmap_table_share", share), ("amdahl", 1 / (1 - share))):
        dma.update({k: v, k + "_lo": v * 0.97, k + "_hi": min(v * 1.03, 1.0) if "share" in k else v * 1.03})
    dma["allocator"] = {"allocated": 9603712, "freed": 9603712, "pages_allocated": 18241297, "pages_freed": 18241297,
                        "failed": 0, "beyond_window": 0, "shared": 960000, "shared_share": 0.1, "steps": 2000000,
                        "steps_per_shared": 2.1, "refills": 100, "prepared_bytes": 0, "cached_pages": 512}
    stale, _ = histogram(2000, 3000, 11)
    depth, _ = histogram(8, 3000, 12)
    dma["invalidation"] = None if flush == "none" else {
        "unmaps": 100000, "commands": 200000, "commands_per_unmap": 2.0, "waits": 100000, "full": 3, "timer": 90,
        "spun_ns": 140000000, "queued_peak": 255, "stale_ns": stale, "ring_depth": depth}
    dma["census"] = {"maps": 65536, "pages": 123766, "migrations": 700, "migrations_share": 700 / 65536, "tables": 10,
                     "tables_by_cpus": [4, 3, 2, 1], "cpus_per_table": 2.0, "tables_shared": 0.6, "lines": 512,
                     "lines_by_cpus": [500, 12, 0, 0], "cpus_per_line": 1.02, "lines_shared": 12 / 512}
    made["dma"] = dma
    return made

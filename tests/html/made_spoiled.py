"""Ways to spoil a made result: null wherever it may be, hostile texts, the fields of an older release."""


def part_of(schema, root):
    """`schema` with its reference followed."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def choices(schema, root):
    """All that a value here may be described by."""
    schema = part_of(schema, root)
    found = [schema]
    for other in schema.get("anyOf", ()):
        found += choices(other, root)
    return found


def nullable(schema, root):
    for s in choices(schema, root):
        kinds = s.get("type", ())
        if "null" in ((kinds,) if isinstance(kinds, str) else kinds) or None in s.get("enum", ()):
            return True
    return False


def walk(value, schema, root, change):
    """`value` anew, each part as change(value, schema) has it; change returns None to look inside."""
    changed = change(value, schema)
    if changed is not None:
        return changed[0]
    for s in choices(schema, root):
        if isinstance(value, dict) and "properties" in s:
            return {k: walk(v, s["properties"].get(k, {}), root, change) for k, v in value.items()}
        if isinstance(value, list) and "items" in s:
            return [walk(v, s["items"], root, change) for v in value]
    return value


def nulled(made, schema):
    return walk(made, schema, schema, lambda value, s: (None,) if nullable(s, schema) else None)


def poisoned(made, schema, alerts):
    """Each free text with an attack at its end, the same for the same text."""
    known = {}

    def change(value, s):
        free = isinstance(value, str) and any(
            "string" in (o.get("type", ""), *o.get("type", ())) and not {"enum", "const", "pattern"} & set(o)
            for o in choices(s, schema))
        if not free or value == "ruler":  # rulers are told by that word
            return None
        return (known.setdefault(value, value + alerts[len(known) % len(alerts)]),)

    return walk(made, schema, schema, change)


NEW = {
    "result": "scaling published",
    "job": "preset walk page_weight rate smt oversubscribe page_source levels order speed ratio readers depth iova "
           "iova_window buffers flush flush_ns flush_lock aa lock_stat pace counters handicap",
    "alloc": "malloc_conf", "audit": "resumed_groups",
    "case": "walk page_sizes smt oversubscribed page_source order again handicap ratio readers depth tables round "
            "levels levels_end refused counters_reason counters rate dma_map_benchmark readers_cost_ns "
            "readers_cost_ns_lo readers_cost_ns_hi phases dma lock_stat draws live_pages",
    "waste": "growth in_vain model", "worker": "memory_node unpinned ops_per_s",
    "slice": "table at_ns live_pages phase_ops phase_ns phase_retired growths plain_ns plain_ops meetings cycles "
             "instructions llc_misses remote counters_running_share paced_ops backlog lag_first_ns lag_last_ns",
    "comparison": "p p_holm margin", "knee": "baseline undecided_from_threads from_5_percent_threads thread_counts",
}


def less(part, kind):
    for key in NEW[kind].split():
        part.pop(key, None)


def aged(made):
    """Without what came after the first release."""
    less(made, "result")
    made["host"]["topology"].pop("cpu_map", None)
    for kind in ("alloc", "audit"):
        less(made[kind], kind)
    for kind, parts in (("job", made["config"]["jobs"]), ("case", made["cases"]),
                        ("comparison", made["comparisons"]), ("knee", made["knees"])):
        for part in parts:
            less(part, kind)
    for case in made["cases"]:
        less(case["waste"], "waste")
        for worker in case["workers"]:
            less(worker, "worker")
        for one in case["slices"]:
            less(one, "slice")
        for h in case["latency_ns"].values():
            for key in [k for k in h or () if k.endswith(("_lo", "_hi")) or k == "histogram"]:
                del h[key]
    return made

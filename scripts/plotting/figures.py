"""What each figure shows: points taken from the tables, nothing of matplotlib.

Cases that differ in their engine and thread count alone form a series, and a panel. Numbers are those of the
files; worked out here are only shares of a bar, percentiles of a histogram, and the law's curve.
"""
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

COLD = ("cold", "cursor", "grow", "rendezvous", "convoy")  # workloads about new tables (docs/workloads.md)
SAMPLES_BEYOND = 10  # a percentile with fewer samples beyond it says nothing (docs/output.md)


class Nothing(Exception):
    """No case of this result has what the figure shows."""


@dataclass
class Line:
    label: str
    points: list  # (x, y) or (x, y, lo, hi)
    style: str = "line"  # line, points, faint (no legend), ideal, law, ceiling, gaps, steal, switches, max, clock


@dataclass
class Bar:
    label: str
    parts: list  # (name, value)
    whole: tuple = ()  # (value, lo, hi), marked beside the bar


@dataclass
class Panel:
    title: str
    lines: list = field(default_factory=list)
    bars: list = field(default_factory=list)


@dataclass
class Figure:
    name: str
    x: str
    y: str
    panels: list
    kind: str = "lines"  # lines, threads (log2 from 1 on), hdr, bars, strip
    log_y: bool = False
    ideal: float = None  # a level to compare with
    note: str = ""


def short_engine(case):
    """As it is called everywhere: "mutex-2019", "vtdss/lockless"."""
    return case.text("engine").removeprefix("amdv1/")


def engine_of(case):
    """Its label: what was done to it on purpose belongs to it."""
    name = short_engine(case)
    marks = [case.text("handicap")] + (["again"] if case.text("again") == "true" else [])
    return " ".join([name] + [m for m in marks if m])


def is_ruler(case):
    return case.text("body") == "ruler"


def series_of(case, with_threads=False):
    """The case's name without its engine (and threads)."""
    parts = case.text("case_id").removesuffix("#again").split("/")
    threads = parts[2] if with_threads else parts[2].lstrip("t0123456789")
    title = "/".join(parts[:1] + ([threads] if threads else []) + parts[3:])
    return title + " FORCED" if case.text("forced") == "true" else title


def threads_of(case):
    return int(case.need("threads"))


def shown(result, options, rulers=False):
    """Cases asked for whose audit did not fail: of those there are no numbers."""
    return [case for name, case in result.cases().items()
            if fnmatchcase(name, options.cases) and case.text("verified") != "false"
            and (rulers or not is_ruler(case))]


def point(x, row, name):
    """(x, y, lo, hi) of a column and its bounds; None where it is null."""
    y = row.number(name)
    return None if y is None else (x, y, row.number(name + "_lo"), row.number(name + "_hi"))


class Panels(dict):
    """Panels by title, lines in them by what tells them apart, in the order they come."""

    def line(self, title, key, label, style="line"):
        lines = self.setdefault(title, {})
        return lines.setdefault(key, Line(label, [], style)).points

    def finish(self, why_none):
        panels = [Panel(title, [line for line in lines.values() if line.points])
                  for title, lines in self.items()]
        panels = [panel for panel in panels if panel.lines]
        if not panels:
            raise Nothing(why_none)
        return panels


def swept(result, options):
    """Rows of scaling.csv of the cases asked for, rulers left out, by series; each with its case."""
    asked = set(case.text("case_id") for case in shown(result, options))
    for row in result.rows("scaling.csv"):
        case = result.case_of(row)
        if row.text("case_id") in asked:
            yield row, case


def law(row, most):
    """Throughput by the Universal Scalability Law with the coefficients of the row."""
    gamma, sigma, kappa = (row.need("usl_" + k) for k in ("gamma_ops_per_s", "sigma", "kappa"))
    for n in range(1, most + 1):
        yield n, gamma * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def scaling(result, options):
    panels, most, first = Panels(), {}, {}
    rows = list(swept(result, options))
    for row, _ in rows:
        most[row.text("series")] = max(most.get(row.text("series"), 0), threads_of(row))
    for row, case in rows:
        series, engine, n = row.text("series"), engine_of(case), threads_of(row)
        at = point(n, row, "ops_per_s")
        if at is None:
            continue
        panels.line(series, engine, engine).append(at)
        if series not in first and case.text("body") != "ruler":
            first[series] = engine, n, at[1]
        if row.text("usl_identifiable") == "true" and not panels.line(series, ("law", engine), engine, "law"):
            panels.line(series, ("law", engine), engine, "law").extend(law(row, most[series]))
    for series, (engine, n, rate) in first.items():
        panels.line(series, "ideal", f"ideal from {engine}", "ideal").extend(
            [(n, rate), (most[series], rate * most[series] / n)])
    return Figure("scaling", "threads", "operations / s", panels.finish(
        "no case was measured with two thread counts"), "threads")


def efficiency(result, options):
    panels, against = Panels(), set()
    for row, case in swept(result, options):
        at = point(threads_of(row), row, "efficiency")
        if at:
            panels.line(row.text("series"), engine_of(case), engine_of(case)).append(at)
            against.add(row.text("against"))
    of = {"limit": "gain over that of limit", "own": "gain / threads"}
    return Figure("efficiency", "threads", " or ".join(of.get(a, a) for a in sorted(against)), panels.finish(
        "no case was measured with two thread counts"), "threads", ideal=1.0)


def lock(result, options):
    """What a lock adds to an operation: comparisons of cases that differ in `sync` alone."""
    panels = Panels()
    asked = set(case.text("case_id") for case in shown(result, options))
    for row in result.rows("comparisons.csv"):
        base, case = result.case_of(row, "a"), result.case_of(row, "b")
        at = point(threads_of(case), row, "added_ns")
        if row.text("differs") == "sync" and row.text("b") in asked and at:
            label = f"{engine_of(case)} over {engine_of(base)}"
            panels.line(series_of(case), label, label).append(at)
    return Figure("lock", "threads", "ns added per operation", panels.finish(
        "no two cases differ in their sync alone"), "threads", ideal=0.0)


def percentiles(buckets):
    """(1 / (1 - p), ns) at the upper end of each bucket (low, high, count), as far as samples carry it."""
    buckets = sorted(buckets)
    total, below = sum(count for _, _, count in buckets), 0
    for low, high, count in buckets:
        below += count
        if total - below < SAMPLES_BEYOND:
            # what lies in this bucket is known up to the percentile with enough samples beyond
            if total - below + count > SAMPLES_BEYOND:
                yield total / SAMPLES_BEYOND, (low + high) / 2
            return
        yield total / (total - below), (low + high) / 2


def slowest(case, op, buckets):
    """(1 / (1 - p), ns) of the last of all samples."""
    highest = max(high for _, high, _ in buckets)
    at = case.number(f"{op}_max_ns")
    return sum(count for *_, count in buckets), highest if at is None else at


def latency(result, options):
    """A panel for each operation of each series, with the most threads it was measured with; what the clock cannot tell
    apart (docs/output.md) shaded."""
    cases = {case.text("case_id"): case for case in shown(result, options)}
    most = {}
    for case in cases.values():
        most[series_of(case)] = max(most.get(series_of(case), 0), threads_of(case))
    buckets = {}
    for row in result.rows("latency.csv"):
        case = result.case_of(row)
        if (row.text("case_id") in cases and threads_of(case) == most[series_of(case)]
                and row.text("op") in options.ops):
            key = series_of(case, True), row.text("op"), engine_of(case)
            buckets.setdefault(key, (case, []))[1].append((row.need("low_ns"), row.need("high_ns"), row.need("count")))
    panels, pairs = Panels(), {case.number("pair_ns") for case, _ in buckets.values()}
    for (series, op, engine), (case, counts) in buckets.items():
        title, pair = f"{series} {op}", case.number("pair_ns")
        panels.line(title, engine, engine).extend(percentiles(counts))
        panels.line(title, (engine, "max"), engine, "max").append(slowest(case, op, counts))
        if pair is not None:
            lowest = min(low for low, _, _ in counts)
            clock = panels.line(title, "clock", "below three pairs of stamps: not told apart", "clock")
            clock[:] = [(1, min([lowest, 3 * pair] + [ns for _, ns in clock])), (1, 3 * pair)]
    return Figure("latency", "percentile", "ns", panels.finish(
        f"no operation was timed by itself ({', '.join(options.ops)})"), "hdr", log_y=True,
        note="cross: max" + ("; nothing shaded: this result does not say what a pair of stamps costs"
                             if pairs == {None} else ""))


def lost_per_table(x, case):
    """point(); what a barrier forced is no rate and has no bounds, though older files hold some."""
    at = point(x, case, "waste_per_table")
    return at[:2] + (None, None) if at and case.text("forced") == "true" else at


def lossy(result, options):
    """Cases to whose workloads losing pages belongs, as in the HTML report, and series in which some engine lost one."""
    cases = [c for c in shown(result, options) if c.text("workload") != "overlap" and c.number("waste_tables")]
    losing = set(series_of(c) for c in cases if c.number("waste_lost"))
    return [c for c in cases if series_of(c) in losing or c.text("forced") == "true"
            or c.text("workload").partition(":")[0] in COLD + ("replay",)]


def waste(result, options):
    """By level and cause; a bar's height is waste_per_table, its parts are shares of the pages counted."""
    panels = {}
    for case in lossy(result, options):
        whole = lost_per_table(0, case)
        if whole is None:
            continue
        levels = [(f"level {k}", case.number(f"pages_wasted_level_{k}") or 0) for k in range(6)]
        counts = levels + [("growth", case.number("pages_wasted_growth") or 0)]
        total = sum(count for _, count in counts)
        parts = [(name, whole[1] * count / total if total else 0) for name, count in counts]
        panel = panels.setdefault(series_of(case), Panel(series_of(case)))
        panel.bars.append(Bar(f"{engine_of(case)} {threads_of(case)}t", parts, whole[1:]))
    if not panels:
        raise Nothing("no case lost pages, nor could have")
    return Figure("waste", "pages in vain per table built", "", list(panels.values()), "bars")


def model(result, options):
    panels = Panels()
    for case in shown(result, options):
        at = lost_per_table(threads_of(case), case)
        foretold = {"ceiling": case.number("waste_ceiling"), "gaps": case.number("waste_by_gaps")}
        if at is None or not case.number("waste_lost") or set(foretold.values()) == {None}:
            continue
        engine = engine_of(case)
        panels.line(series_of(case), engine, engine).append(at)
        for what, value in foretold.items():
            if value is not None:
                panels.line(series_of(case), (what, engine), engine, what).append((at[0], value))
    return Figure("model", "threads", "pages in vain per table", panels.finish(
        "no case has a model of its waste"), "threads",
        note="filled: measured; hollow: ceiling if they came by chance; cross: foretold by when they came")


def fairness(result, options):
    """Each writer's rate over the mean of its case; of each series the most threads."""
    cases = {c.text("case_id"): c for c in shown(result, options)
             if threads_of(c) > 1 and c.number("jain") is not None}  # else a trace or a barrier deals them out
    most, rates = {}, {}
    for case in cases.values():
        most[series_of(case)] = max(most.get(series_of(case), 0), threads_of(case))
    for row in result.rows("workers.csv"):
        case = result.case_of(row)
        if row.text("case_id") in cases and threads_of(case) == most[series_of(case)]:
            writes = row.need("worker") < threads_of(case) - (case.number("readers") or 0)
            if writes and row.number("elapsed_ns"):
                rate = row.need("ops") / row.need("elapsed_ns")
                rates.setdefault(row.text("case_id"), []).append((row.need("worker"), rate))
    panels = Panels()
    for name, workers in rates.items():
        case, mean = cases[name], sum(rate for _, rate in workers) / len(workers)
        panels.line(series_of(case, True), engine_of(case), engine_of(case), "points").extend(
            (rate / mean, worker) for worker, rate in sorted(workers) if mean)
    return Figure("fairness", "rate of a worker / mean of all", "", panels.finish(
        "no case with more than one writer, each with a rate of its own"), "strip", ideal=1.0)


def slices(result, options):
    """Throughput slice by slice of one process; those with steal or a switch marked."""
    cases = {c.text("case_id"): c for c in shown(result, options) if c.number("ops_per_s") is not None}
    of = {}
    for row in result.rows("slices.csv"):
        result.case_of(row)
        rate = row.number("ops_per_s")
        if row.text("case_id") in cases and row.need("process") == options.process and rate is not None:
            of.setdefault(row.text("case_id"), []).append((row.need("at_ns") / 1e9, rate, row.need("steal_ns"),
                                                           row.need("involuntary_switches")))
    panels = Panels()
    for name, rows in of.items():
        title, engine = series_of(cases[name], True), engine_of(cases[name])
        panels.line(title, engine, engine, "points").extend((at, rate) for at, rate, *_ in rows)
        panels.line(title, (engine, "switches"), "worker switched out", "switches").extend(
            (at, rate) for at, rate, _, switches in rows if switches > 0)
        panels.line(title, (engine, "steal"), "time stolen by the host", "steal").extend(
            (at, rate) for at, rate, steal, _ in rows if steal > 0)
    return Figure("slices", "seconds since measuring began", "operations / s", panels.finish(
        f"no slices of process {options.process} with a rate"), log_y=True)


def live(result, options):
    """Live table pages at the ends of slices; a line begins anew where an engine got a new table."""
    cases = {c.text("case_id"): c for c in shown(result, options)}
    panels, firsts = Panels(), {}
    for row in result.rows("series.csv"):
        result.case_of(row)
        if row.text("case_id") in cases and row.need("process") == options.process:
            case, table = cases[row.text("case_id")], row.need("table")
            engine, title, pages = engine_of(case), series_of(case, True), row.need("live_pages")
            first = firsts.setdefault(title, {}).setdefault(engine, table)
            panels.line(title, (engine, table), engine, "line" if table == first else "faint").append(
                (row.need("at_ns") / 1e9, pages))
    for title in list(panels):
        if len(set(y for line in panels[title].values() for _, y in line.points)) == 1:
            del panels[title]
    return Figure("live", "seconds since measuring began", "live table pages", panels.finish(
        f"live pages do not change in process {options.process}"), ideal=0.0)


def dma(result, options):
    """Parts of the DMA path; ns of each for one map, whatever it takes to unmap it."""
    panels = {}
    for case in shown(result, options):
        maps = [case.number(f"phase_{k}_ops") for k in range(6) if case.text(f"phase_{k}") == "map"]
        if case.number("dma_parts_ns") is None or not maps or not maps[0]:
            continue
        parts = [(case.text(f"phase_{k}"), case.need(f"phase_{k}_ns_per_op") * case.need(f"phase_{k}_ops")
                  / maps[0]) for k in range(6) if case.text(f"phase_{k}") and case.number(f"phase_{k}_ns_per_op")]
        # a panel for each workload and thread count: allocators and flushes are what one compares here
        title = f"{case.text('workload')}, {threads_of(case)} thread{'s' if threads_of(case) > 1 else ''}"
        label = " ".join(w for w in (engine_of(case), case.text("iova"), case.text("flush")) if w and w != "none")
        whole = None if "-sg" in case.text("case_id") else point(0, case, "dma_whole_ns")  # of an entry there
        panels.setdefault(title, Panel(title)).bars.append(
            Bar(label, parts, whole[1:] if whole else ()))
    if not panels:
        raise Nothing("no case of the DMA path (ring, storage, bulk, piecewise)")
    return Figure("dma", "ns a buffer, map and unmap, part by part", "", list(panels.values()), "bars",
                  note="mark: whole calls, with their interval")


FIGURES = {f.__name__: f for f in (scaling, efficiency, lock, latency, waste, model, fairness, slices, live, dma)}

"""What must hold of the charts of scaling, latency and waste beyond their numbers: what may be drawn at all.

Like those of check_page.py these return what is wrong, in words.
"""
import bisect
import itertools

PROBES = (1.5, 2, 7, 10, 33, 100, 444, 1000, 10000)  # 1 / (1 - p)
NEAR = 0.006  # of a probe: points nearer to each other than a pixel may be left out
BEYOND = 10   # samples that a percentile wants beyond it
FEW = 100     # events that a percentage wants


def value_range(latency, x):
    """Least and largest value that the axis' place x may show, from the histogram."""
    histogram, n = latency["histogram"], latency["n"]
    below = list(itertools.accumulate(histogram["count"]))

    def bucket(at):
        return bisect.bisect_right(below, min(int(n * (1 - 1 / max(at, 1))), n - 1))

    low, high = bucket(x * (1 - NEAR)), bucket(x * (1 + NEAR))
    return histogram["low_ns"][low], max(histogram["high_ns"][high], 0.5)


def latency_lines(browser, doc):
    """The line of every histogram is its cumulated distribution and ends in max."""
    lines = browser.js("""
        const lines = {};
        for (const c of cases_of(RESULTS[0]).filter(has_latency))
          for (const op of LATENCY_OPS) {
            const l = latency_of(c, 'service', op);
            if (l && l.histogram) {
              const points = staircase(l);
              const at = x => points.filter(p => p.x <= x).pop().y;
              lines[c.case_id + ' ' + op] = [...arguments[0].map(at), points[points.length - 1].x,
                points[points.length - 1].y];
            }
          }
        return lines;""", PROBES)
    wrong = []
    for c in doc["cases"]:
        for op, latency in c["latency_ns"].items():
            told = c["verified"] is not False and latency and latency["n"] and latency.get("histogram")
            drawn = lines.get(f"{c['case_id']} {op}")
            if bool(told) != bool(drawn):
                wrong.append(f"{c['case_id']} {op} is {'' if drawn else 'not '}drawn")
            if not told or not drawn:
                continue
            for x, y in zip(PROBES, drawn):
                low, high = value_range(latency, x)
                if x < latency["n"] and not low <= y <= min(high, latency["max"]):
                    wrong.append(f"{c['case_id']} {op}: {y} at 1/(1-p) = {x}, not in [{low}, {high}]")
            if drawn[-2:] != [latency["n"], latency["max"]]:
                wrong.append(f"{c['case_id']} {op} ends in {drawn[-2:]}, not in max")
    return wrong[:5]


def latency_support(browser, doc):
    """Lines change where fewer than ten samples lie beyond, and what the clock cannot tell apart is shaded."""
    found = browser.js("""
        const f = FIGURES.find(g => g.el.id === 'latency-service');
        if (!f)
          return null;
        const shaded = f.chart.data.datasets.filter(d => d.fill === 'start').map(d => d.data[0].y);
        const lines = f.chart.data.datasets.filter(d => d.stepped).map(d => {
          const n = d.data[d.data.length - 1].x;
          const dash = x => d.segment.borderDash({ p1: { parsed: { x } } }) !== undefined;
          return [d.label, dash(n / arguments[0] * 0.99), dash(n / arguments[0] * 1.01)];
        });
        return { shaded, lines };""", BEYOND)
    if not found:
        return []
    wrong = [f"{label}: dotted {before} before, {after} beyond a tenth of n"
             for label, before, after in found["lines"] if before or not after]
    pair = doc["clock"].get("pair_ns")
    if found["shaded"] != ([] if pair is None else [3 * pair]):
        wrong.append(f"shaded below {found['shaded']}, a pair of stamps costs {pair}")
    return wrong


def laws(browser, doc):
    """The law of scaling is drawn for a series exactly if it is identifiable, and as its coefficients say."""
    curves = browser.js("""
        return (RESULTS[0].result.scaling || []).map(s => {
          const counts = s.points.map(p => p.threads);
          const made = usl_curve(s, counts);
          return made.length ? made[0].data : null;
        });""")
    wrong = []
    for series, curve in zip(doc.get("scaling", ()), curves):
        usl = series["usl"]
        name = f"{series['engine']} {series['series']}"
        if bool(curve) != bool(usl["identifiable"]):
            wrong.append(f"{name}: identifiable {usl['identifiable']}, drawn {bool(curve)}")
        elif curve:
            n = curve[-1]["x"]
            law = usl["gamma_ops_per_s"] * n / (1 + usl["sigma"] * (n - 1) + usl["kappa"] * n * (n - 1))
            if abs(curve[-1]["y"] / law - 1) > 1e-9 or n > series["points"][-1]["threads"]:
                wrong.append(f"{name}: {curve[-1]}, the law has {law}")
    return wrong[:5]


def waste(browser, doc):
    """Forced cases are apart and without bounds, and nobody is given a percentage of few events."""
    found = browser.js("""
        const cases = wasting_cases(RESULTS[0]);
        return {
          natural: waste_groups(cases).filter(g => !g.forced).flatMap(g => g.cases.map(c => c.case_id)),
          bounds: cases.filter(c => c.forced && is_number(waste_point(c).lo)).map(c => c.case_id),
          rows: [...document.querySelectorAll("tr")].map(r => r.innerText.replaceAll("\\t", " "))
            .filter(t => t.includes("FORCED") && /\\[[0-9]/.test(t)),
          shares: cases.filter(c => is_number(WASTE_VIEWS.per_allocated.point(c).y)).map(c => c.case_id),
        };""")
    by = {c["case_id"]: c for c in doc["cases"]}
    wrong = [f"{i} is forced" for i in found["natural"] if by[i]["forced"]]
    wrong += [f"bounds of a forced case: {i}" for i in found["bounds"] + found["rows"]]
    wrong += [f"{i} lost {by[i]['waste']['lost']}" for i in found["shares"] if by[i]["waste"]["lost"] < FEW]
    return wrong


def curves(browser, doc):
    return latency_lines(browser, doc) + latency_support(browser, doc) + laws(browser, doc) + waste(browser, doc)

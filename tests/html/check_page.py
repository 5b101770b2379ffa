"""What must hold of a page of `iopt report`, whatever it shows. Each check returns what is wrong, in words.

They are functions, not assertions, so that planted bugs can prove that each of them finds something.
"""
import csv
import io
import math
import re

# figures one of whose axes is a place in the chart, such as one process behind the other
PLACED = {"slices-rate": 1, "live-pages": 1, "compare-ratios": 2}
# fields of a slice that the page has at all
SHOWN_OF_SLICES = ("process", "round", "half", "table", "at_ns", "live_pages", "elapsed_ns", "ops_per_s", "steal_ns",
                   "involuntary_switches", "tables", "lost_install", "lost_growth")
# figures whose points are cumulated: staircases() checks them against the histograms
STAIRCASES = ("latency-service", "latency-response")
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999))
KNOWN_TAGS = set("A BODY BUTTON CANVAS CODE DD DETAILS DIV DL DT FIGCAPTION FIGURE H1 H2 H3 H4 HEADER I KBD LABEL LI "
                 "MAIN NAV NOSCRIPT OL OPTION P PRE SCRIPT SECTION SELECT SPAN STRONG SUMMARY TABLE TBODY TD TH THEAD "
                 "TR UL INPUT CAPTION EM B COLGROUP COL SMALL SVG LINE TEXT".split())
SCRIPTS = 3  # the data, Chart.js, ours


def quiet(browser):
    """Nothing in the console, nothing asked of a network."""
    return browser.console() + browser.requests()


def has(docs, fits):
    return any(fits(c) for doc in docs for c in doc["cases"])


def rated(case):
    return case["ops_per_s"] is not None and case["verified"] is not False


def grows(case):
    """Its live pages change within a process, on a table that it keeps."""
    return case["body"] != "ruler" and not case["cold"] and any(
        len({s["live_pages"] for s in case["slices"] if s["process"] == p and "live_pages" in s}) > 1
        for p in {s["process"] for s in case["slices"]})


# section: None where both are fine, else whether the results have what it is about
WANTED = {
    "answer": lambda docs: True,
    "environment": lambda docs: True,
    "compare": lambda docs: len(docs) > 1,
    "scaling": lambda docs: True if any(len([p for p in s["points"] if p["ops_per_s"]]) > 1 for doc in docs
                                        for s in doc.get("scaling", ())) else None if has(docs, rated) else False,
    "latency": lambda docs: has(docs, lambda c: any((h or {}).get("p50") for h in c["latency_ns"].values())),
    "waste": lambda docs: has(docs, lambda c: c["cold"] and c["verified"] is not False) or None,
    "model": lambda docs: has(docs, lambda c: c["waste"].get("model", {}).get("ceiling")) or None,
    "fairness": lambda docs: has(docs, lambda c: c["threads"] > 1 and any(w.get("ops_per_s") for w in c["workers"])) or None,
    "slices": lambda docs: has(docs, lambda c: c["slices"] and "at_ns" in c["slices"][0]) or
    (None if has(docs, lambda c: c["slices"]) else False),
    "live": lambda docs: has(docs, grows) or (None if has(docs, lambda c: c["slices"]) else False),
    "machine": lambda docs: True if any((doc["host"]["topology"] or {}).get("cpu_map") and has([doc], lambda c: c["workers"])
                                        for doc in docs) else None,
}


def sections(browser, docs):
    """What the results have something for is there, in its order and with something in it; the rest is not."""
    there = browser.sections()
    wrong = []
    for section, wanted in WANTED.items():
        want = wanted(docs)
        if want is not None and bool(want) != (section in there):
            wrong.append(f"section {section} is {'not ' if want else ''}there")
    order = [s for s in ("answer", "compare", "scaling", "latency", "waste", "model", "fairness", "slices", "live",
                         "machine", "environment") if s in there]
    if there != order:
        wrong.append(f"sections {there}")
    empty = browser.js("""return [...document.querySelectorAll('main section')]
        .filter(s => s.innerText.trim().length < 40).map(s => s.id)""")
    links = browser.js("return [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href').slice(1))")
    if links != there:
        wrong.append(f"links {links}, sections {there}")
    return wrong + [f"section {s} is empty" for s in empty]


def words(browser):
    return browser.bad_words()


def narrow(browser):
    return browser.too_wide()


def inert(browser):
    """Texts of the result stayed texts: no script of theirs ran, no element of theirs is there."""
    found = browser.js("""
        const tags = {};
        for (const e of document.body.querySelectorAll('*'))
          tags[e.tagName] = (tags[e.tagName] || 0) + 1;
        const own = [...document.body.querySelectorAll('*')].flatMap(e => [...e.attributes])
          .filter(a => /^on/.test(a.name)).map(a => a.name);
        const links = [...document.querySelectorAll('[href],[src]')]
          .map(e => e.getAttribute('href') || e.getAttribute('src')).filter(u => !/^#/.test(u));
        return {tags, own, links, pwned: window.pwned !== undefined};""")
    wrong = [f"an element {tag}" for tag in found["tags"] if tag.upper() not in KNOWN_TAGS]
    if found["tags"].get("SCRIPT") != SCRIPTS:
        wrong.append(f"{found['tags'].get('SCRIPT')} scripts")
    if found["pwned"]:
        wrong.append("a script of the result ran")
    return wrong + [f"attribute {n}" for n in found["own"]] + [f"link {u}" for u in found["links"]]


# -- figures: chart, table and CSV show what the result has

def figures(browser):
    """Of every figure its columns, rows, table, CSV and the points that are drawn."""
    return browser.js("""
        const kept = window.save, made = [];
        for (const el of document.querySelectorAll('figure')) {
          const [show, save_button] = el.querySelectorAll('.buttons button');
          const f = FIGURES.find(g => g.el === el), data = el.querySelector('.data');
          let csv = null;
          window.save = (name, text) => { csv = {name, text}; };
          save_button.click();
          if (data.hidden)
            show.click();
          const cells = [...data.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent));
          const heads = [...data.querySelectorAll('thead th')].map(c => c.textContent);
          show.click();
          const points = [];
          for (const d of f && f.chart ? f.chart.data.datasets : [])
            if (!d.band && !d.aside)
              for (const [i, p] of d.data.entries()) {
                const one = typeof p === 'number' ? {x: (f.chart.data.labels || [])[i], y: p} : p;
                if (one)
                  points.push([d.label, one.x, one.y]);
              }
          made.push({id: el.id, csv, cells, heads, points, drawn: Boolean(f && f.chart)});
        }
        window.save = kept;
        return made;""")


def value_of(text):
    """A field of the CSV, or a cell of the table."""
    if text in ("", "-"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def read_csv(figure):
    """Gives the figure its columns and rows, and says what is wrong with its CSV or its table."""
    where = f"figure {figure['id']}: "
    figure["columns"], figure["rows"] = [], []
    if not figure["csv"]:
        return [where + "no CSV"]
    text = figure["csv"]["text"]
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    figure["columns"], figure["rows"] = read[0], [[value_of(v) for v in line] for line in read[1:]]
    wrong = []
    if not text.endswith("\r\n") or not re.fullmatch(r"[a-z0-9-]+\.csv", figure["csv"]["name"]):
        wrong.append(f"{where}the file {figure['csv']['name']} ends {text[-5:]!r}")
    if len(read) < 2 or any(len(line) != len(read[0]) for line in read):
        wrong.append(f"{where}{len(read) - 1} rows, or not all of {len(read[0])} columns")
    if figure["heads"] != figure["columns"]:
        wrong.append(f"{where}CSV has {figure['columns']}, the table {figure['heads']}")
    cells = [[value_of(v) for v in line] for line in figure["cells"]]
    if cells != [[value_of(v) for v in line] for line in read[1:1001]]:
        wrong.append(f"{where}the table differs from the CSV")
    return wrong


def numbers_in(value, found):
    if isinstance(value, bool) or value is None:
        return found
    if isinstance(value, (int, float)):
        found.add(float(value))
    elif isinstance(value, dict):
        for v in value.values():
            numbers_in(v, found)
    elif isinstance(value, list):
        for v in value:
            numbers_in(v, found)
    return found


class Known:
    """What the numbers of a result are, of each case and in all."""

    def __init__(self, doc):
        self.cases = {c["case_id"]: c for c in doc["cases"]}
        self.own = {c["case_id"]: numbers_in({k: v for k, v in c.items() if k != "slices"}, set())
                    for c in doc["cases"]}
        for c in doc["cases"]:
            self.own[c["case_id"]].update(float(s[k]) for s in c["slices"] for k in SHOWN_OF_SLICES if k in s)
        for series in doc.get("scaling", ()):
            for point in series["points"]:
                own = self.own.setdefault(point["case_id"], set())
                numbers_in([point, series["usl"], series["reference_threads"]], own)
        for comparison in doc["comparisons"]:
            for side in ("a", "b"):
                numbers_in(comparison, self.own.setdefault(comparison[side], set()))
        self.all = numbers_in({k: v for k, v in doc.items() if k != "cases"}, set()).union(*self.own.values())

    def of(self, row):
        """The numbers that a row may have: of its case if it names one, else of all with its engine and threads."""
        if row.get("case_id") in self.own:
            return self.own[row["case_id"]]
        keys = [k for k in ("engine", "threads", "workload", "think_ns") if row.get(k) is not None]
        found = [self.own[i] for i, c in self.cases.items() if all(c[k] == row[k] for k in keys)]
        return set().union(*found) if keys and found else self.all


def rows_are_the_results(figure, knowns, also=frozenset()):
    """Every number of a row is in what the result says of the case that the row is of."""
    wrong = []
    for row in figure["rows"]:
        numbers_here = {c: v for c, v in zip(figure["columns"], row) if isinstance(v, float) and c not in DERIVED}
        off = []
        for known in knowns:
            have = known.of(dict(zip(figure["columns"], row)))
            off.append([f"{c}={v!r}" for c, v in numbers_here.items() if v not in have and v not in also])
            if not off[-1]:
                break
        if off[-1]:
            wrong.append(f"figure {figure['id']}: not in the result: {off[-1]} of {row}")
    return wrong[:3]


# -- columns that are arithmetic on what the result has: (row, rows of its case, result) gives what it must be

def close(a, b):
    return a is None and b is None or a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def law(row, _rows, docs):
    """Of all laws of the row's engine the one that comes nearest; the row names no series as the result does."""
    n, told = row["threads"], row["law_ops_per_s"]
    laws = [u["gamma_ops_per_s"] * n / (1 + u["sigma"] * (n - 1) + u["kappa"] * n * (n - 1))
            for doc in docs for s in doc.get("scaling", ()) if s["engine"] == row["engine"]
            for u in [s["usl"]] if u["identifiable"]]
    return min(laws, key=lambda v: abs(v - told), default=None) if told is not None else None


def share(row, rows, _docs):
    rates = [r["ops_per_s"] for r in rows if r["case_id"] == row["case_id"]]
    return None if None in rates else row["ops_per_s"] * len(rates) / sum(rates)


DERIVED = {
    "law_ops_per_s": law, "off": lambda row, _rows, _docs: row["ops_per_s"] / row["law_ops_per_s"] - 1, "off_lo": None, "off_hi": None, "share_of_mean": share,
    "lost_a_table": lambda row, _rows, _docs: row["lost"] / row["tables"] if row["tables"] else None,
    "ns_a_range": None, "ns_a_range_lo": None, "ns_a_range_hi": None,
}


def arithmetic(figure, docs):
    wrong = []
    rows = [dict(zip(figure["columns"], row)) for row in figure["rows"]]
    for column in figure["columns"]:
        for row in rows if DERIVED.get(column) else ():
            want = DERIVED[column](row, rows, docs)
            if not close(row[column], want):
                wrong.append(f"figure {figure['id']}: {column} should be {want} in {row}")
    return wrong[:3]


def staircases(figure, docs):
    """Each point of a percentile plot is a percentile of the result or where a bucket of its histogram begins."""
    if not figure["id"].startswith(STAIRCASES):
        return []
    case_ids = {row[figure["columns"].index("case_id")] for row in figure["rows"]}
    may = {}
    for case in (c for doc in docs for c in doc["cases"] if c["case_id"] in case_ids):
        response = (case.get("rate") or {}).get("response_ns") or {}
        for h in [*case["latency_ns"].values(), *response.values()]:
            for x, y in steps(h) if h else ():
                may.setdefault(y, []).append(x)
    return [f"figure {figure['id']}: drawn, but of no histogram: {point}" for point in figure["points"]
            if not any(math.isclose(point[1], x, rel_tol=1e-9) for x in may.get(point[2], ()))][:3]


def steps(h):
    """(1 / (1 - p), value) of all that may be drawn of a distribution."""
    made = [(1 / (1 - p), max(h[name], 0.5)) for name, p in PERCENTILES if h[name] is not None]
    made.append((h["n"], h["max"]))
    below, buckets = 0, h.get("histogram") or {"low_ns": [], "high_ns": [], "count": []}
    for low, high, count in zip(buckets["low_ns"], buckets["high_ns"], buckets["count"]):
        if below < h["n"]:
            middle = h["max"] if low >= 2 ** 40 else (low + high) / 2
            made.append((h["n"] / (h["n"] - below), min(max(middle, 0.5), h["max"])))
        below += count
    return made


def points_are_rows(figure):
    """x and y of whatever is drawn are in one row of the data."""
    if figure["id"].startswith(STAIRCASES):
        return []
    wrong, by_value = [], {}
    placed = next((axis for name, axis in PLACED.items() if figure["id"].startswith(name)), None)
    for i, row in enumerate(figure["rows"]):
        for v in row:
            by_value.setdefault(v, set()).add(i)

    for point in figure["points"]:
        drawn = [float(v) for axis, v in enumerate(point) if isinstance(v, (int, float)) and axis != placed]
        if None not in point[1:3] and not set.intersection(*(by_value.get(v, set()) for v in drawn)):
            wrong.append(f"figure {figure['id']}: drawn but not in its data: {point}")
    return wrong[:3]


def numbers(browser, docs, more=()):
    """Every figure: its table is its CSV, its rows are of `docs` (or of `more`), what it draws is in its rows."""
    wrong = []
    knowns = [Known(doc) for doc in docs]
    also = numbers_in(list(more), set())
    for figure in figures(browser):
        wrong += read_csv(figure) + rows_are_the_results(figure, knowns, also) + arithmetic(figure, docs)
        wrong += points_are_rows(figure) + staircases(figure, docs)
    return wrong


# -- the sentence on top

def show_ns(v):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if abs(v) >= size - size / 2000:
            return shown(v / size) + " " + unit
    return shown(v) + " ns"


def shown(v):
    return f"{v:.0f}" if abs(v) >= 99.95 or v == int(v) else f"{v:.1f}"


def headline(doc):
    """The comparison that the sentence is about: the most threads, no think time, the 2019 mutex."""
    by = {c["case_id"]: c for c in doc["cases"]}
    found = [c for c in doc["comparisons"] if c["differs"] == ["sync"]
             and by[c["b"]]["engine"] == "amdv1/mutex-2019" and by[c["b"]]["workload"] == "private"
             and by[c["b"]]["think_ns"] == 0 and not by[c["b"]].get("rate")]
    return max(found, key=lambda c: by[c["b"]]["threads"]), by


def answer(browser, doc):
    """The sentence's numbers are the result's."""
    text = browser.js("return document.querySelector('.answer').innerText")
    found, by = headline(doc)
    told = [show_ns(found["added_ns"]), f"{by[found['b']]['threads']} threads"]
    bounds = [show_ns(found["added_ns_lo"]), show_ns(found["added_ns_hi"])]
    audited = [c for c in doc["cases"] if c["verified"] is not None]
    failed = [c for c in audited if not c["verified"]]
    told.append(f"{len(failed)} of {len(audited)}" if failed else f"all {len(audited)} audited")
    lost = [c for c in doc["cases"] if c["workload"] == "cursor" and c["engine"] == "amdv1/lockless-2019"]
    if lost:
        most = max(lost, key=lambda c: c["threads"])
        told.append(f"{most['waste']['per_table']:.3g}")
    wrong = [f"no \"{t}\" in: {text}" for t in told if t not in text.lower()]
    if not all(b.split()[0] in text for b in bounds):
        wrong.append(f"no {bounds} in: {text}")
    return wrong

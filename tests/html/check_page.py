"""What must hold of a page of `iopt report`, whatever it shows. Each check returns what is wrong, in words.

They are functions, not assertions, so that planted bugs can prove that each of them finds something.
"""
import csv
import io
import math

LOCKS = ("mutex", "spin", "pthread", "ticket", "mcs")
KNOWN_TAGS = set("A BODY BUTTON CANVAS CODE DD DETAILS DIV DL DT FIGCAPTION FIGURE H1 H2 H3 H4 HEADER I KBD LABEL LI "
                 "MAIN NAV NOSCRIPT OL OPTION P PRE SCRIPT SECTION SELECT SPAN STRONG SUMMARY TABLE TBODY TD TH THEAD "
                 "TR UL INPUT CAPTION EM B COLGROUP COL SMALL".split())
SCRIPTS = 3  # the data, Chart.js, ours


def quiet(browser):
    """Nothing in the console, nothing asked of a network."""
    return browser.console() + browser.requests()


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
        for (const f of FIGURES) {
          const [show, save_button] = f.el.querySelectorAll('.buttons button');
          let csv = null;
          window.save = (name, text) => { csv = {name, text}; };
          save_button.click();
          if (f.data.hidden)
            show.click();
          const cells = [...f.data.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent));
          const heads = [...f.data.querySelectorAll('thead th')].map(c => c.textContent);
          show.click();
          const points = [];
          for (const d of f.chart ? f.chart.data.datasets : [])
            if (!d.band && !d.aside)
              for (const [i, p] of d.data.entries()) {
                const one = typeof p === 'number' ? {x: (f.chart.data.labels || [])[i], y: p} : p;
                if (one)
                  points.push([d.label, one.x, one.y, one.lo, one.hi]);
              }
          made.push({id: f.spec.id, title: f.spec.title, columns: f.spec.columns, rows: rows_of(f), csv, cells, heads,
                     points, drawn: Boolean(f.chart)});
        }
        window.save = kept;
        return made;""")


def same_number(a, b):
    return a == b or (isinstance(a, float) or isinstance(b, float)) and math.isclose(a, b, rel_tol=1e-12)


def csv_value(text):
    try:
        return float(text)
    except ValueError:
        return text


def plain(value):
    """A value as csv_value() makes it of its text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else float(value) if isinstance(value, (int, float)) else csv_value(str(value))


def tables_agree(figure):
    """The CSV and the table of a figure hold its rows."""
    where = f"figure {figure['id']}: "
    if not figure["csv"]:
        return [where + "no CSV"]
    text = figure["csv"]["text"]
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    wrong = []
    if not text.endswith("\r\n") or figure["csv"]["name"] != figure["id"] + ".csv":
        wrong.append(f"{where}the file {figure['csv']['name']} ends {text[-5:]!r}")
    if not read or read[0] != figure["columns"] or figure["heads"] != figure["columns"]:
        wrong.append(f"{where}heads {read[:1]} {figure['heads']}")
    if not figure["rows"]:
        wrong.append(where + "no rows")
    if len(read) - 1 != len(figure["rows"]):
        wrong.append(f"{where}{len(read) - 1} lines of CSV for {len(figure['rows'])} rows")
    for row, line in zip(figure["rows"], read[1:]):
        if [plain(v) for v in row] != [csv_value(v) for v in line]:
            wrong.append(f"{where}CSV {line} for {row}")
            break
    if len(figure["cells"]) != min(len(figure["rows"]), 1000):
        wrong.append(f"{where}{len(figure['cells'])} lines of a table for {len(figure['rows'])} rows")
    for row, cells in zip(figure["rows"], figure["cells"]):
        if [plain(v) for v in row] != [csv_value("" if c == "-" else c) for c in cells]:
            wrong.append(f"{where}table {cells} for {row}")
            break
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


def known_numbers(doc):
    """Of each case what the result says of it anywhere, by case_id; and all numbers of the result."""
    by = {c["case_id"]: numbers_in(c, set()) for c in doc["cases"]}
    for series in doc.get("scaling", ()):
        for point in series["points"]:
            numbers_in(point, by.get(point["case_id"], set()))
            numbers_in({k: series[k] for k in series if k != "points"}, by.get(point["case_id"], set()))
    for comparison in doc["comparisons"]:
        for side in ("a", "b"):
            numbers_in(comparison, by.get(comparison[side], set()))
    return by, numbers_in(doc, set())


# figure columns that are arithmetic of ours on what the result has, and by what arithmetic they are checked
DERIVED = {}


def rows_are_the_results(figure, docs):
    """Every number of a row is in what the result says of the case the row names."""
    wrong = []
    knowns = [known_numbers(doc) for doc in docs]
    columns = figure["columns"]
    for row in figure["rows"]:
        named = dict(zip(columns, row))
        best = None
        for by, everything in knowns:
            known = by.get(named.get("case_id"), everything)
            off = [f"{c}={v}" for c, v in zip(columns, row) if isinstance(v, (int, float)) and not
                   isinstance(v, bool) and float(v) not in known and c not in DERIVED.get(figure["id"].split("-")[0], ())]
            best = off if best is None or len(off) < len(best) else best
        if best:
            wrong.append(f"figure {figure['id']}: not in the result: {best} of {row}")
    return wrong[:5]


def points_are_rows(figure):
    """What is drawn is in the rows: x and y of each point in one of them."""
    wrong = []
    have = [{plain(v) for v in row} for row in figure["rows"]]
    if len(figure["points"]) * len(have) > 4_000_000:
        have = None
        cells = {plain(v) for row in figure["rows"] for v in row}
    for point in figure["points"]:
        wanted = {plain(v) for v in point[1:3] if v is not None}
        if not (wanted <= cells if have is None else any(wanted <= row for row in have)):
            wrong.append(f"figure {figure['id']}: drawn but not in its data: {point}")
    return wrong[:5]


def numbers(browser, docs):
    wrong = []
    for figure in figures(browser):
        wrong += tables_agree(figure) + rows_are_the_results(figure, docs) + points_are_rows(figure)
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
    wrong = [f"no \"{t}\" in: {text}" for t in told if t not in text]
    if not all(b.split()[0] in text for b in bounds):
        wrong.append(f"no {bounds} in: {text}")
    return wrong

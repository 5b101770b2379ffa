"""The CSV files of a run, read strictly: what is not as docs/output.md says ends it, with its place."""
import csv
import gzip
import os
import zlib

COLUMNS = {  # what figures need of each file; the files have more
    "summary.csv": "case_id engine body workload forced threads verified waste_tables waste_lost "
                   "waste_per_table waste_per_table_lo waste_per_table_hi pages_wasted_growth "
                   "ops_per_s jain waste_ceiling waste_by_gaps dma_whole_ns dma_whole_ns_lo dma_whole_ns_hi",
    "latency.csv": "case_id op low_ns high_ns count",
    "slices.csv": "case_id process at_ns elapsed_ns ops_per_s steal_ns involuntary_switches",
    "series.csv": "case_id process table at_ns live_pages",
    "scaling.csv": "case_id series threads ops_per_s ops_per_s_lo ops_per_s_hi efficiency efficiency_lo "
                   "efficiency_hi against usl_identifiable usl_gamma_ops_per_s usl_sigma usl_kappa",
    "comparisons.csv": "a b differs added_ns added_ns_lo added_ns_hi",
    "workers.csv": "case_id worker ops elapsed_ns",
}
OLDER = {"comparisons.csv", "workers.csv"}  # iopt did not always write them


class BadData(Exception):
    """Of a file: what is wrong with it, and where."""


class Missing(BadData):
    """The file is not there."""


class Row:
    """A line of a table. Numbers come from it with the column's name in any complaint."""

    def __init__(self, path, line, fields):
        self.path, self.line, self.fields = path, line, fields

    def text(self, name):
        return self.fields.get(name) or ""

    def number(self, name):
        """None: null, or a column that this version of the file does not have."""
        field = self.text(name)
        if not field:
            return None
        try:
            value = float(field)
        except ValueError:
            value = float("nan")
        if abs(value) < float("inf"):
            return value
        raise BadData(f"{self.path}: line {self.line}: {name}: want a number, not {field[:40]!r}")

    def need(self, name):
        value = self.number(name)
        if value is None:
            raise BadData(f"{self.path}: line {self.line}: {name} is empty")
        return value


class Result:
    """A directory that `iopt run --out` filled; files may be gzipped. Reads what is asked for, once."""

    def __init__(self, directory):
        self.directory = directory
        self.name = os.path.basename(os.path.normpath(directory)) or directory
        self.read_already = {}
        if not os.path.isdir(directory):
            missing = "not a directory" if os.path.exists(directory) else "no such directory"
            raise BadData(f"{directory}: {missing}; want one that `iopt run --out` filled")

    def rows(self, name):
        if name not in self.read_already:
            self.read_already[name] = self.read(name)
        return self.read_already[name]

    def read(self, name):
        path = os.path.join(self.directory, name)
        if not os.path.exists(path) and os.path.exists(path + ".gz"):
            path += ".gz"
        if not os.path.exists(path):
            older = "; this iopt is too old to have written it" if name in OLDER else ""
            raise Missing(f"{path}: no such file{older}")
        try:
            with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", newline="") as f:
                return list(parse(path, f.read(), COLUMNS[name].split()))
        except (OSError, EOFError, zlib.error) as e:
            raise BadData(f"{path}: {getattr(e, 'strerror', None) or e}") from e
        except (UnicodeDecodeError, csv.Error) as e:
            raise BadData(f"{path}: {e}") from e

    def cases(self):
        """By case_id, in the order of summary.csv."""
        cases = {row.text("case_id"): row for row in self.rows("summary.csv")}
        if not cases:
            raise BadData(f"{self.directory}: summary.csv has no case: nothing was measured")
        return cases

    def case_of(self, row, name="case_id"):
        """The case that a row of another file belongs to."""
        case = self.cases().get(row.text(name))
        if case is None:
            raise BadData(f"{row.path}: line {row.line}: {row.text(name)!r} is no case of summary.csv: "
                          "files of two runs?")
        return case


def parse(path, text, wanted):
    if not text:
        raise BadData(f"{path}: empty")
    if not text.endswith("\n"):
        raise BadData(f"{path}: ends in the middle of line {text.count(chr(10)) + 1}: truncated")
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    header = next(lines)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise BadData(f"{path}: no column {missing[0]}: not of iopt, or of an older one")
    for fields in lines:
        if len(fields) != len(header):
            raise BadData(f"{path}: line {lines.line_num}: {len(fields)} fields, {len(header)} wanted")
        yield Row(path, lines.line_num, dict(zip(header, fields)))

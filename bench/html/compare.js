// compare.js: several results: what `iopt compare` says of each against the first.

const VERDICTS = {
  OK: ["same", "= OK"], IMPROVED: ["improved", "▲ IMPROVED"], REGRESSED: ["regressed", "▼ REGRESSED"],
  INCONCLUSIVE: ["inconclusive", "? INCONCLUSIVE"], NOT_COMPARABLE: ["inconclusive", "≠ NOT COMPARABLE"],
  UNVERIFIED: ["failed", "✗ UNVERIFIED"], UNTRUSTED: ["failed", "✗ UNTRUSTED"], INFORMATION: ["same", "i INFORMATION"],
};
const EXIT_CODES = {
  0: "OK or improved", 10: "regressed", 11: "inconclusive: no difference shown is not no difference",
  12: "not comparable", 13: "an audit failed", 14: "not to be trusted",
};
const COMPARE_ROWS = 40; // in the chart and the table; the worst are first
const FEW_LOST = 100; // pages: below, the counts are told and no ratio (docs/gate.md)

function verdict_badge(word) {
  const [name, text] = VERDICTS[word] || ["same", word ? String(word) : "-"];
  return badge(name, text);
}

function is_few(row) {
  return row.metric === "waste" && !(row.base_lost >= FEW_LOST && row.new_lost >= FEW_LOST);
}

function gate_value(row, side) {
  const v = row[side];
  if (row.metric === "waste")
    return row[side + "_lost"] >= FEW_LOST ? show_real(v)
      : `${show_int(row[side + "_lost"])} in ${show_count(row[side + "_tables"])}`;
  return row.unit === "ns" ? show_ns(v) : show_count(v);
}

// As `iopt compare` prints it: three digits after the point.
function show_ratio(v) {
  return is_number(v) ? v.toFixed(v < 9.9995 ? 3 : v < 99.95 ? 1 : 0) : "-";
}

function gate_ratio(row) {
  return is_few(row) ? "-" : show_value(row.ratio, row.ratio_lo, row.ratio_hi, show_ratio);
}

function gate_margin(row) {
  const absolute = row.margin.absolute > 0 ? ` ${show_real(row.margin.absolute)}${row.unit === "ns" ? " ns" : ""}` : "";
  return show_share(row.margin.relative) + (row.margin.is_floor ? " A/A" : "") + absolute;
}

function gate_why(row) {
  const steady = row.steady && is_number(row.new_steady)
    ? `in units of ${row.ruler}: ${show_real(row.new_steady)}, was ${show_real(row.base_steady)}; as measured ` +
      show_value(row.ratio_as_measured, row.ratio_as_measured_lo, row.ratio_as_measured_hi, show_ratio) : "";
  return [row.why, steady].filter(Boolean).join("; ");
}

// "private/lockless/t2/4K", without what is as usual
function short_case(case_id) {
  return case_id.replace(/\/b1(?=\/)/, "").replace(/\/think0ns(?=\/)/, "").replace(/\/compact\/local\/alloc/, "");
}

// -- the chart: ratios and their intervals

function engine_of(row) {
  const c = find_case(RESULTS[0], row.case_id);
  return c ? c.engine : "";
}

function ratio_points(rows) {
  return rows.map((row, i) => ({ row, y: i, x: row.ratio, lo: row.ratio_lo, hi: row.ratio_hi }))
    .filter(p => is_number(p.x) && p.x > 0 && !is_few(p.row));
}

// Segments of one dataset: from, to and a gap.
function segments(points, from, to) {
  return points.flatMap(p => [{ x: from(p), y: p.y }, { x: to(p), y: p.y }, { x: NaN, y: NaN }]);
}

function segment_dataset(data, style) {
  return { data, band: true, spanGaps: false, pointRadius: 0, pointHitRadius: 0, borderCapStyle: "butt", ...style };
}

function ratio_datasets(rows) {
  const points = ratio_points(rows);
  const datasets = [];
  for (const part of parted(points.map(p => ({ ...p, engine: engine_of(p.row) })), "engine")) {
    const engine = part[0].engine;
    const bounded = part.filter(p => is_number(p.lo) && is_number(p.hi));
    datasets.push(
      engine_line({ engine, show: show_ratio, showLine: false, pointRadius: 5, order: 2 }, part),
      segment_dataset(segments(bounded, p => p.lo, p => p.hi),
        { engine, borderColor: engine_colour(engine), borderWidth: 2, order: 3 }));
  }
  datasets.push(segment_dataset(segments(points, p => 1 / (1 + p.row.margin.relative), p => 1 + p.row.margin.relative),
    { borderColor: faded(colour("muted"), 0.25), borderWidth: 12, order: 9 }));
  return datasets;
}

// Both ends and 1 are in it, with a little air, also when all ratios are alike.
function ratio_range(rows) {
  const points = ratio_points(rows);
  const all = points.flatMap(p => [p.x, p.lo, p.hi]).filter(v => is_number(v) && v > 0);
  return { min: Math.min(0.9, ...all) / 1.03, max: Math.max(1.1, ...all) * 1.03 };
}

function fitted(text, most) {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

function ratio_config(rows) {
  const narrow = window.innerWidth < 700;
  const label = i => (Number.isInteger(i) && rows[i] ? fitted(short_case(rows[i].case_id), narrow ? 22 : 44) : "");
  return {
    type: "line",
    data: { datasets: ratio_datasets(rows) },
    options: {
      interaction: { mode: "nearest", intersect: false, axis: "y" },
      scales: {
        x: {
          type: "logarithmic", ...ratio_range(rows), title: { display: true, text: "new / base" },
          ticks: { callback: v => show_real(v), maxRotation: 0, autoSkip: true },
        },
        y: {
          type: "linear", reverse: true, min: -0.7, max: rows.length - 0.3, grid: { display: false },
          afterBuildTicks: axis => { axis.ticks = rows.map((_, i) => ({ value: i })); },
          ticks: { autoSkip: false, callback: label, font: { size: 11 } },
        },
      },
      plugins: {
        tooltip: {
          callbacks: {
            title: items => (items.length ? items[0].raw.row.case_id : ""),
            label: item => ratio_text(item.raw.row),
          },
        },
      },
    },
  };
}

function ratio_text(row) {
  return `${row.name}: ${gate_ratio(row)}, ${gate_value(row, "base")} to ${gate_value(row, "new")}: ` +
    (row.verdict || "not gated");
}

const RATIO_COLUMNS = ["case_id", "metric", "op", "gated", "verdict", "base", "new", "unit", "ratio", "ratio_lo",
  "ratio_hi", "p", "p_holm", "pairs", "margin_relative", "margin_absolute", "why"];

function ratio_rows(rows) {
  return rows.map(r => [r.case_id, r.metric, r.op, r.gated, r.verdict, r.base, r.new, r.unit, r.ratio, r.ratio_lo,
    r.ratio_hi, r.p, r.p_holm, r.pairs, r.margin.relative, r.margin.absolute, r.why]);
}

function ratio_note(name, rows, drawn) {
  const better = name === "throughput" ? "right of 1 is better" : "left of 1 is better";
  const few = rows.filter(is_few).length;
  return `A point is the ratio of new to base, the bar its interval: ${better}. The grey stretch around 1 is the margin: ` +
    "an interval inside it is no change that matters." +
    (drawn < rows.length ? ` Drawn: ${drawn} of ${show_int(rows.length)}, the worst first; CSV has all.` : "") +
    (few ? ` Too few lost pages for a ratio: ${few}.` : "");
}

function ratio_spec(name, rows) {
  const drawn = rows.filter(r => is_number(r.ratio)).slice(0, COMPARE_ROWS);
  return {
    id: "compare-ratios", title: `${name.replace(/_/, " of ")}, new / base`, columns: RATIO_COLUMNS,
    height: 90 + 22 * Math.max(1, drawn.length), note: ratio_note(name, rows, drawn.length),
    rows: () => ratio_rows(rows), config: () => ratio_config(drawn),
  };
}

function add_chart(el, verdict) {
  const names = parted(verdict.rows.filter(r => is_number(r.ratio) && !is_few(r)), "name").map(rows => rows[0].name);
  let chart = null;
  if (!names.length)
    return;
  choose(el, "metric", names.map(name => ({ label: name.replace(/_/, " of "), value: name })), name => {
    const spec = ratio_spec(name, verdict.rows.filter(r => r.name === name));
    if (chart)
      chart.redraw(spec);
    else
      chart = figure(el, spec);
  });
}

// -- the rows

function add_rows(el, rows) {
  const columns = ["case", "metric", "base", "new", "new / base [95 %]", "margin", "verdict", ""];
  const line = r => [element("span", { text: short_case(r.case_id), title: r.case_id }), r.name.replace(/_/, " of "),
    gate_value(r, "base"), gate_value(r, "new"), gate_ratio(r), gate_margin(r), verdict_badge(r.verdict),
    element("span", { class: "why", text: gate_why(r) })];
  const box = element("div", {});
  const show = most => {
    box.replaceChildren();
    table(box, columns, rows.slice(0, most).map(line), { numeric: [2, 3, 4, 5] });
    if (most < rows.length)
      box.append(element("button", {
        type: "button", text: `all ${show_int(rows.length)} rows`, on_click: () => show(rows.length),
      }));
  };
  show(COMPARE_ROWS);
  el.append(box);
}

function add_list(el, title, lines) {
  if (!lines || !lines.length)
    return;
  if (title)
    el.append(element("h4", { text: title }));
  el.append(element("ul", { class: "lines" }, ...lines.map(text => element("li", { text }))));
}

function add_folded(el, title, fill) {
  const details = element("details", {}, element("summary", { text: title }));
  fill(details);
  el.append(details);
}

// -- the sides

function version_of(host) {
  const commit = host.commit && host.commit !== "unknown" ? `-g${host.commit}` : "";
  return host.version ? `iopt ${host.version}${commit}` : "-";
}

function side_facts(result) {
  const host = result.host || {};
  const audit = result.audit || {};
  return [result.started_utc, version_of(host), [host.compiler, host.flags].filter(Boolean).join(" "),
    [host.hostname, host.cpu_model, host.kernel].filter(Boolean).join(", "), result.processes,
    (result.cases || []).length, is_number(audit.audited) ? `${audit.clean}/${audit.audited} clean` : null,
    result.complete === false ? "no: interrupted" : "yes"];
}

function exit_text(verdict) {
  return `${verdict.exit_code}: ${EXIT_CODES[verdict.exit_code] || "see docs/gate.md"}`;
}

function verdict_of(index) {
  return (DATA.verdicts || [])[index] || { error: "nothing is said of these two" };
}

// A column a result: how each was measured, and what is said of it.
function add_sides(el) {
  const facts = RESULTS.map(entry => side_facts(entry.result));
  const others = RESULTS.slice(1).map((_, i) => verdict_of(i + 1));
  const names = ["measured", "by", "compiler", "machine", "processes", "cases", "audits", "complete"];
  const rows = names.map((name, k) => [name, ...facts.map(f => (f[k] === "" ? null : f[k]))]);
  rows.unshift(
    ["verdict", "the others are judged against it", ...others.map(v => (v.error ? "-" : verdict_badge(v.verdict)))],
    ["exit code of `iopt compare`", null, ...others.map(v => (v.error ? null : exit_text(v)))],
    ["", null, ...others.map(v => v.error || v.summary)]);
  table(el, ["", ...RESULTS.map(entry => entry.name)], rows);
}

function add_verdict(el, verdict) {
  const gated = verdict.rows.filter(r => r.gated);
  const others = verdict.rows.filter(r => !r.gated);
  el.append(element("p", { class: "verdict" }, verdict_badge(verdict.verdict), " " + (verdict.summary || "")));
  note(el, `${verdict.pairs} pair${verdict.pairs === 1 ? "" : "s"} of processes, one side after the other: what drifted ` +
    "in between counts. `iopt compare --old --new` measures two builds by turns.");
  add_list(el, "What differs between the machines", verdict.differs);
  add_chart(el, verdict);
  if (gated.length)
    add_rows(el, gated);
  if (others.length)
    add_folded(el, `${show_int(others.length)} rows for information, not gated`, box => add_rows(box, others));
  if ((verdict.missing || []).length)
    add_folded(el, `${verdict.missing.length} cases or metrics that one side lacks`,
      box => add_list(box, "", verdict.missing));
  add_list(el, "Notes", verdict.notes);
}

SECTIONS.push({
  id: "compare", title: "Compared with the first",
  make(el, entry, index) {
    if (RESULTS.length < 2)
      return false;
    const verdict = index ? verdict_of(index) : null;
    if (!index) {
      el.querySelector(".result").remove(); // the table has a column for each
      add_sides(el);
    } else if (verdict.error) {
      el.append(element("p", { class: "error", text: verdict.error }));
    } else {
      add_verdict(el, verdict);
    }
    return true;
  },
});

// model_dma.js: what a whole DMA map and unmap is made of, and what others published, both for model.js.
"use strict";

// The parts of which a model stands behind the figure: no device answers here.
function is_modelled(c, name) {
  return ((c.dma || {}).flush || "none") !== "none" && (name === "invalidate" || name === "free");
}

/*
 * Parts of a range: ns a call, times how often a range has such a call (piecewise workloads unmap page by
 * page).
 */
function dma_parts(c) {
  const phases = c.phases || [];
  const ranges = ((phases.find(p => p.name === "map") || phases[0]) || {}).ops;
  return phases.filter(p => is_number(p.ns_per_op)).map(p => ({
    name: p.name + (is_modelled(c, p.name) ? " (model)" : ""), part: p.name in PART_COLOURS ? p.name : "other",
    ns_per_op: p.ns_per_op, value: ranges > 0 && p.ops !== ranges ? p.ns_per_op * p.ops / ranges
      : p.ns_per_op,
  }));
}

function has_dma(c) {
  return !is_failed(c) && c.dma && is_number(c.dma.parts_ns) && (c.phases || []).length > 0;
}

function whole_mark() {
  return {
    name: "whole calls", point: "rectRot", radius: 6, border: colour("text"), value: c => c.dma.whole_ns,
    lo: c => c.dma.whole_ns_lo, hi: c => c.dma.whole_ns_hi,
  };
}

// The whole calls' own intervals, thin lines with ends, apart from those of the parts.
function whole_intervals(cases) {
  return cases.filter(c => is_number(c.dma.whole_ns_lo) && is_number(c.dma.whole_ns_hi)).map(c => ({
    type: "line", engine: c.engine, band: true, order: -1, stack: "whole " + c.case_id,
    borderColor: colour("text"), borderWidth: 1.5,
    pointStyle: "line", pointRotation: 90, pointRadius: 8, pointHitRadius: 0,
    data: [c.dma.whole_ns_lo, c.dma.whole_ns_hi].map(x => ({ x, y: case_label(c) })),
  }));
}

function dma_label(item) {
  const p = item.raw || {};
  return `${item.dataset.part}: ${show_value(item.parsed.x, p.lo, p.hi, show_ns)}`;
}

function dma_config(cases) {
  const rows = cases.map(c => ({ engine: c.engine, label: case_label(c), lo: c.dma.parts_ns_lo,
    hi: c.dma.parts_ns_hi }));
  const config = parts_config(rows.map(r => r.label),
    parts_datasets(cases, case_label, dma_parts, { show: show_ns }),
    { title: "ns a range and worker", show: show_ns });
  const marks = row_marks(cases, case_label, [whole_mark()], show_ns).map(d => ({ ...d, label: null }));
  config.data.datasets.push(...row_intervals(rows), ...marks, ...whole_intervals(cases));
  config.options.plugins.tooltip.callbacks.label = dma_label;
  return config;
}

function dma_rows(group) {
  const row = (c, name, call, value, lo, hi) => [group.label, c.engine, c.threads, name, call, value, lo, hi];
  return group.cases.flatMap(c => [
    ...dma_parts(c).map(p => row(c, p.name, p.ns_per_op, p.value, null, null)),
    row(c, "all parts", null, c.dma.parts_ns, c.dma.parts_ns_lo, c.dma.parts_ns_hi),
    row(c, "whole calls", null, c.dma.whole_ns, c.dma.whole_ns_lo, c.dma.whole_ns_hi),
  ]);
}

function dma_figure(group) {
  const flushed = group.cases.some(c => is_modelled(c, "free"));
  return {
    id: "model-dma", title: `parts of a map and unmap: ${group.label}`, height: rows_height(group.cases),
    key: dma_parts(group.cases[0]).map(p => ({ label: p.name, part: p.part })),
    note: "Thick bar: 95 % interval of the sum of the parts. Diamond and thin line: the same as whole calls, with its"
      + " own. "
      + (flushed
        ? "Parts marked model: invalidation has no device here, completions come when the clock says so."
        : "Without a flush nothing is invalidated."),
    columns: ["series", "engine", "threads", "part", "ns_per_op", "ns_a_range", "ns_a_range_lo",
      "ns_a_range_hi"], rows: dma_rows(group),
    config: () => dma_config(shown_cases(group.cases)),
  };
}

// A difference of two cases, which is no time where null beside it took longer; null itself has none.
function table_time(c) {
  const d = c.dma;
  const text = show_value(d.table_ns, d.table_ns_lo, d.table_ns_hi, show_ns);
  if (is_ruler(c.engine))
    return "-";
  if (!(d.table_ns < 0 || d.table_ns_lo < 0))
    return text;
  return element("span", {}, badge("unsure", d.table_ns_hi < 0 ? "below null" : "not told apart"), " " + text);
}

function dma_table_row(c) {
  const d = c.dma;
  const value = (name, show) => show_value(d[name], d[name + "_lo"], d[name + "_hi"], show);
  const of_table = (name, show) => (is_ruler(c.engine) ? "-" : value(name, show));
  return [
    series_of(c), solid(short_engine(c.engine)), show_int(c.threads), value("parts_ns", show_ns),
    value("whole_ns", show_ns),
    value("whole_by_parts", show_real), table_time(c), of_table("unmap_table_share", show_share),
    of_table("amdahl", show_real),
  ];
}

function dma_part(el, entry) {
  const cases = cases_of(entry).filter(has_dma);
  if (!cases.length)
    return false;
  const top = kept_together(el, "The DMA path");
  const choices = choices_row(top);
  const place = figure_place(top);
  const groups = series_groups(cases);
  choose(choices, "series", groups.map(g => ({ label: g.label, value: g })), g => place(dma_figure(g)));
  table(el, ["workload", "engine", "threads", "all parts", "whole calls", "whole / parts", "page table",
    "share of unmap",
    "at most faster"], cases.map(dma_table_row), { numeric: [2, 3, 4, 5, 6, 7, 8] });
  note(el, "page table: whole calls less those of null beside them; below null: those of null took longer, so the"
    + " difference is no time of the table; not told apart: zero is in its interval. share of unmap: what"
    + " the page table has of an unmap; at most faster: the factor by which unmaps gain if it cost nothing (Amdahl).");
  return true;
}

// -- published numbers beside ours

function pages_label(p) {
  return p.batch > 1 ? `${p.batch} x ${show_bytes(p.page_size)}` : show_bytes(p.page_size);
}

function published_label(p) {
  return pages_label(p) + (is_number(p.threads) ? `, ${threads_text(p.threads)}` : "");
}

function our_ns(c, kind) {
  return c[kind + "_ns_per_op"];
}

// Ours of the rows that were published: by page size and pages a call, and threads where they say so (else it
// is one). Nobody published what threads did between calls, at given rates, or on fresh tables.
function ours_beside(entry, rows, kind) {
  const wanted = new Set(rows.map(published_label));
  const counted = rows.some(p => is_number(p.threads));
  const alike = c => !c.think_ns && !c.cold && !c.forced && !c.rate && (counted || c.threads === 1);
  return cases_of(entry).filter(c => !is_failed(c) && !is_ruler(c.engine) && alike(c) && is_number(our_ns(c, kind)))
    .map(c => ({ c, label: published_label(counted ? c : { page_size: c.page_size, batch: c.batch }) }))
    .filter(k => wanted.has(k.label));
}

const PUBLISHED_SHOWN = [["before", "text", 90], ["after", "muted", 45]];

function published_datasets(rows) {
  return PUBLISHED_SHOWN.map(([when, fill, turn]) => ({
    type: "line", showLine: false, label: `published, ${rows[0][when]}`, pointStyle: "line",
    pointRotation: turn,
    pointRadius: 9, pointBorderWidth: 3, borderColor: colour(fill), backgroundColor: colour(fill),
    show: show_ns,
    data: rows.filter(p => is_number(p["avg_ns_" + when])).map(p => ({ x: p["avg_ns_" + when],
      y: published_label(p) })),
  })).filter(d => d.data.length);
}

function our_datasets(ours, kind) {
  return engines_of(ours.map(k => k.c)).map(engine => ({
    type: "line", showLine: false, ...engine_line({ engine, show: show_ns },
      ours.filter(k => k.c.engine === engine).map(k => ({ x: our_ns(k.c, kind), y: k.label }))),
    pointRadius: 5, showLine: false, pointStyle: is_ruler(engine) ? "cross" : engine_point(engine),
  }));
}

function published_figure(entry, rows, kind, format) {
  const ours = ours_beside(entry, rows, kind);
  const labels = distinct(rows.map(published_label));
  const datasets = () => [...published_datasets(rows), ...our_datasets(ours, kind)];
  const values = [...ours.map(k => our_ns(k.c, kind)),
    ...rows.flatMap(p => [p.avg_ns_before, p.avg_ns_after])];
  return {
    id: "model-published", title: `${kind}, published for ${format}, and ours`,
    height: 60 + rows_height(labels),
    note: `Average ns a call. Strokes: published (leaning: the newer code), on`
      + ` ${distinct(rows.map(p => p.hardware)).join("; ")}; `
      + `${distinct(rows.map(p => "lore.kernel.org/all/" + p.source)).join(", ")}.`
      + " Another machine, compiler and clock, and kernel code: they orient, and no verdict rests on them.",
    columns: ["kind", "pages", "who", "avg_ns", "min_ns"], rows: () => published_rows(rows, ours, kind),
    config: () => ({
      type: "line", data: { labels, datasets: datasets() },
      options: row_options({ title: `ns a ${kind}`, show: show_ns, log: true, bounds: log_bounds(values) }),
    }),
  };
}

function published_rows(rows, ours, kind) {
  return [
    ...rows.flatMap(p => ["before", "after"].map(when =>
      [kind, published_label(p), `published, ${p[when]}`, p["avg_ns_" + when], p["min_ns_" + when]])),
    ...ours.map(k => [kind, k.label, k.c.engine, our_ns(k.c, kind),
      ((k.c.latency_ns || {})[kind] || {}).min]),
  ];
}

function published_part(el, entry) {
  const published = (entry.result.published || [])
    .filter(p => is_number(p.avg_ns_before) || is_number(p.avg_ns_after));
  if (!published.length)
    return false;
  const keys = distinct(published.map(p => JSON.stringify([p.format, p.kind])));
  const top = kept_together(el, `Published numbers, preset ${published[0].preset}`);
  const choices = choices_row(top);
  const place = figure_place(top);
  choose(choices, "what", keys.map(key => ({ label: JSON.parse(key).join(", "), value: key })), key => {
    const [format, kind] = JSON.parse(key);
    place(published_figure(entry, published.filter(p => p.format === format && p.kind === kind), kind,
      format));
  });
  return true;
}

// model.js: what a model foretold beside what was measured: waste, the law of scaling, published numbers,
// the DMA path.
"use strict";

// -- the waste model: lost pages a table, if workers came by chance, and from when they really came

function has_waste_model(c) {
  const m = (c.waste || {}).model;
  return !is_failed(c) && m && (is_number(m.ceiling) || is_number(m.by_gaps));
}

/*
 * Marks on the lines of a chart of rows: kind of point and value(c). A dataset an engine, so that the
 * legend switches them with the engine's.
 */
function row_marks(cases, label_of, marks, show) {
  return marks.flatMap(mark => engines_of(cases).map(engine => ({
    type: "line", showLine: false, engine, label: short_engine(engine), part: mark.name,
    data: cases.filter(c => c.engine === engine && is_number(mark.value(c)))
      .map(c => ({ x: mark.value(c), y: label_of(c), lo: mark.lo && mark.lo(c), hi: mark.hi && mark.hi(c) })),
    pointStyle: mark.point, pointRadius: mark.radius || 6, pointBorderWidth: 2, show, order: 0,
    borderColor: engine_colour(engine), backgroundColor: mark.filled ? engine_colour(engine)
      : colour("panel"),
    pointBorderColor: mark.border || engine_colour(engine),
  })).filter(d => d.data.length));
}

const WASTE_MARKS = [
  {
    name: "measured", point: "circle", filled: true, radius: 5, value: c => c.waste.per_table,
    lo: c => c.waste.per_table_lo, hi: c => c.waste.per_table_hi,
  },
  { name: "ceiling, by chance", point: "triangle", radius: 7, value: c => c.waste.model.ceiling },
  { name: "by the gaps measured", point: "rectRot", radius: 7, value: c => c.waste.model.by_gaps },
];

function part_label(item) {
  const p = item.raw || {};
  return `${item.dataset.label}, ${item.dataset.part}:`
    + ` ${show_value(item.parsed.x, p.lo, p.hi, item.dataset.show)}`;
}

function waste_model_config(cases) {
  const rows = cases.map(c => ({
    engine: c.engine, label: case_label(c), lo: c.waste.per_table_lo, hi: c.waste.per_table_hi,
  }));
  const values = cases.flatMap(c => WASTE_MARKS.map(m => m.value(c)).filter(v => v > 0));
  const log = values.length > 0 && Math.max(...values) / Math.min(...values) > 50;
  const options = row_options({
    title: "lost pages a table", show: show_real, log, bounds: log ? log_bounds(values) : {},
    tooltip: { callbacks: { label: part_label } },
  });
  return {
    type: "bar",
    data: {
      labels: distinct(rows.map(r => r.label)),
      datasets: [...row_marks(cases, case_label, WASTE_MARKS, show_real), ...row_intervals(rows)],
    },
    options,
  };
}

function is_above(c) {
  return is_number(c.waste.model.ceiling) && c.waste.per_table_lo > c.waste.model.ceiling;
}

function above_text(cases) {
  const above = cases.filter(is_above);
  return above.length ? ` Above it, all of the interval (${above.map(case_label).join("; ")}): they came more in step`
    + " than by chance, which the ceiling knows nothing of (docs/statistics.md)." : "";
}

function waste_model_figure(group) {
  const row = c => [group.label, c.engine, c.threads, c.waste.per_table, c.waste.per_table_lo,
    c.waste.per_table_hi,
    c.waste.model.ceiling, c.waste.model.by_gaps, c.waste.model.omega];
  return {
    id: "model-waste", title: `lost pages, measured and foretold: ${group.label}`,
    height: rows_height(group.cases),
    note: "Dot with interval: measured. Triangle: ceiling, what is lost if workers come by chance and nobody waits."
      + " Diamond: what is to be"
      + " expected from when the workers really came. Measured below the ceiling: they did not really race."
      + above_text(group.cases),
    columns: ["series", "engine", "threads", "per_table", "per_table_lo", "per_table_hi", "ceiling",
      "by_gaps", "omega"],
    rows: group.cases.map(row), config: () => waste_model_config(group.cases),
  };
}

const ARRIVALS = { lockstep: "in lock step", fill: "random fill", at_once: "at once (FORCED)" };

function waste_model_row(c) {
  const m = c.waste.model;
  return [
    series_of(c), solid(short_engine(c.engine)), show_int(c.threads), ARRIVALS[m.arrival] || "-",
    show_value(c.waste.per_table, c.waste.per_table_lo, c.waste.per_table_hi, show_real),
    show_real(m.ceiling),
    show_value(m.omega, m.omega_lo, m.omega_hi, show_real) + (m.omega_lo > 1 && !c.forced ? ", in step" : ""),
    show_real(m.by_gaps), show_ns(c.waste.window_ns),
    show_ns(m.op_ns), show_ns((m.gap_ns || {}).p50),
  ];
}

function waste_model_part(el, cases) {
  if (!cases.length)
    return false;
  const top = kept_together(el, "Waste");
  const choices = choices_row(top);
  const place = figure_place(top);
  const groups = series_groups(cases);
  choose(choices, "workload", groups.map(g => ({ label: g.label, value: g })),
    g => place(waste_model_figure(g)));
  table(el, ["workload", "engine", "threads", "arrival", "lost a table", "ceiling", "omega", "by gaps",
    "window",
    "op", "gap p50"], groups.flatMap(g => g.cases).map(waste_model_row),
      { numeric: [2, 4, 5, 6, 7, 8, 9, 10] });
  note(el, "omega: measured over ceiling; above 1 (in step) they met more often than by chance; in a"
    + " workload that is forced an overlap and no rate.");
  return true;
}

// -- the law of scaling: how far the points are from it

function law_points(series) {
  const counts = series.points.slice(0, series.usl.thread_counts);
  return counts.filter(p => is_number(p.ops_per_s)).map(p => {
    const law = usl_rate(series.usl, p.threads);
    const off = v => (is_number(v) ? v / law - 1 : null);
    return { x: p.threads, y: off(p.ops_per_s), lo: off(p.ops_per_s_lo), hi: off(p.ops_per_s_hi), law, p };
  });
}

function law_series(entry) {
  const of_id = new Map(cases_of(entry).map(c => [c.case_id, c]));
  const groups = new Map();
  for (const s of entry.result.scaling || []) {
    const c = of_id.get(((s.points || [])[0] || {}).case_id);
    if (!c || !s.usl || !s.usl.identifiable || is_ruler(s.engine))
      continue;
    const label = series_of(c);
    groups.set(label, [...(groups.get(label) || []),
      { engine: s.engine, points: law_points(s), misfit: s.usl.misfit }]);
  }
  return [...groups].map(([label, curves]) => ({ label, curves }));
}

function law_figure(group) {
  const counts = distinct(group.curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  const view = { title: "measured over the law, less 1", show: show_share };
  const misfits = group.curves.map(k => `${short_engine(k.engine)} ${show_share(k.misfit)}`).join(", ");
  return {
    id: "model-law", title: `distance from the scaling law: ${group.label}`, height: 280,
    note: "Zero: the Universal Scalability Law foretells what was measured. A step at one count, as at"
      + ` the second node, is no such law. Misfit: ${misfits}.`,
    columns: ["series", "engine", "threads", "ops_per_s", "law_ops_per_s", "off", "off_lo", "off_hi"],
    rows: group.curves.flatMap(k => k.points.map(p =>
      [group.label, k.engine, p.x, p.p.ops_per_s, p.law, p.y, p.lo, p.hi])),
    config: () => with_threads_axis(curves_config(group.curves, counts, view, "linear", []), counts),
  };
}

function law_part(el, entry) {
  const groups = law_series(entry);
  if (!groups.length)
    return false;
  const top = kept_together(el, "Scaling");
  const choices = choices_row(top);
  const place = figure_place(top);
  choose(choices, "series", groups.map(g => ({ label: g.label, value: g })), g => place(law_figure(g)));
  return true;
}

// -- the section

function make_model(el, entry) {
  const parts = [
    waste_model_part(el, cases_of(entry).filter(has_waste_model)), law_part(el, entry), dma_part(el, entry),
    published_part(el, entry),
  ];
  return parts.some(Boolean);
}

SECTIONS.push({ id: "model", title: "Model beside measurement", make: make_model });

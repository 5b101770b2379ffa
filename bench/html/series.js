// series.js: what the sections of curves share: cases in series, axes of threads, bars with intervals.
"use strict";

// -- cases

// Cases that differ in engine and threads alone, in the order of the result: [{ label, cases }].
function series_groups(cases) {
  const groups = new Map();
  for (const c of cases) {
    const label = series_of(c);
    if (!groups.has(label))
      groups.set(label, { label, cases: [] });
    groups.get(label).cases.push(c);
  }
  return [...groups.values()];
}

function distinct(values) {
  return [...new Set(values)];
}

function thread_counts_of(cases) {
  return distinct(cases.map(c => c.threads).filter(is_number)).sort((a, b) => a - b);
}

// Engines as the result has them, rulers last.
function engines_of(cases) {
  const engines = distinct(cases.map(c => c.engine));
  return [...engines.filter(e => !is_ruler(e)), ...engines.filter(is_ruler)];
}

// Points of one engine: value(c) is { y, lo, hi } or null; points without y are left out.
function points_by_threads(cases, engine, value) {
  return cases.filter(c => c.engine === engine)
    .map(c => ({ x: c.threads, case_id: c.case_id, ...value(c) }))
    .filter(p => is_number(p.x) && is_number(p.y)).sort((a, b) => a.x - b.x);
}

// Below ten two digits after the point are not noise.
function show_fine_ns(v) {
  return is_number(v) && Math.abs(v) < 10 ? show_real(v) + " ns" : show_ns(v);
}

// What a case is called where each has a line of its own.
function case_label(c) {
  return `${short_engine(c.engine)}, ${threads_text(c.threads)}`;
}

function baseline_of(entry, cases) {
  const ids = new Set(cases.map(c => c.case_id));
  const against = (entry.result.comparisons || []).find(k => ids.has(k.a));
  const first = against && find_case(entry, against.a);
  return first ? first.engine : engines_of(cases)[0];
}

function failed_note(el, cases) {
  const failed = cases.filter(is_failed);
  if (failed.length)
    el.append(element("p", { class: "error" }, badge("failed", "FAILED AUDIT"),
      ` numbers withheld: ${failed.map(c => c.case_id).join("; ")}`));
}

// -- places for charts

/*
 * A place for one figure: called with a spec it shows it, with null it hides it. spec.key: what colours
 * inside bars mean: [{ label, part }], names of PART_COLOURS.
 */
function figure_place(el) {
  const key = element("div", { class: "legend parts-key" });
  let made = null;
  return spec => {
    if (spec && made)
      made.redraw(spec);
    else if (spec)
      made = figure(el, spec);
    if (!made)
      return;
    made.el.hidden = !spec;
    made.el.querySelector(".legend").after(key);
    key.replaceChildren(...((spec && spec.key) || []).map(parts_key));
  };
}

// The patterns of bars as backgrounds of an element.
const stripes = angle => fill => `repeating-linear-gradient(${angle}deg, ${fill} 0 4px, var(--panel) 4px 6px)`;
const PART_STRIPES = {
  solid: fill => fill, "/": stripes(-45), "-": stripes(0), "|": stripes(90),
  x: fill => `repeating-linear-gradient(45deg, transparent 0 4px, var(--panel) 4px 5px), ${stripes(-45)(fill)}`,
};

// From, to: strokes on a square of 8 pixels that repeats.
const PART_STROKES = {
  "/": [[-2, 2, 2, -2], [-2, 10, 10, -2], [6, 10, 10, 6]], "-": [[0, 4, 8, 4]], "|": [[4, 0, 4, 8]],
  x: [[0, 0, 8, 8], [0, 8, 8, 0]],
};

// The colour and pattern of a part, level or cause: never its colour alone.
function part_fill(part) {
  const square = element("canvas", { width: 8, height: 8 });
  const paint = square.getContext("2d");
  paint.fillStyle = PART_COLOURS[part];
  paint.fillRect(0, 0, 8, 8);
  paint.strokeStyle = colour("panel");
  paint.lineWidth = 1.5;
  for (const [x, y, to_x, to_y] of PART_STROKES[PART_PATTERNS[part]] || []) {
    paint.beginPath();
    paint.moveTo(x, y);
    paint.lineTo(to_x, to_y);
    paint.stroke();
  }
  return paint.createPattern(square, "repeat");
}

function parts_key(part) {
  const mark = element("i", { class: "mark" });
  mark.style.background = PART_STRIPES[PART_PATTERNS[part.part]](PART_COLOURS[part.part]);
  return element("span", {}, mark, part.label);
}

// The controls above charts, beside each other.
function choices_row(el) {
  const row = element("div", { class: "choices" });
  el.append(row);
  return row;
}

// A heading with its choices and charts, which paper does not part.
function kept_together(el, title) {
  const made = element("div", { class: "together" }, element("h4", { text: title }));
  el.append(made);
  return made;
}

// A text that a table does not break.
function solid(text) {
  return element("span", { class: "solid", text });
}

function charts_grid(el) {
  const grid = element("div", { class: "charts" });
  el.append(grid);
  return grid;
}

// As choose(), beginning with the choice number `first`.
function choose_from(el, label, choices, first, on_change) {
  let quiet = first > 0;
  const select = choose(el, label, choices, value => quiet || on_change(value));
  if (!quiet)
    return select;
  quiet = false;
  select.selectedIndex = first;
  select.dispatchEvent(new Event("change"));
  return select;
}

// -- axes

const POINT_ROOM = 8; // pixels beyond an axis's end that a point there may take

// Of values on an axis those whose labels have room, the largest first.
function spread(values, place, room) {
  const kept = [];
  for (const v of [...values].reverse())
    if (!kept.length || place(kept[kept.length - 1]) - place(v) >= room)
      kept.push(v);
  return kept.reverse();
}

function axis_title(text) {
  return { display: true, text };
}

// The axis of threads: a tick at each count that was measured.
function threads_scale(counts, log) {
  const place = log ? Math.log : v => v;
  const room = (place(counts[counts.length - 1]) - place(counts[0])) / 16;
  return {
    type: log ? "logarithmic" : "linear", min: counts[0], max: counts[counts.length - 1],
    title: axis_title("threads"),
    afterBuildTicks: axis => { axis.ticks = spread(counts, place, room).map(value => ({ value })); },
    ticks: { callback: value => String(value), autoSkip: false, maxRotation: 0 },
  };
}

// 1, 2 and 5 of each power of ten, fewer where there are many powers
function log_ticks(axis) {
  const powers = Math.log10(axis.max / axis.min);
  const steps = powers > 5 ? [1] : powers > 2.5 ? [1, 3] : [1, 2, 5];
  const made = [];
  for (let p = Math.floor(Math.log10(axis.min)); p <= Math.ceil(Math.log10(axis.max)); p++)
    made.push(...steps.map(s => s * 10 ** p));
  const inside = made.filter(v => v >= axis.min * 0.999 && v <= axis.max * 1.001);
  axis.ticks = (inside.length > 1 ? inside : [axis.min, axis.max]).map(value => ({ value }));
}

function value_scale(title, show, log) {
  const scale = { title: axis_title(title), ticks: { callback: value => show(value) } };
  if (!log)
    return { type: "linear", beginAtZero: true, ...scale };
  return { type: "logarithmic", ...scale, afterBuildTicks: log_ticks };
}

// Values over more than an order of magnitude lie on a logarithmic axis, unless some are below zero.
function is_wide(values) {
  const known = values.filter(v => is_number(v) && v !== 0);
  return known.length > 1 && known.every(v => v > 0) && Math.max(...known) / Math.min(...known) >= 20;
}

// Counts that double lie evenly on a logarithmic axis; with few of them a linear one will do.
function is_long(counts) {
  return counts.length > 1 && counts[counts.length - 1] / counts[0] >= 16;
}

// Bounds of a logarithmic axis that holds all of `values` above zero with some room.
function log_bounds(values) {
  const above = values.filter(v => is_number(v) && v > 0);
  return above.length ? { min: Math.min(...above) / 1.3, max: Math.max(...above) * 1.3 } : {};
}

// Lines upright over the whole height, on an axis of their own: [{ x, label }].
function upright_lines(marks) {
  return marks.map(m => ({
    label: m.label, data: [{ x: m.x, y: 0 }, { x: m.x, y: 1 }], yAxisID: "y_mark", aside: true,
    pointRadius: 0,
    borderColor: colour("muted"), borderWidth: 1, borderDash: [2, 4],
  }));
}

function mark_scale() {
  return { type: "linear", axis: "y", min: 0, max: 1, display: false };
}

/*
 * What a pointer reads off: the points nearest to it along options.axis, of lines that were measured.
 * Chart.js's own mode "nearest" takes an edge of a band, or a point of a fitted curve, for one of them.
 */
function measured_items(chart, event, options) {
  const along = { x: (p, e) => Math.abs(p.x - e.x), y: (p, e) => Math.abs(p.y - e.y) }[options.axis]
    || ((p, e) => Math.hypot(p.x - e.x, p.y - e.y));
  let least = Infinity;
  let items = [];
  for (const meta of chart.getSortedVisibleDatasetMetas()) {
    const dataset = chart.data.datasets[meta.index];
    (dataset.band || dataset.aside ? [] : meta.data).forEach((point, index) => {
      const away = point.skip ? Infinity : along(point.getProps(["x", "y"], true), event);
      if (away < least)
        items = [];
      least = Math.min(least, away);
      if (away === least && away < Infinity)
        items.push({ element: point, datasetIndex: meta.index, index });
    });
  }
  return items;
}

Chart.Interaction.modes.measured = measured_items;

// Options for charts over threads: one reads off all engines at the count that is nearest.
function threads_options(scales) {
  return {
    interaction: { mode: "measured", axis: "x" },
    scales: { x: scales.x, y: scales.y, y_mark: mark_scale() }, clip: POINT_ROOM,
    plugins: {
      tooltip: {
        callbacks: { title: items => (items.length ? threads_text(items[0].parsed.x) : "") },
      },
    },
  };
}

// -- bars, one to a row, and intervals on them

// A bar's length means nothing on a logarithmic axis, which begins anywhere: there it is a dot.
function row_shape(engine, log) {
  return log ? {
    type: "line", showLine: false, pointRadius: 6,
      pointStyle: is_ruler(engine) ? "circle" : engine_point(engine),
  } : { grouped: false, maxBarThickness: 22 };
}

/*
 * rows: [{ engine, label, y, lo, hi }] lying below each other, datasets by engine; a row's interval is a
 * thin bar over its bar. options: title, show, and log where values are too far apart for lengths.
 */
function row_bars(rows, options) {
  const of_engine = engine => rows.filter(r => r.engine === engine && is_number(r.y))
    .map(r => ({ x: r.y, y: r.label, lo: r.lo, hi: r.hi }));
  const bars = engines_of(rows).map(engine => ({
    label: short_engine(engine), engine, data: of_engine(engine), borderColor: engine_colour(engine),
    show: options.show, order: options.log ? 0 : 2, ...row_shape(engine, options.log),
    backgroundColor: rows.filter(r => r.engine === engine && is_number(r.y))
      .map(r => (is_vague(r) ? colour("panel") : faded(engine_colour(engine), options.log ? 1 : 0.75))),
    borderWidth: options.log ? 2 : 1.5,
  }));
  const shown = rows.filter(r => !HIDDEN.has(r.engine));
  const bounds = options.log ? log_bounds((shown.length ? shown : rows).flatMap(r => [r.y, r.lo, r.hi])) : {};
  return {
    type: "bar", data: { labels: rows.map(r => r.label), datasets: [...bars, ...row_intervals(rows)] },
    options: row_options({ bounds, ...options }),
  };
}

function row_intervals(rows) {
  const of_engine = engine => rows.filter(r => r.engine === engine && is_number(r.lo) && is_number(r.hi))
    .map(r => ({ x: [r.lo, r.hi], y: r.label }));
  return engines_of(rows).map(engine => ({
    engine, band: true, data: of_engine(engine), backgroundColor: colour("text"), grouped: false,
    barThickness: 3, minBarLength: 3, order: 1, stack: "interval " + engine,
  })).filter(d => d.data.length);
}

function row_options(options) {
  return {
    indexAxis: "y", interaction: { mode: "measured", axis: "y" },
    clip: POINT_ROOM,
    scales: {
      x: { ...value_scale(options.title, options.show, options.log), ...options.bounds,
        stacked: !!options.stacked },
      y: { type: "category", offset: true, stacked: !!options.stacked, grid: { display: false },
        ticks: { autoSkip: false } },
    },
    plugins: { tooltip: { ...options.tooltip } },
  };
}

function rows_height(rows) {
  return 90 + 26 * Math.max(rows.length, 2);
}

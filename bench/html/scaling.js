// scaling.js: throughput and the cost of an operation by threads, the law of scaling, knees.
"use strict";

// Which scaling[] point and series a case has, by case_id: scaling[] names cases, not charts.
function scaling_points(entry) {
  const points = new Map();
  for (const series of entry.result.scaling || [])
    for (const point of series.points || [])
      points.set(point.case_id, { point, series });
  return points;
}

const SCALING_VIEWS = [
  { label: "throughput", key: "ops_per_s", title: "operations per second", show: show_rate },
  { label: "speedup", key: "speedup", title: "throughput over that of the fewest threads", show: show_real },
  { label: "efficiency", key: "efficiency", title: "efficiency", show: show_share },
  { label: "share of limit", key: "of_limit", title: "throughput over that of limit", show: show_share },
];

function scaling_value(found, view, c) {
  const from = view.key === "ops_per_s" ? c : (found.get(c.case_id) || {}).point || {};
  return { y: from[view.key], lo: from[view.key + "_lo"], hi: from[view.key + "_hi"] };
}

// -- lines beside the measurement

/*
 * What no loss at all would look like. Throughput: as many times as the baseline does with its fewest
 * threads; its own first point, so that boost and hyperthreads are in the gap below the line.
 */
function ideal_line(view, curves, baseline, counts) {
  const own = (curves.find(k => k.engine === baseline) || curves[0]).points;
  const first = own[0];
  const at = { ops_per_s: n => first.y * n / first.x, speedup: n => n / first.x,
    efficiency: () => 1 }[view.key];
  if (!first || !at || counts.length < 2)
    return [];
  return [{
    label: view.key === "ops_per_s" ? "ideal: N × " + short_engine(baseline) : "ideal",
    data: between(first.x, counts[counts.length - 1]).map(x => ({ x, y: at(x) })), aside: true,
    pointRadius: 0, borderColor: colour("muted"), borderWidth: 1.5, borderDash: [1, 3],
  }];
}

// Many counts of threads in between, since a straight line is none on every pair of axes.
function between(from, to) {
  const steps = 60;
  return Array.from({ length: steps + 1 }, (_, i) => from * (to / from) ** (i / steps));
}

function usl_rate(usl, n) {
  return usl.gamma_ops_per_s * n / (1 + usl.sigma * (n - 1) + usl.kappa * n * (n - 1));
}

// The law's curve over the counts that were fitted, where it is identifiable.
function usl_curve(series, counts) {
  const usl = series.usl;
  if (!usl || !usl.identifiable)
    return [];
  const last = counts.slice(0, usl.thread_counts).pop();
  return [{
    engine: series.engine, band: true, pointRadius: 0, pointHitRadius: 0, borderWidth: 1, fill: false,
    borderColor: engine_colour(series.engine), borderDash: [],
    data: between(counts[0], last).map(n => ({ x: n, y: usl_rate(usl, n) })),
  }];
}

const MARK_TEXT = { second_node: "second node", hyperthreads: "second hyperthread",
  oversubscribed: "CPUs shared" };

function marks_of(group, found) {
  const marks = new Map();
  for (const c of group.cases)
    for (const name of ((found.get(c.case_id) || {}).point || {}).marks || [])
      if (!marks.has(name) || marks.get(name) > c.threads)
        marks.set(name, c.threads);
  return [...marks].map(([name, x]) => ({ x, label: `${MARK_TEXT[name] || name}, from ${x}` }));
}

// -- figures

function scaling_curves(group, value) {
  return engines_of(group.cases).map(engine => ({ engine,
    points: points_by_threads(group.cases, engine, value) }))
    .filter(k => k.points.length);
}

function curve_rows(group, curves) {
  return curves.flatMap(k => k.points.map(p => [group.label, k.engine, p.x, p.y, p.lo, p.hi]));
}

function curve_columns(name) {
  return ["series", "engine", "threads", name, name + "_lo", name + "_hi"];
}

// Bounds that an axis has room for: one interval over orders of magnitude would press all lines together.
function near_bounds(curves, values) {
  const bounds = curves.flatMap(k => k.points.flatMap(p => [p.lo, p.hi]));
  return bounds.filter(v => v > Math.min(...values) / 10 && v < Math.max(...values) * 10);
}

// A logarithmic axis would hide that an interval crosses zero.
function reaches_zero(curves) {
  return curves.some(k => k.points.some(p => [p.y, p.lo, p.hi].some(v => is_number(v) && v <= 0)));
}

// What hollow points are, if there are any.
function vague_text(curves) {
  const points = curves.flatMap(k => k.points);
  const parts = [
    points.some(p => !is_bounded(p)) && "no interval: too few pairs or processes",
    points.some(p => is_bounded(p) && is_vague(p)) && "not decided",
  ].filter(Boolean);
  return parts.length ? `Hollow: ${parts.join(", or ")}.` : "";
}

/*
 * A line with its band for each of curves: [{ engine, points, label }]. axes: "linear", "logarithmic" or
 * "auto", by what there is to show.
 */
function curves_config(curves, counts, view, axes, beside) {
  const shown = curves.some(k => !HIDDEN.has(k.engine)) ? curves.filter(k => !HIDDEN.has(k.engine)) : curves;
  const values = shown.flatMap(k => k.points.map(p => p.y));
  const log_y = axes === "auto" ? is_wide(values) && !reaches_zero(shown) : axes === "logarithmic";
  const log_x = axes === "auto" ? is_long(counts) : axes === "logarithmic";
  const bounds = log_y ? log_bounds([...values, ...near_bounds(shown, values)]) : {};
  const lines = curves.flatMap(k => {
    const options = { engine: k.engine, show: view.show, ...(k.label ? { label: k.label } : {}) };
    return band(options, k.points);
  });
  for (const edge of lines.filter(d => d.band && log_y)) // zero and below are nowhere on such an axis
    edge.data = edge.data.map(p => ({ x: p.x, y: Math.max(p.y, bounds.min) }));
  return {
    type: "line", data: { datasets: [...lines, ...beside] },
    options: threads_options({
      x: threads_scale(counts, log_x), y: { ...value_scale(view.title, view.show, log_y), ...bounds },
    }),
  };
}

// With a single count of threads a curve is a point: bars.
function single_config(curves, view, axes) {
  const rows = curves.map(k => ({ engine: k.engine, label: short_engine(k.engine), ...k.points[0] }));
  const shown = rows.filter(r => !HIDDEN.has(r.engine));
  const log = axes === "auto" ? is_wide((shown.length ? shown : rows).map(r => r.y)) && !reaches_zero(curves)
    : axes === "logarithmic";
  return row_bars(rows, { title: view.title, show: view.show, log });
}

function throughput_figure(entry, group, found, view, axes) {
  const curves = scaling_curves(group, c => scaling_value(found, view, c));
  const counts = distinct(curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  if (!curves.length)
    return null;
  const beside = () => [
    ...ideal_line(view, curves, baseline_of(entry, group.cases), counts),
    ...(view.key === "ops_per_s" ? curves.flatMap(k => usl_curve(series_with(group, found, k.engine),
      counts)) : []),
    ...upright_lines(marks_of(group, found)),
  ];
  return {
    id: "scaling-throughput", title: `${view.label}: ${group.label}`,
    note: [throughput_note(group, found, view), vague_text(curves)].join(" "),
    columns: curve_columns(view.key), rows: curve_rows(group, curves),
    height: counts.length > 1 ? 340 : rows_height(curves),
    config: () => (counts.length > 1 ? curves_config(curves, counts, view, axes, beside())
      : single_config(curves, view, axes)),
  };
}

function series_with(group, found, engine) {
  const c = group.cases.find(k => k.engine === engine && found.has(k.case_id));
  return c ? found.get(c.case_id).series : {};
}

function throughput_note(group, found, view) {
  const against = distinct(group.cases.map(c => ((found.get(c.case_id) || {}).series
    || {}).against).filter(Boolean));
  const saturated = group.cases.some(c => !c.think_ns && !c.rate && !c.cold);
  const parts = ["Areas and bars: 95 % intervals."];
  if (view.key === "ops_per_s" && saturated)
    parts.push("Without think time these are saturation figures.");
  if (view.key === "efficiency")
    parts.push(against.includes("limit")
      ? "Against the ruler limit of the same slices, so boost and hyperthreads"
      + " cancel; an engine beside which limit did not run, and limit itself, against itself."
      : "Against the engine itself, so boost and hyperthreads are in it.");
  if (view.key === "ops_per_s" && group.cases.some(c => (series_with(group, found, c.engine).usl
    || {}).identifiable))
    parts.push("Thin lines: the Universal Scalability Law, over the counts it was fitted to.");
  return parts.join(" ");
}

// -- the law and the knees, as tables

const HELD = { beyond_reach: "none", unsure: "cannot be told" };

function peak_text(usl) {
  if (usl.peak === "told")
    return show_value(usl.peak_threads, usl.peak_threads_lo, usl.peak_threads_hi, show_real) + " threads";
  const reach = is_number(usl.peak_reach_threads) ? ` up to ${usl.peak_reach_threads} threads` : "";
  return HELD[usl.peak] ? HELD[usl.peak] + reach : "-";
}

function usl_row(series) {
  const usl = series.usl;
  const held = usl.held_at_zero || [];
  const share = name => show_value(usl[name], usl[name + "_lo"], usl[name + "_hi"], show_real)
    + (held.includes(name) ? ", held at 0" : "");
  return [
    solid(short_engine(series.engine)), show_count(usl.thread_counts)
      + (usl.hyperthreads ? ", with hyperthreads" : ""),
    show_value(usl.gamma_ops_per_s, usl.gamma_ops_per_s_lo, usl.gamma_ops_per_s_hi, show_rate),
    share("sigma"), share("kappa"), peak_text(usl), show_share(usl.misfit),
  ];
}

function usl_table(el, series) {
  const laws = series.filter(s => s.usl);
  const told = laws.filter(s => s.usl.identifiable);
  el.replaceChildren();
  if (!laws.length)
    return;
  el.append(element("h4", { text: "Universal Scalability Law" }));
  if (told.length) {
    table(el, ["engine", "thread counts", "γ: one thread", "σ: serial share", "κ: cost of a pair", "peak",
      "misfit"],
      told.map(usl_row), { numeric: [] });
    note(el, "X(N) = γ N / (1 + σ (N − 1) + κ N (N − 1)). misfit: the largest share by which the law"
      + " misses a measured point; the intervals do not know whether the law holds.");
  }
  const reasons = new Map();
  for (const s of laws.filter(l => !l.usl.identifiable))
    reasons.set(s.usl.reason, [...(reasons.get(s.usl.reason) || []), short_engine(s.engine)]);
  for (const [reason, engines] of reasons)
    note(el, `Not fitted for ${engines.join(", ")}: ${reason || "no reason given"}.`);
}

// Older results have medians alone there, which tell what an interval may not.
function knee_below(knee) {
  const below = knee.below_5_percent_threads;
  const from = knee.undecided_from_threads;
  const doubt = from === undefined ? ", by medians alone" : is_number(from) ? `, undecided from ${from}` : "";
  return is_number(below) ? (below ? threads_text(below) : "none") + doubt : "-";
}

// Of one thread count nobody knows it. Older results do not say how many there were.
function knee_saturated(knee, cases) {
  const counts = new Set(cases.filter(c => c.engine === knee.engine && c.workload === "private" &&
    c.think_ns === knee.think_ns).map(c => c.threads));
  if (is_number(knee.saturated_threads))
    return threads_text(knee.saturated_threads);
  return (is_number(knee.thread_counts) ? knee.thread_counts : counts.size) > 1 ? "not reached" : "-";
}

function knee_row(knee, cases) {
  return [
    solid(short_engine(knee.engine)), solid(short_engine(knee.baseline || "-")),
    knee.think_ns ? show_ns(knee.think_ns) : "0",
    knee_below(knee),
    is_number(knee.from_5_percent_threads) ? threads_text(knee.from_5_percent_threads) : "-",
    knee_saturated(knee, cases),
    is_number(knee.measured_to_threads) ? threads_text(knee.measured_to_threads) : "-",
  ];
}

function knees_table(el, entry) {
  const knees = entry.result.knees || [];
  if (!knees.length)
    return;
  el.append(element("h4", { text: "Knees, workload private" }));
  table(el, ["engine", "against", "think", "loses below 5 % up to", "5 % or more from",
    "saturated from", "measured to"],
    knees.map(k => knee_row(k, cases_of(entry))), {});
  note(el, "5 % of the throughput of the engine without the lock, by 95 % intervals; undecided: 5 % lies within that of " +
    "the next thread count, or there are too few pairs for one. Saturated, by medians: more threads add less than 5 %.");
}

// -- the section

// What an operation costs: more than that of another engine, the usual baseline first, or in all.
function cost_choices(entry, groups) {
  const against = distinct(groups.flatMap(g => added_curves(entry, g).map(k => k.against)));
  return [
    ...against.map(engine => ({ label: `ns added to an operation of ${short_engine(engine)}`, value: engine })),
    { label: "ns of an operation", value: null },
  ];
}

function is_rated(c) {
  return !c.forced && !is_failed(c) && is_number(c.ops_per_s);
}

function make_scaling(el, entry) {
  const found = scaling_points(entry);
  const groups = series_groups(cases_of(entry).filter(is_rated));
  if (!groups.length)
    return false;
  const now = { group: groups[0], view: SCALING_VIEWS[0], axes: "auto", against: null };
  const choices = choices_row(el);
  failed_note(el, cases_of(entry));
  const grid = charts_grid(el);
  const places = [figure_place(grid), figure_place(grid)];
  const law = element("div", {});
  const show = change => {
    Object.assign(now, change);
    const ids = new Set(now.group.cases.map(c => c.case_id));
    places[0](throughput_figure(entry, now.group, found, now.view, now.axes));
    places[1](now.against ? added_figure(entry, now.group, now.against, now.axes)
      : busy_figure(now.group, now.axes));
    usl_table(law, (entry.result.scaling || []).filter(s => (s.points || []).some(p => ids.has(p.case_id))));
  };
  const views = SCALING_VIEWS.filter(v => groups.some(g => g.cases.some(c => is_number(scaling_value(found,
    v, c).y))));
  choose(choices, "series", groups.map(g => ({ label: g.label, value: g })), group => show({ group }));
  choose(choices, "left chart", views.map(v => ({ label: v.label, value: v })), view => show({ view }));
  choose(choices, "right chart", cost_choices(entry, groups), against => show({ against }));
  choose(choices, "axes", ["auto", "linear", "logarithmic"].map(v => ({ label: v, value: v })),
    axes => show({ axes }));
  el.append(law);
  knees_table(el, entry);
  return true;
}

SECTIONS.push({ id: "scaling", title: "Scaling: what threads gain and the lock costs", make: make_scaling });

// latency.js: how long single operations took, on the axis of percentiles that HdrHistogram made usual.
"use strict";

const LATENCY_OPS = ["map", "unmap", "lookup"];
const PERCENTILES = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99], ["p999", 0.999], ["p9999", 0.9999]];
const PERCENTILE_NAME = { p50: "p50", p90: "p90", p99: "p99", p999: "p99.9", p9999: "p99.99" };
const OVERFLOW_NS = 2 ** 40; // what lies above is counted, not told apart
const BEYOND = 10; // a percentile wants as many samples beyond it

// kind "service": from its begin; "response": from when it should have begun (open loop)
function latency_of(c, kind, op) {
  const from = kind === "service" ? c.latency_ns : (c.rate || {}).response_ns;
  const found = from ? from[op] : null;
  return found && found.n > 0 ? found : null;
}

function resolution_ns(entry) {
  const pair = (entry.result.clock || {}).pair_ns;
  return is_number(pair) ? 3 * pair : null;
}

// "99.93 %": so many digits that the share beyond it can be read
function percentile_text(x) {
  const digits = Math.max(0, Math.ceil(Math.log10(x)) - 1);
  return `${(100 * (1 - 1 / x)).toFixed(Math.min(digits, 7))} %`;
}

// -- points on the axis x = 1 / (1 - p)

/*
 * The histogram as a staircase: each point is where a bucket's values begin, and the line keeps its height
 * up to the next. Heights are the middles of buckets, as percentiles are. The last step leads to max,
 * beside which no sample lies.
 */
function staircase(l) {
  const h = l.histogram;
  const points = [];
  let below = 0;
  for (let i = 0; h && i < h.count.length; i++) {
    const middle = h.low_ns[i] >= OVERFLOW_NS ? l.max : (h.low_ns[i] + h.high_ns[i]) / 2;
    if (h.count[i] > 0 && below < l.n)
      points.push({ x: l.n / (l.n - below), y: Math.min(Math.max(middle, 0.5), l.max) });
    below += h.count[i];
  }
  return thinned([...points, { x: l.n, y: l.max }]);
}

// Of points that nobody could tell apart on a screen, the first and last.
function thinned(points) {
  const kept = [];
  const cell = p => Math.floor(Math.log10(p.x) * 400);
  points.forEach((p, i) => {
    if (i === 0 || i === points.length - 1 || cell(p) !== cell(points[i - 1])
      || cell(p) !== cell(points[i + 1]))
      kept.push(p);
  });
  return kept;
}

function stored_points(l) {
  return PERCENTILES.filter(([name]) => is_number(l[name])).map(([name, p]) => ({
    x: 1 / (1 - p), y: Math.max(l[name], 0.5), lo: l[name + "_lo"], hi: l[name + "_hi"],
  }));
}

// -- datasets

/*
 * The line of a histogram, dashed thin where fewer than ten samples lie beyond; the percentiles of the
 * result as points, with their bounds; max as a point of its own.
 */
function latency_datasets(engine, l) {
  const unsupported = l.n / BEYOND;
  const thin = context => context.p1.parsed.x > unsupported;
  const line = {
    ...engine_line({ engine, show: show_ns }, staircase(l)), pointRadius: 0, pointHitRadius: 0, stepped: true,
    borderWidth: is_ruler(engine) ? 1.5 : 2, order: 3,
    segment: {
      borderDash: context => (thin(context) ? [1, 4] : undefined),
      borderWidth: context => (thin(context) ? 1 : undefined),
    },
  };
  const points = {
    ...engine_line({ engine, show: show_ns }, stored_points(l)), showLine: !l.histogram, pointHitRadius: 6,
    pointRadius: is_ruler(engine) ? 2 : 4, pointStyle: is_ruler(engine) ? "circle" : engine_point(engine),
    order: 2,
  };
  const max = {
    ...engine_line({ engine, show: v => `max ${show_ns(v)} of ${show_int(l.n)}` }, [{ x: l.n, y: l.max }]),
    showLine: false, pointRadius: 5, pointStyle: "crossRot", borderWidth: 2, order: 1,
  };
  return l.histogram ? [points, line, max] : [points, max];
}

// All that the clock cannot tell apart, shaded.
function below_resolution(ns, from, to) {
  return is_number(ns) ? [{
    label: `below ${show_ns(ns)}: three pairs of stamps, not told apart`,
    data: [from, to].map(x => ({ x, y: ns })),
    aside: true, pointRadius: 0, borderColor: colour("muted"), borderWidth: 1, borderDash: [2, 2],
    backgroundColor: faded("#808488", 0.18), fill: "start", order: 20,
  }] : [];
}

// -- scales

function percentile_scale(to) {
  const ticks = [2];
  for (let x = 10; x <= to; x *= 10)
    ticks.push(x);
  return {
    type: "logarithmic", min: 1, max: to, title: axis_title("percentile; the axis is 1 / (1 − p)"),
    afterBuildTicks: axis => { axis.ticks = ticks.map(value => ({ value })); },
    ticks: { callback: percentile_tick, autoSkip: true, maxRotation: 50 },
  };
}

// ticks are at 50 % and at powers of ten
function percentile_tick(x) {
  return `${(100 * (1 - 1 / x)).toFixed(Math.max(0, Math.round(Math.log10(x)) - 2))} %`;
}

function latency_values(l) {
  return [l.min, l.max, ...PERCENTILES.map(([name]) => l[name])].map(v => (is_number(v) ? Math.max(v, 0.5)
    : v));
}

// -- figures

function kept_latencies(cases, kind, op) {
  return cases.map(c => ({ c, engine: c.engine, l: latency_of(c, kind, op) })).filter(k => k.l);
}

function latency_config(entry, found, bounds) {
  const to = Math.max(...found.map(k => k.l.n), 20);
  const rulers_last = [...found.filter(k => !is_ruler(k.engine)), ...found.filter(k => is_ruler(k.engine))];
  return {
    type: "line",
    data: {
      datasets: [...rulers_last.flatMap(k => latency_datasets(k.engine, k.l)),
        ...below_resolution(resolution_ns(entry), 1, to)],
    },
    options: {
      interaction: { mode: "measured", axis: "xy" }, clip: POINT_ROOM,
      scales: { x: percentile_scale(to), y: { ...value_scale("time of an operation", show_ns, true),
        ...bounds } },
      plugins: {
        tooltip: {
          callbacks: { title: items => (items.length ? percentile_text(items[0].parsed.x) : "") },
        },
      },
    },
  };
}

function latency_rows(found, kind, op) {
  const row = (k, source, low, high, count) => [k.c.case_id, k.engine, kind, op, source, low, high, count];
  return found.flatMap(k => {
    const h = k.l.histogram;
    const stored = PERCENTILES.map(([name]) => row(k, name, k.l[name], k.l[name],
      null)).filter(r => is_number(r[5]));
    const buckets = h ? h.count.map((count, i) => row(k, "bucket", h.low_ns[i], h.high_ns[i], count)) : [];
    return [...stored, row(k, "max", k.l.max, k.l.max, null), ...buckets];
  });
}

function latency_note(found, kind) {
  const parts = [kind === "service" ? "Time from an operation's begin to its end."
    : "Time from when an operation should have begun (open loop) to its end; queueing is in it."];
  if (found.some(k => !k.l.histogram))
    parts.push(
      "This result was written without histograms: points are its stored percentiles, the line only joins"
        + " them.");
  parts.push(
    "Points: percentiles of the result. Where fewer than ten samples lie beyond, the line is dotted: one"
    + " operation more or less would move it. Cross: max.");
  const over = found.filter(k => k.l.overflow > 0);
  if (over.length)
    parts.push(`Beyond 2^40 ns, counted but not told apart: ${over.map(k =>
      `${show_int(k.l.overflow)} of ${short_engine(k.engine)}`).join(", ")}.`);
  return parts.join(" ");
}

function latency_figure(entry, now, kind, bounds) {
  const found = kept_latencies(now.cases, kind, now.op);
  if (found.every(k => k.l.n < 2)) // one sample is no distribution
    return null;
  return {
    id: "latency-" + kind, title: `${kind} time of ${now.op}: ${now.label}`, note: latency_note(found, kind),
    height: 380, columns: ["case_id", "engine", "time", "op", "source", "low_ns", "high_ns", "count"],
    rows: () => latency_rows(found, kind, now.op), config: () => latency_config(entry, found, bounds),
  };
}

// -- the table below

function percentile_cell(l, name, least) {
  if (!is_number(l[name]))
    return "-";
  return is_number(least) && l[name] < least ? "<" + show_ns(least)
    : show_value(l[name], l[name + "_lo"], l[name + "_hi"], show_ns);
}

function latency_table(el, entry, now) {
  const least = resolution_ns(entry);
  const rows = ["service", "response"].flatMap(kind => kept_latencies(now.cases, kind,
    now.op).map(({ c, l }) => [
    solid(short_engine(c.engine)), kind, show_int(l.n), c.sample_every > 1 ? "1 in " + c.sample_every : "all",
    show_int(c.disturbed_samples), ...PERCENTILES.map(([name]) => percentile_cell(l, name, least)),
    show_ns(l.max),
    l.overflow > 0 ? show_int(l.overflow) : "0",
  ]));
  el.replaceChildren();
  table(el, ["engine", "time", "samples", "timed", "disturbed",
    ...PERCENTILES.map(([name]) => PERCENTILE_NAME[name]),
    "max", "overflow"], rows, { numeric: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11] });
  note(el, "Intervals are made of order statistics and take samples for independent: they describe this"
    + " run. Disturbed: samples that a context switch hit, " + (now.cases.some(c => c.rate)
      ? "kept, since with --rate they belong"
      + " to the response time." : "left out.") + saturated_text(now.cases)
    + (rows.length && now.cases.every(c => !(latency_of(c, "service", now.op) || { n: 0 }).n
      || latency_of(c, "service", now.op).n < 2) ? " Of a single sample no distribution is drawn." : ""));
}

function saturated_text(cases) {
  const engines = cases.filter(c => c.rate && c.rate.saturated).map(c => short_engine(c.engine));
  return engines.length ? ` Saturated, so without a response time: ${engines.join(", ")}.` : "";
}

// -- by threads

function tail_figure(entry, group, kind, op, name) {
  const curves = engines_of(group.cases).map(engine => ({
    engine,
    points: points_by_threads(group.cases, engine, c => {
      const l = latency_of(c, kind, op) || {};
      return { y: l[name], lo: l[name + "_lo"], hi: l[name + "_hi"] };
    }),
  })).filter(k => k.points.length);
  const counts = distinct(curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  if (counts.length < 2)
    return null;
  const view = { title: `${PERCENTILE_NAME[name]} of ${op}`, show: show_ns };
  const beside = () => below_resolution(resolution_ns(entry), counts[0], counts[counts.length - 1]);
  return {
    id: "latency-threads", title: `${PERCENTILE_NAME[name]} of ${op} by threads: ${group.label}`, height: 380,
    note: "Service time. A percentile with fewer than ten samples beyond it is left out.",
    columns: ["series", "engine", "threads", name + "_ns", name + "_ns_lo", name + "_ns_hi"],
    rows: curve_rows(group, curves), config: () => tail_config(curves, counts, view, beside()),
  };
}

// Times are over orders of magnitude in any case.
function tail_config(curves, counts, view, beside) {
  const config = curves_config(curves, counts, view, "logarithmic", beside);
  config.options.scales.x = threads_scale(counts, is_long(counts));
  return config;
}

// -- the section

function has_latency(c) {
  return !is_failed(c) && LATENCY_OPS.some(op => latency_of(c, "service", op)
    || latency_of(c, "response", op));
}

function latency_bounds(now) {
  return log_bounds(["service", "response"].flatMap(kind =>
    kept_latencies(now.cases, kind, now.op).flatMap(k => latency_values(k.l))));
}

function make_latency(el, entry) {
  const groups = series_groups(cases_of(entry).filter(has_latency));
  if (!groups.length)
    return false;
  const places = series_of_latency(groups);
  const now = { cases: places[0].cases, label: "", op: null, name: "p99" };
  const choices = choices_row(el);
  const grid = charts_grid(el);
  const figures = [figure_place(grid), figure_place(grid), figure_place(grid)];
  const below = element("div", {});
  el.append(below);
  const show = change => {
    Object.assign(now, change);
    const bounds = latency_bounds(now);
    figures[0](latency_figure(entry, now, "service", bounds));
    figures[1](latency_figure(entry, now, "response", bounds));
    figures[2](tail_figure(entry, now.group, "service", now.op, now.name));
    latency_table(below, entry, now);
  };
  latency_choices(choices, groups, places, now, show);
  return true;
}

// A choice for each series and thread count.
function series_of_latency(groups) {
  return groups.flatMap(group => thread_counts_of(group.cases).map(threads => ({
    group, threads, label: `${group.label}, ${threads_text(threads)}`,
    cases: group.cases.filter(c => c.threads === threads),
  })));
}

function latency_choices(el, groups, places, now, show) {
  const ops = LATENCY_OPS.filter(op => places.some(p => p.cases.some(c => latency_of(c, "service", op))));
  const first = places.filter(p => p.group === groups[0]).length - 1;
  const names = PERCENTILES.map(([name]) => ({ label: PERCENTILE_NAME[name], value: name }));
  now.op = ops[0];
  choose_from(el, "cases", places.map(p => ({ label: p.label, value: p })), first, place => show(place));
  choose(el, "operation", ops.map(op => ({ label: op, value: op })), op => show({ op }));
  if (groups.some(g => thread_counts_of(g.cases).length > 1))
    choose_from(el, "by threads", names, 2, name => show({ name }));
}

SECTIONS.push({ id: "latency", title: "Latency: the tail", make: make_latency });

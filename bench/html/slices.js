// slices.js: throughput slice by slice, what disturbed it, and several processes one after the other.

const SLICE_POINTS = 6000; // on a chart, of all engines: more is a black band, and slow

function slice_count(c) {
  return c.slices && c.slices.ops_per_s ? c.slices.ops_per_s.length : 0;
}

function slice_value(c, column, i) {
  const values = c.slices[column];
  return values && is_number(values[i]) ? values[i] : null;
}

function has_times(cases) {
  return cases.every(c => c.slices.at_ns && c.slices.at_ns.every(is_number));
}

// When the slice ended, in seconds; of older builds, which had no clock there, the how manieth it was.
function slice_time(c, timed, i) {
  if (timed)
    return c.slices.at_ns[i] / 1e9;
  return 2 * (slice_value(c, "round", i) || 0) + (slice_value(c, "half", i) || 0);
}

/*
 * Where each process begins on the axis: they are laid end to end, a little apart, in the order of their
 * numbers. Map of process to {begin, end}.
 */
function process_spans(cases, timed) {
  const longest = new Map();
  for (const c of cases)
    for (let i = 0; i < c.slices.ops_per_s.length; i++) {
      const p = slice_value(c, "process", i) || 0;
      longest.set(p, Math.max(longest.get(p) || 0, slice_time(c, timed, i)));
    }
  const all = [...longest.values()].reduce((sum, v) => sum + v, 0);
  const spans = new Map();
  let begin = 0;
  for (const p of [...longest.keys()].sort((a, b) => a - b)) {
    spans.set(p, { begin, end: begin + longest.get(p) });
    begin += longest.get(p) + (longest.size > 1 ? all / 60 : 0);
  }
  return spans;
}

// {x, y, i, process} of the slices that have a value there, in the order of time
function slice_points(c, column, timed, spans) {
  const points = [];
  for (let i = 0; i < c.slices.ops_per_s.length; i++) {
    const process = slice_value(c, "process", i) || 0;
    const y = slice_value(c, column, i);
    if (y !== null)
      points.push({ x: spans.get(process).begin + slice_time(c, timed, i), y, i, process });
  }
  return points.sort((a, b) => a.x - b.x);
}

function is_stolen(c, point) {
  return slice_value(c, "steal_ns", point.i) > 0;
}

function is_switched(c, point) {
  return slice_value(c, "involuntary_switches", point.i) > 0;
}

// Of each stretch of slices the first, the lowest, the highest and one with steal: what stands out is kept.
function thinned_slices(c, points, most) {
  if (points.length <= most)
    return points;
  const step = Math.ceil(4 * points.length / most);
  const kept = [];
  for (let i = 0; i < points.length; i += step) {
    const stretch = points.slice(i, i + step);
    const low = stretch.reduce((a, b) => (b.y < a.y ? b : a));
    const high = stretch.reduce((a, b) => (b.y > a.y ? b : a));
    const stolen = stretch.find(p => is_stolen(c, p));
    kept.push(...stretch.filter(p => p === stretch[0] || p === low || p === high || p === stolen));
  }
  return kept;
}

// The line ends where a process does (and, if `cut` says so, between two other points).
function broken(points, cut) {
  return points.flatMap((p, i) => {
    const before = points[i - 1];
    const ends = before && (before.process !== p.process || (cut && cut(before, p)));
    return ends ? [{ x: p.x, y: NaN }, p] : [p];
  });
}

// Grey lines where processes begin, over the whole height.
function process_lines(spans, low, high) {
  const points = [...spans.values()].slice(1)
    .flatMap(s => [{ x: s.begin, y: low }, { x: s.begin, y: high }, { x: s.begin, y: NaN }]);
  return {
    data: points, band: true, pointRadius: 0, pointHitRadius: 0, borderColor: colour("muted"), borderWidth: 1,
    borderDash: [2, 3], spanGaps: false, order: 9,
  };
}

function process_text(spans, process) {
  return spans.size > 1 ? `, process ${process + 1} of ${spans.size}` : "";
}

function time_axis_title(timed, spans) {
  const unit = timed ? "seconds" : "half rounds (this result has no times)";
  return spans.size > 1 ? `${unit}, ${spans.size} processes one after the other` : unit;
}

function slice_text(c, point, spans) {
  const words = [`${show_rate(point.y)}${process_text(spans, point.process)}`];
  const steal = slice_value(c, "steal_ns", point.i);
  const switches = slice_value(c, "involuntary_switches", point.i);
  words.push(`round ${slice_value(c, "round", point.i)}, half ${slice_value(c, "half", point.i)}`);
  if (steal > 0)
    words.push(`${show_ns(steal)} stolen`);
  if (switches > 0)
    words.push(`${switches} involuntary switch${switches === 1 ? "" : "es"}`);
  return words.join(", ");
}

// Marks around points: no entry of the legend, but hidden with their engine.
function marks(c, points, style) {
  return {
    engine: c.engine, data: points.map(p => ({ x: p.x, y: p.y })), band: true, showLine: false,
    pointHitRadius: 0, backgroundColor: "transparent", order: 1, ...style,
  };
}

function slice_datasets(c, timed, spans, marked, most) {
  const points = thinned_slices(c, slice_points(c, "ops_per_s", timed, spans), most);
  const few = points.length < 400; // marks that hide the points tell nothing
  const made = [engine_line({
    engine: c.engine, label: case_name(c), borderWidth: 1, showLine: few, pointRadius: few ? 2.5 : 1.5,
    spanGaps: false, order: 3, text: p => slice_text(c, p, spans),
  }, broken(points))];
  if (marked !== "none")
    made.push(marks(c, points.filter(p => is_stolen(c, p)), {
      pointStyle: "circle", pointRadius: few ? 6 : 4, pointBorderWidth: few ? 2 : 1,
      pointBorderColor: colour("unsure"),
    }));
  if (marked === "all")
    made.push(marks(c, points.filter(p => is_switched(c, p)), {
      pointStyle: "crossRot", pointRadius: few ? 4 : 3, pointBorderWidth: few ? 1.5 : 1,
      pointBorderColor: colour("worse"),
    }));
  return made;
}

// The scale of all datasets' values: logarithmic where engines are far apart.
function y_scale(datasets, show, name) {
  const values = datasets.flatMap(d => d.data.map(p => p.y)).filter(y => y > 0);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  if (high > 30 * low)
    return {
      low, high, scale: {
        type: "logarithmic", min: low / 1.2, max: high * 1.2, title: { display: true, text: name + " (log)" },
        ticks: { callback: log_labels(show) },
      },
    };
  return {
    low: 0, high, scale: {
      type: "linear", beginAtZero: true, grace: "5%", title: { display: true, text: name },
      ticks: { callback: v => show(v) },
    },
  };
}

function time_options(timed, spans, y) {
  const end = Math.max(...[...spans.values()].map(s => s.end));
  return {
    scales: {
      x: {
        type: "linear", min: 0, max: end * 1.005, ticks: { includeBounds: false },
        title: { display: true, text: time_axis_title(timed, spans) },
      },
      y,
    },
    plugins: {
      tooltip: {
        callbacks: {
          title: () => "", label: item => `${item.dataset.label}: ${item.dataset.text(item.raw)}`,
        },
      },
    },
  };
}

function slice_config(cases, marked) {
  const timed = has_times(cases);
  const spans = process_spans(cases, timed);
  const most = Math.max(60, Math.floor(SLICE_POINTS / cases.length));
  const datasets = cases.flatMap(c => slice_datasets(c, timed, spans, marked, most));
  const { low, high, scale } = y_scale(datasets, show_rate, "operations, all workers");
  datasets.push(process_lines(spans, low, high));
  return { type: "line", data: { datasets }, options: time_options(timed, spans, scale) };
}

function kept_text(cases) {
  const all = cases.reduce((sum, c) => sum + (is_number(c.slices.n) ? c.slices.n : slice_count(c)), 0);
  const here = cases.reduce((sum, c) => sum + slice_count(c), 0);
  const texts = [];
  if (here < all)
    texts.push(`This page holds ${show_int(here)} of ${show_int(all)} slices, evenly chosen, those with ` +
      "steal among them; slices.csv has all.");
  if (cases.some(c => slice_count(c) > Math.max(60, Math.floor(SLICE_POINTS / cases.length))))
    texts.push("Drawn are the first, the lowest and the highest of each stretch, and one with steal.");
  return texts.join(" ");
}

// How many slices of all had it: "36 of 780".
function share_of_slices(cases, column) {
  let with_it = 0;
  let all = 0;
  for (const c of cases)
    for (let i = 0; i < slice_count(c); i++) {
      all++;
      with_it += slice_value(c, column, i) > 0 ? 1 : 0;
    }
  return `${show_int(with_it)} of ${show_int(all)}`;
}

function hiccup_text(result) {
  const h = result.ruler && result.ruler.hiccup_ns;
  if (!h)
    return "";
  const tail = [["99 %", h.p99], ["90 %", h.p90], ["50 %", h.p50]].find(([, v]) => is_number(v));
  return "Hiccups are not tied to a slice: an idle loop on this machine lost up to " +
    show_ns(h.max) + " at once" +
    (tail ? ` (${tail[0]} of its gaps were below ${show_ns(tail[1])})` : "") + ".";
}

function slice_note(result, cases) {
  return ["A point is a slice; engines took turns, so what the machine did then hit all of them.",
    kept_text(cases), hiccup_text(result), group_caveat(cases)].filter(Boolean).join(" ");
}

function slice_columns(cases) {
  const names = new Set(cases.flatMap(c => Object.keys(c.slices).filter(k => Array.isArray(c.slices[k]))));
  return ["case_id", "engine", ...names];
}

function slice_rows(cases) {
  const columns = slice_columns(cases).slice(2);
  return cases.flatMap(c => c.slices.ops_per_s.map((_, i) =>
    [c.case_id, c.engine, ...columns.map(name => (c.slices[name] ? c.slices[name][i] : null))]));
}

function slice_key(cases) {
  const processes = new Set(cases.flatMap(c => c.slices.process || []));
  const begins = processes.size > 1 ? [["process", "another process begins, with tables of its own"]] : [];
  return key_of(
    ["steal", `the hypervisor took time from our CPUs (steal): ${share_of_slices(cases, "steal_ns")} slices`],
    ["switch", "a worker was taken off its CPU (involuntary switch): " +
      `${share_of_slices(cases, "involuntary_switches")}`],
    ...begins);
}

function slice_spec(entry, cases, marked) {
  return {
    id: "slices-rate", title: `Throughput by slice: ${group_label(cases)}`, height: 360,
    note: slice_note(entry.result, cases), columns: slice_columns(cases), rows: () => slice_rows(cases),
    config: () => slice_config(cases, marked),
  };
}

SECTIONS.push({
  id: "slices", title: "Slices: throughput over time",
  make(el, entry) {
    const groups = groups_of(entry, c => slice_count(c) > 1 && c.slices.ops_per_s.some(is_number));
    const state = { cases: null, marked: "all", chart: null, key: null };
    const show = () => {
      const spec = slice_spec(entry, state.cases, state.marked);
      const key = slice_key(state.cases);
      if (state.chart)
        state.chart.redraw(spec);
      else
        state.chart = figure(el, spec);
      if (state.key)
        state.key.replaceWith(key);
      else
        state.chart.el.querySelector(".canvas").after(key);
      state.key = key;
    };
    if (!groups.length)
      return false;
    choose(el, "cases", groups, cases => {
      state.cases = cases;
      if (state.chart)
        show();
    });
    choose(el, "marks", [
      { label: "steal and switches", value: "all" }, { label: "steal", value: "steal" },
      { label: "none", value: "none" },
    ], value => {
      state.marked = value;
      show();
    });
    return true;
  },
});

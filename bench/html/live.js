// live.js: how many table pages an engine holds over time, where that changes.

// Within a process: another process has other tables, which is no change in time.
function pages_change(c) {
  const first = new Map();
  return (c.slices.live_pages || []).some((pages, i) => {
    const process = slice_value(c, "process", i);
    if (!is_number(pages))
      return false;
    if (!first.has(process))
      first.set(process, pages);
    return first.get(process) !== pages;
  });
}

function live_label(cases) {
  return (cases.some(c => c.cold) ? "fresh tables, " : "") + group_label(cases);
}

// How many times the fewest pages the most are, of any case of the group.
function swing(cases) {
  return Math.max(...cases.map(c => {
    const known = c.slices.live_pages.filter(v => v > 0);
    return known.reduce((a, b) => Math.max(a, b), 0) / known.reduce((a, b) => Math.min(a, b), Infinity);
  }));
}

/*
 * Groups in which the pages of some case change, the most first; but those of a cold workload last, of which
 * each slice has a table of its own.
 */
function live_groups(entry) {
  const wanted = c => !is_ruler(c.engine) && slice_count(c) > 1 && c.slices.live_pages;
  return groups_of(entry, wanted).filter(g => g.value.some(pages_change))
    .map(g => ({ label: live_label(g.value), value: g.value }))
    .sort((a, b) => Number(a.value[0].cold) - Number(b.value[0].cold) || swing(b.value) - swing(a.value));
}

function live_text(c, point, spans) {
  const table_number = slice_value(c, "table", point.i);
  return `${show_int(point.y)} pages${process_text(spans, point.process)}` +
    (table_number === null ? "" : `, table ${table_number + 1}`);
}

function live_dataset(c, timed, spans, most) {
  const points = thinned_slices(c, slice_points(c, "live_pages", timed, spans), most);
  const renewed = (a, b) => slice_value(c, "table", a.i) !== slice_value(c, "table", b.i);
  return engine_line({
    engine: c.engine, label: case_name(c), borderWidth: 2, pointRadius: points.length > 200 ? 0 : 2.5,
    pointHitRadius: 6, spanGaps: false, showLine: !c.cold, text: p => live_text(c, p, spans),
    ...(c.cold ? { pointRadius: 2.5 } : {}),
  }, broken(points, renewed));
}

function live_config(cases) {
  const timed = has_times(cases);
  const spans = process_spans(cases, timed);
  const most = Math.max(60, Math.floor(SLICE_POINTS / cases.length));
  const datasets = cases.map((c, i) => ({ ...live_dataset(c, timed, spans, most), order: -i })); // dashes above lines
  const { low, high, scale } = y_scale(datasets, show_count, "live table pages");
  datasets.push(process_lines(spans, low, high));
  return { type: "line", data: { datasets }, options: time_options(timed, spans, scale) };
}

function live_note(cases) {
  const sum = (c, { first, last, peak }) =>
    `${case_name(c)} ${show_int(first)} to ${show_int(last)}, peak ${show_int(peak)}`;
  const sums = cases.filter(c => c.live_pages).map(c => sum(c, c.live_pages));
  return ["Table pages allocated and not given back when the slice ended: in the tree, or taken out of it " +
    "and waiting until nobody can walk them.",
  cases.some(c => c.cold) ? "Every slice of this workload begins with an empty table."
    : "A line ends where the engine got a new table.",
  sums.length ? `In the first process: ${sums.join("; ")}.` : "",
  same_text(cases), kept_text(cases), group_caveat(cases)].filter(Boolean).join(" ");
}

// Lines that lie upon each other, which look like one.
function same_text(cases) {
  const by_pages = new Map();
  for (const c of cases) {
    const key = JSON.stringify(c.slices.live_pages);
    by_pages.set(key, [...(by_pages.get(key) || []), case_name(c)]);
  }
  return [...by_pages.values()].filter(names => names.length > 1)
    .map(names => `Equal in every slice, so upon each other: ${names.join(", ")}.`).join(" ");
}

const LIVE_COLUMNS = ["case_id", "engine", "process", "round", "half", "table", "at_ns", "live_pages"];

function live_rows(cases) {
  return cases.flatMap(c => c.slices.live_pages.map((_, i) =>
    [c.case_id, c.engine, ...LIVE_COLUMNS.slice(2).map(name => slice_value(c, name, i))]));
}

SECTIONS.push({
  id: "live", title: "Live pages: tables over time",
  make(el, entry) {
    const groups = live_groups(entry);
    let chart = null;
    if (!groups.length)
      return false;
    choose(el, "cases", groups, cases => {
      const spec = {
        id: "live-pages", title: `Live table pages: ${group_label(cases)}`, note: live_note(cases),
        columns: LIVE_COLUMNS, rows: () => live_rows(cases), config: () => live_config(cases),
      };
      if (chart)
        chart.redraw(spec);
      else
        chart = figure(el, spec);
    });
    return true;
  },
});

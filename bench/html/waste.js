// waste.js: table pages allocated in vain: how many a table, at which level, by which cause, at what cost.
"use strict";

const FEW = 100; // events below which no percentage is given

// What a case can tell of waste; others than cold, forced and replayed ones only beside a case that lost a page.
function tells_waste(c) {
  return c.waste && c.waste.tables > 0 && !is_ruler(c.engine) && !is_failed(c) && !c.unowned;
}

// With all engines and thread counts of a workload, so that those that lost nothing are seen to.
function wasting_cases(entry) {
  const cases = cases_of(entry).filter(tells_waste);
  const losing = new Set(cases.filter(c => c.waste.lost > 0).map(series_of));
  return cases.filter(c => c.cold || c.forced || c.replay || losing.has(series_of(c)));
}

function waste_point(c) {
  return { y: c.waste.per_table, lo: c.waste.per_table_lo, hi: c.waste.per_table_hi };
}

function lost_text(w) {
  return show_int(w.lost) + (w.lost < FEW ? " few" : "");
}

// -- lost pages a table

// From zero, on an axis of threads that suits the counts.
function with_threads_axis(config, counts) {
  config.options.scales.x = threads_scale(counts, is_long(counts));
  return config;
}

const WASTE_VIEWS = {
  per_table: { label: "lost pages a table", title: "lost pages a table", show: show_real,
    point: waste_point },
  ns_per_map: {
    label: "ns a map", title: "lost pages × window, ns a map", show: show_fine_ns,
    point: c => ({ y: c.waste.ns_per_map }),
  },
  per_allocated: {
    label: "share of allocated pages", title: "share of allocated pages", show: show_share,
    point: c => ({ y: c.waste.lost < FEW ? null : c.waste.per_allocated }),
  },
};

function waste_view_config(curves, counts, view) {
  if (counts.length > 1)
    return with_threads_axis(curves_config(curves, counts, view, "linear", []), counts);
  const rows = curves.flatMap(k => k.points.map(p => ({ engine: k.engine, label: short_engine(k.engine),
    ...p })));
  return row_bars(rows, { title: view.title, show: view.show });
}

function waste_figure(group, key) {
  const view = WASTE_VIEWS[key];
  const curves = scaling_curves(group, view.point);
  const counts = distinct(curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  if (!curves.length)
    return null;
  return {
    id: "waste-" + group.kind, title: `${group.forced ? "FORCED: " : ""}${view.label}: ${group.label}`,
    note: [waste_note(group, key), curves.some(k => k.points.some(is_vague)) && "Hollow: without an interval."]
      .filter(Boolean).join(" "), height: counts.length > 1 ? 320 : rows_height(curves),
    columns: curve_columns(key), rows: curve_rows(group, curves),
    config: () => waste_view_config(curves, counts, view),
  };
}

function waste_note(group, key) {
  const parts = [];
  if (group.forced)
    parts.push("A barrier made all threads meet at each table: a bound, no rate.");
  if (key === "per_table" && !group.forced)
    parts.push("95 % intervals of counts; none of n is [0, 3/n].");
  if (key === "ns_per_map")
    parts.push(
      "Median race window of the winners times the lost pages, over all maps; no interval is known.");
  if (group.cases.some(c => c.waste.lost < FEW))
    parts.push("Some have fewer than 100 lost pages (few): no percentage is given of them.");
  return parts.join(" ");
}

// -- by level and cause

// [{ name, fill, lost }] of a case, from the leaves' tables up to growth of the root
function waste_parts(c) {
  const levels = c.pages ? c.pages.wasted_by_level || [] : [];
  const parts = levels.map((lost, level) => ({
    name: level ? `level ${level}` : "level 0 (holds 4K leaves)", part: `level ${level % 6}`, lost,
  }));
  return [...parts, { name: "growth of the root", part: "growth", lost: (c.pages || {}).wasted_growth }];
}

// Without a legend of its own such a chart leaves out the rows of what is switched off elsewhere.
function shown_cases(cases) {
  const shown = cases.filter(c => !HIDDEN.has(c.engine));
  return shown.length ? shown : cases;
}

function parts_datasets(cases, label_of, parts_of, more) {
  return engines_of(cases).flatMap(engine => {
    const own = cases.filter(c => c.engine === engine);
    const names = distinct(own.flatMap(c => parts_of(c).map(p => p.name)));
    return names.map(name => {
      const found = own.map(c => ({ ...parts_of(c).find(p => p.name === name), y: label_of(c) }))
        .filter(p => p.value > 0);
      const data = found.map(p => ({ x: p.value, y: p.y }));
      return {
        engine, part: name, data, stack: "parts", borderWidth: 1, borderColor: colour("muted"),
        backgroundColor: found.length ? part_fill(found[0].part) : null, maxBarThickness: 22, order: 2, ...more,
      };
    }).filter(d => d.data.length);
  });
}

function parts_config(rows, datasets, options) {
  const tooltip = {
    callbacks: { label: item => `${item.dataset.part}: ${item.dataset.show(item.parsed.x)}` },
  };
  return {
    type: "bar", data: { labels: distinct(rows), datasets },
    options: row_options({ ...options, stacked: true, tooltip }),
  };
}

function levels_figure(group) {
  const cases = group.cases.filter(c => c.pages && c.pages.wasted > 0);
  if (!cases.length)
    return null;
  const parts_of = c => waste_parts(c).map(p => ({ ...p, value: p.lost / c.waste.tables }));
  const labels = cases.map(case_label);
  return {
    id: "waste-levels-" + group.kind,
    title: `${group.forced ? "FORCED: " : ""}where they are lost: ${group.label}`,
    note: "Lost installs by the level of the table, and new roots that came too late, over the tables"
      + " built. Engines that lost none have no bar, and which"
      + " engine a bar is of stands before it.",
    height: rows_height(labels), key: levels_key(cases),
    columns: ["series", "engine", "threads", "where", "lost", "tables", "lost_a_table"],
    rows: cases.flatMap(c => parts_of(c).map(p =>
      [group.label, c.engine, c.threads, p.name, p.lost, c.waste.tables, p.value])),
    config: () => parts_config(shown_cases(cases).map(case_label),
      parts_datasets(shown_cases(cases), case_label, parts_of, { show: show_real }),
      { title: "lost pages a table", show: show_real }),
  };
}

// What colours stand for: parts that some case has, in their order.
function levels_key(cases) {
  const used = new Set(cases.flatMap(c => waste_parts(c).filter(p => p.lost > 0).map(p => p.name)));
  return waste_parts(cases[0]).filter(p => used.has(p.name)).map(p => ({ label: p.name, part: p.part }));
}

// -- the table

function by_level_text(c) {
  const levels = (c.pages || {}).wasted_by_level;
  return levels ? levels.slice(0, Math.max(3, levels.reduce((last, v, i) => (v > 0 ? i + 1 : last),
    0))).join(" / ") : "-";
}

function waste_row(c) {
  const w = c.waste;
  const growth = w.growth || {};
  return [
    c.forced ? element("span", {}, badge("forced", "FORCED"), " " + series_of(c)) : series_of(c),
    solid(short_engine(c.engine)),
    show_int(c.threads), show_int(w.tables), lost_text(w),
    show_value(w.per_table, w.per_table_lo, w.per_table_hi, show_real), by_level_text(c),
    is_number((c.pages || {}).wasted_growth) ? show_int(c.pages.wasted_growth) : "-",
    growth.growths > 0 ? show_value(growth.per_growth, growth.per_growth_lo, growth.per_growth_hi,
      show_real) : "-",
    w.lost >= FEW ? show_share(w.per_allocated) : "-", c.forced ? "-" : show_fine_ns(w.ns_per_map),
    show_ns(w.window_ns),
    c.forced ? `${show_ns(w.skew_ns)} / ${show_real(w.overlap)}` : "-",
  ];
}

function waste_table(el, cases) {
  el.append(element("h4", { text: "All of them" }));
  table(el, ["workload", "engine", "threads", "tables", "lost", "lost a table", "by level 0 / 1 / 2 …",
    "by growth",
    "a growth", "of allocated", "ns a map", "window", "skew / overlap"], cases.map(waste_row),
    { numeric: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] });
  note(el, "few: under 100 events, of which no percentage is given. window: median time from an empty"
    + " entry found to one's"
    + " own table in it. FORCED: lost pages are a bound; overlap is their share of what is possible.");
}

// -- the section

function waste_groups(cases) {
  return [false, true].flatMap(is_forced => series_groups(cases.filter(c => !!c.forced === is_forced))
    .map(g => ({ ...g, forced: is_forced, kind: is_forced ? "forced" : "natural" })));
}

// The workloads of a kind, one of them shown; forced ones apart, so that no one takes them for rates.
function waste_part(el, groups) {
  if (!groups.length)
    return;
  const forced = groups[0].forced;
  const top = kept_together(el, forced ? "FORCED: a barrier made the threads meet" : "As the workers came");
  const now = { group: groups[0], key: "per_table" };
  const choices = choices_row(top);
  const grid = charts_grid(top);
  const places = [figure_place(grid), figure_place(grid)];
  const show = change => {
    Object.assign(now, change);
    places[0](waste_figure(now.group, now.key));
    places[1](levels_figure(now.group));
  };
  const most = groups.reduce((best, g, i) => (total_lost(g) > total_lost(groups[best]) ? i : best), 0);
  choose_from(choices, "workload", groups.map(g => ({ label: g.label, value: g })), most,
    group => show({ group }));
  if (!forced)
    choose(choices, "left chart", Object.keys(WASTE_VIEWS).map(k => ({ label: WASTE_VIEWS[k].label,
      value: k })),
      key => show({ key }));
}

function total_lost(group) {
  return group.cases.reduce((sum, c) => sum + c.waste.lost, 0);
}

function make_waste(el, entry) {
  const cases = wasting_cases(entry);
  if (!cases.length)
    return false;
  const groups = waste_groups(cases);
  waste_part(el, groups.filter(g => !g.forced));
  waste_part(el, groups.filter(g => g.forced));
  waste_table(el, groups.flatMap(g => g.cases));
  return true;
}

SECTIONS.push({ id: "waste", title: "Waste: what is allocated in vain", make: make_waste });

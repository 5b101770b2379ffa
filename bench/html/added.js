// added.js: what an engine adds to an operation of another, and the time of an operation, for scaling.js.
"use strict";

/*
 * Comparisons inside the group, by the engine that is compared and the one it is held against: [{ engine,
 * against, differs, points }]. Those that pair nothing have no bounds and are left out.
 */
function added_curves(entry, group) {
  const of_id = new Map(group.cases.map(c => [c.case_id, c]));
  const curves = new Map();
  for (const k of entry.result.comparisons || []) {
    const a = of_id.get(k.a);
    const b = of_id.get(k.b);
    if (!a || !b || a.threads !== b.threads || a.engine === b.engine || !k.pairs || !is_number(k.added_ns))
      continue;
    const key = b.engine + " " + a.engine;
    if (!curves.has(key))
      curves.set(key, { engine: b.engine, against: a.engine, differs: (k.differs || []).join(", "),
        points: [] });
    curves.get(key).points.push({
      x: b.threads, y: k.added_ns, lo: k.added_ns_lo, hi: k.added_ns_hi, verdict: k.verdict,
    });
  }
  for (const curve of curves.values())
    curve.points.sort((p, q) => p.x - q.x);
  return [...curves.values()];
}

function added_show(v) {
  return (v > 0 ? "+" : "") + show_ns(v);
}

function added_rows(group, curves) {
  return curves.flatMap(k => k.points.map(p =>
    [group.label, k.engine, k.against, k.differs, p.x, p.y, p.lo, p.hi, p.verdict]));
}

function added_config(curves, counts, axes) {
  const view = { title: "ns added to an operation", show: added_show };
  const named = curves.map(k => ({ ...k, label: `${short_engine(k.engine)} (${k.differs || "same"})` }));
  if (counts.length < 2)
    return row_bars(named.map(k => ({ engine: k.engine, label: k.label, ...k.points[0] })), view);
  return curves_config(named, counts, view, axes, []);
}

function added_figure(entry, group, baseline, axes) {
  const all = added_curves(entry, group);
  const curves = all.filter(k => k.against === baseline);
  const counts = distinct(curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  const hides = axes === "logarithmic" && counts.length > 1 && reaches_zero(curves);
  if (!curves.length)
    return null;
  return {
    id: "scaling-added", title: `what is added to an operation of ${short_engine(baseline)}: ${group.label}`,
    note: `Median of the pairs' differences, time per operation and worker. In brackets what sets the`
      + ` engine apart from`
      + ` ${short_engine(baseline)}: quote those with sync alone as the price of a lock.`
      + ` ${vague_text(curves)}`
      + (hides ? " What is not above zero has no place on a logarithmic axis; the table has it." : ""),
    columns: ["series", "engine", "against", "differs", "threads", "added_ns", "added_ns_lo", "added_ns_hi",
      "verdict"],
    rows: added_rows(group, all), height: counts.length > 1 ? 340 : rows_height(curves),
    config: () => added_config(curves, counts, axes),
  };
}

// The time of an operation itself, of all engines, rulers included; the result has no interval of it.
function busy_figure(group, axes) {
  const curves = scaling_curves(group, c => ({ y: c.busy_ns_per_op }));
  const counts = distinct(curves.flatMap(k => k.points.map(p => p.x))).sort((a, b) => a - b);
  const view = { title: "ns of an operation", show: show_ns };
  if (!curves.length)
    return null;
  return {
    id: "scaling-busy", title: `ns of an operation: ${group.label}`,
    note: "Time per operation and worker, over all kinds; think time and waiting for others outside the"
      + " engine left out. No interval of it is known, so all points are hollow.",
    columns: ["series", "engine", "threads", "busy_ns_per_op"],
    rows: curve_rows(group, curves).map(r => r.slice(0, 4)),
    height: counts.length > 1 ? 340 : rows_height(curves),
    config: () => (counts.length > 1 ? curves_config(curves, counts, view, axes, [])
      : single_config(curves, view, axes)),
  };
}

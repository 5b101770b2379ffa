// core.js: what all sections are made of: the document, elements, numbers as text, engines.
// The files of this folder are joined into one script in the order that CMakeLists.txt names.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const RESULTS = DATA.results;

/*
 * What a barrier forced has no interval. Results of older releases hold one: nothing here is to show it.
 */
for (const entry of RESULTS)
  for (const c of (entry.result.cases || []).filter(x => x.forced && x.waste)) {
    Object.assign(c.waste, { per_table_lo: null, per_table_hi: null });
    if (c.waste.growth)
      Object.assign(c.waste.growth, { per_growth_lo: null, per_growth_hi: null });
    if (c.waste.model)
      Object.assign(c.waste.model, { omega_lo: null, omega_hi: null });
  }
// { id, title, make(el, entry, index) }; make() returns false when there is nothing to show
const SECTIONS = [];

// -- elements; texts of a result only ever become text

// element("td", {class: "number", text: "3"}, child, …): on_NAME adds a listener, null and false leave out
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false)
      continue;
    if (name === "text")
      made.textContent = value;
    else if (name.startsWith("on_"))
      made.addEventListener(name.slice(3), value);
    else
      made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      made.append(child);
  return made;
}

function note(el, text) {
  const made = element("p", { class: "note", text });
  el.append(made);
  return made;
}

function cell_of(tag, value, numeric) {
  const attributes = { class: numeric ? "number" : null, scope: tag === "th" ? "col" : null };
  if (value instanceof Node)
    return element(tag, attributes, value);
  return element(tag, { ...attributes, text: value === null || value === undefined ? "-" : String(value) });
}

// columns: texts; rows: arrays of texts or nodes; options.numeric: indices aligned to the right
function table(el, columns, rows, options) {
  const numeric = new Set((options && options.numeric) || []);
  const line = (tag, values) => element("tr", {}, ...values.map((v, i) => cell_of(tag, v, numeric.has(i))));
  const made = element("table", {}, element("thead", {}, line("th", columns)),
    element("tbody", {}, ...rows.map(row => line("td", row))));
  el.append(element("div", { class: "scroll", tabindex: "0" }, made));
  return made;
}

// A labelled <select>; on_change(value) is called at once. With one choice only there is nothing to see.
function choose(el, label, choices, on_change) {
  const select = element("select", {}, ...choices.map((c, i) => element("option", { value: i, text: c.label })));
  const made = element("label", { class: "choose" }, element("span", { text: label + " " }), select);
  const changed = () => choices.length && on_change(choices[select.selectedIndex].value);
  made.hidden = choices.length < 2;
  select.addEventListener("change", changed);
  el.append(made);
  changed();
  return select;
}

// "worse", "better", "same", "unsure", "failed", "forced": said in words, coloured besides
function badge(word, text) {
  return element("span", { class: "badge " + word, text: text || word });
}

// -- numbers as the terminal prints them; what is not known is "-"

function is_number(v) {
  return typeof v === "number" && Number.isFinite(v);
}

// One digit after the point below 100, none above; "1.0 us" rather than "1000 ns" (units.c).
function show_scaled(v, names, step) {
  let i = 0;
  let size = Math.abs(v);
  if (!is_number(v))
    return "-";
  while (i + 1 < names.length && size >= step - 0.5) {
    size /= step;
    i++;
  }
  const whole = size >= 99.95 || size === Math.floor(size);
  return (v < 0 ? "-" : "") + size.toFixed(whole ? 0 : 1) + names[i];
}

function show_ns(v) {
  return show_scaled(v, [" ns", " us", " ms", " s"], 1000);
}

function show_count(v) {
  return show_scaled(v, ["", " k", " M", " G", " T"], 1000);
}

function show_bytes(v) {
  return show_scaled(v, ["", "K", "M", "G", "T", "P"], 1024);
}

function show_rate(v) {
  const text = show_count(v);
  return text === "-" ? text : text + (/[kMGT]$/.test(text) ? "/s" : " /s");
}

// 12345678 as "12,345,678"
function show_int(v) {
  return is_number(v) ? String(Math.round(v)).replace(/\B(?=(\d{3})+$)/g, ",") : "-";
}

// A ratio that is not of the order of 1: three digits that count.
function show_real(v) {
  if (!is_number(v))
    return "-";
  return v === 0 ? "0" : String(Number(v.toPrecision(3)));
}

function show_share(v) {
  if (!is_number(v))
    return "-";
  const percent = v * 100;
  const digits = Math.abs(percent) >= 99.95 || percent === Math.round(percent) ? 0
    : Math.abs(percent) >= 1 ? 1 : 2;
  return (Math.abs(percent) < 0.005 && percent !== 0 ? show_real(percent) : percent.toFixed(digits)) + " %";
}

function show_interval(lo, hi, show) {
  return is_number(lo) && is_number(hi) ? `[${show(lo)}, ${show(hi)}]` : "-";
}

// "116 ns [108, 123]", "1.1 us [980 ns, 1.2 us]"; without bounds the value alone
function show_value(v, lo, hi, show) {
  const text = show(v);
  if (!is_number(v) || !is_number(lo) || !is_number(hi))
    return text;
  const unit = /[^\d.]*$/.exec(text)[0];
  const bounds = [show(lo), show(hi)];
  if (unit && bounds.every(b => b.endsWith(unit) && /^-?[\d.]+$/.test(b.slice(0, -unit.length))))
    return `${text} [${bounds.map(b => b.slice(0, -unit.length)).join(", ")}]`;
  return `${text} [${bounds.join(", ")}]`;
}

// -- cases and engines

function cases_of(entry) {
  return entry.result.cases || [];
}

function find_case(entry, case_id) {
  return cases_of(entry).find(c => c.case_id === case_id) || null;
}

// null and limit are floors, not competitors
function is_ruler(engine) {
  return /(^|\/)(null|limit)$/.test(engine);
}

function is_failed(c) {
  return c.verified === false;
}

function short_engine(engine) {
  return engine.startsWith("amdv1/") ? engine.slice(6) : engine;
}

function threads_text(n) {
  return n === 1 ? "1 thread" : `${n} threads`;
}

function page_size_of(c) {
  const sizes = c.page_sizes || [];
  if (sizes.length > 1)
    return sizes.map(s => `${show_bytes(s.bytes)}:${s.weight}`).join("+");
  return show_bytes(is_number(c.page_size) ? c.page_size : sizes.length ? sizes[0].bytes : null);
}

// What case_id says beyond its usual parts, such as "rate50000" or "#again".
function extras_of(c) {
  const usual = `/${c.place}/${c.mem}/${c.zero}`;
  const at = c.case_id.indexOf(usual);
  return at < 0 ? "" : c.case_id.slice(at + usual.length).replace(/^\//, "").replace(/\//g, ", ");
}

// A case without its engine and threads; cases with the same text form one chart.
function series_of(c) {
  const parts = [c.workload, page_size_of(c)];
  if (c.batch > 1)
    parts.push("batch " + c.batch);
  parts.push(c.think_ns ? "think " + show_ns(c.think_ns) : "think 0");
  parts.push([c.place, c.mem].filter(Boolean).join("/"));
  if (c.zero && c.zero !== "alloc")
    parts.push("zero " + c.zero);
  parts.push(extras_of(c), c.handicap ? "handicap " + c.handicap : "");
  return parts.filter(p => p && p !== "-").join(", ");
}

// Okabe and Ito's colours, the light ones darkened so that they can be seen on white as well as on black.
const ENGINE_COLOURS = ["#0072b2", "#d55e00", "#c08600", "#009e73", "#3a96cc", "#bf5f98", "#8a6642", "#7d6bd0"];
const PART_COLOURS = {
  alloc: "#6b7a1f", map: "#1f6f78", unmap: "#6fa8a0", invalidate: "#8b2942", free: "#a8987a", other: "#5a636b",
  growth: "#8b2942",
  "level 0": "#3f4663", "level 1": "#5b6288", "level 2": "#7a81a8", "level 3": "#9aa0c0", "level 4": "#b5bad2",
  "level 5": "#d0d3e3",
};
const PART_PATTERNS = {
  alloc: "solid", map: "/", unmap: "-", invalidate: "x", free: "|", other: "solid", growth: "x",
  "level 0": "solid", "level 1": "/", "level 2": "-", "level 3": "|", "level 4": "x", "level 5": "solid",
};
const ENGINE_DASHES = [[], [7, 3], [2, 3], [8, 3, 2, 3], [12, 3], [4, 2, 1, 2, 1, 2], [1, 2], [10, 2, 4, 2]];
const ENGINE_POINTS = ["circle", "rect", "triangle", "rectRot", "star", "cross", "crossRot", "rectRounded"];
const USUAL_ENGINES = ["amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/spin-2019", "amdv1/lockless"];

const ENGINE_NUMBER = new Map();
for (const engine of [...USUAL_ENGINES, ...RESULTS.flatMap(entry => cases_of(entry).map(c => c.engine))])
  if (!ENGINE_NUMBER.has(engine) && !is_ruler(engine))
    ENGINE_NUMBER.set(engine, ENGINE_NUMBER.size);

function engine_number(engine) {
  return ENGINE_NUMBER.has(engine) ? ENGINE_NUMBER.get(engine) : 0;
}

function engine_colour(engine) {
  return is_ruler(engine) ? "#808488" : ENGINE_COLOURS[engine_number(engine) % ENGINE_COLOURS.length];
}

// Beyond eight engines colours repeat; the dash then goes with another colour.
function engine_dash(engine) {
  const i = engine_number(engine);
  return is_ruler(engine) ? (engine.endsWith("limit") ? [3, 3] : [1, 4])
    : ENGINE_DASHES[(i + Math.floor(i / ENGINE_COLOURS.length)) % ENGINE_DASHES.length];
}

function engine_point(engine) {
  const i = engine_number(engine);
  return is_ruler(engine) ? "line"
    : ENGINE_POINTS[(i + Math.floor(i / ENGINE_COLOURS.length)) % ENGINE_POINTS.length];
}

// A colour of the theme in force: "text", "muted", "grid", "worse", "better", "unsure", "panel".
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

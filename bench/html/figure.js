// figure.js: charts. Drawn when they come into sight, as a page of 300 cases has many of them.

const FIGURES = [];
// Engines that are switched off, on the whole page. null, which does nothing, would stretch all axes.
const HIDDEN = new Set(RESULTS.flatMap(entry => cases_of(entry).map(c => c.engine))
  .filter((engine, _, all) => /(^|\/)null$/.test(engine) && !all.every(is_ruler)));

// -- datasets

// "#rrggbb" with an opacity
function faded(hex, opacity) {
  return hex + Math.round(opacity * 255).toString(16).padStart(2, "0");
}

function is_bounded(p) {
  return is_number(p.lo) && is_number(p.hi);
}

// No interval, or one that decides nothing: such a point is hollow.
function is_vague(p) {
  return !is_bounded(p) || p.verdict === "unsure" || p.verdict === null;
}

// Points in stretches that lie beside each other and have bounds.
function bounded_runs(points) {
  const runs = [[]];
  for (const p of points)
    if (is_bounded(p))
      runs[runs.length - 1].push(p);
    else
      runs.push([]);
  return runs.filter(run => run.length);
}

/*
 * A line, the area between its bounds where neighbours have some, and an upright bar where a point has them
 * alone: points {x, y, lo, hi, verdict}. options: engine, label, show (how a value reads in a tooltip) and
 * anything of a Chart.js dataset.
 */
function band(options, points) {
  const line = engine_line(options, points);
  line.pointBackgroundColor = points.map(p => (is_vague(p) ? colour("panel") : line.borderColor));
  const edge = (run, key, fill) => ({
    data: run.map(p => ({ x: p.x, y: p[key] })), engine: line.engine, band: true, fill, pointRadius: 0,
    pointHitRadius: 0, borderWidth: 0, backgroundColor: faded(line.borderColor, 0.18), order: 9,
  });
  const bar = p => ({
    data: [{ x: p.x, y: p.lo }, { x: p.x, y: p.hi }], engine: line.engine, band: true, fill: false,
    pointStyle: "line", pointRadius: 5, pointHitRadius: 0, borderWidth: 1.5, borderColor: line.borderColor, order: 8,
  });
  return [line, ...bounded_runs(points).flatMap(run =>
    (run.length > 1 ? [edge(run, "hi", "+1"), edge(run, "lo", false)] : [bar(run[0])]))];
}

// A dataset in the colour, dash and point of options.engine.
function engine_line(options, points) {
  const engine = options.engine || "";
  return {
    label: short_engine(engine), data: points, borderColor: engine_colour(engine),
    backgroundColor: engine_colour(engine), borderDash: engine_dash(engine), borderWidth: 2,
    pointStyle: engine_point(engine), pointRadius: is_ruler(engine) ? 0 : 4, pointHitRadius: 8, fill: false,
    ...options,
  };
}

// -- options that all charts share

function tooltip_label(item) {
  const point = item.raw || {};
  const show = item.dataset.show || show_real;
  const y = item.parsed[item.chart.options.indexAxis === "y" ? "x" : "y"];
  const label = item.dataset.label ? item.dataset.label + ": " : "";
  return label + show_value(y, point.lo, point.hi, show);
}

function with_defaults(config) {
  const given = config.options || {};
  const plugins = given.plugins || {};
  const tooltip = plugins.tooltip || {};
  return {
    ...config,
    options: {
      responsive: true, maintainAspectRatio: false, animation: false, spanGaps: true,
      interaction: { mode: "nearest", intersect: false, axis: "xy" },
      ...given,
      plugins: {
        ...plugins,
        legend: { display: false },
        tooltip: {
          filter: item => !item.dataset.band, ...tooltip,
          callbacks: { label: tooltip_label, ...tooltip.callbacks },
        },
      },
    },
  };
}

function use_theme() {
  Chart.defaults.color = colour("muted");
  Chart.defaults.borderColor = colour("grid");
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
}

// -- the legend: buttons, so that the keyboard reaches them

function legend_key(dataset) {
  return dataset.engine || dataset.label;
}

// The config, with what is switched off left out of the drawing.
function shown_config(f) {
  const config = with_defaults(f.spec.config());
  for (const dataset of config.data.datasets)
    dataset.hidden = HIDDEN.has(legend_key(dataset));
  return config;
}

// Axes are made anew: what is switched off takes no room on them.
function show_hidden(f) {
  const config = shown_config(f);
  f.chart.options = config.options;
  f.chart.data = config.data;
  f.chart.update("none");
  mark_legend(f);
}

function mark_legend(f) {
  for (const button of f.legend.children)
    button.setAttribute("aria-pressed", HIDDEN.has(button.dataset.key) ? "false" : "true");
}

function toggle_engine(key) {
  if (!HIDDEN.delete(key))
    HIDDEN.add(key);
  for (const f of FIGURES)
    if (f.chart)
      show_hidden(f);
}

const POINT_SIGNS = {
  circle: "\u25cf", rect: "\u25a0", triangle: "\u25b2", rectRot: "\u25c6", star: "\u2731", cross: "\u271a",
  crossRot: "\u2716", rectRounded: "\u25a3",
};

// The line of a dataset with its point, as small as a word.
function legend_mark(dataset) {
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes))
      made.setAttribute(name, value);
    return made;
  };
  const found = [dataset.borderColor, dataset.backgroundColor].find(v => typeof v === "string");
  const mark = svg("svg", { class: "mark", width: 30, height: 12, "aria-hidden": "true" });
  const sign = svg("text", { x: 15, y: 10, "text-anchor": "middle", "font-size": 11, fill: found || colour("text") });
  sign.textContent = dataset.pointRadius === 0 ? "" : POINT_SIGNS[dataset.pointStyle] || "";
  mark.append(svg("line", {
    x1: 0, x2: 30, y1: 6, y2: 6, stroke: found || colour("text"), "stroke-width": 2,
    "stroke-dasharray": (dataset.borderDash || []).join(" "),
  }), sign);
  return mark;
}

function legend_button(dataset) {
  return element("button", {
    type: "button", "data-key": legend_key(dataset), "aria-pressed": "true",
    title: "show or hide it in all charts", on_click: () => toggle_engine(legend_key(dataset)),
  }, legend_mark(dataset), dataset.label);
}

function fill_legend(f) {
  const keys = new Set();
  f.legend.replaceChildren();
  for (const dataset of f.chart.data.datasets) {
    if (dataset.band || !dataset.label || keys.has(legend_key(dataset)))
      continue;
    keys.add(legend_key(dataset));
    f.legend.append(legend_button(dataset));
  }
  f.legend.hidden = keys.size < 2;
}

// -- data

function rows_of(f) {
  return typeof f.spec.rows === "function" ? f.spec.rows() : f.spec.rows || [];
}

// RFC 4180; null is an empty field
function csv_of(columns, rows) {
  const field = v => {
    const text = v === null || v === undefined ? "" : String(v);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [columns, ...rows].map(row => row.map(field).join(",") + "\r\n").join("");
}

function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// By figure, what its title says of series and view, and result: "scaling-added-…-private-4k-….csv"
function csv_name(f) {
  const result = f.el.closest(".part") && f.el.closest(".part").querySelector("h3.result");
  const name = result ? result.textContent : (RESULTS[0] || {}).name;
  const words = [f.spec.name, f.spec.title, name].map(text =>
    String(text || "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80));
  return words.filter(Boolean).join("-") + ".csv";
}

const TABLE_ROWS_MAX = 1000;

function show_data(f) {
  const rows = rows_of(f);
  f.data.replaceChildren();
  const numeric = f.spec.columns.map((_, i) => i).filter(i => rows.some(r => is_number(r[i])));
  table(f.data, f.spec.columns, rows.slice(0, TABLE_ROWS_MAX), { numeric });
  if (rows.length > TABLE_ROWS_MAX)
    note(f.data, `${show_int(TABLE_ROWS_MAX)} of ${show_int(rows.length)} rows; CSV has them all`);
}

function figure_buttons(f) {
  const show = element("button", {
    type: "button", text: "table", "aria-expanded": "false", title: "the data of this chart as a table",
    on_click: () => {
      f.data.hidden = !f.data.hidden;
      show.setAttribute("aria-expanded", String(!f.data.hidden));
      if (!f.data.hidden)
        show_data(f);
    },
  });
  const csv = element("button", {
    type: "button", text: "CSV", title: "the data of this chart as a file",
    on_click: () => save(csv_name(f), csv_of(f.spec.columns, rows_of(f)), "text/csv"),
  });
  return element("span", { class: "buttons" }, show, csv);
}

// -- figures

function draw(f) {
  if (f.chart)
    f.chart.destroy();
  f.canvas.parentNode.style.height = (f.spec.height || 320) + "px";
  f.canvas.setAttribute("aria-label", `${f.spec.title}: chart; the button "table" has its data`);
  f.chart = new Chart(f.canvas, shown_config(f));
  fill_legend(f);
  mark_legend(f);
}

const SEEN = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const f = FIGURES.find(g => g.canvas === entry.target);
    if (entry.isIntersecting && f && !f.chart)
      draw(f);
  }
}, { rootMargin: "400px" });

function redraw(f, spec) {
  Object.assign(f.spec, spec, { id: f.el.id, name: spec.id || f.spec.name });
  f.title.textContent = f.spec.title;
  f.note.textContent = f.spec.note || "";
  if (f.chart)
    draw(f);
  if (!f.data.hidden)
    show_data(f);
}

// Several results have the same charts.
function free_id(id) {
  let n = 1;
  while (document.getElementById(n > 1 ? `${id}-${n}` : id))
    n++;
  return n > 1 ? `${id}-${n}` : id;
}

/*
 * spec: { id, title, note, height, config(), columns, rows }: config() gives a Chart.js config in the
 * colours of the theme in force; its datasets may have `engine` (switched by the legend), `show` (of the value in
 * a tooltip) and `band` (no tooltip, no legend). columns and rows (or a function of them) are the
 * data, as numbers. redraw() takes what of the spec is new.
 */
function figure(el, spec) {
  const id = free_id(spec.id);
  const f = { spec: { ...spec, id, name: spec.id }, chart: null, canvas: element("canvas", { role: "img" }) };
  f.title = element("span", { class: "title", text: spec.title });
  f.note = element("p", { class: "note", text: spec.note || "" });
  f.legend = element("div", { class: "legend", role: "group", "aria-label": "engines", hidden: true });
  f.data = element("div", { class: "data", hidden: true });
  f.el = element("figure", { id },
    element("figcaption", {}, f.title, figure_buttons(f)), f.legend,
    element("div", { class: "canvas" }, f.canvas), f.note, f.data);
  f.canvas.parentNode.style.height = (spec.height || 320) + "px";
  el.append(f.el);
  FIGURES.push(f);
  SEEN.observe(f.canvas);
  return { el: f.el, redraw: changed => redraw(f, changed || {}) };
}

// all: also what nobody has scrolled to yet
function redraw_all(all) {
  use_theme();
  for (const f of FIGURES)
    if (f.chart || all)
      draw(f);
}

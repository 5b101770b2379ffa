// machine.js: the machine as boxes, by node, cache and core: who ran where, and where table pages are.

// A cpu_map[] as it would be, of a result that has none: the CPUs on which somebody ran.
function cpus_that_ran(result) {
  const cpus = new Map();
  for (const c of result.cases || [])
    for (const w of c.workers || [])
      cpus.set(w.cpu, { cpu: w.cpu, core: null, smt: null, l3: null, package: null, node: w.node, kind: null, allowed: true });
  return [...cpus.values()].sort((a, b) => a.cpu - b.cpu);
}

function topology_of(result) {
  const t = (result.host && result.host.topology) || {};
  const whole = Boolean(t.cpu_map && t.cpu_map.length);
  const cpus = whole ? t.cpu_map : cpus_that_ran(result);
  const nodes = t.nodes && t.nodes.length ? t.nodes
    : [...new Set(cpus.map(c => c.node))].sort((a, b) => a - b).map(node => ({ node }));
  return { ...t, whole, cpus, nodes };
}

// Lists of what has the same key, in the order in which keys first come.
function parted(list, key) {
  const parts = new Map();
  for (const item of list) {
    if (!parts.has(item[key]))
      parts.set(item[key], []);
    parts.get(item[key]).push(item);
  }
  return [...parts.values()];
}

function pages_on(w, node) {
  return (w.table_pages_by_node || [])[node] || 0;
}

// Live table pages of a case on a node; null: nobody could say where they are.
function case_pages_on(c, node) {
  const by_node = c.pages && c.pages.by_node;
  return by_node && is_number(by_node[node]) ? by_node[node] : null;
}

// -- who ran on a CPU

function worker_trouble(w) {
  const words = [];
  if (w.cpu !== w.cpu_asked)
    words.push(`asked for CPU ${w.cpu_asked}`);
  else if (w.moved)
    words.push("moved: seen on another CPU");
  if (w.unpinned)
    words.push("unpinned: its affinity was changed");
  return words.join(", ");
}

function worker_text(w, i) {
  const pages = (w.table_pages_by_node || []).map((n, node) => (n ? `${show_int(n)} on node ${node}` : "")).filter(Boolean);
  const texts = [`worker ${i}`, worker_trouble(w), is_number(w.ops_per_s) ? show_rate(w.ops_per_s) : "",
    pages.length ? `table pages: ${pages.join(", ")}` : ""];
  return texts.filter(Boolean).join(", ");
}

function cpu_text(cpu, workers) {
  const place = [`CPU ${cpu.cpu}`];
  if (is_number(cpu.core))
    place.push(`core ${cpu.core}${cpu.smt ? `, hyperthread ${cpu.smt}` : ""}, cache ${cpu.l3}, package ${cpu.package}`);
  if (cpu.kind)
    place.push(cpu.kind);
  place.push(`node ${cpu.node}`);
  if (!cpu.allowed)
    place.push("not allowed to this process");
  return place.join(", ") + (workers.length ? ": " + workers.map(([w, i]) => worker_text(w, i)).join("; ") : ": idle");
}

// "w3", "w3+" (and more), "w3!" (not where it was asked to be)
function cpu_box(cpu, workers) {
  const wrong = workers.some(([w]) => worker_trouble(w));
  const state = workers.length ? "used" : cpu.allowed ? "idle" : "outside";
  const text = workers.length ? `w${workers[0][1]}${workers.length > 1 ? "+" : ""}${wrong ? "!" : ""}` : "";
  return element("span", { class: `cpu ${state}${wrong ? " wrong" : ""}`, title: cpu_text(cpu, workers) },
    element("small", { text: String(cpu.cpu) }), element("b", { text }));
}

function core_box(cpus, on_cpu) {
  return element("span", { class: cpus.length > 1 ? "core" : null },
    ...cpus.map(cpu => cpu_box(cpu, on_cpu.get(cpu.cpu) || [])));
}

function cache_box(cpus, on_cpu, named) {
  const cores = is_number(cpus[0].core) ? parted(cpus, "core") : cpus.map(cpu => [cpu]);
  return element("div", { class: "cache" },
    named ? element("small", { class: "cache-name", text: `cache ${cpus[0].l3}` }) : null,
    ...cores.map(core => core_box(core, on_cpu)));
}

// -- a node

function node_title(node, cpus) {
  const packages = [...new Set(cpus.map(c => c.package).filter(is_number))];
  return [`node ${node.node}`, packages.length ? `package ${packages.join(", ")}` : "",
    node.memory_bytes ? show_bytes(node.memory_bytes) + (node.memory_allowed === false ? " not allowed" : "") : "",
    cpus.length ? `${cpus.length} CPU${cpus.length === 1 ? "" : "s"}` : "memory only"].filter(Boolean).join(" · ");
}

function pages_bar(c, node, all) {
  const pages = case_pages_on(c, node);
  if (pages === null)
    return element("p", { class: "pages", text: "table pages: not known here" });
  const bar = element("i");
  bar.style.width = `${all > 0 ? 100 * pages / all : 0}%`;
  return element("p", { class: "pages" },
    element("span", { text: `${show_int(pages)} table page${pages === 1 ? "" : "s"}` +
      (all > 0 ? ` (${show_share(pages / all)})` : "") }),
    element("span", { class: "pages-bar" }, bar));
}

function node_box(node, topology, c, on_cpu, all) {
  const cpus = topology.cpus.filter(cpu => cpu.node === node.node);
  const caches = is_number(cpus.length ? cpus[0].l3 : null) ? parted(cpus, "l3") : cpus.length ? [cpus] : [];
  return element("div", { class: "node" },
    element("h4", { text: node_title(node, cpus) }),
    ...caches.map(cache => cache_box(cache, on_cpu, caches.length > 1)),
    pages_bar(c, node.node, all));
}

function machine_map(box, topology, c) {
  const on_cpu = new Map();
  (c.workers || []).forEach((w, i) => on_cpu.set(w.cpu, [...(on_cpu.get(w.cpu) || []), [w, i]]));
  const all = topology.nodes.reduce((sum, n) => sum + (case_pages_on(c, n.node) || 0), 0);
  box.append(element("div", { class: "machine" },
    ...topology.nodes.map(n => node_box(n, topology, c, on_cpu, all))));
  const wrong = (c.workers || []).map((w, i) => [w, i]).filter(([w]) => worker_trouble(w));
  for (const [w, i] of wrong.slice(0, 8))
    box.append(element("p", { class: "error", text: `worker ${i} on CPU ${w.cpu}: ${worker_trouble(w)}` }));
  if (wrong.length > 8)
    note(box, `and ${wrong.length - 8} more: see the table`);
}

// -- what is told beside it

function machine_note(topology, c) {
  const asked = c.pages && is_number(c.pages.on_asked_node) ? ` ${show_share(c.pages.on_asked_node)} of them are on the ` +
    "node that they were asked of." : "";
  return "A box is a CPU with its number; w3 is worker 3, w3+ shares its CPU with others, w3! was not, or not always, where it " +
    "was asked to be. CPUs in one frame are hyperthreads of a core; dotted ones are not this process's." +
    (topology.whole ? "" : " This result does not say which other CPUs there are: these are the ones used.") +
    " Table pages are those alive at the audit, of the last process." + asked;
}

function machine_columns(topology) {
  return ["case_id", "engine", "worker", "cpu_asked", "cpu", "node", "memory_node", "moved", "unpinned", "ops",
    "ops_per_s", ...topology.nodes.map(n => `table_pages_node_${n.node}`)];
}

function machine_rows(topology, cases) {
  return cases.flatMap(c => (c.workers || []).map((w, i) =>
    [c.case_id, c.engine, i, w.cpu_asked, w.cpu, w.node, w.memory_node, w.moved, w.unpinned, w.ops, w.ops_per_s,
      ...topology.nodes.map(n => pages_on(w, n.node))]));
}

function pages_config(topology, cases) {
  return {
    type: "bar",
    data: {
      labels: topology.nodes.map(n => `node ${n.node}`),
      datasets: cases.map(c => ({
        engine: c.engine, label: case_name(c), show: show_int, maxBarThickness: 48, backgroundColor: engine_colour(c.engine),
        borderColor: engine_colour(c.engine), data: topology.nodes.map(n => case_pages_on(c, n.node)),
      })),
    },
    options: {
      interaction: { mode: "nearest", intersect: false, axis: "x" },
      scales: { y: { beginAtZero: true, title: { display: true, text: "table pages" }, ticks: { callback: v => show_count(v) } } },
    },
  };
}

function pages_spec(topology, cases) {
  return {
    id: "machine-pages", title: `Table pages by node: ${group_label(cases)}`, height: 220,
    note: "Live table pages at the audit, of the last process.", columns: ["case_id", "engine", "node", "table_pages"],
    rows: () => cases.flatMap(c => topology.nodes.map(n => [c.case_id, c.engine, n.node, case_pages_on(c, n.node)])),
    config: () => pages_config(topology, cases),
  };
}

function distances(el, topology) {
  const nodes = topology.nodes;
  if (nodes.length < 2 || !nodes.every(n => n.distance))
    return;
  const data = element("details", {}, element("summary", { text: "distances between nodes" }));
  table(data, ["from \\ to", ...nodes.map(n => `node ${n.node}`)],
    nodes.map(n => [`node ${n.node}`, ...n.distance]), { numeric: nodes.map((_, i) => i + 1) });
  el.append(data);
}

SECTIONS.push({
  id: "machine", title: "The machine: who ran where",
  make(el, entry) {
    const topology = topology_of(entry.result);
    const groups = groups_of(entry, c => (c.workers || []).length > 0);
    if (!groups.length || !topology.cpus.length)
      return false;
    const engines = element("div");
    let map = null;
    let pages = null;
    const show = (cases, c) => {
      const spec = {
        id: "machine-map", title: `${case_name(c)}: ${group_label(cases)}`, note: machine_note(topology, c),
        columns: machine_columns(topology), rows: () => machine_rows(topology, cases),
        fill: box => machine_map(box, topology, c),
      };
      if (map)
        map.redraw(spec);
      else
        map = panel(el, spec);
    };
    choose(el, "cases", groups, cases => {
      const sorted = [...cases].sort((a, b) => Number(is_ruler(a.engine)) - Number(is_ruler(b.engine)));
      engines.replaceChildren();
      el.append(...(engines.parentNode ? [] : [engines]));
      choose(engines, "engine", sorted.map(c => ({ label: case_name(c), value: c })), c => show(cases, c));
      if (pages)
        pages.redraw(pages_spec(topology, cases));
      else if (topology.nodes.length > 1)
        pages = figure(el, pages_spec(topology, cases));
      if (pages)
        pages.el.hidden = !cases.some(c => topology.nodes.some(n => case_pages_on(c, n.node) !== null));
    });
    distances(el, topology);
    return true;
  },
});

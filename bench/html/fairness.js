// fairness.js: what each worker got, and who was starved.

// Those who only look up have another rate, and are not compared with those who write.
function writers_of(c) {
  const workers = c.workers || [];
  return workers.slice(0, workers.length - (c.readers || 0));
}

/*
 * Results of older builds have but the operations. A slice of a warm workload deals these out evenly, so they
 * say nothing of fairness there.
 */
function has_rates(c) {
  return !is_failed(c) && (c.cold || writers_of(c).every(w => is_number(w.ops_per_s)));
}

function worker_rate(w) {
  return is_number(w.ops_per_s) ? w.ops_per_s : w.ops;
}

// By worker {worker, cpu, node, ops, ops_per_s, share}: share 1 is the mean.
function worker_shares(c) {
  const writers = writers_of(c);
  const mean = writers.reduce((sum, w) => sum + worker_rate(w), 0) / writers.length;
  return writers.map((w, i) => ({
    worker: i, cpu: w.cpu, node: w.node, ops: w.ops, ops_per_s: w.ops_per_s,
    share: mean > 0 ? worker_rate(w) / mean : null,
  }));
}

function has_fairness(c) {
  return writers_of(c).length > 1 && (is_failed(c) || (c.fairness && is_number(c.fairness.jain)));
}

// 1 is fair, and what is near it differs in the third digit
function show_fair(v) {
  return is_number(v) ? v.toFixed(3) : "-";
}

function share_text(w) {
  const rate = is_number(w.ops_per_s) ? `, ${show_rate(w.ops_per_s)}` : "";
  return `worker ${w.worker} on CPU ${w.cpu}, node ${w.node}: ${show_fair(w.share)} of the mean${rate}`;
}

// Beyond a twentieth, a quarter, twice: below the mean and above it.
function share_class(share) {
  const far = Math.max(share, 1 / share);
  const step = far < 1.05 ? 0 : far < 1.25 ? 1 : far < 2 ? 2 : 3;
  return step ? `${share < 1 ? "low" : "high"}${step}` : "even";
}

const FEW_WORKERS = 8; // so few have room for their number

// A box a worker: its height is the share, the line in the middle the mean.
function share_strip(shares) {
  const boxes = shares.map((w, i) => {
    const bar = element("i", { class: is_number(w.share) ? share_class(w.share) : "" });
    bar.style.height = `${Math.min(100, 50 * (w.share || 0))}%`;
    const apart = i > 0 && shares[i - 1].node !== w.node;
    return element("span", { class: apart ? "node-begins" : null, title: share_text(w) }, bar);
  });
  const numbers = shares.length > FEW_WORKERS ? null : element("div", { class: "strip-numbers" },
    ...shares.map(w => element("span", { text: show_fair(w.share) })));
  return element("div", { role: "img", "aria-label": `${shares.length} workers; ${slowest_text(shares)}` },
    element("div", { class: "strip" }, ...boxes), numbers);
}

function slowest_worker(shares) {
  return shares.reduce((least, w) => (w.share < least.share ? w : least), shares[0]);
}

// "worker 17 on CPU 17, node 1: 0.31 of the mean": STARVED is said below half of it.
function slowest_text(shares) {
  const least = slowest_worker(shares);
  const text = `slowest: worker ${least.worker} (CPU ${least.cpu}, node ${least.node}), ` +
    `${show_fair(least.share)} of the mean`;
  return least.share < 0.5 ? `STARVED: ${text}` : text;
}

function fairness_line(c) {
  if (is_failed(c))
    return element("div", { class: "strip-line" },
      element("p", {}, element("strong", { text: case_name(c) }), " ", badge("failed", "FAILED AUDIT")));
  const facts = `Jain ${show_fair(c.fairness.jain)}, slowest/fastest ${show_fair(c.fairness.min_max)}, ` +
    `longest wait ${show_ns(c.longest_wait_ns)}`;
  const text = element("p", {}, element("strong", { text: case_name(c) }), " " + facts);
  if (!has_rates(c))
    return element("div", { class: "strip-line" }, text);
  const shares = worker_shares(c);
  const starved = slowest_worker(shares).share < 0.5;
  text.append("; ", element("span", { class: starved ? "starved" : null, text: slowest_text(shares) }));
  return element("div", { class: "strip-line" }, text, share_strip(shares));
}

function few_workers(cases) {
  return cases.every(c => writers_of(c).length <= FEW_WORKERS);
}

function fairness_note(cases) {
  const shown = cases.filter(has_rates);
  const rates = shown.some(c => writers_of(c).some(w => is_number(w.ops_per_s)));
  const strips = shown.length ? "A box is a worker, its height the worker's " + (rates ? "rate" : "operations") +
    " against the mean of all; the line is the mean, a gap is where the next node begins. " : "This result is of a " +
    "build that kept no rate of each worker, only their operations, which a slice deals out evenly: no strips. ";
  return strips + "Jain's index (1: all alike) and slowest/fastest are those of the least fair process; the longest " +
    "wait is an upper bound. " + group_caveat(cases);
}

const SHARE_COLUMNS = ["case_id", "engine", "worker", "cpu", "node", "ops", "ops_per_s", "share_of_mean", "jain",
  "min_max", "longest_wait_ns"];

function share_rows(cases) {
  return cases.filter(c => !is_failed(c)).flatMap(c => worker_shares(c).map(w =>
    [c.case_id, c.engine, w.worker, w.cpu, w.node, w.ops, w.ops_per_s, has_rates(c) ? w.share : null, c.fairness.jain,
      c.fairness.min_max, c.longest_wait_ns]));
}

function share_dataset(c) {
  const shares = worker_shares(c);
  return engine_line({
    engine: c.engine, label: case_name(c), borderWidth: 1,
    pointRadius: shares.length > 32 ? 2.5 : 4, details: shares.map(share_text),
  }, shares.map(w => ({ x: w.worker, y: w.share })));
}

function share_config(cases) {
  const shown = cases.filter(has_rates);
  const last = Math.max(...shown.map(c => writers_of(c).length)) - 1;
  return {
    type: "line",
    data: {
      datasets: [...shown.map(share_dataset), {
        data: [{ x: -0.5, y: 1 }, { x: last + 0.5, y: 1 }], band: true, pointRadius: 0, pointHitRadius: 0,
        borderColor: colour("muted"), borderWidth: 1, order: 9,
      }],
    },
    options: {
      scales: {
        x: {
          type: "linear", min: -0.5, max: last + 0.5, title: { display: true, text: "worker" },
          ticks: { precision: 0, includeBounds: false, stepSize: last < 16 ? 1 : undefined },
        },
        y: { beginAtZero: true, suggestedMax: 1.2, title: { display: true, text: "rate / mean of all workers" } },
      },
      plugins: {
        tooltip: {
          callbacks: {
            title: () => "",
            label: item => `${item.dataset.label}: ${item.dataset.details[item.dataIndex]}`,
          },
        },
      },
    },
  };
}

SECTIONS.push({
  id: "fairness", title: "Fairness: what each worker got",
  make(el, entry) {
    const groups = groups_of(entry, has_fairness);
    if (!groups.length)
      return false;
    let strips = null;
    let chart = null;
    const specs = cases => [{
      id: "fairness-strip", title: `Every worker's share: ${group_label(cases)}`, note: fairness_note(cases),
      columns: SHARE_COLUMNS, rows: () => share_rows(cases),
      fill: box => box.append(element("div", { class: "strips" + (few_workers(cases) ? " few" : "") },
        ...cases.map(fairness_line))),
    }, {
      id: "fairness-shares", title: `Rate by worker: ${group_label(cases)}`, note: "", height: 240,
      columns: SHARE_COLUMNS, rows: () => share_rows(cases), config: () => share_config(cases),
    }];
    choose(el, "cases", groups, cases => {
      const [strip_spec, chart_spec] = specs(cases);
      if (!strips) {
        strips = panel(el, strip_spec);
        chart = figure(el, chart_spec);
      } else {
        strips.redraw(strip_spec);
        chart.redraw(chart_spec);
      }
      chart.el.hidden = !cases.some(has_rates);
    });
    return true;
  },
});

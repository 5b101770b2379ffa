// answer.js: what the result says, in a sentence or two; then a few key figures. Every number is a field of
// the result, nothing is computed here. When a thing cannot be said, what there is instead is said.

// A figure below three times the cost of a pair of stamps is one of the clock (docs/output.md).
function show_tail(entry, v) {
  const pair = (entry.result.clock || {}).pair_ns;
  return is_number(v) && is_number(pair) && v < 3 * pair ? "<" + show_ns(3 * pair) : show_ns(v);
}

// -- what is allocated in vain

function waste_rank(c) {
  return [c.workload.startsWith("replay:") ? 0 : 1, c.workload === "cursor" ? 0 : 1, c.body === "2019" ? 0 : 1,
    c.oversubscribed ? 1 : 0, -c.threads, c.think_ns ? 0 : 1];
}

// A case of workloads that are about allocation, several workers, nobody forced.
function waste_cases(entry) {
  const fit = c => c.sync && !(c.sync in LOCKS) && !c.forced && !c.unowned && !is_failed(c) && c.threads > 1 &&
    !c.handicap && (c.cold || c.workload.startsWith("replay:")) && c.waste && c.waste.tables > 0;
  const sorted = cases_of(entry).filter(fit).sort(by_rank(waste_rank));
  const first = {};
  for (const c of sorted)
    if (!(c.workload in first))
      first[c.workload] = c;
  return Object.values(first).slice(0, 2);
}

function workload_text(c) {
  return c.workload.startsWith("replay:") ? `replaying ${c.workload.slice(7)}` : c.workload;
}

function lost_per_table(c) {
  return show_value(c.waste.per_table, c.waste.per_table_lo, c.waste.per_table_hi, show_real);
}

function waste_text(entry) {
  const cases = waste_cases(entry);
  if (!cases.length)
    return "";
  const part = c => `${lost_per_table(c)} (${workload_text(c)}, ${threads_text(c.threads)})`;
  return `without a lock ${cases.map(part).join(" and ")} pages a table are allocated in vain`;
}

// -- the audit

function audit_of(entry) {
  const told = entry.result.audit || {};
  const cases = cases_of(entry).filter(c => typeof c.verified === "boolean");
  return {
    audited: is_number(told.audited) ? told.audited : cases.length,
    clean: is_number(told.clean) ? told.clean : cases.filter(c => c.verified).length,
    unbalanced: told.unbalanced || 0,
  };
}

function audit_text(entry) {
  const a = audit_of(entry);
  if (!a.audited)
    return "nothing here is audited";
  if (a.clean < a.audited)
    return `${a.audited - a.clean} of ${a.audited} audited cases FAILED: their numbers are withheld`;
  const balance = a.unbalanced ? `, but ${a.unbalanced} page ledgers do not balance` : "";
  return (a.audited === 1 ? "the audited case is clean" : a.audited === 2 ? "both audited cases are clean"
    : `all ${a.audited} audited cases are clean`) + balance;
}

// -- results that have no lock to speak of

function overlap_text(entry) {
  const cases = cases_of(entry).filter(c => c.overlap);
  const part = c => `${show_share(c.overlap.one_writer_share)} of the ranges with ${short_engine(c.engine)} ` +
    `(${c.range || "-"})`;
  if (!cases.length)
    return "";
  return "two writers on one range, the contract broken on purpose: as one writer left them are " +
    cases.slice(0, 4).map(part).join(", ");
}

function readers_text(entry) {
  const found = cases_of(entry).filter(c => is_number(c.readers_cost_ns) && !is_failed(c))
    .sort(by_rank(c => [c.oversubscribed ? 1 : 0, -c.threads]))[0];
  if (!found)
    return "";
  if (!is_number(found.readers_cost_ns_lo) || !is_number(found.readers_cost_ns_hi))
    return `what ${found.readers} readers cost a writer has no interval: too few slices`;
  const cost = show_value(found.readers_cost_ns, found.readers_cost_ns_lo, found.readers_cost_ns_hi, show_ns);
  const unsure = found.readers_cost_ns_lo <= 0 && found.readers_cost_ns_hi >= 0 ? ", which decides nothing" : "";
  return `beside ${found.readers} reader${found.readers === 1 ? "" : "s"} a writer's operation costs ${cost} more ` +
    `with ${short_engine(found.engine)} (${threads_text(found.threads)})${unsure}`;
}

// Of the workload that the first sentence is of.
function like_headline(entry, c) {
  const [first] = headline(entry);
  return first && first.locked.workload === c.workload && first.locked.dma &&
    first.locked.dma.iova === c.dma.iova;
}

// How much of an unmap the page table is at all: a bound of what any engine can gain.
function dma_text(entry) {
  const found = cases_of(entry).filter(c => c.dma && !is_failed(c) && !is_ruler(c.engine) &&
    is_number(c.dma.unmap_table_share_lo) && is_number(c.dma.unmap_table_share_hi) && c.dma.flush &&
    c.dma.flush !== "none").sort(by_rank(c => [c.sync in LOCKS ? 1 : 0, c.dma.flush === "strict" ? 0 : 1,
    c.oversubscribed ? 1 : 0, -c.threads, like_headline(entry, c) ? 0 : 1]))[0];
  if (!found)
    return "";
  const share = show_value(found.dma.unmap_table_share, found.dma.unmap_table_share_lo,
    found.dma.unmap_table_share_hi, show_share);
  return `with ${found.dma.flush} invalidation (a model) the page table is ${share} of the parts of an unmap ` +
    `(${configuration_of(found)}, ${short_engine(found.engine)}, ${threads_text(found.threads)})` +
    lock_beside(entry, found);
}

function rate_text(entry) {
  const fit = c => is_number(c.ops_per_s) && !c.forced && !c.rate && !c.unowned && !is_failed(c) &&
    !is_ruler(c.engine) && !(c.replay && c.replay.speed === "recorded");
  const c = cases_of(entry).filter(fit).sort(by_rank(x => [x.oversubscribed ? 1 : 0, -x.threads, x.think_ns]))[0];
  if (!c)
    return "";
  const rate = show_value(c.ops_per_s, c.ops_per_s_lo, c.ops_per_s_hi, show_rate);
  return `at ${threads_text(c.threads)} ${think_text(c)} ${short_engine(c.engine)} does ${rate} (${series_of(c)})`;
}

// Two engines that differ in one thing, but not in having a lock.
function single_text(entry) {
  const fit = c => (c.differs || []).length === 1 && is_number(c.added_ns) && c.pairs > 0 && !c.counterfactual;
  const pairs = (entry.result.comparisons || []).filter(fit)
    .map(comparison => ({ comparison, a: find_case(entry, comparison.a), b: find_case(entry, comparison.b) }))
    .filter(f => f.a && f.b && ![f.a, f.b].some(c => is_ruler(c.engine) || is_failed(c) || c.again || c.handicap));
  const found = pairs.sort(by_rank(f => [f.b.oversubscribed ? 1 : 0, -f.b.threads, f.b.think_ns]))[0];
  if (!found)
    return "";
  const c = found.comparison;
  const where = `at ${threads_text(found.b.threads)} ${think_text(found.b)}, in ${configuration_of(found.b)},`;
  const other = `${short_engine(found.a.engine)}, from which it differs in its ${c.differs[0]} alone`;
  const engine = short_engine(found.b.engine);
  if (!has_interval(c))
    return `${where} nothing is known of ${engine} against ${other} (${too_few_text(c)})`;
  if (c.verdict === "unsure")
    return `${where} it is not decided whether the time of ${operation_text(found.b)} of ${engine} differs from that ` +
      `of ${other} (between ${show_ns(c.added_ns_lo)} and ${show_ns(c.added_ns_hi)})`;
  const added = show_value(c.added_ns, c.added_ns_lo, c.added_ns_hi, show_ns);
  return `${where} ${engine} changes the time of ${operation_text(found.b)} by ${added} against ${other}` +
    (c.verdict === "same" ? ", no difference" : "");
}

function forced_text(entry) {
  const c = cases_of(entry).filter(x => x.forced && x.waste && is_number(x.waste.per_table) && !is_failed(x))[0];
  return c ? `FORCED by a barrier, which is no rate, ${short_engine(c.engine)} lost ${show_real(c.waste.per_table)} ` +
    `of at most ${c.threads - 1} pages a table` : "";
}

function pace_text(entry) {
  const paced = cases_of(entry).filter(c => c.rate && !is_failed(c) && !is_ruler(c.engine));
  const late = paced.filter(c => c.rate.saturated);
  if (!paced.length)
    return "";
  return `in ${late.length} of ${paced.length} cases with a rate that was asked for (--rate) it was not kept` +
    (late.length ? `: ${[...new Set(late.map(c => short_engine(c.engine)))].join(", ")}` : "");
}

function contents_text(entry) {
  const cases = cases_of(entry);
  if (!cases.length)
    return "there are no cases in this result";
  return `${cases.length} case${cases.length === 1 ? "" : "s"} of ` +
    `${[...new Set(cases.map(c => c.workload))].join(", ")} with ` +
    `${[...new Set(cases.map(c => short_engine(c.engine)))].join(", ")}; none of them shows a lock ` +
    "beside its like without one";
}

// -- all of it

// Sentences, the most important first.
function answer_sentences(entry) {
  const lock = lock_text(entry);
  const more = [waste_text(entry), dma_text(entry)];
  const said = (lock ? [lock, ...more]
    : [single_text(entry), ...more, readers_text(entry), pace_text(entry), overlap_text(entry)]).filter(Boolean);
  const audit = audit_text(entry);
  const failed = audit.includes("FAILED");
  if (!said.length)
    said.push(rate_text(entry) || forced_text(entry) || (failed ? "" : contents_text(entry)));
  return (failed ? [audit, ...said] : [...said, audit]).filter(Boolean);
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function doubts(entry) {
  const audit = entry.result.audit || {};
  return [
    entry.result.complete === false && "The run was interrupted: what is here is valid, cases may be missing.",
    audit.lost_pinning && "Not to be trusted: a worker did not stay pinned to its CPU.",
    audit.clock_stepped_back && "Not to be trusted: the clock stepped back.",
  ].filter(Boolean);
}

function machine_text(entry) {
  const host = entry.result.host || {};
  const t = host.topology || {};
  const nodes = (t.nodes || []).length;
  return [
    host.cpu_model, is_number(t.cpus) && `${t.cpus} CPUs`, nodes && `${nodes} node${nodes === 1 ? "" : "s"}`,
    host.hypervisor && `in ${host.hypervisor}`, host.kernel, entry.result.started_utc,
  ].filter(Boolean).join(", ");
}

// -- key figures

function tile(value, label, detail) {
  return element("div", { class: "tile" }, element("div", { class: "value" }, value),
    element("div", { class: "label", text: label }), detail ? element("div", { class: "note", text: detail }) : null);
}

function lock_tiles(entry) {
  return headline(entry).map(found => {
    const c = found.locked;
    const known = has_interval(found.comparison);
    const verdict = known ? lock_verdict(found) : "unsure";
    const text = !known ? "-" : verdict === "unsure" ? unsure_text(found) : added_text(found);
    const value = element("span", {}, text, " ", verdict === "worse" ? null : badge(verdict));
    return tile(value, `${LOCKS[c.sync]} adds, ${threads_text(c.threads)}, ` +
      (c.think_ns ? "think " + show_ns(c.think_ns) : "saturated"),
    [verdict !== "unsure" ? added_share_text(found) : known ? "" : too_few_text(found.comparison),
      `${short_engine(c.engine)} against ${short_engine(found.free.engine)}`,
      c.dma ? configuration_of(c) : series_of(c)].filter(Boolean).join(", "));
  });
}

function tail_tile(entry) {
  const [found] = headline(entry);
  const p999 = c => ((c.latency_ns || {}).map || {}).p999;
  if (!found || !is_number(p999(found.free)) || !is_number(p999(found.locked)))
    return null;
  return tile(`${show_tail(entry, p999(found.free))} | ${show_tail(entry, p999(found.locked))}`,
    `p99.9 of a map without | with ${LOCKS[found.locked.sync]}`, `${threads_text(found.locked.threads)}, ` +
    series_of(found.locked));
}

// Without think time, and with the most of it that has a knee.
function knee_tiles(entry) {
  const thinks = distinct((entry.result.knees || []).map(k => k.think_ns)).sort((a, b) => a - b);
  return distinct([thinks[0], thinks[thinks.length - 1]]).map(think => knee_tile({ result: {
    ...entry.result, knees: (entry.result.knees || []).filter(k => k.think_ns === think) } }));
}

function knee_tile(entry) {
  const found = (entry.result.knees || []).filter(k => k.engine.endsWith("mutex-2019"))
    .sort((a, b) => b.think_ns - a.think_ns)[0];
  if (!found || !is_number(found.below_5_percent_threads))
    return null;
  const all = found.below_5_percent_threads >= found.measured_to_threads;
  const unsure = is_number(found.undecided_from_threads);
  const value = all ? `all ${found.measured_to_threads}` : `${found.below_5_percent_threads}`;
  const doubt = found.undecided_from_threads === undefined ? ", by medians alone" :
    unsure ? `, undecided from ${found.undecided_from_threads} on` : "";
  return tile(element("span", {}, value, " ", unsure ? badge("unsure") : null),
    `threads, up to which ${short_engine(found.engine)} costs less than 5 % of throughput`,
    (found.think_ns ? `think ${show_ns(found.think_ns)}` : "think 0, saturated") + doubt);
}

function waste_tiles(entry) {
  return waste_cases(entry).map(c => tile(lost_per_table(c), `lost pages a table, ${workload_text(c)}`,
    [`${show_int(c.waste.lost)} lost, ${show_int(c.waste.tables)} tables`,
      c.waste.lost >= FEW && `${show_share(c.waste.per_allocated)} of the pages allocated`,
      short_engine(c.engine), threads_text(c.threads)].filter(Boolean).join(", ")));
}

function fairness_tile(entry) {
  const least = cases_of(entry).filter(c => c.threads > 1 && c.fairness && is_number(c.fairness.jain) &&
    !is_failed(c) && !c.oversubscribed && !is_ruler(c.engine)).sort((a, b) => a.fairness.jain - b.fairness.jain)[0];
  return least ? tile(least.fairness.jain.toFixed(2), "least fair (Jain's index, 1 is fair)",
    `${short_engine(least.engine)}, ${threads_text(least.threads)}, ${series_of(least)}`) : null;
}

function audit_tile(entry) {
  const a = audit_of(entry);
  const clean = a.clean === a.audited && !a.unbalanced;
  if (!a.audited)
    return null;
  return tile(element("span", {}, `${a.clean} of ${a.audited} `, clean ? null : badge("failed", "FAILED AUDIT")),
    "audited cases clean", clean ? "page ledgers balance" : `${a.unbalanced} ledgers unbalanced`);
}

function warnings_tile(entry, index) {
  const n = (entry.result.warnings || []).length;
  const link = element("a", { href: `#warnings-${index}`, text: String(n) });
  return n ? tile(link, n === 1 ? "warning, with its remedy" : "warnings, with their remedies") : null;
}

SECTIONS.push({
  id: "answer",
  title: "Answer",
  make(el, entry, index) {
    note(el, machine_text(entry));
    for (const text of doubts(entry))
      el.append(element("p", { class: "error", text }));
    el.append(element("p", { class: "answer", text: answer_sentences(entry).map(capital).join(". ") + "." }));
    el.append(element("div", { class: "tiles" }, ...lock_tiles(entry), tail_tile(entry), ...knee_tiles(entry),
      ...waste_tiles(entry), fairness_tile(entry), audit_tile(entry), warnings_tile(entry, index)));
    note(el, "In [ ] are 95 % intervals. A saturation figure is of threads that do nothing between operations, so a " +
      "lock shows at its worst. An operation is timed with what it waits for.");
    return true;
  },
});

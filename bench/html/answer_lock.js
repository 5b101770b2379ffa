// answer_lock.js: what a lock costs, in words, for answer.js. A figure is told with its interval or not at all.

const LOCKS = {
  mutex: "the mutex", spin: "the spinlock", pthread: "glibc's mutex", ticket: "the ticket lock",
  mcs: "the MCS lock",
};

// -- what the lock costs

// Both cases, the one with a lock named so; null unless it may be quoted.
function lock_comparison(entry, comparison) {
  const a = find_case(entry, comparison.a);
  const b = find_case(entry, comparison.b);
  if (!a || !b || (comparison.differs || []).join() !== "sync" || !is_number(comparison.added_ns))
    return null;
  if ([a, b].some(c => c.forced || c.unowned || is_failed(c) || c.handicap || c.again || is_ruler(c.engine)))
    return null;
  if (comparison.counterfactual || !(a.sync in LOCKS !== b.sync in LOCKS))
    return null;
  const turned = a.sync in LOCKS;
  return { comparison, locked: turned ? a : b, free: turned ? b : a, turned };
}

// The usual case of the most threads that have CPUs of their own; what is tried first when a result has several.
function lock_rank(found) {
  const c = found.locked;
  return [c.oversubscribed ? 1 : 0, -c.threads, c.workload === "private" ? 0 : c.cold ? 2 : 1,
    c.body === "2019" ? 0 : 1, Object.keys(LOCKS).indexOf(c.sync), extras_of(c) ? 1 : 0,
    c.page_size === 4096 ? 0 : 1, c.batch || 1, -(c.nodes_used || 1)];
}

function by_rank(rank) {
  return (a, b) => {
    const x = rank(a);
    const y = rank(b);
    const at = x.findIndex((v, i) => v !== y[i]);
    return at < 0 ? 0 : x[at] - y[at];
  };
}

// [at no think time, at the most think time that ran otherwise alike]
function headline(entry) {
  const found = (entry.result.comparisons || []).map(c => lock_comparison(entry, c)).filter(Boolean);
  const sorted = found.sort(by_rank(f => [...lock_rank(f), f.locked.think_ns]));
  if (!sorted.length)
    return [];
  const first = sorted[0];
  const alike = f => ["workload", "threads", "sync", "body", "place", "mem", "zero", "page_size", "batch"]
    .every(key => f.locked[key] === first.locked[key]) && f.free.engine === first.free.engine &&
    f.locked.engine === first.locked.engine && extras_of(f.locked) === extras_of(first.locked) &&
    f.locked.think_ns > first.locked.think_ns;
  const rest = sorted.filter(alike).sort((f, g) => g.locked.think_ns - f.locked.think_ns);
  return rest.length ? [first, rest[0]] : [first];
}

// [lo, hi] of what the lock adds
function added_bounds(found) {
  const c = found.comparison;
  return found.turned ? [-c.added_ns_hi, -c.added_ns_lo] : [c.added_ns_lo, c.added_ns_hi];
}

function added_text(found) {
  return show_value((found.turned ? -1 : 1) * found.comparison.added_ns, ...added_bounds(found), show_ns);
}

// Without an interval a difference says nothing.
function has_interval(comparison) {
  return is_number(comparison.added_ns_lo) && is_number(comparison.added_ns_hi) && Boolean(comparison.verdict);
}

function too_few_text(comparison) {
  const n = comparison.pairs;
  return is_number(n) ? `${n === 1 ? "1 pair" : n + " pairs"}: too few for an interval` : "no interval is known";
}

// The same as a share of an operation's time under the lock: of one ratio its rest, never the factor.
function added_share_text(found) {
  const c = found.comparison;
  const share = v => show_share(1 - (found.turned ? v : 1 / v));
  const bounds = found.turned ? [c.hi, c.lo] : [c.lo, c.hi];
  if (c.metric !== "ns_per_op" || ![c.ratio, ...bounds].every(v => is_number(v) && v > 0))
    return "";
  return `${show_value(c.ratio, ...bounds, share)} of an operation's time under it`;
}

// What a case is of, beyond engine, threads and think time: "ring, rcache, no flush".
function configuration_of(c) {
  const dma = c.dma;
  const flush = dma && dma.flush && (dma.flush === "none" ? "no flush" : `${dma.flush} invalidation`);
  return [workload_text(c), dma && `IOVAs ${dma.iova}`, flush].filter(Boolean).join(", ");
}

function think_text(c) {
  return c.think_ns ? `with ${show_ns(c.think_ns)} of other work between operations`
    : "with no other work between operations (a saturation figure)";
}

function operation_text(c) {
  return c.dma ? "a whole dma_map or dma_unmap call" : "an operation";
}

// "worse" is of b against a; of the lock it is worse when b has it
function lock_verdict(found) {
  const word = found.comparison.verdict;
  if (!found.turned)
    return word;
  return word === "worse" ? "better" : word === "better" ? "worse" : word;
}

// What is said of a pair, `where` being where: the same words in the first sentence and beside a share.
function lock_claim(found, where) {
  const c = found.locked;
  const lock = LOCKS[c.sync];
  const verdict = lock_verdict(found);
  const margin = is_number(found.comparison.margin) ? show_share(found.comparison.margin) : "its margin";
  if (!has_interval(found.comparison))
    return `nothing is known of what ${lock} costs ${where} (${too_few_text(found.comparison)})`;
  if (verdict === "worse" || verdict === "better")
    return `${lock} ${verdict === "worse" ? "adds" : "changes by"} ${added_text(found)} ` +
      `${verdict === "worse" ? "to" : "the time of"} ${operation_text(c)} ${where}`;
  if (verdict === "same")
    return `${lock} makes no difference beyond ${margin} to ${operation_text(c)} ${where} (${added_text(found)})`;
  return `it is not decided whether ${lock} costs ${operation_text(c)} more than ${margin} ${where} ` +
    `(${unsure_text(found)})`;
}

// Of what is not decided the interval alone: its middle would read as a finding.
function unsure_text(found) {
  return `between ${added_bounds(found).map(show_ns).join(" and ")}`;
}

function lock_sentence(found) {
  const c = found.locked;
  return lock_claim(found, `at ${threads_text(c.threads)}${c.oversubscribed ? ", which share CPUs," : ""} ` +
    `${think_text(c)}, in ${configuration_of(c)}`);
}

function lock_text(entry) {
  const [first, thinking] = headline(entry);
  if (!first)
    return "";
  const text = `on this machine ${lock_sentence(first)}`;
  if (!thinking)
    return text;
  const think = think_text(thinking.locked);
  if (!has_interval(thinking.comparison))
    return `${text}; ${think}: ${too_few_text(thinking.comparison)}`;
  const verdict = lock_verdict(thinking);
  return verdict === "unsure" ? `${text}; ${think} it is not decided (${unsure_text(thinking)})`
    : `${text}, and ${added_text(thinking)} ${think}${verdict === "same" ? ", no difference" : ""}`;
}

// What a lock costs beside this case, the usual lock first; "" if that is what the first sentence is of.
function lock_beside(entry, c) {
  const [first] = headline(entry);
  const found = (entry.result.comparisons || []).map(k => lock_comparison(entry, k))
    .filter(f => f && f.free.case_id === c.case_id).sort(by_rank(lock_rank))[0];
  if (!found || (first && first.free.case_id === c.case_id))
    return "";
  return "; " + lock_claim(found, "there");
}

// environment.js: on what and how it was measured, what spoils it, and how to do it again.

// A word of a command line as a shell takes it.
function shell_word(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

function command_of(entry) {
  const argv = entry.result.argv;
  return Array.isArray(argv) ? ["iopt", "run", ...argv.map(String)].map(shell_word).join(" ") : null;
}

// iopt run --out DIR leaves it beside result.json.
function job_command(entry) {
  const found = /^(.*\/)?result\.json$/.exec(entry.path);
  return found ? `iopt run ${shell_word((found[1] || "") + "job.ini")}` : null;
}

function copy_text(button, text) {
  const done = () => {
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  };
  const select = () => {
    const range = document.createRange();
    range.selectNodeContents(button.previousSibling);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  if (navigator.clipboard)
    navigator.clipboard.writeText(text).then(done, select);
  else
    select();
}

function command_line(el, text) {
  const pre = element("pre", {}, element("code", { text }));
  el.append(element("div", { class: "command" }, pre,
    element("button", { type: "button", text: "copy", on_click: event => copy_text(event.target, text) })));
}

function commands(el, entry, index) {
  const command = command_of(entry);
  const job = job_command(entry);
  el.append(element("h3", { text: "Repeat it", id: `repeat-${index}` }));
  if (command)
    command_line(el, command);
  if (job) {
    note(el, "or, with the options that the run chose by itself, from the job file beside the result:");
    command_line(el, job);
  }
}

function warnings(el, entry, index) {
  const found = entry.result.warnings || [];
  el.append(element("h3", { id: `warnings-${index}`, text: found.length ? "Warnings" : "No warnings" }));
  if (found.length)
    el.append(element("ul", { class: "warnings" }, ...found.map(text => element("li", { text }))));
}

// -- facts as two columns; what is not known is left out, as is a group without any

function fact(v) {
  if (v === null || v === undefined || v === "")
    return null;
  if (typeof v === "boolean")
    return v ? "yes" : "no";
  return String(v);
}

function facts(el, title, rows) {
  const known = rows.map(([name, value]) => [name, fact(value)]).filter(([, value]) => value !== null && value !== "-");
  if (!known.length)
    return;
  el.append(element("div", { class: "facts" }, element("h4", { text: title }),
    element("dl", {}, ...known.flatMap(([name, text]) => [element("dt", { text: name }), element("dd", { text })]))));
}

function machine_facts(el, host) {
  const t = host.topology || {};
  const quota = is_number(host.cgroup_cpus) ? `${host.cgroup_cpus} CPUs` : null;
  facts(el, "Machine", [
    ["host", host.hostname], ["CPU", host.cpu_model], ["microcode", host.microcode], ["packages", t.packages],
    ["cores", t.cores], ["CPUs", is_number(t.cpus_allowed) ? `${t.cpus_allowed} of ${t.cpus}` : t.cpus],
    ["NUMA nodes", t.nodes && t.nodes.length], ["SMT", host.smt], ["memory", show_bytes(host.memory_bytes)],
    ["CPU quota", quota], ["memory limit", show_bytes(host.cgroup_memory_bytes)],
    ["hypervisor", host.hypervisor], ["container", host.container],
  ]);
  facts(el, "System", [
    ["kernel", host.kernel], ["system", host.os], ["architecture", host.arch], ["governor", host.governor],
    ["boost", host.boost], ["clock source", host.clocksource], ["huge pages", host.transparent_hugepages],
    ["NUMA balancing", host.numa_balancing], ["load before", host.load1],
  ]);
}

function ruler_facts(el, result) {
  const clock = result.clock || {};
  const ruler = result.ruler || {};
  const hiccup = ruler.hiccup_ns || {};
  facts(el, "Clock and ruler", [
    ["clock", clock.source], ["not cycles, because", clock.why_not_cycles], ["step", show_ns(clock.step_ns)],
    ["pair of stamps", show_ns(clock.pair_ns)], ["CPUs apart", show_ns(clock.cross_cpu_ns)],
    ["harness (null)", is_number(ruler.null_ns) ? show_ns(ruler.null_ns) + " an op" : null],
    ["idle hiccup p99", show_ns(hiccup.p99)], ["longest", show_ns(hiccup.max)], ["steal", show_ns(ruler.steal_ns)],
    ["elapsed", is_number(ruler.elapsed_s) ? show_ns(ruler.elapsed_s * 1e9) : null],
    ["most memory", show_bytes(ruler.peak_rss_bytes)],
  ]);
}

function program_facts(el, result) {
  const host = result.host || {};
  const alloc = result.alloc || {};
  facts(el, "Program", [
    ["version", host.version], ["commit", host.commit], ["compiler", host.compiler], ["flags", host.flags],
    ["hwloc", host.hwloc], ["allocator", [alloc.library, alloc.version].filter(Boolean).join(" ")],
    ["MALLOC_CONF", alloc.malloc_conf], ["page", show_bytes(alloc.page_bytes)],
  ]);
}

function run_facts(el, result) {
  const audit = result.audit || {};
  facts(el, "Run", [
    ["started (UTC)", result.started_utc], ["processes", result.processes], ["seed", result.seed],
    ["complete", result.complete], ["cases", (result.cases || []).length],
    ["CPUs as asked", is_number(audit.cpus) ? `${audit.cpus_as_asked} of ${audit.cpus}` : null],
    ["table pages on the asked node", show_share(audit.on_asked_node)],
    ["groups from before an interruption", audit.resumed_groups || null],
  ]);
}

// Options as resolved, a column a job.
function options_table(el, result) {
  const jobs = (result.config || {}).jobs || [];
  const keys = [...new Set(jobs.flatMap(job => Object.keys(job)))];
  const text = v => Array.isArray(v) ? v.join(", ") || "-" : v === null || v === undefined ? "-" : String(v);
  if (!jobs.length)
    return;
  const details = element("details", {}, element("summary", { text: "Options as resolved" }));
  table(details, ["option", ...jobs.map((job, i) => job.job || `job ${i + 1}`)],
    keys.map(key => [key, ...jobs.map(job => text(job[key]))]));
  el.append(details);
}

SECTIONS.push({
  id: "environment",
  title: "Environment",
  make(el, entry, index) {
    const groups = element("div", { class: "fact-groups" });
    commands(el, entry, index);
    warnings(el, entry, index);
    el.append(groups);
    run_facts(groups, entry.result);
    machine_facts(groups, entry.result.host || {});
    ruler_facts(groups, entry.result);
    program_facts(groups, entry.result);
    options_table(el, entry.result);
    return true;
  },
});

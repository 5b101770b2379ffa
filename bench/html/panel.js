// panel.js: a figure made of elements, not drawn on a canvas; and cases that belong together.

/*
 * As figure(), with fill(box) in place of a chart. It keeps the buttons: its data as a table, and as CSV.
 * redraw() takes what of the spec is new.
 */
function panel(el, spec) {
  const id = free_id(spec.id);
  const p = { spec: { ...spec, id, name: spec.id }, data: element("div", { class: "data", hidden: true }) };
  const title = element("span", { class: "title" });
  const box = element("div", { class: "panel" });
  const text = element("p", { class: "note" });
  const fill = () => {
    title.textContent = p.spec.title;
    text.textContent = p.spec.note || "";
    box.replaceChildren();
    p.spec.fill(box);
  };
  fill();
  p.el = element("figure", { id }, element("figcaption", {}, title, figure_buttons(p)), box, text, p.data);
  el.append(p.el);
  return {
    el: p.el,
    redraw: changed => {
      Object.assign(p.spec, changed, { id, name: changed.id || p.spec.name });
      fill();
      if (!p.data.hidden)
        show_data(p);
    },
  };
}

// What kind of mark stands for what, in words: [class of the mark, text] …
function key_of(...marks) {
  return element("p", { class: "key" },
    ...marks.map(([name, text]) => element("span", {}, element("i", { class: "key-" + name }), text)));
}

// Labels of a logarithmic axis: of a long one the powers of ten, of a short one 2 and 5 as well.
function log_labels(show) {
  return function label(v) {
    const first = v / 10 ** Math.floor(Math.log10(v) + 1e-9);
    const wanted = this.max > 300 * this.min ? [1] : [1, 2, 5];
    return wanted.some(digit => Math.abs(first - digit) < 1e-6) ? show(v) : "";
  };
}

// -- groups: cases that took turns, which are one series at one thread count

function group_label(cases) {
  const c = cases.find(x => !is_ruler(x.engine)) || cases[0];
  return `${series_of(c)}, ${threads_text(c.threads)}${c.forced ? ", FORCED" : ""}`;
}

// CPUs of their own come before shared ones, then many threads before few, then many engines before few.
function by_weight(a, b) {
  const shared = g => Number(Boolean(g.value[0].oversubscribed));
  return shared(a) - shared(b) || b.value[0].threads - a.value[0].threads || b.value.length - a.value.length;
}

// Choices of groups of the cases that `wanted` picks, the weightiest first; value: the group's cases.
function groups_of(entry, wanted) {
  const groups = new Map();
  for (const c of cases_of(entry)) {
    const key = is_number(c.group) ? c.group : group_label([c]);
    if (!groups.has(key))
      groups.set(key, []);
    if (wanted(c))
      groups.get(key).push(c);
  }
  return [...groups.values()].filter(cases => cases.length)
    .map(cases => ({ label: group_label(cases), value: cases }))
    .sort(by_weight);
}

// A case among those of its group: its engine, and what else is its own.
function case_name(c) {
  return short_engine(c.engine) + (c.again ? " (again)" : "") + (c.handicap ? ` (${c.handicap})` : "");
}

// What of a group is not to be taken at face value, in words for a note.
function group_caveat(cases) {
  const failed = cases.filter(is_failed).map(case_name);
  const texts = [];
  if (failed.length)
    texts.push(`FAILED AUDIT, nothing shown: ${failed.join(", ")}.`);
  if (cases.some(c => c.forced))
    texts.push("FORCED: a barrier made the threads meet, so this is no rate.");
  return texts.join(" ");
}

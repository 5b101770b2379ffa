// start.js: runs the sections and keeps the page's theme. Last of all files.

// -- light and dark

const DARK = window.matchMedia("(prefers-color-scheme: dark)");
let theme_chosen = null; // until somebody does, the system's

function theme_now() {
  return theme_chosen || (DARK.matches ? "dark" : "light");
}

function set_theme(name) {
  document.documentElement.dataset.theme = name;
  const button = document.getElementById("theme");
  button.textContent = name === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", `show it ${name === "dark" ? "light" : "dark"}`);
}

function change_theme(name, all) {
  set_theme(name);
  redraw_all(all);
}

function toggle_theme() {
  theme_chosen = theme_now() === "dark" ? "light" : "dark";
  change_theme(theme_chosen, false);
}

// -- paper: light, all charts, everything unfolded

let folded = [];

function before_print() {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const details of folded)
    details.open = true;
  document.documentElement.classList.add("paper"); // charts are drawn as wide as a page, not shrunk to it
  change_theme("light", true);
}

function after_print() {
  for (const details of folded)
    details.open = false;
  document.documentElement.classList.remove("paper");
  change_theme(theme_now(), false);
}

// -- sections

function add_part(section, grid, entry, index) {
  const part = element("div", { class: "part" });
  if (RESULTS.length > 1)
    part.append(element("h3", { class: "result", text: entry.name, title: entry.path }));
  grid.append(part); // first: a chart must know how wide it is
  let filled = false;
  try {
    filled = section.make(part, entry, index) !== false;
  } catch (problem) {
    console.error(section.id, problem);
    part.append(element("p", { class: "error", text: `This section could not be drawn: ${problem.message}` }));
    filled = true;
  }
  if (!filled)
    part.remove();
  return filled;
}

function add_section(section) {
  const grid = element("div", { class: "parts" });
  const made = element("section", { id: section.id, "aria-labelledby": section.id + "-title" },
    element("h2", { id: section.id + "-title", text: section.title }), grid);
  document.getElementById("content").append(made);
  const filled = RESULTS.map((entry, index) => add_part(section, grid, entry, index)).some(Boolean);
  if (!filled)
    made.remove();
  else
    document.getElementById("sections").append(element("a",
      { href: "#" + section.id, text: section.title.split(":")[0], title: section.title }));
}

function start() {
  set_theme(theme_now());
  use_theme();
  document.title = "iopt: " + RESULTS.map(entry => entry.name).join(", ");
  document.getElementById("about").textContent = DATA.made_by;
  document.documentElement.classList.toggle("several", RESULTS.length > 1);
  for (const section of SECTIONS)
    add_section(section);
  document.getElementById("theme").addEventListener("click", toggle_theme);
  DARK.addEventListener("change", () => theme_chosen || change_theme(theme_now(), false));
  window.addEventListener("beforeprint", () => before_print());
  window.addEventListener("afterprint", () => after_print());
}

start();

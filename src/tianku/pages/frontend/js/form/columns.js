import { el } from "../lib/dom.js";
import { localised } from "../lib/i18n.js";
import { pretty } from "../lib/units.js";

/** Columns from which on a search is offered. */
export const SEARCH_FROM = 12;

/** The chooser of columns: a search over names, units, UCDs and descriptions; `read()` returns the chosen names. */
export function columnFields({ t, lang, columns, changed }) {
  const main = columns.filter((column) => column.principal);
  const chosen = new Set((main.length ? main : columns).map((column) => column.name));
  const rows = columns.map((column) => row(column, lang, chosen, () => update()));
  const count = el("output", { class: "muted" });
  const empty = el("p", { class: "helptext", hidden: true }, t("noColumn"));
  const search = el("input", { type: "search", placeholder: t("findColumn"), "aria-label": t("findColumn") });
  search.addEventListener("input", () => {
    for (const each of rows) each.node.hidden = !holds(each.text, search.value);
    empty.hidden = rows.some((each) => !each.node.hidden);
  });
  const update = () => {
    count.textContent = t("shown", { n: chosen.size, all: columns.length });
    changed();
  };
  const choose = (wanted) => {
    for (const each of rows) {
      // With a search under way the buttons act on what it shows.
      if (!each.node.hidden) each.set(wanted(each.column));
    }
    update();
  };
  const button = (text, wanted) => el("button", { type: "button", class: "link", onclick: () => choose(wanted) }, text);
  const bar = el(
    "div",
    { class: "chooser__bar" },
    columns.length >= SEARCH_FROM ? search : null,
    main.length ? button(t("main"), (column) => column.principal) : null,
    button(t("all"), () => true),
    button(t("none"), () => false),
    count,
  );
  const list = el("div", { class: "chooser__list" }, rows.map((each) => each.node));
  count.textContent = t("shown", { n: chosen.size, all: columns.length });
  const node = el("fieldset", { class: "chooser" }, el("legend", {}, t("columns")), bar, list, empty);
  const read = () => (chosen.size === columns.length ? [] : columns.filter(({ name }) => chosen.has(name)).map(({ name }) => name));
  return { node, read };
}

/** What a search for a column looks through. */
export function searched({ name, unit, ucd, description }) {
  const said = typeof description === "string" ? [description] : [description?.en, description?.zh];
  return [name, unit, ucd, ...said].join(" ").toLowerCase();
}

/** Whether a text has all words of a search. */
export function holds(text, search) {
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function row(column, lang, chosen, changed) {
  const description = localised(column.description, lang);
  const box = el("input", { type: "checkbox", checked: chosen.has(column.name), name: "column", value: column.name });
  const set = (on) => {
    box.checked = on;
    if (on) chosen.add(column.name);
    else chosen.delete(column.name);
  };
  box.addEventListener("change", () => {
    set(box.checked);
    changed();
  });
  const title = [description, column.ucd].filter(Boolean).join("\n") || null;
  const unit = column.unit ? el("span", { class: "unit", title: column.unit }, ` ${pretty(column.unit)}`) : null;
  return { column, text: searched(column), set, node: el("label", { class: "check", title }, box, column.name, unit) };
}

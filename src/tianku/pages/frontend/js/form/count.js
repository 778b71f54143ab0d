import { count as countQuery } from "../lib/adql.js";
import { count } from "../lib/api.js";
import { debounced, el } from "../lib/dom.js";

const QUIET = 500;

/** How many rows the choice has, told while it is made: one count is under way at a time, the last choice wins. */
export function liveCount({ t, lang }) {
  const node = el("output", { class: "muted", "data-control": "count" });
  const grouped = new Intl.NumberFormat(lang);
  let busy = false;
  let wanted = null;
  let shown = "";
  const next = async () => {
    if (busy || wanted === null || wanted === shown) return;
    busy = true;
    shown = wanted;
    node.textContent = t("counting");
    try {
      node.textContent = told(await count(shown));
    } catch (error) {
      // What is wrong with the query is told when it is sent.
      if (!error.code && !(error instanceof TypeError)) throw error;
      node.textContent = "";
    } finally {
      busy = false;
    }
    next();
  };
  const told = ({ rows, exact }) => t(exact ? (rows === 1 ? "counted_one" : "counted") : "estimated", { n: grouped.format(rows) });
  const later = debounced(next, QUIET);
  const show = (choice) => {
    wanted = choice.list ? null : countQuery(choice);
    if (wanted) return later();
    shown = "";
    const lines = choice.list.positions.split("\n").filter((line) => line.trim()).length;
    node.textContent = t("lines", { n: grouped.format(lines) });
  };
  return { node, show };
}

import { isNumeric, literal } from "../lib/adql.js";
import { checkbox, el, options } from "../lib/dom.js";
import { holds, SEARCH_FROM, searched } from "./columns.js";
import { distribution } from "./distribution.js";

const COMPARISONS = ["=", "<>", "<", "<=", ">", ">="];

/** Comparisons of texts as patterns, in which the value takes the place of the word. */
const PATTERNS = { contains: "%{}%", starts: "{}%", ends: "%{}", like: "{}" };
/** What may be written into the value instead of choosing an operator: `5000..6000`, `>= 5000`. */
const RANGE = /^(.+?)\s*\.\.\s*(.+)$/;
const SIGNED = /^(<=|>=|<>|!=|<|>|≤|≥|≠)\s*(.+)$/;
const SIGNS = { "!=": "<>", "≠": "<>", "≤": "<=", "≥": ">=" };

function isText({ type }) {
  return /char|string/i.test(type);
}

/** Something is still to be filled in: no mistake yet while the form is being written. */
export class Incomplete extends RangeError {}

function operators(column, t) {
  const plain = COMPARISONS.map((sign) => [sign, sign.replace("<>", "≠").replace("<=", "≤").replace(">=", "≥")]);
  const words = ["between", "in", "notin"].map((key) => [key, t(key)]);
  if (isText(column)) words.unshift(...Object.keys(PATTERNS).map((key) => [key, t(key)]));
  return [...plain, ...words, ["null", t("isNull")], ["notnull", t("notNull")]];
}

/** Rows of conditions; `read()` returns them, or throws a RangeError that says which value is missing or wrong. */
export function conditionFields({ t, columns, changed }) {
  const usable = columns.filter((column) => !column.arraysize || !isNumeric(column.type));
  const list = el("div", {});
  const rows = new Set();
  const add = () => {
    const made = conditionRow(t, usable, changed, () => {
      rows.delete(made);
      made.node.remove();
      changed();
    });
    rows.add(made);
    list.append(made.node);
    made.node.querySelector("select").focus();
    changed();
  };
  const button = el("button", { type: "button", class: "button", onclick: add }, `+ ${t("addCondition")}`);
  const node = el("fieldset", {}, el("legend", {}, t("conditions")), list, button);
  return { node, read: () => [...rows].map((each) => each.read()) };
}

function conditionRow(t, columns, changed, remove) {
  const column = el("select", { "aria-label": t("column"), name: "condition-column" });
  const offer = (some) => column.replaceChildren(...options(some.map(({ name, unit }) => [name, unit ? `${name} [${unit}]` : name]), column.value));
  offer(columns);
  const find = el("input", { type: "search", "aria-label": t("findColumn"), placeholder: t("findColumn"), name: "condition-find" });
  const operator = el("select", { "aria-label": t("operator"), name: "condition-operator" });
  const value = el("input", { "aria-label": t("value"), name: "condition-value", autocomplete: "off" });
  const upper = el("input", { "aria-label": t("upper"), name: "condition-upper", autocomplete: "off" });
  let anyCase = true;
  const folding = checkbox(t("anyCase"), true, (on) => ((anyCase = on), changed()), { name: "condition-any-case" });
  const shape = el("div", { class: "condition__shape" });
  const current = () => columns.find(({ name }) => name === column.value);
  const arrange = () => {
    upper.hidden = operator.value !== "between";
    value.hidden = operator.value.endsWith("null");
    folding.hidden = !(operator.value in PATTERNS);
    const help = { in: "listHelp", notin: "listHelp", like: "likeHelp", "=": isText(current()) ? undefined : "rangeHelp" }[operator.value];
    value.placeholder = help ? t(help) : (current().unit ?? "");
  };
  const retype = () => {
    const kept = operator.value;
    const offered = operators(current(), t);
    operator.replaceChildren(...options(offered, offered.some(([key]) => key === kept) ? kept : "="));
    shape.replaceChildren(...distribution(current(), t));
    arrange();
  };
  find.addEventListener("input", () => {
    const found = columns.filter((each) => holds(searched(each), find.value));
    offer(found.length ? found : columns);
    retype();
    changed();
  });
  column.addEventListener("change", () => (retype(), changed()));
  operator.addEventListener("change", () => (arrange(), changed()));
  for (const input of [value, upper]) input.addEventListener("input", changed);
  retype();
  const cross = el("button", { type: "button", class: "button", "aria-label": t("removeCondition"), title: t("removeCondition"), onclick: remove }, "×");
  const node = el("div", { class: "condition" }, el("div", { class: "condition__column" }, columns.length >= SEARCH_FROM ? find : null, column), operator, el("div", { class: "pair" }, value, upper), cross, folding, shape);
  return { node, read: () => readCondition(t, current(), operator.value, value, upper, anyCase) };
}

function readCondition(t, column, operator, value, upper, anyCase) {
  for (const input of [value, upper]) input.removeAttribute("aria-invalid");
  const said = meant(column, operator, value.value.trim(), upper.value.trim());
  const type = said.operator in PATTERNS ? "char" : column.type;
  for (const [input, text] of [[value, said.value], [upper, said.value2]]) {
    if (text === undefined) continue;
    const entries = /^(not)?in$/.test(said.operator) ? text.split(",") : [text];
    const wrong = entries.find((entry) => !entry.trim() || !fits(entry, type));
    if (wrong === undefined) continue;
    if (!wrong.trim()) throw new Incomplete(t("noValue", { column: column.name }));
    (operator === "between" ? input : value).setAttribute("aria-invalid", "true");
    throw new RangeError(t("badNumber", { column: column.name, value: wrong.trim() }));
  }
  return { column: column.name, type: column.type, ...asPattern(said, anyCase) };
}

/** The operator with its values; a range or a sign written into the value of a number or a date counts. */
function meant(column, operator, value, value2) {
  if (operator.endsWith("null")) return { operator };
  if (operator === "between") return { operator, value, value2 };
  if (operator !== "=" || isText(column)) return { operator, value };
  const range = RANGE.exec(value);
  if (range) return { operator: "between", value: range[1], value2: range[2] };
  const signed = SIGNED.exec(value);
  if (signed) return { operator: SIGNS[signed[1]] ?? signed[1], value: signed[2] };
  return value.includes(",") ? { operator: "in", value } : { operator, value };
}

function asPattern(said, anyCase) {
  const pattern = PATTERNS[said.operator];
  return pattern ? { operator: anyCase ? "ilike" : "like", value: pattern.replace("{}", () => said.value) } : said;
}

function fits(entry, type) {
  try {
    literal(entry, type);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

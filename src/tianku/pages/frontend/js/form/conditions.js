import { isNumeric, literal } from "../lib/adql.js";
import { el, options } from "../lib/dom.js";

const COMPARISONS = ["=", "<>", "<", "<=", ">", ">="];

/** Something is still to be filled in: no mistake yet while the form is being written. */
export class Incomplete extends RangeError {}

function operators(column, t) {
  const plain = COMPARISONS.map((sign) => [sign, sign.replace("<>", "≠").replace("<=", "≤").replace(">=", "≥")]);
  const words = [["between", t("between")], ["in", t("in")]];
  if (!isNumeric(column.type)) words.push(["like", t("like")]);
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
  const column = el("select", { "aria-label": t("column"), name: "condition-column" }, options(columns.map(({ name, unit }) => [name, unit ? `${name} [${unit}]` : name])));
  const operator = el("select", { "aria-label": t("operator"), name: "condition-operator" });
  const value = el("input", { "aria-label": t("value"), name: "condition-value", autocomplete: "off" });
  const upper = el("input", { "aria-label": t("upper"), name: "condition-upper", autocomplete: "off" });
  const current = () => columns.find(({ name }) => name === column.value);
  const arrange = () => {
    upper.hidden = operator.value !== "between";
    value.hidden = operator.value.endsWith("null");
    value.placeholder = { in: t("listHelp"), like: t("likeHelp") }[operator.value] ?? current().unit ?? "";
  };
  const retype = () => {
    const kept = operator.value;
    const offered = operators(current(), t);
    operator.replaceChildren(...options(offered, offered.some(([key]) => key === kept) ? kept : "="));
    arrange();
  };
  column.addEventListener("change", () => (retype(), changed()));
  operator.addEventListener("change", () => (arrange(), changed()));
  for (const input of [value, upper]) input.addEventListener("input", changed);
  retype();
  const cross = el("button", { type: "button", class: "button", "aria-label": t("removeCondition"), title: t("removeCondition"), onclick: remove }, "×");
  const node = el("div", { class: "condition" }, column, operator, el("div", { class: "pair" }, value, upper), cross);
  return { node, read: () => readCondition(t, current(), operator.value, value, upper) };
}

function readCondition(t, column, operator, value, upper) {
  const needed = operator.endsWith("null") ? [] : operator === "between" ? [value, upper] : [value];
  for (const input of [value, upper]) input.removeAttribute("aria-invalid");
  for (const input of needed) {
    const entries = operator === "in" ? input.value.split(",") : [input.value];
    const wrong = entries.find((entry) => !entry.trim() || !fits(entry, operator === "like" ? "char" : column.type));
    if (wrong === undefined) continue;
    if (!wrong.trim()) throw new Incomplete(t("noValue", { column: column.name }));
    input.setAttribute("aria-invalid", "true");
    throw new RangeError(t("badNumber", { column: column.name, value: wrong.trim() }));
  }
  return { column: column.name, type: column.type, operator, value: value.value.trim(), value2: upper.value.trim() };
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

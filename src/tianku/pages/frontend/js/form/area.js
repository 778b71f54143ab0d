import { decimal, declination, rightAscension } from "../lib/angles.js";
import { el } from "../lib/dom.js";
import { coneFields } from "./cone.js";
import { listFields } from "./list.js";

/**
 * Where on the sky: a cone, a rectangle, a list of positions or everywhere. `read()` returns `{}`, `{cone}`,
 * `{rectangle}` or `{list}`, or throws a RangeError that says what is wrong.
 */
export function areaFields(context) {
  const { t, position, changed } = context;
  if (!position) return { node: null, read: () => ({}) };
  const kinds = { cone: coneFields(context), rectangle: rectangleFields(context), list: listFields(context), sky: { node: null, read: () => ({}) } };
  const panel = el("div", {});
  const buttons = Object.keys(kinds).map((kind) => el("button", { type: "button", value: kind, onclick: () => choose(kind) }, t(`area_${kind}`)));
  let chosen;
  const choose = (kind) => {
    chosen = kind;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === kind));
    panel.replaceChildren(...[kinds[kind].node].filter(Boolean));
    changed();
  };
  const node = el("fieldset", {}, el("legend", {}, t("cone")), el("div", { class: "segmented", role: "group", "aria-label": t("cone") }, buttons), panel);
  const start = () => choose("cone");
  return { node, start, read: () => kinds[chosen].read() };
}

const SIDES = ["west", "east", "south", "north"];

function rectangleFields({ t, position, changed }) {
  const inputs = Object.fromEntries(
    SIDES.map((side) => [side, el("input", { id: `rectangle-${side}`, name: side, autocomplete: "off", spellcheck: "false", oninput: changed })]),
  );
  const field = (side) => el("div", { class: "field" }, el("label", { for: inputs[side].id }, t(side)), inputs[side]);
  const node = el("div", {}, el("div", { class: "fields" }, SIDES.map(field)), el("p", { class: "helptext" }, t("rectangleHelp")));
  return { node, read: () => readRectangle(t, position, inputs) };
}

/** Sides that are empty do not bound; a western side beyond the eastern one goes over 0. */
function readRectangle(t, position, inputs) {
  const rectangle = { raColumn: position.ra, decColumn: position.dec };
  for (const side of SIDES) {
    const given = inputs[side].value.trim();
    inputs[side].removeAttribute("aria-invalid");
    if (!given) continue;
    const isRa = side === "west" || side === "east";
    const value = (isRa ? rightAscension : declination)(given);
    if (Number.isNaN(value)) {
      inputs[side].setAttribute("aria-invalid", "true");
      throw new RangeError(t(isRa ? "badRa" : "badDec", { value: given }));
    }
    rectangle[side] = decimal(value);
  }
  if (Number(rectangle.south) > Number(rectangle.north)) throw new RangeError(t("badRectangle"));
  return SIDES.some((side) => side in rectangle) ? { rectangle } : {};
}

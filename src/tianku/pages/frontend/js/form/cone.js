import { decimal, declination, pair, rightAscension } from "../lib/angles.js";
import { el, options } from "../lib/dom.js";

const DEGREES = { deg: 1, arcmin: 1 / 60, arcsec: 1 / 3600 };

/** The fields of a cone; `read()` returns `{cone}` in degrees, `{}` when empty, or throws a RangeError that says what is wrong. */
export function coneFields({ t, position, start, changed }) {
  const input = (name, label, help, value) =>
    el("input", { id: `cone-${name}`, name, inputmode: "text", autocomplete: "off", spellcheck: "false", placeholder: help, value: value ?? "", oninput: changed });
  const ra = input("ra", t("ra"), t("raHelp"), start.get("ra"));
  const dec = input("dec", t("dec"), t("decHelp"), start.get("dec"));
  const radius = input("radius", t("radius"), "0.5", start.get("radius") ?? "0.1");
  const unit = el("select", { id: "cone-unit", name: "unit", onchange: changed }, options(Object.keys(DEGREES).map((key) => [key, t(key)]), "deg"));
  // A position pasted as a whole goes into both fields.
  ra.addEventListener("change", () => {
    const halves = Number.isNaN(rightAscension(ra.value)) ? pair(ra.value) : null;
    if (halves) [ra.value, dec.value] = halves;
    if (halves) changed();
  });
  const field = (control, label, small) =>
    el("div", { class: `field${small ? " field--small" : ""}` }, el("label", { for: control.id }, label), control);
  const node = el(
    "div",
    {},
    el("div", { class: "fields" }, field(ra, t("ra")), field(dec, t("dec")), field(radius, t("radius"), true), field(unit, t("unit"), true)),
    el("p", { class: "helptext" }, t("coneHelp")),
  );
  return { node, read: () => readCone(t, position, { ra, dec, radius, unit }) };
}

function readCone(t, position, fields) {
  const given = { ra: fields.ra.value.trim(), dec: fields.dec.value.trim(), radius: fields.radius.value.trim() };
  for (const control of Object.values(fields)) control.removeAttribute("aria-invalid");
  if (!given.ra && !given.dec) return {};
  const size = Number(given.radius) * DEGREES[fields.unit.value];
  const values = { ra: rightAscension(given.ra), dec: declination(given.dec), radius: size > 0 && size <= 180 ? size : NaN };
  const words = { ra: "badRa", dec: "badDec", radius: "badRadius" };
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isNaN(value)) continue;
    fields[name].setAttribute("aria-invalid", "true");
    throw new RangeError(t(words[name], { value: given[name] || "–" }));
  }
  const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decimal(value)]));
  return { cone: { ...numbers, raColumn: position.ra, decColumn: position.dec } };
}

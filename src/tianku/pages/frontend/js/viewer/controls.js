import { checkbox, el, options } from "../lib/dom.js";
import { localised } from "../lib/i18n.js";
import { bitColour } from "./colours.js";
import { LINES } from "./lines.js";
import { bitKey } from "./model.js";
import { countBit } from "./numbers.js";

const LIGHT_KM_S = 299792.458;
const Z_RANGE = [-0.01, 7];

function panel(title, ...children) {
  return el("fieldset", { class: "viewer-panel" }, el("legend", {}, title), ...children);
}

function toggleIn(set, key, on) {
  if (on) set.add(key);
  else set.delete(key);
}

/** Buttons of which one is pressed. */
function segmented(label, pairs, chosen, choose) {
  const buttons = pairs.map(([value, text]) =>
    el("button", { type: "button", "aria-pressed": String(value === chosen), dataset: { value } }, text),
  );
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      choose(button.dataset.value);
    });
  }
  return el("div", { class: "segmented", role: "group", "aria-label": label }, buttons);
}

/** The row above the plot: mode, zoom, quantity, axis. */
export function toolbar({ t, state, spectrum, plot, changed }) {
  const button = (text, label, act) => el("button", { type: "button", class: "button", "aria-label": label, title: label, onclick: act }, text);
  const rest = segmented(
    t("axis"),
    [["observed", t("observed")], ["rest", t("rest")]],
    "observed",
    (value) => changed({ rest: value === "rest" }, { reset: true }),
  );
  const normalized = spectrum.parts.some((part) => part.normalized);
  const quantity = normalized
    ? el("select", { "aria-label": t("quantity") }, options([["flux", t("flux")], ["normalized", t("normalized")]], state.quantity))
    : null;
  quantity?.addEventListener("change", () => changed({ quantity: quantity.value }, { fit: true }));
  const modes = [["zoom", t("zoomMode")], ["pan", t("panMode")]];
  return el(
    "div",
    { class: "viewer-toolbar" },
    segmented(t("plot"), modes, state.mode, (mode) => changed({ mode })),
    button("+", t("zoomIn"), () => plot.zoom(0.7)),
    button("−", t("zoomOut"), () => plot.zoom(1 / 0.7)),
    button(t("reset"), t("reset"), () => plot.reset()),
    rest,
    quantity,
  );
}

/** Which spectra are drawn. */
export function partsPanel({ t, state, spectrum, colours, changed }) {
  const boxes = spectrum.parts.map((part) => {
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = colours.get(part.name);
    const time = part.kind === "exposure" && Number.isFinite(part.t_exptime) ? ` · ${t("exposureTime", { s: Math.round(part.t_exptime) })}` : "";
    const box = el("input", { type: "checkbox", checked: state.parts.has(part.name), dataset: { part: part.name } });
    box.addEventListener("change", () => {
      toggleIn(state.parts, part.name, box.checked);
      changed({}, { fit: true });
    });
    return el("label", { class: "check" }, box, swatch, `${part.label || part.name}${time}`);
  });
  const choose = (wanted) => {
    state.parts = new Set(spectrum.parts.filter(wanted).map((part) => part.name));
    for (const box of boxes.map((label) => label.querySelector("input"))) box.checked = state.parts.has(box.dataset.part);
    changed({}, { fit: true });
  };
  const exposures = spectrum.parts.some((part) => part.kind === "exposure");
  const shortcuts = el(
    "div",
    { class: "viewer-shortcuts" },
    el("button", { type: "button", class: "link", onclick: () => choose(() => true) }, t("all")),
    el("button", { type: "button", class: "link", onclick: () => choose((part) => part.kind !== "exposure") }, t("combined")),
  );
  return panel(t("parts"), exposures ? shortcuts : null, el("div", { class: "viewer-list" }, boxes));
}

/** Smoothing and the error band. */
export function smoothingPanel({ t, state, changed }) {
  const width = el("input", { type: "range", min: 1, max: 51, step: 2, value: state.smoothing.width, "aria-label": t("width") });
  const shown = el("output", {}, t("pixels", { n: width.value }));
  const kinds = [["none", t("none")], ["box", t("box")], ["gaussian", t("gauss")]];
  width.disabled = true;
  width.addEventListener("input", () => {
    shown.textContent = t("pixels", { n: width.value });
    changed({ smoothing: { ...state.smoothing, width: Number(width.value) } }, { fit: true });
  });
  const kind = segmented(t("smoothing"), kinds, "none", (value) => {
    width.disabled = value === "none";
    changed({ smoothing: { kind: value, width: Number(width.value) } }, { fit: true });
  });
  const band = checkbox(t("errorBand"), state.band, (on) => changed({ band: on }), { "data-control": "band" });
  return panel(t("smoothing"), kind, el("div", { class: "viewer-slider" }, width, shown), band);
}

/** Line groups, and the redshift by slider and by number. The slider runs in ln(1 + z). */
export function linesPanel({ t, state, spectrum, changed }) {
  const [low, high] = Z_RANGE.map((z) => Math.log1p(z));
  const slider = el("input", { type: "range", min: low, max: high, step: 0.0002, "aria-label": t("redshift") });
  const number = el("input", { type: "number", step: 0.0001, min: -0.9, max: 20, "aria-label": t("redshift"), "data-control": "z" });
  const velocity = el("output", {});
  const show = (from) => {
    if (from !== slider) slider.value = Math.log1p(state.z);
    if (from !== number) number.value = Number(state.z.toFixed(6));
    velocity.textContent = t("velocity", { v: Math.round(state.z * LIGHT_KM_S).toLocaleString("en") });
  };
  const set = (z, from) => {
    if (!Number.isFinite(z) || z <= -1) return;
    state.z = z;
    show(from);
    changed({}, { reset: state.rest });
  };
  slider.addEventListener("input", () => set(Number(Math.expm1(slider.value).toFixed(5)), slider));
  number.addEventListener("input", () => set(number.valueAsNumber, number));
  const own = spectrum.header.z;
  const back = Number.isFinite(own) ? el("button", { type: "button", class: "link", onclick: () => set(own) }, `${t("pipeline")} = ${own}`) : null;
  const groups = LINES.map(({ group }) =>
    checkbox(t(group), state.lines.has(group), (on) => {
      toggleIn(state.lines, group, on);
      changed({});
    }, { "data-lines": group }),
  );
  show();
  const row = el("div", { class: "viewer-slider" }, el("span", {}, "z"), slider, number);
  return panel(t("lines"), el("div", { class: "viewer-list" }, groups), row, el("div", { class: "viewer-note" }, velocity, back));
}

/** One checkbox per mask bit that is set anywhere, by its meaning. */
export function masksPanel({ t, lang, state, spectrum, bitIndex, changed }) {
  const names = new Set(spectrum.parts.flatMap((part) => Object.keys(part.masks)));
  if (!names.size) return panel(t("masks"), el("p", { class: "viewer-note" }, t("noMasks")));
  const groups = [...names].map((name) => maskGroup(name, { t, lang, state, spectrum, bitIndex, changed })).filter(Boolean);
  const body = groups.length ? groups : [el("p", { class: "viewer-note" }, t("noBits"))];
  return panel(t("masks"), el("div", { class: "viewer-list" }, body));
}

function maskGroup(name, { t, lang, state, spectrum, bitIndex, changed }) {
  const known = new Map((spectrum.header.masks?.[name] ?? []).map((bit) => [bit.bit, bit]));
  const rows = [];
  for (let bit = 0; bit < 31; bit++) {
    const count = spectrum.parts.reduce((sum, part) => sum + (part.masks[name] ? countBit(part.masks[name], bit) : 0), 0);
    if (!count) continue;
    const key = bitKey(name, bit);
    const meaning = known.get(bit);
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = bitColour(bitIndex.get(key), 0.75);
    const box = el("input", { type: "checkbox", checked: state.bits.has(key), dataset: { bit: key } });
    box.addEventListener("change", () => {
      toggleIn(state.bits, key, box.checked);
      changed({});
    });
    const text = localised(meaning?.description, lang) || meaning?.name || t("bit", { bit });
    const title = `${meaning?.name ?? ""} · ${t("bit", { bit })} · ${t("pixelCount", { n: count })}`;
    rows.push(el("label", { class: "check", title }, box, swatch, text, el("span", { class: "count" }, ` ${count}`)));
  }
  return rows.length ? el("div", {}, el("h4", {}, name), rows) : null;
}

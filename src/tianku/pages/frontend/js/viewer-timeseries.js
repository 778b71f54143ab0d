import { checkbox, el, options } from "./lib/dom.js";
import { language, localised, translator } from "./lib/i18n.js";
import { pretty } from "./lib/units.js";
import { WireError } from "./lib/wire.js";
import { groups, parse, points } from "./timeseries/model.js";
import { strongestPeriod } from "./timeseries/period.js";
import { CurvePlot } from "./timeseries/plot.js";
import { WORDS } from "./timeseries/words.js";
import { partColours } from "./viewer/colours.js";
import { onKey } from "./viewer/gestures.js";
import { savePng } from "./viewer/png.js";
import { shortNumber } from "./viewer/units.js";

const MJD0 = 2400000.5;
const ROWS = 500;
const SHOWN_AT_FIRST = { magnitude: 8, flux: 1, value: 3 };

/** The interactive plot of light curves: `<div id="timeseries-viewer" data-src="…" data-lang="en">`. */
class Viewer {
  constructor(root, product) {
    Object.assign(this, { root, product, lang: language(root) });
    this.t = translator(WORDS, this.lang);
    this.groups = groups(product.parts);
    this.state = { mode: "zoom", group: 0, errors: true, flagged: false, fold: false, period: 0, epoch: 0 };
    this.choose(0);
    this.chooseNamed();
    this.build();
  }

  /** The parts on the axes, whether shown or not. */
  get parts() {
    return this.groups[this.state.group];
  }

  /** Put group `index` on the axes; of apertures only the best is shown, of bands all. */
  choose(index) {
    this.state.group = index;
    this.state.shown = new Set(this.parts.slice(0, SHOWN_AT_FIRST[this.parts[0].quantity]).map((part) => part.name));
  }

  /** Show the one part that the address names, `#part=…`, if it is of this product. */
  chooseNamed() {
    const name = new URLSearchParams(location.hash.slice(1)).get("part");
    const index = this.groups.findIndex((group) => group.some((part) => part.name === name));
    if (index < 0) return false;
    this.choose(index);
    this.state.shown = new Set([name]);
    return true;
  }

  build() {
    const { t, root } = this;
    this.colours = partColours(this.product.parts);
    this.frame = el("div", { class: "viewer-plot", tabindex: 0, role: "img", "aria-label": t("plot") });
    this.readout = el("output", { class: "viewer-readout" }, "–");
    this.plot?.observer.disconnect();
    this.plot = new CurvePlot(this.frame, { colours: this.colours, onCursor: (at) => this.read(at) });
    this.table = el("details", { class: "card curve-table", ontoggle: () => this.fillTable() }, el("summary", {}, t("table")), el("div"));
    root.replaceChildren(
      this.toolbar(),
      el("div", { class: "viewer-head" }, this.product.header.simulated ? el("span", { class: "badge badge--simulated" }, t("simulated")) : null, this.readout),
      this.frame,
      el("p", { class: "viewer-hint" }, t(matchMedia("(hover: none)").matches ? "touchHint" : "hint")),
      el("div", { class: "viewer-panels" }, this.curvesPanel(), this.shownPanel(), this.periodPanel()),
      this.table,
    );
    this.frame.addEventListener("keydown", (event) => onKey(this.plot, event));
    this.draw();
  }

  toolbar() {
    const { t, state, plot } = this;
    const button = (text, key, act) => el("button", { type: "button", class: "button", "aria-label": t(key), title: t(key), "data-control": key, onclick: act }, text);
    const modes = [["zoom", t("zoomMode")], ["pan", t("panMode")]].map(([mode, text]) =>
      el("button", { type: "button", "aria-pressed": String(mode === state.mode), onclick: () => this.setMode(mode), dataset: { mode } }, text));
    const titles = this.groups.map((group, index) => [String(index), this.valueLabel(group[0])]);
    const quantity = el("select", { "aria-label": t("quantity"), "data-control": "quantity" }, options(titles, String(state.group)));
    quantity.addEventListener("change", () => {
      this.choose(Number(quantity.value));
      this.build();
    });
    return el("div", { class: "viewer-toolbar" },
      el("div", { class: "segmented", role: "group", "aria-label": t("plot") }, modes),
      button("+", "zoomIn", () => plot.zoom(0.7)),
      button("−", "zoomOut", () => plot.zoom(1 / 0.7)),
      button(t("reset"), "reset", () => plot.reset()),
      titles.length > 1 ? quantity : null,
      button(t("png"), "png", () => savePng(plot, this.product.header.title || document.title, this.product.header.simulated ? t("simulated") : "")),
    );
  }

  setMode(mode) {
    this.state.mode = mode;
    for (const button of this.root.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }

  curvesPanel() {
    const boxes = this.parts.map((part) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.background = this.colours.get(part.name);
      const box = el("input", { type: "checkbox", checked: this.state.shown.has(part.name), dataset: { part: part.name } });
      box.addEventListener("change", () => {
        this.state.shown[box.checked ? "add" : "delete"](part.name);
        this.redraw({ fit: true });
      });
      return el("label", { class: "check" }, box, swatch, part.name, el("span", { class: "count" }, this.t("points", { n: part.n })));
    });
    return el("fieldset", { class: "viewer-panel" }, el("legend", {}, this.t("curves")), el("div", { class: "viewer-list" }, boxes));
  }

  shownPanel() {
    const { t, state } = this;
    const count = this.parts.reduce((sum, part) => sum + (part.flag?.reduce((n, flag) => n + (flag !== 0), 0) ?? 0), 0);
    const names = this.parts[0].bits.map((bit) => `${bit.bit}: ${localised(bit.description, this.lang) || bit.name}`);
    return el("fieldset", { class: "viewer-panel" }, el("legend", {}, t("show")),
      checkbox(t("errors"), state.errors, (on) => this.redraw({ errors: on }), { "data-control": "errors" }),
      count ? checkbox(t("flagged", { n: count }), state.flagged, (on) => this.redraw({ flagged: on }), { "data-control": "flagged" }) : null,
      count && names.length ? el("details", { class: "viewer-note" }, el("summary", {}, t("flag")), el("ul", {}, names.map((name) => el("li", {}, name)))) : null);
  }

  periodPanel() {
    const { t, state } = this;
    const field = (key, label) => {
      const input = el("input", { type: "number", step: "any", value: state[key] ? String(state[key]) : "", "data-control": key });
      input.addEventListener("change", () => this.setPeriod({ [key]: Number(input.value) || 0 }));
      return [input, el("label", { class: "viewer-field" }, t(label), input)];
    };
    const [period, periodField] = field("period", "period");
    const [, epochField] = field("epoch", "epoch");
    this.periodInput = period;
    this.note = el("p", { class: "viewer-note", role: "status" });
    this.foldBox = checkbox(t("fold"), state.fold, (on) => this.redraw({ fold: on }, { reset: true }), { "data-control": "fold" });
    const button = (key, act) => el("button", { type: "button", class: "link", "data-control": key, onclick: act }, t(key));
    return el("fieldset", { class: "viewer-panel" }, el("legend", {}, t("folding")), this.foldBox, periodField, epochField,
      el("div", { class: "viewer-shortcuts" }, button("half", () => this.setPeriod({ period: state.period / 2 })), button("double", () => this.setPeriod({ period: state.period * 2 })), button("search", () => this.search())),
      this.note);
  }

  /** A new period folds at once. */
  setPeriod(change) {
    const fold = (change.period ?? this.state.period) > 0;
    this.foldBox.querySelector("input").checked = fold;
    this.redraw({ ...change, fold }, { reset: true });
    this.periodInput.value = this.state.period ? String(Number(this.state.period.toPrecision(10))) : "";
  }

  search() {
    const trace = this.traces({ fold: false, flagged: false })[0];
    const found = trace && strongestPeriod(trace.x, Array.from(trace.row, (i) => trace.part.value[i]));
    this.note.textContent = found ? this.t("searched", { p: Number(found.toPrecision(7)) }) : this.t("tooFew");
    if (found) this.setPeriod({ period: found });
  }

  traces(change = {}) {
    const state = { ...this.state, ...change };
    return this.parts.filter((part) => state.shown.has(part.name)).map((part) => points(part, this.parts[0], state));
  }

  redraw(change, { reset = false, fit = false } = {}) {
    Object.assign(this.state, change);
    if (fit) this.plot.fitY = true;
    if (reset) this.plot.view = null;
    this.draw();
  }

  draw() {
    const { t, state } = this;
    const folding = state.fold && state.period > 0;
    const labels = {
      x: folding ? t("phase", { p: Number(state.period.toPrecision(8)) }) : this.timeLabel(this.parts[0]),
      y: this.valueLabel(this.parts[0]),
    };
    labels.key = `${labels.x}|${labels.y}`;
    this.plot.update(this.traces(), state, labels);
    if (this.table.open) this.fillTable();
  }

  /** `BJD (TDB) − 2454833 [days]` */
  timeLabel({ origin, scale, refposition }) {
    const letter = { BARYCENTER: "B", HELIOCENTER: "H" }[refposition] ?? "";
    const name = origin === MJD0 && !letter ? "MJD" : `${letter}JD`;
    const less = origin && name !== "MJD" ? ` − ${origin}` : "";
    return `${name} (${scale})${less} [${this.t("days")}]`;
  }

  valueLabel({ quantity, unit, calibration }) {
    const words = [this.t(quantity), unit ? `[${pretty(unit)}]` : "", WORDS[calibration] ? `(${this.t(calibration)})` : ""];
    return words.filter(Boolean).join(" ");
  }

  /** Say what is under the cross-hair. */
  read(at) {
    if (!at) {
      this.readout.textContent = "–";
      return;
    }
    const { part, row } = at;
    const error = part.error && Number.isFinite(part.error[row]) ? ` ± ${shortNumber(part.error[row])}` : "";
    const bits = part.flag?.[row] ? `   ${this.t("flag")} ${part.flag[row]}` : "";
    const limit = part.limit?.[row] ? `   ${this.t("limit")}` : "";
    this.readout.textContent = `${part.name}   ${part.time[row]}   ${Number(part.value[row].toPrecision(8))}${error}${bits}${limit}`;
  }

  fillTable() {
    if (!this.table.open) return;
    const part = this.parts.find((one) => this.state.shown.has(one.name)) ?? this.parts[0];
    const names = ["value", "error", "flag"].filter((name) => part[name]);
    const head = [this.timeLabel(part), this.valueLabel(part), ...names.slice(1).map((name) => this.t(name))];
    const cell = (array, i) => el("td", { class: "number" }, Number.isFinite(array[i]) ? String(Number(array[i].toPrecision(array instanceof Float32Array ? 7 : 15))) : "");
    const rows = Array.from({ length: Math.min(ROWS, part.n) }, (_, i) => el("tr", {}, cell(part.time, i), names.map((name) => cell(part[name], i))));
    this.table.lastElementChild.replaceChildren(
      el("p", { class: "viewer-note" }, part.name, part.n > ROWS ? ` · ${this.t("tableCut", { n: ROWS, all: part.n })}` : ""),
      el("div", { class: "table-box table-box--tall", tabindex: 0 }, el("table", { class: "table" },
        el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col", class: "number" }, text)))), el("tbody", {}, rows))));
  }
}

async function load(root) {
  const t = translator(WORDS, language(root));
  root.replaceChildren(el("p", { class: "notice", role: "status" }, t("loading")));
  let product;
  try {
    const reply = await fetch(root.dataset.src, { credentials: "same-origin" });
    if (!reply.ok) throw new WireError(`${reply.status} ${reply.statusText}`);
    product = parse(await reply.arrayBuffer());
  } catch (error) {
    const again = el("button", { type: "button", class: "button", onclick: () => load(root) }, t("retry"));
    root.replaceChildren(el("div", { class: "notice notice--error", role: "alert" }, el("p", {}, t("failed", { reason: error.message })), again));
    return;
  }
  expose(new Viewer(root, product));
}

/** What a script, or a test, may ask of the page's viewer. */
function expose(viewer) {
  window.tiankuViewer = {
    header: viewer.product.header,
    state: () => ({ ...viewer.state, shown: [...viewer.state.shown] }),
    view: () => ({ x: [...viewer.plot.view.x], y: [...viewer.plot.view.y], inverted: viewer.plot.inverted() }),
    setView: (x, y) => viewer.plot.setView(x, y),
    series: () => viewer.plot.traces.map(({ part, x, row }) => ({ name: part.name, x: Array.from(x), y: Array.from(row, (i) => part.value[i]) })),
    axes: () => viewer.plot.u.axes.map((axis) => axis.label),
    position: (x, y) => [viewer.plot.u.valToPos(x, "x"), viewer.plot.u.valToPos(y, "y")],
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => viewer.build());
  window.addEventListener("hashchange", () => {
    if (!viewer.chooseNamed()) return;
    viewer.build();
    viewer.root.scrollIntoView({ block: "start" });
  });
}

const root = document.getElementById("timeseries-viewer");
if (root?.dataset.src) await load(root);

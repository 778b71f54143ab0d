import { el } from "./lib/dom.js";
import { language, localised, translator } from "./lib/i18n.js";
import { partColours } from "./viewer/colours.js";
import { linesPanel, masksPanel, partsPanel, smoothingPanel, toolbar } from "./viewer/controls.js";
import { onKey } from "./viewer/gestures.js";
import { bitKey, flagged, initialState, traces } from "./viewer/model.js";
import { nearest } from "./viewer/numbers.js";
import { SpectrumPlot } from "./viewer/plot.js";
import { savePng } from "./viewer/png.js";
import { fluxLabel, frameLabel, shortNumber } from "./viewer/units.js";
import { parse, WireError } from "./viewer/wire.js";
import { WORDS } from "./viewer/words.js";

const FORMATS = { votable: "VOTable", parquet: "Parquet" };

/** The interactive plot of one spectrum: `<div id="spectrum-viewer" data-src="…" data-lang="en">`. */
class Viewer {
  constructor(root, spectrum) {
    this.root = root;
    this.spectrum = spectrum;
    this.lang = language(root);
    this.t = translator(WORDS, this.lang);
    this.state = initialState(spectrum);
    this.chooseNamed();
    this.bitIndex = indexBits(spectrum.parts);
    this.build();
  }

  /** Show the one part that the address names, `#part=…`, if it is of this spectrum. */
  chooseNamed() {
    const name = new URLSearchParams(location.hash.slice(1)).get("part");
    const known = this.spectrum.parts.some((part) => part.name === name);
    if (known) this.state.parts = new Set([name]);
    return known;
  }

  build() {
    const { t, root } = this;
    this.colours = partColours(this.spectrum.parts);
    this.frame = el("div", { class: "viewer-plot", tabindex: 0, role: "img", "aria-label": t("plot") });
    this.readout = el("output", { class: "viewer-readout" });
    const options = { colours: this.colours, bitIndex: this.bitIndex, onCursor: (at) => this.read(at) };
    this.plot = new SpectrumPlot(this.frame, options);
    const context = { ...this, changed: (change, effects) => this.change(change, effects) };
    root.replaceChildren(
      toolbar(context),
      el("div", { class: "viewer-head" }, this.spectrum.header.simulated ? el("span", { class: "badge badge--simulated" }, t("simulated")) : null, this.readout),
      this.frame,
      el("p", { class: "viewer-hint" }, t(matchMedia("(hover: none)").matches ? "touchHint" : "hint")),
      el("div", { class: "viewer-panels" }, partsPanel(context), linesPanel(context), smoothingPanel(context), masksPanel(context)),
      this.downloads(),
    );
    this.frame.addEventListener("keydown", (event) => onKey(this.plot, event));
    this.draw();
    this.read(null);
  }

  downloads() {
    const { t, spectrum } = this;
    const title = localised(spectrum.header.title, this.lang) || spectrum.header.id;
    const note = spectrum.header.simulated ? t("simulated") : "";
    const links = (spectrum.header.downloads ?? []).map(({ format, url }) => el("a", { class: "button", href: url, download: true }, FORMATS[format] ?? format.toUpperCase()));
    const png = el("button", { type: "button", class: "button", "data-control": "png", onclick: () => savePng(this.plot, title, note) }, t("savePng"));
    return el("div", { class: "viewer-downloads" }, links.length ? el("span", { class: "viewer-label" }, t("download")) : null, links, png);
  }

  /** Take over `change` and draw; `reset` shows everything again, `fit` fits the flux axis again. */
  change(change, { reset = false, fit = false } = {}) {
    Object.assign(this.state, change);
    if (fit) this.plot.fitY = true;
    if (reset) this.plot.view = null;
    this.draw();
  }

  draw() {
    const { state, t, spectrum } = this;
    const labels = {
      x: `${t(state.rest ? "restWavelength" : "wavelength")} [Å] (${frameLabel(spectrum.header.frame, this.lang)})`,
      y: fluxLabel(spectrum.header.flux ?? {}, state.quantity, t),
    };
    labels.key = `${labels.x}|${labels.y}`;
    this.plot.update(traces(spectrum.parts, state), state, labels);
  }

  /** Say what is under the cross-hair: the wavelength, and the nearest pixel of each visible spectrum. */
  read(at) {
    if (!at) {
      this.readout.textContent = "λ –";
      return;
    }
    const values = this.plot.visible().flatMap((trace) => readTrace(trace, at.x)).slice(0, 4);
    this.readout.textContent = [`λ ${at.x.toFixed(2)} Å`, ...values].join("   ");
  }

  /** The drawn arrays of every visible spectrum; the pixels with `gap` are left out of the line. */
  series() {
    const { plot, state, spectrum } = this;
    return spectrum.parts.filter((part) => state.parts.has(part.name)).map((part) => {
      const index = plot.traces.findIndex((trace) => trace.part === part);
      const { gap, sigma } = plot.traces[index];
      const [x, y] = plot.u.data[index + 1];
      return {
        name: part.name,
        label: part.label,
        band: part.band,
        kind: part.kind,
        wavelength: Array.from(x),
        flux: Array.from(y),
        ivar: part.ivar && Array.from(part.ivar),
        sigma: sigma && Array.from(sigma),
        gap: Array.from(gap, Boolean),
        masks: Object.fromEntries(Object.entries(part.masks).map(([name, mask]) => [name, Array.from(mask)])),
      };
    });
  }
}

function readTrace({ part, x, y, sigma, gap }, at) {
  if (!x.length || at < x[0] || at > x[x.length - 1]) return [];
  const i = nearest(x, at);
  if (gap[i]) return [`${part.label || part.name} –`];
  const error = sigma && Number.isFinite(sigma[i]) ? ` ± ${shortNumber(sigma[i])}` : "";
  return [`${part.label || part.name} ${shortNumber(y[i])}${error}`];
}

function indexBits(parts) {
  const index = new Map();
  for (const name of new Set(parts.flatMap((part) => Object.keys(part.masks)))) {
    for (let bit = 0; bit < 31; bit++) index.set(bitKey(name, bit), index.size % 31);
  }
  return index;
}

async function load(root) {
  const t = translator(WORDS, language(root));
  root.replaceChildren(el("p", { class: "notice", role: "status" }, t("loading")));
  let spectrum;
  try {
    const reply = await fetch(root.dataset.src, { credentials: "same-origin" });
    if (!reply.ok) throw new WireError(`${reply.status} ${reply.statusText}`);
    spectrum = parse(await reply.arrayBuffer());
  } catch (error) {
    const again = el("button", { type: "button", class: "button", onclick: () => load(root) }, t("retry"));
    const text = el("p", {}, t("failed", { reason: error.message }));
    root.replaceChildren(el("div", { class: "notice notice--error", role: "alert" }, text, again));
    return;
  }
  expose(new Viewer(root, spectrum));
}

/** What a script, or a test, may ask of the page's viewer. */
function expose(viewer) {
  window.tiankuViewer = {
    header: viewer.spectrum.header,
    series: () => viewer.series(),
    state: () => ({ ...viewer.state, lines: [...viewer.state.lines], parts: [...viewer.state.parts], bits: [...viewer.state.bits] }),
    view: () => ({ x: [...viewer.plot.view.x], y: [...viewer.plot.view.y] }),
    setView: (x, y) => viewer.plot.setView(x, y),
    markers: () => viewer.plot.markers(),
    flags: () => flagged(viewer.plot.traces, viewer.state),
    axes: () => viewer.plot.u.axes.map((axis) => axis.label),
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => viewer.build());
  window.addEventListener("hashchange", () => {
    if (!viewer.chooseNamed()) return;
    viewer.build();
    viewer.root.scrollIntoView({ block: "start" });
  });
}

const root = document.getElementById("spectrum-viewer");
if (root?.dataset.src) await load(root);

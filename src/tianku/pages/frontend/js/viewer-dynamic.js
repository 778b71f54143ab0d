import { iso } from "./dynamic/axes.js";
import { DynamicCanvas } from "./dynamic/canvas.js";
import { axisOf, backgrounds, channelAt, gradient, limits, MAPS, rowAt } from "./dynamic/paint.js";
import { centre, clamped, zoomed } from "./dynamic/view.js";
import { WORDS } from "./dynamic/words.js";
import { checkbox, debounced, el, options, save } from "./lib/dom.js";
import { language, translator } from "./lib/i18n.js";
import { open, WireError } from "./lib/wire.js";

const DAY = 86400;

/** The interactive plot of one dynamic spectrum: `<div id="dynamic-viewer" data-src="…" data-lang="en">`. */
class Viewer {
  constructor(root, block) {
    Object.assign(this, { root, block, t: translator(WORDS, language(root)) });
    this.state = { map: "inferno", background: true, state: block.state };
    const half = block.channels > 1 ? (block.frequency_max - block.frequency_min) / (block.all - 1) / 2 : 0.5;
    this.all = { t0: block.t_min, t1: block.t_max, f0: block.frequency_min - half, f1: block.frequency_max + half };
    this.view = { ...this.all };
    this.least = { time: Math.max(4 * block.step, 1e-3) / DAY, frequency: half * 8 };
    this.fetchSoon = debounced(() => this.fetchView(), 120);
    this.build();
    this.take(block);
  }

  build() {
    const { t, root } = this;
    const canvas = el("canvas", { class: "dynamic-canvas", tabindex: 0, role: "img", "aria-label": t("plot") });
    this.readout = el("output", { class: "viewer-readout" }, "–");
    this.depth = el("span", { class: "viewer-hint" });
    this.low = el("span");
    this.high = el("span");
    this.ramp = el("i", { class: "dynamic-ramp" });
    root.replaceChildren(
      this.toolbar(),
      el("div", { class: "viewer-head" }, this.readout),
      canvas,
      el("p", { class: "dynamic-legend" }, this.low, this.ramp, this.high),
      el("p", { class: "viewer-hint" }, this.depth, " ", t(matchMedia("(hover: none)").matches ? "touchHint" : "hint")),
      this.downloads(canvas),
    );
    const labels = { time: t("utc"), frequency: t("frequency") };
    this.plot = new DynamicCanvas(canvas, { labels, onView: (view) => this.look(view), onCursor: (at) => this.read(at) });
  }

  toolbar() {
    const { t, block, state } = this;
    const button = (key, action) => el("button", { type: "button", class: "button button--small", "data-control": key, onclick: action }, t(key));
    const select = (key, pairs, chosen, change) => el("label", { class: "viewer-field" }, t(key), " ", el("select", { "data-control": key, onchange: (event) => change(event.target.value) }, options(pairs, chosen)));
    const zoom = (by) => this.look(zoomed(this.view, centre(this.view), by, 1));
    return el("div", { class: "viewer-toolbar" },
      block.states.length > 1 ? select("state", block.states.map((name) => [name, name]), state.state, (name) => this.choose(name)) : null,
      el("span", { class: "viewer-buttons" }, button("zoomIn", () => zoom(1.6)), button("zoomOut", () => zoom(1 / 1.6)), button("reset", () => this.look(null))),
      select("colours", MAPS.map((name) => [name, t(name)]), state.map, (map) => this.restyle({ map })),
      checkbox(t("background"), state.background, (background) => this.restyle({ background }), { "data-control": "background" }),
    );
  }

  downloads(canvas) {
    const link = (suffix) => el("a", { class: "button button--small", download: true, "data-download": suffix }, suffix.toUpperCase());
    this.links = ["fits", "csv"].map(link);
    const png = el("button", { type: "button", class: "button button--small", onclick: () => canvas.toBlob((blob) => save(blob, "dynamic-spectrum.png")) }, "PNG");
    return el("div", { class: "viewer-downloads" }, el("span", { class: "viewer-label" }, this.t("download")), this.links, png);
  }

  /** Show another view: at once from what is here, then from the server. */
  look(view) {
    this.view = view ? clamped(view, this.all, this.least) : { ...this.all };
    this.show();
    this.fetchSoon();
  }

  choose(state) {
    this.state.state = state;
    this.fetchView();
  }

  restyle(change) {
    Object.assign(this.state, change);
    this.measure();
    this.show();
  }

  /** Parameters of the view; `margin` adds cells at the edges that begin outside. */
  query(margin = 0) {
    const { t0, t1, f0, f1 } = this.view;
    const [dt, df] = [(t1 - t0) * margin, (f1 - f0) * margin];
    const query = new URLSearchParams({ time: `${t0 - dt}/${t1 + dt}`, frequency: `${Math.max(0, f0 - df)}/${f1 + df}` });
    if (this.state.state) query.set("pol", this.state.state);
    return query;
  }

  async fetchView() {
    this.request?.abort();
    this.request = new AbortController();
    const query = this.query(0.05);
    const { width, height } = this.plot.box;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    query.set("width", Math.min(4096, Math.round(width * ratio * 1.1)));
    query.set("height", Math.min(4096, Math.round(height * ratio * 1.1)));
    try {
      this.take(await request(`${this.root.dataset.src}?${query}`, this.request.signal));
    } catch (error) {
      if (error.name !== "AbortError") this.depth.textContent = this.t("failed", { reason: error.message });
    }
  }

  take(block) {
    this.block = block;
    const [n, m] = block.factors;
    this.depth.textContent = n * m > 1 ? this.t("reduced", { n, m }) : this.t("whole");
    this.measure();
    this.show();
  }

  /** Background and colour limits of the block. */
  measure() {
    const background = backgrounds(this.block, this.state.background);
    const [low, high] = limits(this.block, background);
    this.style = { map: this.state.map, background, low, high };
    const unit = this.block.original_unit ?? this.block.unit ?? "";
    const sign = this.state.background && low > 0 ? "+" : "";
    this.low.textContent = `${sign}${Number(low.toPrecision(4))}`;
    this.high.textContent = `${this.state.background ? "+" : ""}${Number(high.toPrecision(4))} ${unit}`;
    this.ramp.style.background = gradient(this.state.map);
  }

  show() {
    this.plot.show(this.block, this.view, this.style);
    for (const link of this.links) link.href = `${this.root.dataset.src}.${link.dataset.download}?${this.query()}`;
  }

  read(at) {
    const found = at && this.probe(at.time, at.frequency);
    this.readout.textContent = found ? found.text : "–";
  }

  /** What was measured at a time (MJD) and a frequency (MHz). */
  probe(time, frequency) {
    const { block, t } = this;
    const [row, channel] = [rowAt(block, time), channelAt(block, frequency)];
    const value = row < 0 ? NaN : block.values[row * block.channels + channel];
    const unit = block.original_unit ?? block.unit ?? "";
    const shown = Number.isNaN(value) ? t("none") : `${Number(value.toPrecision(6))} ${unit}`.trim();
    const mhz = block.frequency[channel];
    return { value, frequency: mhz, text: `${iso(time).replace("T", " ").replace("Z", " UTC")}   ${mhz.toFixed(3)} MHz   ${shown}` };
  }
}

function parse(buffer) {
  const { header, column } = open(buffer, "TKD1");
  const [rows, channels] = header.arrays.values.shape;
  const read = (name, count) => column(header.arrays[name], count, name);
  const frequency = read("frequency", channels);
  return {
    ...header,
    all: header.channels,
    rows,
    channels,
    begins: read("begins", rows),
    ends: read("ends", rows),
    frequency,
    axis: axisOf(frequency),
    values: read("values", rows * channels),
  };
}

async function request(address, signal) {
  const reply = await fetch(address, { credentials: "same-origin", signal });
  if (!reply.ok) throw new WireError(`${reply.status} ${reply.statusText}`);
  return parse(await reply.arrayBuffer());
}

async function load(root) {
  const t = translator(WORDS, language(root));
  root.replaceChildren(el("p", { class: "notice", role: "status" }, t("loading")));
  try {
    expose(new Viewer(root, await request(root.dataset.src)));
  } catch (error) {
    const again = el("button", { type: "button", class: "button", onclick: () => load(root) }, t("retry"));
    const text = el("p", {}, t("failed", { reason: error.message }));
    root.replaceChildren(el("div", { class: "notice notice--error", role: "alert" }, text, again));
  }
}

/** What a script, or a test, may ask of the page's viewer. */
function expose(viewer) {
  window.tiankuViewer = {
    header: () => viewer.block,
    state: () => ({ ...viewer.state }),
    view: () => ({ ...viewer.view }),
    look: (view) => viewer.look(view),
    probe: (time, frequency) => viewer.probe(time, frequency),
    box: () => viewer.plot.box,
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => viewer.plot.draw());
}

const root = document.getElementById("dynamic-viewer");
if (root?.dataset.src) await load(root);

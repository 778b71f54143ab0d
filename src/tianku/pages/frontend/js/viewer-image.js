import { ImageCanvas } from "./image/canvas.js";
import { format, Sky } from "./image/sky.js";
import { CURVES, paint } from "./image/stretch.js";
import { WORDS } from "./image/words.js";
import { checkbox, el, options } from "./lib/dom.js";
import { language, translator } from "./lib/i18n.js";
import { open, WireError } from "./lib/wire.js";

/** The interactive picture of one image: `<div id="image-viewer" data-src="…" data-lang="en">`. */
class Viewer {
  constructor(root, image, part) {
    Object.assign(this, { root, image, part });
    this.t = translator(WORDS, language(root));
    const [low, high] = image.cuts;
    this.state = { curve: "asinh", low, high, invert: false };
    this.sky = image.coordinates ? new Sky({ ...image, n: image.lattice }) : null;
    this.build();
  }

  build() {
    const { t, root, image } = this;
    const canvas = el("canvas", { class: "image-canvas", tabindex: 0, role: "img", "aria-label": t("image") });
    this.readout = el("output", { class: "viewer-readout" }, "–");
    const labels = { north: t("north"), east: t(image.axes === "celestial" ? "east" : "west") };
    root.replaceChildren(
      this.toolbar(),
      el("div", { class: "viewer-head" }, this.readout),
      canvas,
      image.step > 1 ? el("p", { class: "viewer-hint" }, t("reduced", { n: image.step })) : "",
      el("p", { class: "viewer-hint" }, t(matchMedia("(hover: none)").matches ? "touchHint" : "hint")),
    );
    canvas.style.aspectRatio = `${Math.min(Math.max(image.width / image.height, 0.8), 2.4)}`;
    this.canvas = new ImageCanvas(canvas, image, { labels, onCursor: (at) => this.read(at) });
    this.repaint();
    this.canvas.resize();
  }

  toolbar() {
    const { t, image, state } = this;
    const button = (key, action) => el("button", { type: "button", class: "button button--small", "data-control": key, onclick: action }, t(key));
    const level = (key, name) => el("label", { class: "viewer-field" }, t(name), " ", el("input", {
      type: "number", step: "any", value: Number(state[key].toPrecision(5)), "data-control": key,
      onchange: (event) => this.change({ [key]: Number(event.target.value) }),
    }));
    const curves = Object.keys(CURVES).map((name) => [name, t(name)]);
    const parts = image.parts_named.length > 1
      ? el("label", { class: "viewer-field" }, t("part"), " ", el("select", { "data-control": "part", onchange: (event) => (location.hash = `part=${encodeURIComponent(event.target.value)}`) }, options(image.parts_named.map((name) => [name, name]), this.part ?? image.parts_named[0])))
      : null;
    return el("div", { class: "viewer-toolbar" },
      parts,
      el("span", { class: "viewer-buttons" }, button("zoomIn", () => this.canvas.zoomBy(1.4)), button("zoomOut", () => this.canvas.zoomBy(1 / 1.4)), button("reset", () => this.canvas.reset())),
      el("label", { class: "viewer-field" }, t("stretch"), " ", el("select", { "data-control": "curve", onchange: (event) => this.change({ curve: event.target.value }) }, options(curves, state.curve))),
      level("low", "dark"),
      level("high", "bright"),
      checkbox(t("invert"), state.invert, (invert) => this.change({ invert }), { "data-control": "invert" }),
      image.compass ? checkbox(t("northUp"), false, (on) => this.turn(on), { "data-control": "northUp" }) : null,
    );
  }

  change(change) {
    const next = { ...this.state, ...change };
    if (!(next.high > next.low)) return;
    this.state = next;
    this.repaint();
  }

  turn(on) {
    this.canvas.northUp = on;
    this.canvas.draw();
  }

  repaint() {
    this.canvas.picture = paint(this.image, this.state);
    this.canvas.draw();
  }

  /** Say what is at a point of the shown image, or nothing. */
  read(at) {
    const said = at && this.probe(...at);
    this.readout.textContent = said ? said.text : "–";
  }

  /** Value, pixel (from 1) and position at a point in shown pixels; null outside. */
  probe(u, v) {
    const { image, sky, t } = this;
    if (u < 0 || v < 0 || u >= image.width || v >= image.height) return null;
    const value = image.pixels[Math.floor(v) * image.width + Math.floor(u)];
    const [x, y] = [u * image.step + 0.5, v * image.step + 0.5];
    const place = sky?.at(x - 1, y - 1) ?? null;
    const number = Number.isFinite(value) ? `${Number(value.toPrecision(6))}${image.unit ? ` ${image.unit}` : ""}` : t("blank");
    const words = [number, `${t("pixel")} ${x.toFixed(1)}, ${y.toFixed(1)}`, place && format(image.coordinates, place)];
    return { value, x, y, place, text: words.filter(Boolean).join("   ") };
  }
}

function parse(buffer) {
  const { header, column } = open(buffer, "TKI1");
  const [part] = header.parts;
  const { pixels, lon, lat } = part.columns;
  const points = header.lattice * header.lattice;
  return {
    ...header,
    pixels: column(pixels, header.width * header.height, "pixels"),
    lon: lon && column(lon, points, "lon"),
    lat: lat && column(lat, points, "lat"),
  };
}

const named = () => new URLSearchParams(location.hash.slice(1)).get("part");

async function load(root) {
  const t = translator(WORDS, language(root));
  const part = named();
  root.replaceChildren(el("p", { class: "notice", role: "status" }, t("loading")));
  try {
    const reply = await fetch(root.dataset.src + (part ? `?part=${encodeURIComponent(part)}` : ""), { credentials: "same-origin" });
    if (!reply.ok) throw new WireError(`${reply.status} ${reply.statusText}`);
    expose(new Viewer(root, parse(await reply.arrayBuffer()), part));
  } catch (error) {
    const again = el("button", { type: "button", class: "button", onclick: () => load(root) }, t("retry"));
    const text = el("p", {}, t("failed", { reason: error.message }));
    root.replaceChildren(el("div", { class: "notice notice--error", role: "alert" }, text, again));
  }
}

/** What a script, or a test, may ask of the page's viewer. */
function expose(viewer) {
  window.tiankuViewer = {
    header: viewer.image,
    state: () => ({ ...viewer.state, zoom: viewer.canvas.zoom, northUp: viewer.canvas.northUp }),
    probe: (u, v) => viewer.probe(u, v),
    toScreen: (x, y) => viewer.canvas.toScreen(x, y),
  };
}

const root = document.getElementById("image-viewer");
if (root?.dataset.src) {
  window.addEventListener("hashchange", () => load(root));
  await load(root);
}

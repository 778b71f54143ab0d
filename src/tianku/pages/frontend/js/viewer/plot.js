import uPlot from "uplot";
import { bitColour, palette } from "./colours.js";
import { listen } from "./gestures.js";
import { shifted } from "./lines.js";
import { flagged } from "./model.js";
import { xRange, yRange } from "./numbers.js";
import { paintFlags, paintLines, tracePaths } from "./paint.js";
import { shortNumber } from "./units.js";

const FONT = '12px system-ui, "Noto Sans SC", sans-serif';
const SMALL = 560;

/** The plot itself: holds the uPlot instance and the view (x and y ranges), draws what `update` gives it. */
export class SpectrumPlot {
  /**
   * @param {HTMLElement} frame where the canvas goes
   * @param {{colours: Map<string, string>, bitIndex: Map<string, number>, onCursor: function}} options
   */
  constructor(frame, options) {
    this.frame = frame;
    this.options = options;
    this.view = null;
    this.fitY = true;
    this.observer = new ResizeObserver(() => this.resize());
  }

  /** Show `traces` in `state`; `labels` are the texts of the axes. The view stays unless it is `reset`. */
  update(traces, state, labels) {
    const fresh = !this.u || traces.length !== this.traces.length || this.labels !== labels.key;
    Object.assign(this, { traces, state, labels: labels.key });
    if (fresh) this.build(labels);
    else this.u.setData(this.data(), false);
    this.traces.forEach(({ part }, i) => (this.u.series[i + 1].show = state.parts.has(part.name)));
    if (!this.view) this.reset();
    else this.setView(this.view.x, this.fitY ? null : this.view.y);
  }

  visible() {
    return this.traces.filter(({ part }) => this.state.parts.has(part.name));
  }

  /** Show everything that is switched on. */
  reset() {
    const [low, high] = xRange(this.visible());
    const pad = 0.01 * (high - low);
    this.setView([low - pad, high + pad], null);
  }

  /** Show the x range `x` and the y range `y`; null fits y to what is seen. */
  setView(x, y = null) {
    this.fitY = y === null;
    this.view = { x, y: y ?? yRange(this.visible(), x[0], x[1]) };
    this.u.batch(() => {
      this.u.setScale("x", { min: this.view.x[0], max: this.view.x[1] });
      this.u.setScale("y", { min: this.view.y[0], max: this.view.y[1] });
    });
    this.u.redraw(true, true);
  }

  /** Zoom by `factor` about the fraction `at` of the width (and of the height, when `vertical` is given). */
  zoom(factor, at = 0.5, vertical = null) {
    const about = ([low, high], where) => {
      const centre = low + where * (high - low);
      return [centre - (centre - low) * factor, centre + (high - centre) * factor];
    };
    if (vertical === null) this.setView(about(this.view.x, at), this.fitY ? null : this.view.y);
    else this.setView(this.view.x, about(this.view.y, vertical));
  }

  /** Move the view by fractions of its width and height; a fitted y stays fitted. */
  pan(dx, dy = 0) {
    const moved = ([low, high], by) => [low + by * (high - low), high + by * (high - low)];
    const y = this.fitY && dy === 0 ? null : moved(this.view.y, dy);
    this.setView(moved(this.view.x, dx), y);
  }

  data() {
    return [null, ...this.traces.map(({ x, y }) => [x, y])];
  }

  build(labels) {
    this.u?.destroy();
    const series = this.traces.map(({ part }) => this.series(part));
    this.u = new uPlot({ ...this.size(), mode: 2, ...this.layout(labels), series: [{}, ...series] }, this.data(), this.frame);
    this.observer.observe(this.frame);
    listen(this);
  }

  series(part) {
    const colour = this.options.colours.get(part.name);
    return {
      label: part.label,
      stroke: colour,
      fill: colour.replace(")", " / 0.2)"),
      width: 1.25,
      facets: [
        { scale: "x", auto: false },
        { scale: "y", auto: false },
      ],
      points: { show: false },
      paths: tracePaths(
        (index) => (this.state.band ? this.traces[index - 1].sigma : null),
        (index) => this.traces[index - 1].gap,
      ),
    };
  }

  layout(labels) {
    const colours = palette(this.frame);
    const axis = { stroke: colours.muted, font: FONT, labelFont: FONT, grid: { stroke: colours.rule, width: 1 }, ticks: { stroke: colours.rule } };
    const small = this.frame.clientWidth < SMALL;
    const keep = (u, low, high) => [low, high];
    return {
      legend: { show: false },
      padding: [8, 14, 0, 0],
      scales: { x: { time: false, auto: false, range: keep }, y: { auto: false, range: keep } },
      axes: [
        { ...axis, label: labels.x, labelSize: 22, size: 34, values: (u, ticks) => ticks.map(String) },
        { ...axis, label: labels.y, labelSize: 20, size: small ? 46 : 58, values: (u, ticks) => ticks.map(shortNumber) },
      ],
      cursor: { dataIdx: () => null, points: { show: false }, drag: { x: true, y: true, uni: 40, setScale: false }, bind: {} },
      hooks: this.hooks(colours),
    };
  }

  hooks(colours) {
    const shade = (key) => bitColour(this.options.bitIndex.get(key));
    return {
      drawClear: [(u) => this.background(u, colours)],
      drawAxes: [(u) => paintFlags(u, flagged(this.traces, this.state), shade)],
      draw: [(u) => paintLines(u, this.markers(), colours)],
      setCursor: [(u) => this.options.onCursor(u.cursor.left >= 0 ? this.at(u) : null)],
      setSelect: [(u) => this.select(u)],
    };
  }

  background(u, colours) {
    u.ctx.save();
    u.ctx.fillStyle = colours.paper;
    u.ctx.fillRect(0, 0, u.ctx.canvas.width, u.ctx.canvas.height);
    u.ctx.restore();
  }

  /** Line markers at their place on the x axis as it is shown. */
  markers() {
    return shifted(this.state.lines, this.state.rest ? 0 : this.state.z);
  }

  at(u) {
    return { x: u.posToVal(u.cursor.left, "x"), y: u.posToVal(u.cursor.top, "y") };
  }

  select(u) {
    const { left, top, width, height } = u.select;
    const { clientWidth, clientHeight } = u.over;
    if (width < 3 && height < 3) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const x = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    const y = height >= clientHeight ? (this.fitY ? null : this.view.y) : [u.posToVal(top + height, "y"), u.posToVal(top, "y")];
    this.setView(width >= clientWidth ? this.view.x : x, y);
  }

  size() {
    const width = Math.max(280, Math.floor(this.frame.clientWidth));
    return { width, height: width < SMALL ? 320 : Math.round(Math.min(520, width * 0.44)) };
  }

  resize() {
    const size = this.size();
    if (size.width !== this.u.width || size.height !== this.u.height) this.u.setSize(size);
  }
}

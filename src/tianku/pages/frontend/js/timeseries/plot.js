import uPlot from "uplot";
import { palette } from "../viewer/colours.js";
import { listen } from "../viewer/gestures.js";
import { shortNumber } from "../viewer/units.js";
import { xRange, yRange } from "./model.js";
import { paintPoints } from "./points.js";

const FONT = '12px system-ui, "Noto Sans SC", sans-serif';
const SMALL = 560;
const REACH = 30;

/** The plot: holds the uPlot instance and the view (x and y ranges), draws what `update` gives it. */
export class CurvePlot {
  /**
   * @param {HTMLElement} frame where the canvas goes
   * @param {{colours: Map<string, string>, onCursor: function}} options
   */
  constructor(frame, options) {
    this.frame = frame;
    this.options = options;
    this.view = null;
    this.fitY = true;
    this.observer = new ResizeObserver(() => this.resize());
  }

  /** Show `traces` in `state`; `labels` are the texts of the axes. The view stays unless it is null. */
  update(traces, state, labels) {
    const fresh = !this.u || this.key !== labels.key;
    Object.assign(this, { traces, state, key: labels.key });
    if (fresh) this.build(labels);
    if (!this.view) this.reset();
    else this.setView(this.view.x, this.fitY ? null : this.view.y);
  }

  /** Show everything that is switched on. */
  reset() {
    this.setView(xRange(this.traces, this.state.fold && this.state.period > 0), null);
  }

  /** Show the x range `x` and the y range `y`; null fits y to what is seen. */
  setView(x, y = null) {
    this.fitY = y === null;
    this.view = { x, y: y ?? yRange(this.traces, x) };
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
    else this.setView(this.view.x, about(this.view.y, this.inverted() ? 1 - vertical : vertical));
  }

  /** Move the view by fractions of its width and height; a fitted y stays fitted. */
  pan(dx, dy = 0) {
    const moved = ([low, high], by) => [low + by * (high - low), high + by * (high - low)];
    const y = this.fitY && dy === 0 ? null : moved(this.view.y, this.inverted() ? -dy : dy);
    this.setView(moved(this.view.x, dx), y);
  }

  /** Whether greater values are lower: magnitudes. */
  inverted() {
    return this.traces[0]?.part.quantity === "magnitude";
  }

  /** The drawn row nearest to the cursor, at most a finger's width away. */
  nearest() {
    const { left, top } = this.u.cursor;
    let best = null;
    let least = REACH * REACH;
    for (const { part, x, row } of this.traces) {
      for (let k = 0; k < x.length; k++) {
        const dx = this.u.valToPos(x[k], "x") - left;
        if (dx * dx >= least) continue;
        const dy = this.u.valToPos(part.value[row[k]], "y") - top;
        if (dx * dx + dy * dy >= least) continue;
        least = dx * dx + dy * dy;
        best = { part, row: row[k], x: x[k] };
      }
    }
    return best;
  }

  build(labels) {
    this.u?.destroy();
    const series = [{}, { facets: [{ scale: "x", auto: false }, { scale: "y", auto: false }], paths: () => null, points: { show: false } }];
    this.u = new uPlot({ ...this.size(), mode: 2, ...this.layout(labels), series }, [null, [[], []]], this.frame);
    this.observer.observe(this.frame);
    listen(this);
  }

  layout(labels) {
    const colours = palette(this.frame);
    const axis = { stroke: colours.muted, font: FONT, labelFont: FONT, grid: { stroke: colours.rule, width: 1 }, ticks: { stroke: colours.rule } };
    const small = this.frame.clientWidth < SMALL;
    const keep = (u, low, high) => [low, high];
    return {
      legend: { show: false },
      padding: [8, 30, 0, 0],
      scales: { x: { time: false, auto: false, range: keep }, y: { auto: false, range: keep, dir: this.inverted() ? -1 : 1 } },
      axes: [
        { ...axis, label: labels.x, labelSize: 22, size: 34, space: 70, values: (u, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(12)))) },
        { ...axis, label: labels.y, labelSize: 20, size: small ? 50 : 62, values: (u, ticks) => ticks.map(tickText) },
      ],
      cursor: { dataIdx: () => null, points: { show: false }, drag: { x: true, y: true, uni: 40, setScale: false }, bind: {} },
      hooks: {
        drawClear: [(u) => this.background(u, colours)],
        draw: [(u) => paintPoints(u, this.traces, this.options.colours, this.state, colours.muted)],
        setCursor: [(u) => this.options.onCursor(u.cursor.left >= 0 ? this.nearest() : null)],
        setSelect: [(u) => this.select(u)],
      },
    };
  }

  background(u, colours) {
    u.ctx.save();
    u.ctx.fillStyle = colours.paper;
    u.ctx.fillRect(0, 0, u.ctx.canvas.width, u.ctx.canvas.height);
    u.ctx.restore();
  }

  select(u) {
    const { left, top, width, height } = u.select;
    const { clientWidth, clientHeight } = u.over;
    if (width < 3 && height < 3) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const x = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    const ends = [u.posToVal(top + height, "y"), u.posToVal(top, "y")];
    const y = height >= clientHeight ? (this.fitY ? null : this.view.y) : ends.sort((a, b) => a - b);
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

function tickText(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e7) ? shortNumber(value) : String(Number(value.toPrecision(8)));
}

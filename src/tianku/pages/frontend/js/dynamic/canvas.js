import { frequencyTicks, iso, timeTicks } from "./axes.js";
import { onGestures } from "./gestures.js";
import { paint } from "./paint.js";

const MARGIN = { left: 58, right: 12, top: 8, bottom: 42 };

/** The plot: paints a block of values in a view, with axes, and asks for another view when it is moved. */
export class DynamicCanvas {
  constructor(canvas, { labels, onView, onCursor }) {
    Object.assign(this, { canvas, labels, onView, onCursor });
    this.context = canvas.getContext("2d");
    onGestures(this);
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** The plot's box in CSS pixels. */
  get box() {
    const { clientWidth, clientHeight } = this.canvas;
    const { left, right, top, bottom } = MARGIN;
    return { x: left, y: top, width: Math.max(1, clientWidth - left - right), height: Math.max(1, clientHeight - top - bottom) };
  }

  show(block, view, look) {
    Object.assign(this, { block, view, look });
    this.draw();
  }

  /** Time and frequency at a point of the canvas, null outside the plot. */
  at(x, y) {
    const { box, view } = this;
    const [u, v] = [(x - box.x) / box.width, (y - box.y) / box.height];
    if (!view || u < 0 || u > 1 || v < 0 || v > 1) return null;
    return { time: view.t0 + u * (view.t1 - view.t0), frequency: view.f1 - v * (view.f1 - view.f0) };
  }

  draw() {
    const { canvas, context, block, view, box } = this;
    if (!block || !canvas.clientWidth) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    context.putImageData(paint(block, view, width, height, this.look), Math.round(box.x * ratio), Math.round(box.y * ratio));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawAxes();
    if (this.selection) this.drawSelection();
  }

  drawAxes() {
    const { canvas, context, view, box, labels } = this;
    const style = getComputedStyle(canvas);
    context.strokeStyle = context.fillStyle = style.color;
    context.font = `12px ${style.fontFamily}`;
    context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
    context.textAlign = "center";
    context.textBaseline = "top";
    const bottom = box.y + box.height;
    for (const { mjd, label } of timeTicks(view.t0, view.t1, Math.max(2, box.width / 90))) {
      const x = box.x + ((mjd - view.t0) / (view.t1 - view.t0)) * box.width;
      context.fillRect(x, bottom, 1, 4);
      if (x > box.x + 14 && x < box.x + box.width - 14) context.fillText(label, x, bottom + 6);
    }
    context.fillText(`${labels.time} ${iso(view.t0).slice(0, 10)}`, box.x + box.width / 2, bottom + 24);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of frequencyTicks(view.f0, view.f1, Math.max(2, box.height / 55))) {
      const y = bottom - ((value - view.f0) / (view.f1 - view.f0)) * box.height;
      context.fillRect(box.x - 4, y, 4, 1);
      context.fillText(String(value), box.x - 7, y);
    }
    context.save();
    context.translate(11, box.y + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(labels.frequency, 0, 0);
    context.restore();
  }

  drawSelection() {
    const { context, selection } = this;
    const [x, y] = [Math.min(selection.x0, selection.x1), Math.min(selection.y0, selection.y1)];
    context.fillStyle = "rgb(255 255 255 / 20%)";
    context.strokeStyle = "#fff";
    const size = [Math.abs(selection.x1 - selection.x0), Math.abs(selection.y1 - selection.y0)];
    context.fillRect(x, y, ...size);
    context.strokeRect(x, y, ...size);
  }
}

/** The drawn image: zoom, pan, turn, compass and scale bar. Screen y grows downwards, the image's y upwards. */

import { roundAngle } from "./sky.js";

const MOST_ZOOM = 64;
const KEY_PAN = 60;
const GOLD = "#ffd98a";

export class ImageCanvas {
  constructor(canvas, image, { labels, onCursor }) {
    Object.assign(this, { canvas, image, labels, onCursor });
    this.picture = null;
    this.northUp = false;
    this.reset();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** Show everything in the middle. */
  reset() {
    const { width, height } = this.image;
    this.zoom = 1;
    this.canvas.style.touchAction = "pan-y";
    this.centre = [width / 2, height / 2];
    this.draw();
  }

  /** Screen pixels per shown pixel. */
  get scale() {
    const { width, height } = this.image;
    const turned = this.matrix();
    const across = Math.abs(turned[0]) * width + Math.abs(turned[1]) * height;
    const up = Math.abs(turned[2]) * width + Math.abs(turned[3]) * height;
    const { clientWidth, clientHeight } = this.canvas;
    return this.zoom * Math.min(clientWidth / across, clientHeight / up);
  }

  /** From shown pixels (y up) to the screen (y down), without scale: [xx, xy, yx, yy]. */
  matrix() {
    const { compass } = this.image;
    if (!this.northUp || !compass) return [1, 0, 0, -1];
    const [nx, ny] = compass.north;
    const across = ny * compass.east[0] - nx * compass.east[1];
    // on the sky east is to the left of north, on the Sun longitudes grow to the right; a mirrored image is turned back
    const side = across > 0 === (this.image.axes === "celestial") ? -1 : 1;
    return [side * ny, -side * nx, -nx, -ny];
  }

  toScreen(x, y) {
    const [a, b, c, d] = this.matrix();
    const { clientWidth, clientHeight } = this.canvas;
    const [dx, dy] = [x - this.centre[0], y - this.centre[1]];
    return [clientWidth / 2 + this.scale * (a * dx + b * dy), clientHeight / 2 + this.scale * (c * dx + d * dy)];
  }

  toImage(sx, sy) {
    const [a, b, c, d] = this.matrix();
    const { clientWidth, clientHeight } = this.canvas;
    const [u, v] = [(sx - clientWidth / 2) / this.scale, (sy - clientHeight / 2) / this.scale];
    const determinant = a * d - b * c;
    return [this.centre[0] + (d * u - b * v) / determinant, this.centre[1] + (a * v - c * u) / determinant];
  }

  /** Zoom by `factor`, the screen point staying where it is. */
  zoomBy(factor, sx = this.canvas.clientWidth / 2, sy = this.canvas.clientHeight / 2) {
    const before = this.toImage(sx, sy);
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.5), MOST_ZOOM);
    const after = this.toImage(sx, sy);
    this.centre = [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]];
    // a page must scroll past an image that is shown whole
    this.canvas.style.touchAction = this.zoom > 1 ? "none" : "pan-y";
    this.draw();
  }

  /** Move the image by screen pixels. */
  panBy(dx, dy) {
    const { clientWidth, clientHeight } = this.canvas;
    const [x, y] = this.toImage(clientWidth / 2 - dx, clientHeight / 2 - dy);
    const { width, height } = this.image;
    this.centre = [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
    this.draw();
  }

  resize() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    this.draw();
  }

  draw() {
    const { canvas, picture, image } = this;
    if (!picture || !canvas.clientWidth) return;
    const ratio = canvas.width / canvas.clientWidth;
    const context = canvas.getContext("2d");
    const [a, b, c, d] = this.matrix();
    const scale = this.scale * ratio;
    const [left, top] = this.toScreen(0, image.height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = this.scale < 2;
    // the picture's own y grows downwards from the image's highest row
    context.setTransform(a * scale, c * scale, -b * scale, -d * scale, left * ratio, top * ratio);
    context.drawImage(picture, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.annotate(context);
  }

  annotate(context) {
    const { compass, scale: arcsec, step } = this.image;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    context.font = "13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    if (compass) this.drawCompass(context, compass, width - 56, 56);
    const bar = arcsec ? roundAngle((Math.min(180, width * 0.35) / this.scale) * step * arcsec) : null;
    if (!bar) return;
    const length = (bar.arcsec / arcsec / step) * this.scale;
    line(context, 16, height - 16, 16 + length, height - 16);
    label(context, bar.label, 16 + length / 2, height - 28);
  }

  drawCompass(context, compass, x, y) {
    const [a, b, c, d] = this.matrix();
    for (const [name, [dx, dy]] of [["north", compass.north], ["east", compass.east]]) {
      const [u, v] = [a * dx + b * dy, c * dx + d * dy];
      line(context, x, y, x + 26 * u, y + 26 * v);
      label(context, this.labels[name], x + 38 * u, y + 38 * v);
    }
  }

  listen() {
    const { canvas } = this;
    const fingers = new Map();
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * 0.0016), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.onCursor(this.toImage(event.offsetX, event.offsetY));
    });
    canvas.addEventListener("pointermove", (event) => {
      this.onCursor(this.toImage(event.offsetX, event.offsetY));
      if (fingers.has(event.pointerId)) this.drag(fingers, event);
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => fingers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => this.onCursor(null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  drag(fingers, event) {
    const [x, y] = fingers.get(event.pointerId);
    const now = [event.offsetX, event.offsetY];
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const [was, is] = [Math.hypot(x - other[0], y - other[1]), Math.hypot(now[0] - other[0], now[1] - other[1])];
      if (was > 0 && is > 0) this.zoomBy(is / was, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else this.panBy(now[0] - x, now[1] - y);
    fingers.set(event.pointerId, now);
  }

  key(event) {
    const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow) this.panBy(arrow[0] * KEY_PAN, arrow[1] * KEY_PAN);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.4);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.4);
    else if (event.key === "0" || event.key === "Home") this.reset();
    else return;
    event.preventDefault();
  }
}

function line(context, x0, y0, x1, y1) {
  for (const [style, width] of [["#000000", 4], [GOLD, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }
}

function label(context, text, x, y) {
  context.strokeStyle = "#000000";
  context.lineWidth = 3;
  context.strokeText(text, x, y);
  context.fillStyle = GOLD;
  context.fillText(text, x, y);
}

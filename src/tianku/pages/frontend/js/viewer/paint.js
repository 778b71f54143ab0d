/** What is painted on the canvas beside the axes: traces, error bands, flagged pixels and line markers. */

const LABEL_ROWS = 3;
const FONT = '500 {size}px system-ui, "Noto Sans SC", sans-serif';

/** A path builder for uPlot: one broken line per trace, and its error band as the fill. */
export function tracePaths(errorsOf, gapOf) {
  return (u, index) => {
    const [x, y] = u.data[index];
    const gap = gapOf(index);
    const sigma = errorsOf(index);
    const px = (value) => u.valToPos(value, "x", true);
    const py = (value) => u.valToPos(value, "y", true);
    const [first, last] = window_(x, u.scales.x.min, u.scales.x.max);
    const stroke = new Path2D();
    const fill = sigma ? new Path2D() : null;
    for (const [from, to] of stretches(gap, first, last)) {
      const xs = Float64Array.from({ length: to - from + 1 }, (_, i) => px(x[from + i]));
      addLine(stroke, xs, (i) => py(y[from + i]));
      if (fill) addBand(fill, xs, (i, side) => py(y[from + i] + side * sigma[from + i]));
    }
    return { stroke, fill, flags: 0 };
  };
}

function window_(x, low, high) {
  let first = 0;
  let last = x.length - 1;
  while (first < last && x[first + 1] < low) first++;
  while (last > first && x[last - 1] > high) last--;
  return [first, last];
}

function* stretches(gap, first, last) {
  let from = -1;
  for (let i = first; i <= last + 1; i++) {
    const broken = i > last || gap[i];
    if (!broken && from < 0) from = i;
    if (broken && from >= 0) {
      yield [from, i - 1];
      from = -1;
    }
  }
}

function addLine(path, xs, y) {
  if (xs.length === 1) {
    path.moveTo(xs[0] - 1, y(0));
    path.lineTo(xs[0] + 1, y(0));
    return;
  }
  path.moveTo(xs[0], y(0));
  for (let i = 1; i < xs.length; i++) path.lineTo(xs[i], y(i));
}

function addBand(path, xs, y) {
  path.moveTo(xs[0], y(0, 1));
  for (let i = 1; i < xs.length; i++) path.lineTo(xs[i], y(i, 1));
  for (let i = xs.length - 1; i >= 0; i--) path.lineTo(xs[i], y(i, -1));
  path.closePath();
}

/** Shade flagged stretches over the height of the plot. */
export function paintFlags(u, stretchesFound, colourOf) {
  clipped(u, (ctx, { left, top, width, height }) => {
    for (const { key, from, to } of stretchesFound) {
      const a = Math.max(left, u.valToPos(from, "x", true));
      const b = Math.min(left + width, u.valToPos(to, "x", true));
      if (b < left || a > left + width) continue;
      ctx.fillStyle = colourOf(key);
      ctx.fillRect(a, top, Math.max(b - a, devicePixelRatio), height);
    }
  });
}

/** Draw line markers with their labels, in as many rows as keep the labels apart. */
export function paintLines(u, lines, colours) {
  clipped(u, (ctx, { left, top, width, height }) => {
    const ratio = devicePixelRatio;
    const size = 11 * ratio;
    ctx.font = FONT.replace("{size}", size);
    ctx.textBaseline = "top";
    ctx.textAlign = "center";
    const ends = new Array(LABEL_ROWS).fill(-Infinity);
    let previous = "";
    for (const { label, at } of lines) {
      const x = u.valToPos(at, "x", true);
      if (!(x >= left && x <= left + width)) continue;
      ctx.strokeStyle = colours.accent;
      ctx.globalAlpha = 0.55;
      ctx.lineWidth = ratio;
      ctx.setLineDash([4 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, top + LABEL_ROWS * size * 1.3);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      const half = ctx.measureText(label).width / 2 + 2 * ratio;
      const row = ends.findIndex((end) => end < x - half);
      // A second label of one multiplet, too near to be set apart, would only hide its neighbour.
      if (row < 0 || (label === previous && row > 0)) continue;
      ends[row] = x + half;
      previous = label;
      ctx.fillStyle = colours.accent;
      ctx.fillText(label, Math.min(Math.max(x, left + half), left + width - half), top + 3 * ratio + row * size * 1.3);
    }
  });
}

function clipped(u, paint) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx, bbox);
  ctx.restore();
}

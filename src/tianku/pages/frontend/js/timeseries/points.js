/** Draws the points of light curves onto the canvas of a uPlot instance. */

const SIZE = 3;
const MOST_BARS = 6000;

/** Draw every trace: error bars below, then points; limits as arrows towards the faint side. */
export function paintPoints(u, traces, colours, state, muted) {
  const { ctx } = u;
  const box = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  for (const trace of traces) {
    const colour = colours.get(trace.part.name);
    const seen = visible(u, trace);
    if (state.errors && trace.part.error && seen.length <= MOST_BARS) paintErrors(u, trace, seen, colour);
    paintMarks(u, trace, seen, colour, muted);
  }
  ctx.restore();
}

function visible(u, { x, row, part }) {
  const { min, max } = u.scales.x;
  const seen = [];
  for (let k = 0; k < x.length; k++) {
    if (x[k] >= min && x[k] <= max) seen.push([u.valToPos(x[k], "x", true), u.valToPos(part.value[row[k]], "y", true), row[k]]);
  }
  return seen;
}

function paintErrors(u, { part }, seen, colour) {
  const { ctx } = u;
  ctx.globalAlpha = 0.45;
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (const [left, , i] of seen) {
    if (!Number.isFinite(part.error[i])) continue;
    ctx.moveTo(left, u.valToPos(part.value[i] - part.error[i], "y", true));
    ctx.lineTo(left, u.valToPos(part.value[i] + part.error[i], "y", true));
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function paintMarks(u, { part }, seen, colour, muted) {
  const { ctx } = u;
  const size = SIZE * devicePixelRatio;
  for (const [left, top, i] of seen) {
    const flagged = part.flag !== null && part.flag[i] !== 0;
    ctx.fillStyle = flagged ? muted : colour;
    if (part.limit?.[i]) arrow(ctx, left, top, size);
    else ctx.fillRect(left - size / 2, top - size / 2, size, size);
  }
}

/** An upper limit of the brightness: a triangle that points down the page, to fainter. */
function arrow(ctx, left, top, size) {
  ctx.beginPath();
  ctx.moveTo(left - size, top);
  ctx.lineTo(left + size, top);
  ctx.lineTo(left, top + 2 * size);
  ctx.fill();
}

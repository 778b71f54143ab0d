/** A period by the floating-mean Lomb–Scargle method (Zechmeister & Kürster 2009), for points that need not be even. */

const OVERSAMPLING = 6;
const MOST_WORK = 4e7;

/**
 * Find the strongest period, in the unit of `time`; null with fewer than 8 points.
 * @param {Float64Array} time
 * @param {ArrayLike<number>} value
 */
export function strongestPeriod(time, value) {
  const n = time.length;
  if (n < 8) return null;
  const sorted = Float64Array.from(time).sort();
  const span = sorted[n - 1] - sorted[0];
  const steps = [];
  for (let i = 1; i < n; i++) if (sorted[i] > sorted[i - 1]) steps.push(sorted[i] - sorted[i - 1]);
  if (!(span > 0) || steps.length < 4) return null;
  const step = Float64Array.from(steps).sort()[steps.length >> 1];
  const low = 2 / span;
  const width = 1 / (OVERSAMPLING * span);
  const count = Math.min(Math.floor((0.5 / step - low) / width), Math.floor(MOST_WORK / n));
  let [best, strongest] = [null, -1];
  for (let k = 0; k < count; k++) {
    const power = powerAt(low + k * width, time, value);
    if (power > strongest) [best, strongest] = [low + k * width, power];
  }
  return best === null ? null : 1 / refined(best, width, time, value);
}

/** The maximum of the peak at `frequency`, by shrinking steps. */
function refined(frequency, width, time, value) {
  let [centre, step] = [frequency, width / 2];
  for (let round = 0; round < 18; round++, step /= 2) {
    const sides = [centre - step, centre, centre + step];
    const powers = sides.map((f) => powerAt(f, time, value));
    centre = sides[powers.indexOf(Math.max(...powers))];
  }
  return centre;
}

function powerAt(frequency, time, value) {
  const omega = 2 * Math.PI * frequency;
  const n = time.length;
  let [y, c, s, yy, yc, ys, cc, cs] = [0, 0, 0, 0, 0, 0, 0, 0];
  const start = time[0];
  const mean = value[0];
  for (let i = 0; i < n; i++) {
    const angle = omega * (time[i] - start);
    const [cosine, sine, v] = [Math.cos(angle), Math.sin(angle), value[i] - mean];
    y += v;
    c += cosine;
    s += sine;
    yy += v * v;
    yc += v * cosine;
    ys += v * sine;
    cc += cosine * cosine;
    cs += cosine * sine;
  }
  [y, c, s, yy, yc, ys, cc, cs] = [y, c, s, yy, yc, ys, cc, cs].map((sum) => sum / n);
  const [YY, YC, YS, CC, SS, CS] = [yy - y * y, yc - y * c, ys - y * s, cc - c * c, 1 - cc - s * s, cs - c * s];
  const determinant = CC * SS - CS * CS;
  return determinant > 0 && YY > 0 ? (SS * YC * YC + CC * YS * YS - 2 * CS * YC * YS) / (YY * determinant) : 0;
}

/** Numerical work on spectra: smoothing, errors, ranges, runs of flagged pixels. */

const FWHM_TO_SIGMA = 1 / Math.sqrt(8 * Math.LN2);
const KERNEL_SIGMAS = 4;

/** Whether each pixel says nothing: a non-finite value, or an inverse variance of zero. */
export function gaps(values, ivar) {
  return Uint8Array.from(values, (value, i) => (Number.isFinite(value) && !(ivar && !(ivar[i] > 0)) ? 0 : 1));
}

/** Half of a symmetric kernel, from its centre outwards; `width` (full width, FWHM) is in pixels. */
export function kernel(kind, width) {
  if (kind === "box") return Float64Array.from({ length: Math.floor((width - 1) / 2) + 1 }, () => 1);
  const sigma = Math.max(width, 1e-3) * FWHM_TO_SIGMA;
  const reach = Math.max(0, Math.ceil(KERNEL_SIGMAS * sigma));
  return Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
}

/**
 * Smooth by a kernel weighted with the inverse variance (with 1 where a spectrum has none); gaps stay gaps.
 * @returns {{values: Float64Array, ivar: Float64Array|null}} the ivar is that of the weighted mean
 */
export function smooth(values, ivar, gap, half) {
  const count = values.length;
  const out = new Float64Array(count).fill(NaN);
  const outIvar = ivar ? new Float64Array(count) : null;
  for (let i = 0; i < count; i++) {
    if (gap[i]) continue;
    let [sum, weight, square] = [0, 0, 0];
    const last = Math.min(count - 1, i + half.length - 1);
    for (let j = Math.max(0, i - half.length + 1); j <= last; j++) {
      if (gap[j]) continue;
      const k = half[Math.abs(j - i)];
      const w = ivar ? ivar[j] : 1;
      sum += k * w * values[j];
      weight += k * w;
      square += k * k * w;
    }
    out[i] = sum / weight;
    if (outIvar) outIvar[i] = (weight * weight) / square;
  }
  return { values: out, ivar: outIvar };
}

/** The one-sigma error of each pixel, NaN in gaps; null without inverse variances. */
export function sigma(ivar, gap) {
  return ivar && Float64Array.from(ivar, (value, i) => (gap[i] ? NaN : 1 / Math.sqrt(value)));
}

/** The y range that shows every trace between `low` and `high` in x; only extreme outliers may stick out. */
export function yRange(traces, low, high) {
  const seen = [];
  for (const { x, y, gap } of traces) {
    for (let i = 0; i < x.length; i++) if (!gap[i] && x[i] >= low && x[i] <= high) seen.push(y[i]);
  }
  if (!seen.length) return [0, 1];
  const sorted = Float64Array.from(seen).sort();
  const at = (fraction) => sorted[Math.round(fraction * (sorted.length - 1))];
  let [bottom, top] = [at(0.004), at(0.996)];
  const span = top - bottom;
  if (at(1) <= top + 2 * span) top = at(1);
  if (at(0) >= bottom - span) bottom = at(0);
  const pad = 0.07 * (top - bottom) || Math.abs(top) * 0.1 || 1;
  return [bottom - pad, top + pad];
}

/** The x range of all traces, [0, 1] when there is none. */
export function xRange(traces) {
  let [low, high] = [Infinity, -Infinity];
  for (const { x } of traces) {
    for (const value of x) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low < high ? [low, high] : [0, 1];
}

/** Runs of pixels in which `mask` has one of `bits` set, as `[first, last]` pairs of indices. */
export function runs(mask, bits) {
  const found = [];
  let first = -1;
  for (let i = 0; i <= mask.length; i++) {
    const hit = i < mask.length && (mask[i] & bits) !== 0;
    if (hit && first < 0) first = i;
    if (!hit && first >= 0) {
      found.push([first, i - 1]);
      first = -1;
    }
  }
  return found;
}

/** How many pixels of `mask` have `bit` set. */
export function countBit(mask, bit) {
  let count = 0;
  for (const value of mask) if ((value >>> bit) & 1) count++;
  return count;
}

/** The index of the x nearest to `value`; x ascends. */
export function nearest(x, value) {
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - x[low - 1] < x[low] - value ? low - 1 : low;
}

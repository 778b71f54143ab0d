import { gaps, kernel, runs, sigma, smooth } from "./numbers.js";
import { defaultGroups } from "./lines.js";

/** What a viewer starts with for a spectrum: combined spectra shown, nothing smoothed, the pipeline's redshift. */
export function initialState({ header, parts }) {
  const combined = parts.filter((part) => part.kind !== "exposure");
  return {
    mode: "zoom",
    quantity: "flux",
    smoothing: { kind: "none", width: 5 },
    band: true,
    z: Number.isFinite(header.z) ? header.z : 0,
    rest: false,
    lines: new Set(defaultGroups(header.class)),
    parts: new Set((combined.length ? combined : parts).map((part) => part.name)),
    bits: new Set(),
  };
}

/** The key of one mask bit in `state.bits`. */
export function bitKey(mask, bit) {
  return `${mask}:${bit}`;
}

/** The drawn form of every part: x and y as on the axes, sigma (or null) and gap per pixel; exposures lie below. */
export function traces(parts, state) {
  const rank = (part) => (part.kind === "exposure" ? 0 : 1);
  return [...parts].sort((a, b) => rank(a) - rank(b)).map((part) => trace(part, state));
}

function trace(part, { quantity, smoothing, rest, z }) {
  const normalized = quantity === "normalized";
  const flux = normalized ? (part.normalized ?? new Float32Array(part.n).fill(NaN)) : part.flux;
  // The inverse variance belongs to the flux; a normalised spectrum is only told by it where nothing is known.
  const gap = gaps(flux, part.ivar);
  const smoothed =
    smoothing.kind === "none"
      ? { values: flux, ivar: part.ivar }
      : smooth(flux, part.ivar, gap, kernel(smoothing.kind, smoothing.width));
  return {
    part,
    x: rest ? Float64Array.from(part.wavelength, (value) => value / (1 + z)) : part.wavelength,
    y: smoothed.values,
    sigma: normalized ? null : sigma(smoothed.ivar, gap),
    gap,
  };
}

/**
 * Flagged stretches of the visible traces, `{key, name, bit, from, to}` in x, half a pixel wider at both ends.
 */
export function flagged(drawn, state) {
  const found = [];
  for (const { part, x } of drawn) {
    if (!state.parts.has(part.name)) continue;
    for (const [name, mask] of Object.entries(part.masks)) {
      for (let bit = 0; bit < 31; bit++) {
        if (!state.bits.has(bitKey(name, bit))) continue;
        for (const [first, last] of runs(mask, 1 << bit)) {
          found.push({ key: bitKey(name, bit), name, bit, from: edge(x, first, -1), to: edge(x, last, 1) });
        }
      }
    }
  }
  return found;
}

function edge(x, index, side) {
  const other = x[index + side] ?? (x.length > 1 ? 2 * x[index] - x[index - side] : x[index] + side);
  return (x[index] + other) / 2;
}

import { open, WireError } from "../lib/wire.js";

/**
 * Parse the reply of a light curve.
 * @param {ArrayBuffer} buffer
 * @returns {{header: object, parts: object[]}} parts carry `time`, `value`, `error`, `flag` and `limit` as typed arrays
 */
export function parse(buffer) {
  const { header, column } = open(buffer, "TKT1");
  const parts = header.parts.map((part) => {
    const arrays = {};
    for (const [name, place] of Object.entries(part.columns)) arrays[name] = column(place, part.n, `${part.name}.${name}`);
    if (!arrays.time || !arrays.value) throw new WireError(`part ${part.name} has no times or no values`);
    return { error: null, flag: null, limit: null, ...part, ...arrays };
  });
  return { header, parts };
}

/** What can share one pair of axes: parts of one quantity and unit, in the file's order. */
export function groups(parts) {
  const found = new Map();
  for (const part of parts) {
    const key = `${part.quantity} ${part.unit ?? ""}`;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(part);
  }
  return [...found.values()];
}

/** The phase of a time, 0 to 1; `period` and `epoch` in days. */
export function phase(time, { period, epoch }) {
  const turns = (time - epoch) / period;
  return turns - Math.floor(turns);
}

/**
 * The points of one part as they are drawn: folded over two cycles where `state.period` says so, without flagged
 * ones unless `state.flagged`; times count from the origin of `first`.
 */
export function points(part, first, state) {
  const shift = part.origin - first.origin;
  const folding = state.fold && state.period > 0;
  const rows = [];
  for (let i = 0; i < part.n; i++) {
    const bad = part.flag !== null && part.flag[i] !== 0;
    if (!Number.isFinite(part.time[i]) || !Number.isFinite(part.value[i]) || (bad && !state.flagged)) continue;
    rows.push(i);
  }
  const cycles = folding ? 2 : 1;
  const x = new Float64Array(rows.length * cycles);
  const row = new Int32Array(rows.length * cycles);
  rows.forEach((i, k) => {
    const time = part.time[i] + shift;
    for (let cycle = 0; cycle < cycles; cycle++) {
      x[k + cycle * rows.length] = folding ? phase(time, state) + cycle : time;
      row[k + cycle * rows.length] = i;
    }
  });
  return { part, x, row };
}

/** The range of x, with a margin; [0, 1] where there is nothing. */
export function xRange(traces, folding) {
  if (folding) return [0, 2];
  let [low, high] = [Infinity, -Infinity];
  for (const { x } of traces) for (const value of x) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (!(high >= low)) return [0, 1];
  const pad = 0.02 * (high - low) || 0.5;
  return [low - pad, high + pad];
}

/** The range of the values seen between two x, but for the outermost outliers. */
export function yRange(traces, [from, to]) {
  const seen = [];
  for (const { part, x, row } of traces) {
    for (let k = 0; k < x.length; k++) if (x[k] >= from && x[k] <= to) seen.push(part.value[row[k]]);
  }
  if (!seen.length) return [0, 1];
  const values = Float64Array.from(seen).sort();
  const at = (fraction) => values[Math.round(fraction * (values.length - 1))];
  const cut = values.length > 200 ? 0.002 : 0;
  const [low, high] = [at(cut), at(1 - cut)];
  const pad = 0.08 * (high - low) || Math.abs(low) * 1e-3 || 0.5;
  return [low - pad, high + pad];
}

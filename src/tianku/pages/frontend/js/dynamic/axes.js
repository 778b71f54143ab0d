const DAY = 86400;
const UNIX = 40587;
const STEPS = [
  ...[1e-3, 1e-2, 0.1].flatMap((unit) => [1, 2, 5].map((n) => n * unit)),
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY,
];

/** A UTC MJD as ISO text to the millisecond. */
export const iso = (mjd) => new Date(Math.round((mjd - UNIX) * DAY * 1000)).toISOString();

/** Round moments between two MJDs, at most about `most`: `[{mjd, label}, …]`. */
export function timeTicks(t0, t1, most) {
  const span = (t1 - t0) * DAY;
  const step = STEPS.find((s) => s >= span / most) ?? DAY;
  const day = Math.floor(t0);
  const [from, to] = [(t0 - day) * DAY, (t1 - day) * DAY];
  const ticks = [];
  for (let i = Math.ceil(from / step); i * step <= to && ticks.length < 100; i++) {
    const mjd = day + (i * step) / DAY;
    const text = iso(mjd);
    ticks.push({ mjd, label: text.slice(11, step >= 60 ? 16 : step >= 1 ? 19 : 23) });
  }
  return ticks;
}

/** Round frequencies between two, about `most`. */
export function frequencyTicks(f0, f1, most) {
  const rough = (f1 - f0) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough);
  const ticks = [];
  for (let i = Math.ceil(f0 / step); i * step <= f1 && ticks.length < 100; i++) ticks.push(Number((i * step).toPrecision(10)));
  return ticks;
}

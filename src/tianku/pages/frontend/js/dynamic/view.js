/** A view `{t0, t1, f0, f1}` kept inside `all`, and no smaller than a few cells. */
export function clamped(view, all, least) {
  const [t0, t1] = fitted(view.t0, view.t1, all.t0, all.t1, least.time);
  const [f0, f1] = fitted(view.f0, view.f1, all.f0, all.f1, least.frequency);
  return { t0, t1, f0, f1 };
}

function fitted(low, high, least, most, smallest) {
  const size = Math.min(Math.max(high - low, smallest), most - least);
  const middle = Math.min(Math.max((low + high) / 2, least + size / 2), most - size / 2);
  return [middle - size / 2, middle + size / 2];
}

/** Zoom by factors around a point; factors above 1 come closer. */
export function zoomed(view, { time, frequency }, byTime, byFrequency) {
  return {
    t0: time - (time - view.t0) / byTime,
    t1: time + (view.t1 - time) / byTime,
    f0: frequency - (frequency - view.f0) / byFrequency,
    f1: frequency + (view.f1 - frequency) / byFrequency,
  };
}

/** Move by fractions of the view: to later times and to higher frequencies. */
export function moved(view, right, up) {
  const [dt, df] = [right * (view.t1 - view.t0), up * (view.f1 - view.f0)];
  return { t0: view.t0 + dt, t1: view.t1 + dt, f0: view.f0 + df, f1: view.f1 + df };
}

/** The middle of a view. */
export const centre = (view) => ({ time: (view.t0 + view.t1) / 2, frequency: (view.f0 + view.f1) / 2 });

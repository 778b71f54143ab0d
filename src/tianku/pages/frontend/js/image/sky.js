/** Coordinates of pixels, interpolated in the lattice of unit vectors that the server sends. */

const RAD = Math.PI / 180;

export class Sky {
  /** `lon` and `lat` in degrees at n by n points over the outer edges of an image of nx by ny pixels. */
  constructor({ lon, lat, n, nx, ny }) {
    Object.assign(this, { n, nx, ny });
    this.vectors = Array.from(lon, (value, i) => vector(value, lat[i]));
  }

  /** Degrees at 0-based pixel `x`, `y`; null where the image has no sky. */
  at(x, y) {
    const { n, nx, ny, vectors } = this;
    const u = ((x + 0.5) / nx) * (n - 1);
    const v = ((y + 0.5) / ny) * (n - 1);
    const i = Math.min(Math.max(Math.floor(u), 0), n - 2);
    const j = Math.min(Math.max(Math.floor(v), 0), n - 2);
    const [a, b] = [u - i, v - j];
    const corners = [vectors[j * n + i], vectors[j * n + i + 1], vectors[(j + 1) * n + i], vectors[(j + 1) * n + i + 1]];
    const weights = [(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b];
    const sum = [0, 1, 2].map((k) => corners.reduce((total, each, c) => total + weights[c] * each[k], 0));
    const length = Math.hypot(...sum);
    if (!(length > 0)) return null;
    const lon = Math.atan2(sum[1], sum[0]) / RAD;
    return { lon: lon < 0 ? lon + 360 : lon, lat: Math.asin(sum[2] / length) / RAD };
  }
}

function vector(lon, lat) {
  return [Math.cos(lat * RAD) * Math.cos(lon * RAD), Math.cos(lat * RAD) * Math.sin(lon * RAD), Math.sin(lat * RAD)];
}

/** Sexagesimal right ascension and declination to a tenth of an arcsecond, or arcseconds on the Sun. */
export function format(names, { lon, lat }) {
  if (names[0] === "RA") {
    return `${names[0]} ${sexagesimal(lon / 15, 2)}  ${names[1]} ${sexagesimal(lat, 1, true)}  (${lon.toFixed(5)}° ${lat.toFixed(5)}°)`;
  }
  const signed = lon > 180 ? lon - 360 : lon;
  return `${names[0]} ${(signed * 3600).toFixed(1)}″  ${names[1]} ${(lat * 3600).toFixed(1)}″`;
}

function sexagesimal(value, digits, sign = false) {
  const unit = 10 ** digits;
  let ticks = Math.round(Math.abs(value) * 3600 * unit);
  const seconds = (ticks % (60 * unit)) / unit;
  ticks = Math.floor(ticks / (60 * unit));
  const text = [Math.floor(ticks / 60) % (sign ? 1000 : 24), ticks % 60].map((n) => String(n).padStart(2, "0"));
  const mark = sign ? (value < 0 ? "−" : "+") : "";
  return `${mark}${text.join(":")}:${seconds.toFixed(digits).padStart(digits + 3, "0")}`;
}

/** The longest round angle (arcsec) no longer than `most`, with its label. */
export function roundAngle(most) {
  for (const [unit, sign] of [[3600, "°"], [60, "′"], [1, "″"], [0.001, " mas"]]) {
    for (const n of [30, 20, 10, 5, 2, 1]) {
      if (n * unit <= most) return { arcsec: n * unit, label: `${n}${sign}` };
    }
  }
  return null;
}

/** What the axes and the readout say. */

import { pretty } from "../lib/units.js";

/** The label of the flux axis: what the values are, and how far they are calibrated. */
export function fluxLabel(flux, quantity, t) {
  if (quantity === "normalized") return t("normalized");
  const status = flux.calibration === "normalized" ? t("normalizedStatus") : t(flux.calibration ?? "unknown");
  if (flux.unit === "count" || flux.unit === "ct") return `${t("counts")} (${status})`;
  return `${t("flux")} [${flux.unit ? pretty(flux.unit) : t("noUnit")}] (${status})`;
}

const FRAMES = { heliocentric: "日心", barycentric: "质心", topocentric: "站心", geocentric: "地心", vacuum: "真空", air: "空气" };

/** The spectral frame as the reply names it; its known words are translated. */
export function frameLabel(frame, lang) {
  const text = frame || "vacuum";
  return lang === "zh" ? text.replace(/[a-z]+/g, (word) => FRAMES[word] ?? word).replaceAll(", ", "，") : text;
}

/** A number for the readout: five significant digits, no exponent while that stays readable. */
export function shortNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}

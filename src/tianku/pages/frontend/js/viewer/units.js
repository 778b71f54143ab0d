/** Units as people read them. */

const RAISED = { "-": "⁻", "+": "", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const SYMBOLS = { Angstrom: "Å", angstrom: "Å", um: "µm", count: "counts", ct: "counts", adu: "ADU" };
const FACTOR = /(10(?=\*\*)|[A-Za-z]+)(?:\*\*\(?([-+]?\d+)\)?)?/g;

/** Pretty print a VOUnits string, `10**-17erg.s**-1.cm**-2` → `10⁻¹⁷ erg s⁻¹ cm⁻²`; others stay as they are. */
export function pretty(unit) {
  if (unit.replace(FACTOR, "").replace(/[.* ]/g, "") !== "") return unit;
  return [...unit.matchAll(FACTOR)]
    .map(([, base, power = ""]) => (SYMBOLS[base] ?? base) + [...power].map((c) => RAISED[c]).join(""))
    .join(" ");
}

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

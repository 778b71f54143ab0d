import { el } from "../lib/dom.js";
import { pretty } from "../lib/units.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [120, 24];

/** The range of a column as ingest measured it, with a small histogram of numbers; nothing where rows are closed. */
export function distribution({ minimum, maximum, histogram, nulls, unit }, t) {
  if (minimum === null || minimum === undefined) return [];
  const [low, high] = [minimum, maximum].map(short);
  const said = t("range", { low, high, unit: unit ? ` ${pretty(unit)}` : "" });
  const empty = nulls ? ` · ${t("empties", { n: nulls.toLocaleString() })}` : "";
  const drawn = histogram?.length ? bars(histogram, t("histogram", { low, high })) : null;
  return [drawn, el("span", { class: "muted" }, said + empty)].filter(Boolean);
}

function short(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return value.length > 24 ? `${value.slice(0, 23)}…` : value;
}

/** Bars whose height follows the square root of the count: few rows stay visible. */
function bars(counts, label) {
  const most = Math.sqrt(Math.max(...counts, 1));
  const step = WIDTH / counts.length;
  const path = counts.map((n, i) => {
    const height = (Math.sqrt(n) / most) * HEIGHT;
    return `M${(i * step).toFixed(2)} ${HEIGHT}v${(-height).toFixed(2)}h${step.toFixed(2)}V${HEIGHT}z`;
  });
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: "bars", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label })) svg.setAttribute(name, value);
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path.join(""));
  svg.append(drawn);
  return svg;
}

/** Sky angles as people write them. */

const SEXAGESIMAL = /^([+-]?)(\d{1,3})(?:[hd°:\s]+)(\d{1,2})(?:[m'′:\s]+)?(\d{1,2}(?:\.\d*)?)?\s*[s"″]?$/i;

function tidy(value) {
  return value.trim().replaceAll("−", "-").replaceAll("：", ":");
}

/** Degrees from decimal or sexagesimal text; `hours` says that sexagesimal counts hours. NaN when neither. */
function degrees(value, hours) {
  const text = tidy(value);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(°|d|deg)?$/i.test(text)) return parseFloat(text);
  const match = SEXAGESIMAL.exec(text);
  if (!match) return NaN;
  const [, sign, whole, minutes, seconds = "0"] = match;
  if (Number(minutes) >= 60 || Number(seconds) >= 60) return NaN;
  const size = Number(whole) + Number(minutes) / 60 + Number(seconds) / 3600;
  const inHours = hours && !/^[+-]?\d+\s*[d°]/i.test(text);
  return (sign === "-" ? -size : size) * (inHours ? 15 : 1);
}

/** Right ascension in degrees, NaN outside 0…360. */
export function rightAscension(value) {
  const ra = degrees(value, true);
  return ra >= 0 && ra <= 360 ? ra : NaN;
}

/** Declination in degrees, NaN outside −90…90. */
export function declination(value) {
  const dec = degrees(value, false);
  return dec >= -90 && dec <= 90 ? dec : NaN;
}

/** A pair pasted into one field, as its two halves of text; null when it is not a pair. */
export function pair(value) {
  const words = tidy(value).split(/[\s,;]+/).filter(Boolean);
  if (words.length === 2 || words.length === 6) {
    const half = words.length / 2;
    return [words.slice(0, half).join(" "), words.slice(half).join(" ")];
  }
  return null;
}

/** A degree value for ADQL: at most 10 decimals (0.4 µas), no exponent. */
export function decimal(value) {
  return String(Number(value.toFixed(10)));
}

/** Units as people read them; the spelling of VOUnits stays with programs. */

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

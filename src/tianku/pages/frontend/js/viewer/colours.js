/** Colours of the plot; those of the page come from its custom properties, so that both schemes work. */

const HUES = { blue: 214, red: 6 };
const OTHER = [225, 172, 28, 288, 96, 330, 50, 190];
const BITS = [4, 32, 52, 95, 160, 195, 225, 262, 295, 330];

/** Whether the page is shown dark. */
export function dark() {
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** One colour per part: the hue tells the arm, exposures vary around the hue of their combined spectrum. */
export function partColours(parts) {
  const seen = {};
  const colours = new Map();
  let free = 0;
  for (const part of parts) {
    const exposure = part.kind === "exposure";
    const arm = { B: "blue", R: "red" }[part.band] ?? part.band;
    const hue = HUES[arm] ?? OTHER[(exposure ? free : free++) % OTHER.length];
    const rank = (seen[arm] = exposure ? (seen[arm] ?? 0) + 1 : (seen[arm] ?? 0));
    const turn = exposure ? ((rank * 47) % 110) - 55 : 0;
    const light = dark() ? (exposure ? 72 : 66) : exposure ? 46 : 36;
    colours.set(part.name, `hsl(${hue + turn} ${exposure ? 45 : 72}% ${light}%)`);
  }
  return colours;
}

/** The shade of a mask bit. */
export function bitColour(index, alpha = 0.28) {
  return `hsl(${BITS[index % BITS.length]} 62% ${dark() ? 60 : 48}% / ${alpha})`;
}

/** The page's own colours, by custom property. */
export function palette(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    ink: read("--ink", "#1b2437"),
    muted: read("--muted", "#5c667a"),
    rule: read("--rule", "#dfe3ea"),
    paper: read("--paper", "#ffffff"),
    accent: read("--accent", "#a97a1c"),
  };
}

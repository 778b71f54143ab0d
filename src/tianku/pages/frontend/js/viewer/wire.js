import { open, WireError } from "../lib/wire.js";

export { WireError };

/**
 * Parse the reply of a spectrum.
 * @param {ArrayBuffer} buffer
 * @returns {{header: object, parts: object[]}} parts carry `wavelength`, `flux`, `ivar`, `normalized` and `masks` as typed arrays
 */
export function parse(buffer) {
  const { header, column } = open(buffer, "TKS1");
  return { header, parts: header.parts.map((part) => readPart(column, part)) };
}

function readPart(column, part) {
  const columns = {};
  const masks = {};
  for (const [name, place] of Object.entries(part.columns)) {
    const values = column(place, part.n, `${part.name}.${name}`);
    if (name.startsWith("mask:")) masks[name.slice("mask:".length)] = values;
    else columns[name] = values;
  }
  for (const needed of ["wavelength", "flux"]) {
    if (!columns[needed]) throw new WireError(`part ${part.name} has no column ${needed}`);
  }
  const { wavelength, flux, ivar = null, normalized = columns.continuum ?? null } = columns;
  return { ...part, wavelength, flux, ivar, normalized, masks };
}

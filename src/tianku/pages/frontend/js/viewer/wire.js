/**
 * Reads the binary reply of a spectrum: the magic "TKS1", the header's length (uint32), a JSON header,
 * padding to 8 bytes, then raw columns; everything little-endian, offsets counted from the first column byte.
 */

const MAGIC = "TKS1";
const ALIGNMENT = 8;
const READERS = {
  f4: [4, (view, at) => view.getFloat32(at, true), Float32Array],
  f8: [8, (view, at) => view.getFloat64(at, true), Float64Array],
  i2: [2, (view, at) => view.getInt16(at, true), Int16Array],
  i4: [4, (view, at) => view.getInt32(at, true), Int32Array],
  u1: [1, (view, at) => view.getUint8(at), Uint8Array],
  u4: [4, (view, at) => view.getUint32(at, true), Uint32Array],
};
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The reply is not what it claims to be; the message says where. */
export class WireError extends Error {}

/**
 * Parse a reply.
 * @param {ArrayBuffer} buffer
 * @returns {{header: object, parts: object[]}} parts carry `wavelength`, `flux`, `ivar`, `normalized` and `masks` as typed arrays
 */
export function parse(buffer) {
  if (buffer.byteLength < 8) throw new WireError(`a reply of ${buffer.byteLength} bytes is too short for a spectrum`);
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (magic !== MAGIC) throw new WireError(`the reply does not start with ${MAGIC}`);
  const length = new DataView(buffer).getUint32(4, true);
  if (8 + length > buffer.byteLength) throw new WireError("the reply ends inside its header");
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, length)));
  const start = Math.ceil((8 + length) / ALIGNMENT) * ALIGNMENT;
  return { header, parts: header.parts.map((part) => readPart(buffer, start, part)) };
}

function readPart(buffer, start, part) {
  const columns = {};
  const masks = {};
  for (const [name, place] of Object.entries(part.columns)) {
    const values = readColumn(buffer, start + place.offset, place.dtype, part.n, `${part.name}.${name}`);
    if (name.startsWith("mask:")) masks[name.slice("mask:".length)] = values;
    else columns[name] = values;
  }
  for (const needed of ["wavelength", "flux"]) {
    if (!columns[needed]) throw new WireError(`part ${part.name} has no column ${needed}`);
  }
  const { wavelength, flux, ivar = null, normalized = columns.continuum ?? null } = columns;
  return { ...part, wavelength, flux, ivar, normalized, masks };
}

function readColumn(buffer, at, dtype, count, where) {
  const reader = READERS[dtype];
  if (!reader) throw new WireError(`${where} has the unknown type ${dtype}`);
  const [size, read, Kind] = reader;
  if (at + size * count > buffer.byteLength) throw new WireError(`the reply ends inside ${where}`);
  if (LITTLE_ENDIAN && at % size === 0) return new Kind(buffer, at, count);
  const view = new DataView(buffer);
  return Kind.from({ length: count }, (_, index) => read(view, at + index * size));
}

/**
 * Reads the binary replies that viewers draw: a magic of four letters, the header's length (uint32), a JSON header,
 * padding to 8 bytes, then raw columns; everything little-endian, offsets counted from the first column byte.
 */

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
 * Open a reply.
 * @param {ArrayBuffer} buffer
 * @param {string} magic
 * @returns {{header: object, column: (place: {offset: number, dtype: string}, count: number, where: string) => TypedArray}}
 */
export function open(buffer, magic) {
  if (buffer.byteLength < 8) throw new WireError(`a reply of ${buffer.byteLength} bytes is too short`);
  const found = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (found !== magic) throw new WireError(`the reply does not start with ${magic}`);
  const length = new DataView(buffer).getUint32(4, true);
  if (8 + length > buffer.byteLength) throw new WireError("the reply ends inside its header");
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, length)));
  const start = Math.ceil((8 + length) / ALIGNMENT) * ALIGNMENT;
  return { header, column: (place, count, where) => readColumn(buffer, start + place.offset, place.dtype, count, where) };
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

/** Colours that rise evenly in lightness; the stops of each map, dark to bright. */
const STOPS = {
  inferno: [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]],
  viridis: [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]],
  grey: [[0, 0, 0], [255, 255, 255]],
};
export const MAPS = Object.keys(STOPS);
const MISSING = 0xffe2dad6;

/** The gradient of a map as CSS. */
export const gradient = (name) => `linear-gradient(90deg, ${STOPS[name].map((rgb) => `rgb(${rgb})`).join(", ")})`;

/** 256 colours as little-endian RGBA. */
function table(name) {
  const stops = STOPS[name];
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = stops[k].map((low, band) => Math.round(low + (at - k) * (stops[k + 1][band] - low)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What is taken off each channel: its median over the block, or nothing. */
export function backgrounds(block, on) {
  const { rows, channels, values } = block;
  const out = new Float32Array(channels);
  if (!on) return out;
  const column = new Float32Array(rows);
  for (let channel = 0; channel < channels; channel++) {
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[row * channels + channel];
      if (value === value) column[count++] = value;
    }
    if (count) out[channel] = median(column.subarray(0, count).slice().sort());
  }
  return out;
}

/** The limits of the colours: the 2nd and the 99.5th percentile of at most 200,000 values above the background. */
export function limits(block, background) {
  const { channels, values } = block;
  const step = Math.max(1, Math.floor(values.length / 200000)) | 1;
  const sample = new Float32Array(Math.ceil(values.length / step));
  let count = 0;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i] - background[i % channels];
    if (value === value) sample[count++] = value;
  }
  if (!count) return [0, 1];
  const sorted = sample.subarray(0, count).sort();
  const low = sorted[Math.floor(0.02 * (count - 1))];
  const high = sorted[Math.floor(0.995 * (count - 1))];
  return high > low ? [low, high] : [low, low + 1];
}

/** The last index whose value is not above `x`, -1 where there is none; `sorted` ascends. */
export function floorIndex(sorted, x) {
  let low = -1;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}

/** The row of a block at a time, -1 in a gap of more than a sample. */
export function rowAt(block, time) {
  const row = floorIndex(block.begins, time);
  return row >= 0 && time <= block.ends[row] + block.step / 86400 ? row : -1;
}

/** The channel nearest to a frequency. */
export function channelAt(block, frequency) {
  const { sorted, order } = block.axis;
  const below = floorIndex(sorted, frequency);
  if (below < 0) return order[0];
  if (below === sorted.length - 1) return order[below];
  return order[frequency - sorted[below] <= sorted[below + 1] - frequency ? below : below + 1];
}

/** Frequencies in ascending order, and the channel of each. */
export function axisOf(frequency) {
  const order = Uint32Array.from(frequency.keys()).sort((a, b) => frequency[a] - frequency[b]);
  return { order, sorted: Float64Array.from(order, (channel) => frequency[channel]) };
}

/** Paint a view of a block: time to the right, frequency upwards, true to both axes. */
export function paint(block, view, width, height, { map, background, low, high }) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = table(map);
  const rows = Int32Array.from({ length: width }, (_, x) => rowAt(block, view.t0 + ((x + 0.5) / width) * (view.t1 - view.t0)));
  const scale = 255 / (high - low);
  for (let y = 0; y < height; y++) {
    const channel = channelAt(block, view.f1 - ((y + 0.5) / height) * (view.f1 - view.f0));
    const zero = background[channel] + low;
    for (let x = 0; x < width; x++) {
      const value = rows[x] < 0 ? NaN : block.values[rows[x] * block.channels + channel];
      const level = (value - zero) * scale;
      pixels[y * width + x] = level === level ? colours[level < 0 ? 0 : level > 255 ? 255 : level | 0] : MISSING;
    }
  }
  return image;
}

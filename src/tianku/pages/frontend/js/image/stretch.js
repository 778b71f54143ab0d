/** Pixel values as grey levels. */

const SOFTENING = 0.1;
export const CURVES = {
  asinh: (f) => Math.asinh(f / SOFTENING) / Math.asinh(1 / SOFTENING),
  sqrt: (f) => Math.sqrt(f),
  log: (f) => Math.log1p(f * 1000) / Math.log1p(1000),
  linear: (f) => f,
};

/** An offscreen canvas of the image, the highest row first as on screen; blank pixels are transparent. */
export function paint({ pixels, width, height }, { curve, low, high, invert }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const levels = Uint8ClampedArray.from({ length: 1025 }, (_, i) => 255 * CURVES[curve](i / 1024));
  const factor = 1024 / (high - low);
  for (let y = 0; y < height; y++) {
    let from = (height - 1 - y) * width;
    let to = y * width * 4;
    for (let x = 0; x < width; x++, from++, to += 4) {
      const value = pixels[from];
      if (!Number.isFinite(value)) continue;
      const level = levels[Math.min(Math.max(Math.round((value - low) * factor), 0), 1024)];
      picture.data[to] = picture.data[to + 1] = picture.data[to + 2] = invert ? 255 - level : level;
      picture.data[to + 3] = 255;
    }
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

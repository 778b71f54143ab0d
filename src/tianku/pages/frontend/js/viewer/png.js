import { save } from "../lib/dom.js";

/** Save the plot as it is seen, with its title, and "simulated" where that is so. */
export function savePng(plot, title, note) {
  const source = plot.u.ctx.canvas;
  const ratio = devicePixelRatio;
  const head = 40 * ratio;
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + head;
  const ctx = canvas.getContext("2d");
  const style = getComputedStyle(plot.frame);
  ctx.fillStyle = style.getPropertyValue("--paper").trim() || "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = style.getPropertyValue("--ink").trim() || "#000";
  ctx.font = `600 ${15 * ratio}px system-ui, "Noto Sans SC", sans-serif`;
  ctx.textBaseline = "middle";
  ctx.fillText(note ? `${title} (${note})` : title, 14 * ratio, head / 2);
  ctx.drawImage(source, 0, head);
  canvas.toBlob((blob) => save(blob, `${title.replace(/[^\p{L}\p{N}._-]+/gu, "_")}.png`), "image/png");
}

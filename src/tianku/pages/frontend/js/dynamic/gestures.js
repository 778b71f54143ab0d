import { centre, moved, zoomed } from "./view.js";

const KEYS = {
  ArrowLeft: (view) => moved(view, -0.2, 0),
  ArrowRight: (view) => moved(view, 0.2, 0),
  ArrowDown: (view) => moved(view, 0, -0.2),
  ArrowUp: (view) => moved(view, 0, 0.2),
  "+": (view) => zoomed(view, centre(view), 1.5, 1),
  "=": (view) => zoomed(view, centre(view), 1.5, 1),
  "-": (view) => zoomed(view, centre(view), 1 / 1.5, 1),
  "*": (view) => zoomed(view, centre(view), 1, 1.5),
  _: (view) => zoomed(view, centre(view), 1, 1 / 1.5),
  0: () => null,
};

/** Box zoom, panning, wheel, pinch and keys; `plot.onView` gets the wanted view, null for everything. */
export function onGestures(plot) {
  const { canvas } = plot;
  const pointers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  let last = null;

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    last = span(pointers);
    const boxes = event.pointerType === "mouse" && !event.shiftKey;
    const { x, y } = place(event);
    plot.selection = boxes && plot.at(x, y) ? { x0: x, y0: y, x1: x, y1: y } : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    plot.onCursor(plot.at(at.x, at.y));
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, at);
    if (plot.selection) {
      Object.assign(plot.selection, { x1: at.x, y1: at.y });
      plot.draw();
      return;
    }
    const now = span(pointers);
    const { box, view } = plot;
    const around = plot.at(now.x, now.y) ?? centre(view);
    const touch = event.pointerType === "touch";
    const turned = moved(view, (last.x - now.x) / box.width, touch ? 0 : (now.y - last.y) / box.height);
    plot.onView(now.size && last.size ? zoomed(turned, around, now.size / last.size, 1) : turned);
    last = now;
  });
  const end = (event) => {
    pointers.delete(event.pointerId);
    last = span(pointers);
    const { selection } = plot;
    plot.selection = null;
    if (!selection) return;
    const [a, b] = [plot.at(selection.x0, selection.y0), plot.at(selection.x1, selection.y1)];
    if (a && b && Math.abs(selection.x1 - selection.x0) > 5 && Math.abs(selection.y1 - selection.y0) > 5) {
      const [t0, t1] = [Math.min(a.time, b.time), Math.max(a.time, b.time)];
      plot.onView({ t0, t1, f0: Math.min(a.frequency, b.frequency), f1: Math.max(a.frequency, b.frequency) });
    } else plot.draw();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => plot.onCursor(null));
  canvas.addEventListener("dblclick", () => plot.onView(null));
  canvas.addEventListener("wheel", (event) => {
    const at = place(event);
    const around = plot.at(at.x, at.y);
    if (!around) return;
    event.preventDefault();
    const by = Math.exp(-Math.sign(event.deltaY || event.deltaX) * 0.25);
    plot.onView(event.shiftKey ? zoomed(plot.view, around, 1, by) : zoomed(plot.view, around, by, 1));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    plot.onView(action(plot.view));
  });
}

/** The middle of the fingers, and how far apart two are in x. */
function span(pointers) {
  const points = [...pointers.values()];
  if (!points.length) return null;
  const mean = (name) => points.reduce((sum, point) => sum + point[name], 0) / points.length;
  return { x: mean("x"), y: mean("y"), size: points.length > 1 ? Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y) : 0 };
}

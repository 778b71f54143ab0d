/** Mouse, touch and keyboard on the plot. */

const WHEEL_STEP = 0.0016;
const KEY_PAN = 0.12;
const KEY_ZOOM = 0.75;

/** Listen on the drawing area of `plot`; must be called again for every new uPlot instance. */
export function listen(plot) {
  const over = plot.u.over;
  over.addEventListener("wheel", (event) => onWheel(plot, event), { passive: false });
  // Captured, so that a pan is not also taken by uPlot as the start of a selection.
  plot.u.root.addEventListener("mousedown", (event) => startPan(plot, event), { capture: true });
  over.addEventListener("dblclick", (event) => {
    event.stopImmediatePropagation();
    plot.reset();
  }, { capture: true });
  listenTouch(plot, over);
}

function fractions(over, event) {
  const box = over.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
}

function onWheel(plot, event) {
  event.preventDefault();
  const [x, y] = fractions(plot.u.over, event);
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    plot.pan(event.deltaX / plot.u.over.clientWidth);
    return;
  }
  plot.zoom(Math.exp(event.deltaY * WHEEL_STEP), x, event.altKey ? y : null);
}

function startPan(plot, event) {
  const over = plot.u.over;
  if (event.button !== 0 || !over.contains(event.target)) return;
  if (!event.shiftKey && plot.state.mode !== "pan") return;
  event.stopPropagation();
  event.preventDefault();
  const start = { x: event.clientX, y: event.clientY };
  const freeY = !plot.fitY;
  const move = (now) => {
    plot.pan(-(now.clientX - start.x) / over.clientWidth, freeY ? (now.clientY - start.y) / over.clientHeight : 0);
    Object.assign(start, { x: now.clientX, y: now.clientY });
  };
  const stop = () => {
    document.removeEventListener("mousemove", move);
    document.removeEventListener("mouseup", stop);
    over.classList.remove("is-panning");
  };
  over.classList.add("is-panning");
  document.addEventListener("mousemove", move);
  document.addEventListener("mouseup", stop);
}

/** One finger moves along x (the page keeps its vertical scroll), two fingers zoom. */
function listenTouch(plot, over) {
  let last = null;
  const measure = (touches) => {
    const xs = [...touches].map((touch) => touch.clientX);
    return { count: xs.length, centre: (Math.min(...xs) + Math.max(...xs)) / 2, spread: Math.max(...xs) - Math.min(...xs) };
  };
  over.addEventListener("touchstart", (event) => (last = measure(event.touches)), { passive: true });
  over.addEventListener("touchend", (event) => (last = event.touches.length ? measure(event.touches) : null), { passive: true });
  over.addEventListener("touchmove", (event) => {
    const now = measure(event.touches);
    const box = over.getBoundingClientRect();
    if (last?.count === now.count) {
      if (now.count > 1 && now.spread > 0 && last.spread > 0) {
        event.preventDefault();
        plot.zoom(last.spread / now.spread, (now.centre - box.left) / box.width);
      }
      plot.pan((last.centre - now.centre) / box.width);
    }
    last = now;
  }, { passive: false });
}

/** Keys on the focused plot; Shift with an arrow moves the cross-hair. */
export function onKey(plot, event) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const arrow = arrows[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrow && event.shiftKey) moveCursor(plot, arrow);
  else if (arrow) plot.pan(arrow[0] * KEY_PAN, arrow[1] * KEY_PAN);
  else if (event.key === "+" || event.key === "=") plot.zoom(KEY_ZOOM);
  else if (event.key === "-" || event.key === "_") plot.zoom(1 / KEY_ZOOM);
  else if (event.key === "0" || event.key === "Home") plot.reset();
  else return;
  event.preventDefault();
}

function moveCursor(plot, [dx, dy]) {
  const { u } = plot;
  const { clientWidth: width, clientHeight: height } = u.over;
  const from = u.cursor.left >= 0 ? u.cursor : { left: width / 2, top: height / 2 };
  const inside = (value, limit) => Math.min(Math.max(value, 0), limit - 1);
  u.setCursor({ left: inside(from.left + dx * 4, width), top: inside(from.top - dy * 4, height) });
}

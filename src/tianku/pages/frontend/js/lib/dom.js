/**
 * Make an element: `el("a", {class: "button", href: "/"}, "Home")`.
 * Keys that start with "on" become listeners, `dataset` is copied, false and null attributes are left out.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** An option list for a select: `[[value, label], …]`. */
export function options(pairs, chosen) {
  return pairs.map(([value, label]) => el("option", { value, selected: value === chosen }, label));
}

/** A checkbox with its label; `change` is called with the new state. */
export function checkbox(label, checked, change, attributes = {}) {
  const box = el("input", { type: "checkbox", checked, ...attributes });
  box.addEventListener("change", () => change(box.checked));
  return el("label", { class: "check" }, box, " ", label);
}

/** Save `blob` as a file called `name`. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Call `action` once things have been quiet for `delay` milliseconds. */
export function debounced(action, delay) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), delay);
  };
}

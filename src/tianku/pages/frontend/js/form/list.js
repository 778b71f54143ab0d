import { checkbox, el, options } from "../lib/dom.js";
import { Incomplete } from "./conditions.js";

const MOST_BYTES = 2_000_000;

/** A list of positions, pasted or from a file; `read()` returns `{list: {positions, radius, unit, nearest, unmatched}}`. */
export function listFields({ t, changed }) {
  const text = el("textarea", { id: "list-positions", name: "positions", rows: 6, spellcheck: "false", placeholder: "ra, dec\n56.75, 24.12\n03:47:24.0, +24:07:12", oninput: changed });
  const file = el("input", { id: "list-file", type: "file", accept: ".csv,.tsv,.txt,.dat,text/*" });
  const radius = el("input", { id: "list-radius", name: "radius", inputmode: "decimal", value: "2", oninput: changed });
  const unit = el("select", { id: "list-unit", name: "unit", onchange: changed }, options(["arcsec", "arcmin", "deg"].map((key) => [key, t(key)])));
  const flags = { nearest: false, unmatched: true };
  const flag = (name) => checkbox(t(name), flags[name], (on) => ((flags[name] = on), changed()), { name });
  let problem = "";
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const content = chosen.size <= MOST_BYTES ? await chosen.text() : "";
    problem = chosen.size > MOST_BYTES ? "listTooLong" : content.includes("\0") ? "listNoText" : "";
    text.value = problem ? "" : content;
    changed();
  });
  text.addEventListener("input", () => (problem = ""));
  const field = (control, label, small) =>
    el("div", { class: `field${small ? " field--small" : ""}` }, el("label", { for: control.id }, label), control);
  const node = el(
    "div",
    { class: "form" },
    field(text, t("positions")),
    el("div", { class: "fields" }, field(file, t("file")), field(radius, t("radius"), true), field(unit, t("unit"), true)),
    el("div", { class: "fields" }, flag("nearest"), flag("unmatched")),
    el("p", { class: "helptext" }, t("listFormHelp")),
  );
  const read = () => {
    radius.removeAttribute("aria-invalid");
    if (problem) throw new RangeError(t(problem));
    if (!text.value.trim()) throw new Incomplete(t("noPositions"));
    const size = Number(radius.value);
    if (!(size > 0)) {
      radius.setAttribute("aria-invalid", "true");
      throw new RangeError(t("badListRadius", { value: radius.value || "–" }));
    }
    return { list: { positions: text.value, radius: size, unit: unit.value, ...flags } };
  };
  return { node, read };
}

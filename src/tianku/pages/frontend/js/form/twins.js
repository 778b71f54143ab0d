import { startCopy } from "../copy.js";
import { el } from "../lib/dom.js";
import { curl, curlList, pyvo, pythonList } from "../lib/twins.js";

/** The query as ADQL, curl and pyVO, kept in step with the form by `show(adql, {format, maxrec})`; of a list of positions by `showList`. */
export function twins({ t, tap }) {
  const texts = ["ADQL", "curl", "pyVO"].map((name) => [name, el("code", { dataset: { twin: name } })]);
  const blocks = texts.map(([name, code]) => el("div", { role: "tabpanel", "aria-label": name }, el("pre", { class: "code", "data-copy": true }, code)));
  const tabs = texts.map(([name], i) => el("button", { type: "button", role: "tab", onclick: () => choose(i) }, name));
  const choose = (wanted) => {
    blocks.forEach((block, i) => (block.hidden = i !== wanted));
    tabs.forEach((tab, i) => tab.setAttribute("aria-selected", String(i === wanted)));
  };
  choose(0);
  const edit = el("a", { class: "button", "data-control": "edit" }, t("edit"));
  const node = el("section", { class: "twins" }, el("h2", {}, t("same")), el("div", { class: "tabs", role: "tablist" }, tabs), blocks, el("p", {}, edit));
  startCopy(node);
  const write = (written, python) => {
    texts.forEach(([, code], i) => (code.textContent = written[i]));
    // A list goes to the API, which needs no client of the VO.
    tabs[2].textContent = python;
    blocks[2].setAttribute("aria-label", python);
  };
  const show = (adql, choice) => {
    write([adql, curl(tap, adql, choice), pyvo(tap, adql, choice)], "pyVO");
    edit.hidden = false;
    edit.href = `${editorPath()}?${new URLSearchParams({ query: adql })}`;
  };
  const showList = (address, asked) => {
    write([t("noAdql"), curlList(address, asked), pythonList(address, asked)], "Python");
    edit.hidden = true;
  };
  return { node, show, showList };
}

/** The SQL page in the language of this one. */
function editorPath() {
  return location.pathname.startsWith("/zh/") ? "/zh/sql" : "/sql";
}

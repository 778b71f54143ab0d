import { get, pageData, post } from "./lib/api.js";
import { identifier, tableName } from "./lib/adql.js";
import { el, options } from "./lib/dom.js";
import { download, FORMATS } from "./lib/download.js";
import { errorNotice, position } from "./lib/errors.js";
import { language, localised, translator } from "./lib/i18n.js";
import { completions } from "./sql/adql.js";
import { Editor } from "./sql/editor.js";
import { forget, past, remember } from "./sql/history.js";
import { WORDS } from "./sql/words.js";
import { ResultsTable } from "./table.js";

const SCHEMA = "/api/v1/schema";
const MOST_EXAMPLES = 8;

/** The SQL page: `<div id="sql-editor">`, results in `#results`, first query and tables from `#sql-config`. */
class SqlPage {
  constructor(root) {
    const lang = language(root);
    const config = pageData("sql-config") ?? {};
    Object.assign(this, { root, lang, t: translator(WORDS, lang), tables: config.tables ?? [] });
    const first = config.query || new URLSearchParams(location.search).get("query") || this.examples()[0]?.[0] || "";
    this.build(first);
    this.complete();
  }

  build(first) {
    const { t, root } = this;
    const place = el("div", { class: "editor" });
    this.examplesMenu = el("select", { "aria-label": t("examples") });
    this.examplesMenu.addEventListener("change", () => this.take(this.examplesMenu.value));
    this.format = el("select", { "aria-label": t("format") }, options(FORMATS));
    this.history = el("details", { class: "card" });
    const bar = el(
      "div",
      { class: "actions" },
      el("button", { type: "button", class: "button button--primary", "data-control": "run", onclick: () => this.run() }, t("run")),
      el("div", {}, this.examplesMenu),
      el("div", {}, this.format),
      el("button", { type: "button", class: "button", "data-control": "download", onclick: () => download(this.editor.text, this.format.value) }, t("download")),
      el("button", { type: "button", class: "button", "data-control": "job", onclick: () => this.runAsJob() }, t("job")),
      el("span", { class: "helptext" }, t("runHint")),
    );
    root.classList.add("form");
    root.replaceChildren(place, bar, this.history);
    this.editor = new Editor(place, { doc: first, label: t("editor"), run: () => this.run() });
    const target = document.getElementById("results") ?? el("div", { id: "results", "aria-live": "polite" });
    if (!target.isConnected) root.after(target);
    this.results = new ResultsTable(target, { lang: this.lang, onError: (error) => this.editor.mark(position(error, this.editor.text)) });
    this.showExamples();
    this.showHistory();
  }

  /** Complete by the names the page knows at once, and by units and UCDs once the schema has come. */
  async complete() {
    const use = (tables) => {
      this.tables = tables;
      this.editor.complete(completions(tables, (text) => localised(text, this.lang)));
      this.showExamples();
    };
    if (this.tables.length) use(this.tables);
    try {
      use((await get(SCHEMA)).tables);
    } catch (error) {
      this.root.append(errorNotice(error, "", this.lang));
    }
  }

  /** Queries worth starting from, `[adql, label]`, written for the tables there are. */
  examples() {
    const { t } = this;
    const list = [];
    for (const { name, columns = [] } of this.tables.slice(0, MOST_EXAMPLES / 2)) {
      const table = tableName(name);
      const [ra, dec] = positionColumns(columns);
      list.push([`SELECT TOP 10 *\nFROM ${table}`, t("exampleRows", { table: name })]);
      if (ra) list.push([`SELECT *\nFROM ${table}\nWHERE 1 = CONTAINS(POINT(${ra}, ${dec}), CIRCLE(56.75, 24.12, 0.5))`, t("exampleCone", { table: name })]);
      else list.push([`SELECT COUNT(*) AS n\nFROM ${table}`, t("exampleCount", { table: name })]);
    }
    list.push(["SELECT schema_name, COUNT(*) AS n\nFROM TAP_SCHEMA.tables\nGROUP BY schema_name\nORDER BY n DESC", t("exampleGroup")]);
    return list;
  }

  showExamples() {
    this.examplesMenu.replaceChildren(...options([["", `${this.t("examples")}…`], ...this.examples()]));
  }

  showHistory() {
    const { t } = this;
    const queries = past();
    const item = (query) => el("li", {}, el("button", { type: "button", title: query, onclick: () => this.take(query) }, query.replace(/\s+/g, " ")));
    const clear = () => {
      forget();
      this.showHistory();
    };
    this.history.replaceChildren(
      el("summary", {}, t("history")),
      queries.length ? el("ul", { class: "history" }, queries.map(item)) : el("p", { class: "helptext" }, t("noHistory")),
      ...(queries.length ? [el("button", { type: "button", class: "link", onclick: clear }, t("clear"))] : []),
    );
  }

  take(query) {
    if (!query) return;
    this.editor.text = query;
    this.editor.focus();
    this.examplesMenu.value = "";
  }

  /** Start the query as a job, and go to its page. */
  async runAsJob() {
    const adql = this.editor.text.trimEnd();
    if (!adql.trim()) return;
    remember(adql);
    try {
      const { id } = await post("/api/v1/jobs", { arguments: { adql, format: this.format.value } });
      location.assign(`${this.lang === "zh" ? "/zh" : ""}/jobs/${id}`);
    } catch (error) {
      this.root.append(errorNotice(error, adql, this.lang));
    }
  }

  async run() {
    const query = this.editor.text.trimEnd();
    if (!query.trim()) return;
    this.editor.mark(null);
    remember(query);
    this.showHistory();
    await this.results.show(query);
  }
}

/** The names of a table's main position columns, by UCD, else by the names everybody uses. */
function positionColumns(columns) {
  const find = (ucd, name) => {
    const known = columns.map((column) => (typeof column === "string" ? { name: column } : column));
    const found = known.find((column) => column.ucd === `${ucd};meta.main`) ?? known.find((column) => column.name.toLowerCase() === name);
    return found && identifier(found.name);
  };
  const pair = [find("pos.eq.ra", "ra"), find("pos.eq.dec", "dec")];
  return pair[0] && pair[1] ? pair : [null, null];
}

const root = document.getElementById("sql-editor");
if (root) window.tiankuSql = new SqlPage(root);

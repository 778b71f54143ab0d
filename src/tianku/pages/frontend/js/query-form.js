import { columnFields } from "./form/columns.js";
import { conditionFields, Incomplete } from "./form/conditions.js";
import { coneFields } from "./form/cone.js";
import { twins } from "./form/twins.js";
import { WORDS } from "./form/words.js";
import { select } from "./lib/adql.js";
import { get, pageData } from "./lib/api.js";
import { el, options } from "./lib/dom.js";
import { download, FORMATS } from "./lib/download.js";
import { errorNotice } from "./lib/errors.js";
import { language, translator } from "./lib/i18n.js";
import { ResultsTable } from "./table.js";

const LIMIT = 1000;

/**
 * The query form of one table. What it knows of the table comes from the page's `#query-config` or from
 * `data-table-api`: `{table, position: {ra, dec}|null, columns: [{name, type, unit, ucd, description, principal}]}`.
 */
class QueryForm {
  constructor(root, config) {
    const lang = language(root);
    const t = translator(WORDS, lang);
    const changed = () => this.changed();
    const start = new URLSearchParams(location.search);
    const table = config.table ?? config.name;
    const context = { t, lang, start, changed, columns: config.columns, position: config.position ?? null, links: config.links ?? {} };
    Object.assign(this, { root, t, lang, table });
    this.cone = coneFields(context);
    this.columns = columnFields(context);
    this.conditions = conditionFields(context);
    this.twins = twins({ t, tap: `${location.origin}/vo/tap` });
    this.build(context);
    this.changed();
    // A position in the page's address is a question already asked.
    if (start.get("ra") && start.get("dec")) this.submit();
  }

  build({ t, columns, changed, links }) {
    const sortable = columns.filter(({ arraysize, type }) => !arraysize || /char|string/i.test(type));
    this.sort = el("select", { id: "query-sort", name: "sort", onchange: changed }, options([["", t("unsorted")], ...sortable.map(({ name }) => [name, name])]));
    this.descending = el("input", { type: "checkbox", name: "descending", onchange: changed });
    this.limit = el("input", { id: "query-limit", name: "limit", type: "number", min: 1, step: 1, value: LIMIT, oninput: changed });
    this.format = el("select", { id: "query-format", name: "format", onchange: changed }, options(FORMATS));
    this.problem = el("p", { class: "notice notice--error", role: "alert", hidden: true });
    const form = this.root.tagName === "FORM" ? this.root : el("form", { class: "form" });
    form.classList.add("form");
    form.noValidate = true;
    form.replaceChildren(...this.fieldsets(t));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    const target = document.getElementById("results") ?? el("div", { id: "results", "aria-live": "polite" });
    this.results = new ResultsTable(target, { lang: this.lang, links });
    if (form !== this.root) this.root.replaceChildren(form);
    if (!target.isConnected) this.root.after(target);
    target.after(this.twins.node);
  }

  fieldsets(t) {
    const field = (control, label, small = false) => el("div", { class: `field${small ? " field--small" : ""}` }, el("label", { for: control.id }, label), control);
    const output = el(
      "fieldset",
      {},
      el("legend", {}, t("output")),
      el(
        "div",
        { class: "fields" },
        field(this.sort, t("sort")),
        el("label", { class: "check field field--small" }, el("span", {}, this.descending, " ", t("descending"))),
        field(this.limit, t("limit"), true),
        field(this.format, t("format"), true),
      ),
    );
    const actions = el(
      "div",
      { class: "actions" },
      el("button", { type: "submit", class: "button button--primary" }, t("search")),
      el("button", { type: "button", class: "button", "data-control": "download", onclick: () => this.download() }, t("download")),
    );
    return [this.cone.node, this.columns.node, this.conditions.node, output, this.problem, actions].filter(Boolean);
  }

  /** The query as chosen now; throws a RangeError that says which field is wrong. */
  adql() {
    const limit = Number(this.limit.value);
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(this.t("badLimit"));
    return select({
      table: this.table,
      columns: this.columns.read(),
      cone: this.cone.read(),
      conditions: this.conditions.read(),
      order: { column: this.sort.value, descending: this.descending.checked },
      limit,
    });
  }

  /** The query, or null after showing what keeps it from being written; `patient` bears with what is not filled in yet. */
  checked(patient = false) {
    this.problem.hidden = true;
    try {
      return this.adql();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.problem.textContent = error.message;
      this.problem.hidden = patient && error instanceof Incomplete;
      return null;
    }
  }

  changed() {
    const adql = this.twins && this.limit ? this.checked(true) : null;
    // TOP says the limit already; a MAXREC beside it would only mark the answer as cut off.
    if (adql) this.twins.show(adql, { format: this.format.value });
  }

  submit() {
    const adql = this.checked();
    if (adql) this.results.show(adql);
  }

  download() {
    const adql = this.checked();
    if (adql) download(adql, this.format.value);
  }
}

async function start(root) {
  try {
    const config = pageData("query-config") ?? (await get(root.dataset.tableApi));
    window.tiankuQuery = new QueryForm(root, config);
  } catch (error) {
    root.replaceChildren(errorNotice(error, "", language(root)));
    if (!error.code) throw error;
  }
}

const root = document.getElementById("query-form");
if (root) await start(root);

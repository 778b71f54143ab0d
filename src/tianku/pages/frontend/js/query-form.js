import { columnFields } from "./form/columns.js";
import { areaFields } from "./form/area.js";
import { conditionFields, Incomplete } from "./form/conditions.js";
import { liveCount } from "./form/count.js";
import { twins } from "./form/twins.js";
import { WORDS } from "./form/words.js";
import { select, test } from "./lib/adql.js";
import { get, pageData, post } from "./lib/api.js";
import { el, options } from "./lib/dom.js";
import { download, downloadList, FORMATS } from "./lib/download.js";
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
    // The address of the table in the API; lists of positions are sent below it.
    const address = root.dataset.tableApi ?? `/api/v1/datasets/${config.dataset}/tables/${table.split(".").pop()}`;
    Object.assign(this, { root, t, lang, table, lists: `${address}/positions` });
    this.area = areaFields(context);
    this.columns = columnFields(context);
    this.conditions = conditionFields(context);
    this.twins = twins({ t, tap: `${location.origin}/vo/tap` });
    this.count = liveCount({ t, lang });
    this.build(context);
    this.area.start?.();
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
      this.count.node,
    );
    return [this.area.node, this.columns.node, this.conditions.node, output, this.problem, actions].filter(Boolean);
  }

  /** What is chosen now, for `select`, with `list` for a list of positions; throws a RangeError that says which field is wrong. */
  choice() {
    const limit = Number(this.limit.value);
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(this.t("badLimit"));
    return {
      table: this.table,
      columns: this.columns.read(),
      ...this.area.read(),
      conditions: this.conditions.read(),
      order: { column: this.sort.value, descending: this.descending.checked },
      limit,
    };
  }

  /** The choice, or null after showing what keeps it from being a query; `patient` bears with what is not filled in yet. */
  checked(patient = false) {
    this.problem.hidden = true;
    try {
      return this.choice();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.tell(error.message, patient && error instanceof Incomplete);
      return null;
    }
  }

  tell(message, hidden = false) {
    this.problem.textContent = message;
    this.problem.hidden = hidden;
  }

  changed() {
    const choice = this.twins && this.limit && this.count ? this.checked(true) : null;
    if (!choice) return;
    this.count.show(choice);
    // TOP says the limit already; a MAXREC beside it would only mark the answer as cut off.
    if (choice.list) this.twins.showList(location.origin + this.lists, { ...listed(choice), format: this.format.value });
    else this.twins.show(select(choice), { format: this.format.value });
  }

  submit() {
    const choice = this.checked();
    if (!choice) return;
    if (!choice.list) this.results.show(select(choice));
    else this.results.showFrom(({ signal, ...page }) => post(this.lists, { ...listed(choice), ...page }, { signal }));
  }

  async download() {
    const choice = this.checked();
    if (!choice) return;
    const format = this.format.value;
    if (!choice.list) return download(select(choice), format);
    try {
      await downloadList(this.lists, { ...listed(choice), format });
    } catch (error) {
      this.tell(error.message);
    }
  }
}

/** A choice with a list of positions as the API takes it. */
function listed({ list, columns, conditions, order, limit }) {
  const sorted = order.column ? { sort: order.column, descending: order.descending } : {};
  return { ...list, ...(columns.length ? { columns } : {}), where: conditions.map(test), ...sorted, limit };
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

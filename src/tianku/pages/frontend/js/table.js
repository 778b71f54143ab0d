import { isNumeric } from "./lib/adql.js";
import { query } from "./lib/api.js";
import { el } from "./lib/dom.js";
import { errorNotice } from "./lib/errors.js";
import { language, localised, translator } from "./lib/i18n.js";
import { pretty } from "./lib/units.js";

const WORDS = {
  rows: ["Rows {from}–{to}", "第 {from}–{to} 行"],
  none: ["No rows match.", "没有符合条件的行。"],
  previous: ["Previous", "上一页"],
  next: ["Next", "下一页"],
  perPage: ["Rows per page", "每页行数"],
  waiting: ["Searching…", "正在查询……"],
  version: ["Answered from {versions}", "数据版本：{versions}"],
};
const PAGE_SIZES = [25, 50, 100, 250];
const SINGLE = /^(float32|float|real)$/i;
const FLOATING = /^(float|double|real)/i;
const URL_COLUMN = /(^|_)(access_url|url|datalink)$/i;

/** A results table inside `root`, read page by page from the server. */
export class ResultsTable {
  constructor(root, { lang = language(root), links = {}, onError = () => {} } = {}) {
    Object.assign(this, { root, lang, links, onError, t: translator(WORDS, lang), size: 50, offset: 0, adql: "", ask: null });
  }

  /** Show the first page of `adql`; resolves to whether it worked. */
  show(adql) {
    this.adql = adql;
    this.ask = (page) => query(adql, page);
    return this.turn(0);
  }

  /** Show the first page of what `ask({limit, offset, signal})` resolves to. */
  showFrom(ask) {
    Object.assign(this, { adql: "", ask });
    return this.turn(0);
  }

  async turn(offset) {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    this.root.setAttribute("aria-busy", "true");
    if (this.root.firstChild) this.root.classList.add("is-waiting");
    else this.root.append(el("p", { class: "muted", role: "status" }, this.t("waiting")));
    try {
      const page = await this.ask({ limit: this.size, offset, signal: abort.signal });
      this.offset = offset;
      this.draw(page);
      return true;
    } catch (error) {
      if (error.name === "AbortError") return false;
      this.root.replaceChildren(errorNotice(error, this.adql, this.lang));
      this.onError(error);
      return false;
    } finally {
      if (this.abort === abort) {
        this.root.classList.remove("is-waiting");
        this.root.removeAttribute("aria-busy");
      }
    }
  }

  draw(page) {
    if (!page.rows.length && this.offset === 0) {
      this.root.replaceChildren(el("p", { class: "notice", role: "status" }, this.t("none")), this.head(page));
      return;
    }
    this.root.replaceChildren(this.head(page), this.foot(page));
  }

  head(page) {
    const units = page.columns.some((column) => column.unit);
    const cells = page.columns.map((column) => headCell(column, this.lang, units));
    const formats = page.columns.map((column) => formatter(column, page.links?.[column.name] ?? this.links[column.name]));
    const rows = page.rows.map((row) => el("tr", {}, row.map((value, i) => cell(value, formats[i]))));
    const table = el("table", { class: "table" }, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, rows));
    return el("div", { class: "table-box table-box--tall", tabindex: 0, role: "region", "aria-label": this.t("rows", this.range(page)) }, table);
  }

  range(page) {
    return { from: this.offset + (page.rows.length ? 1 : 0), to: this.offset + page.rows.length };
  }

  foot(page) {
    const { t } = this;
    const button = (text, offset, usable) =>
      el("button", { type: "button", class: "button", disabled: !usable, onclick: () => this.turn(offset) }, text);
    const sizes = el("select", { "aria-label": t("perPage"), title: t("perPage") }, PAGE_SIZES.map((size) => el("option", { selected: size === this.size }, size)));
    sizes.addEventListener("change", () => {
      this.size = Number(sizes.value);
      this.turn(Math.floor(this.offset / this.size) * this.size);
    });
    const versions = Object.entries(page.schema_versions ?? {}).map(([schema, version]) => (version && version !== schema ? `${schema} → ${version}` : schema));
    return el(
      "div",
      { class: "table-foot" },
      el("span", { role: "status" }, t("rows", this.range(page)), versions.length ? el("span", { class: "muted" }, ` · ${t("version", { versions: versions.join(", ") })}`) : null),
      el("div", { class: "actions" }, sizes, button(t("previous"), Math.max(0, this.offset - this.size), this.offset > 0), button(t("next"), this.offset + this.size, page.more)),
    );
  }
}

function isNumber(column) {
  return isNumeric(column.type) && !column.arraysize;
}

function headCell(column, lang, units) {
  const title = [localised(column.description, lang), column.ucd].filter(Boolean).join("\n");
  const unit = units ? el("span", { class: "unit", title: column.unit || null }, pretty(column.unit || "\u00a0")) : null;
  return el("th", { scope: "col", title: title || null, class: isNumber(column) ? "number" : null }, column.name, unit);
}

/** How the values of one column become table cells: `{className, content(value)}`. */
function formatter(column, template) {
  const numeric = isNumber(column);
  const write = (value) => (FLOATING.test(column.type) && typeof value === "number" ? numberText(value, column.type) : String(value));
  const isUrl = column.ucd === "meta.ref.url" || URL_COLUMN.test(column.name);
  return (value) => {
    if (value === null || value === undefined) return { className: numeric ? "null number" : "null", content: "–" };
    if (typeof value === "object") return { content: JSON.stringify(value) };
    const text = write(value);
    const className = numeric ? "number" : null;
    // A template of the server's own; a value never chooses the scheme of a link.
    const href = template?.replaceAll("{value}", encodeURIComponent(value)) ?? (isUrl && /^https?:\/\//i.test(value) ? value : null);
    return { className, content: href ? el("a", { href }, text) : text };
  };
}

function cell(value, format) {
  const { className = null, content } = format(value);
  return el("td", { class: className, title: typeof value === "string" && value.length > 40 ? value : null }, content);
}

/** A floating-point number without the digits that its type cannot hold. */
function numberText(value, type) {
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(SINGLE.test(type) ? 7 : 12)));
}

/** Tables that a page asks for itself: `<div data-results="SELECT …">`. */
export function startTables(root = document) {
  for (const place of root.querySelectorAll("[data-results]")) new ResultsTable(place).show(place.dataset.results);
}

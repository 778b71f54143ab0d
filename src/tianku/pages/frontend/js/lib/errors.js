import { el } from "./dom.js";
import { translator } from "./i18n.js";

const WORDS = {
  at: ["line {line}, column {column}", "第 {line} 行，第 {column} 列"],
  network: ["The server could not be reached: {reason}", "无法连接服务器：{reason}"],
};

/** Where in a text an error points to, `{from, to}` in characters; null without a position. */
export function position(error, text) {
  const { line, column } = error.params ?? {};
  if (!Number.isInteger(line) || !Number.isInteger(column)) return null;
  const lines = text.split("\n");
  if (line < 1 || line > lines.length) return null;
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const from = Math.min(start + Math.max(0, column - 1), text.length);
  const token = /^("[^"\n]*"|'[^'\n]*'|\w+|\S)/u.exec(text.slice(from));
  return { from, to: Math.min(text.length, from + (error.params.length ?? token?.[0].length ?? 1)) };
}

/** An error as a notice; the query's line with the offending word marked, where the server said which. */
export function errorNotice(error, text, lang) {
  const t = translator(WORDS, lang);
  const notice = el("div", { class: "notice notice--error", role: "alert" });
  const said = error instanceof TypeError ? t("network", { reason: error.message }) : error.message;
  const where = position(error, text);
  const place = where ? el("span", { class: "muted" }, ` (${t("at", error.params)})`) : null;
  notice.append(el("p", {}, said, ...(place ? [place] : [])));
  if (where) notice.append(excerpt(text, where));
  return notice;
}

function excerpt(text, { from, to }) {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const found = text.indexOf("\n", to);
  const end = found < 0 ? text.length : found;
  return el("pre", {}, text.slice(start, from), el("mark", {}, text.slice(from, to) || " "), text.slice(to, end));
}

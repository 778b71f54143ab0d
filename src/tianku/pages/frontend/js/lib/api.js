/** Calls of the JSON API; a refusal becomes an `ApiError` with the server's code, message and parameters. */

export class ApiError extends Error {
  constructor(status, { code = "http", message = `HTTP ${status}`, params = {} } = {}) {
    super(message);
    Object.assign(this, { status, code, params });
  }
}

/** Integers beyond 2⁵³ (identifiers of big surveys) are kept as their text, where the browser tells it. */
function exact(_key, value, context) {
  const large = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  return large && /^-?\d+$/.test(context?.source ?? "") ? context.source : value;
}

async function answer(request) {
  const reply = await request;
  const isJson = (reply.headers.get("Content-Type") ?? "").includes("json");
  const body = isJson ? JSON.parse(await reply.text(), exact) : null;
  if (!reply.ok) throw new ApiError(reply.status, body?.error ?? { message: `${reply.status} ${reply.statusText}` });
  if (!isJson) throw new ApiError(reply.status, { message: "the reply is not JSON" });
  return body;
}

/** The data in the page's own `<script type="application/json" id="…">`; null without it. */
export function pageData(id) {
  const node = document.getElementById(id);
  return node && JSON.parse(node.textContent);
}

/** What a session's writing requests must carry; nothing for a visitor without an account. */
export function csrfHeader() {
  const token = pageData("page-config")?.csrf;
  return token ? { "X-CSRF-Token": token } : {};
}

/** GET `address` as JSON. */
export function get(address, { signal } = {}) {
  return answer(fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" }, signal }));
}

/** POST `value` as JSON to `address`. */
export function post(address, value, { signal } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", ...csrfHeader() };
  return answer(fetch(address, { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(value), signal }));
}

/** DELETE `address`; the reply has no content. */
export async function remove(address) {
  const reply = await fetch(address, { method: "DELETE", credentials: "same-origin", headers: csrfHeader() });
  if (!reply.ok) throw new ApiError(reply.status, (await reply.json()).error);
}

/** How many rows a query has: `{rows, exact}`; not exact where counting would take long. */
export function count(adql) {
  return post("/api/v1/count", { adql });
}

/** Ask for one page of a query's rows. */
export function query(adql, { limit, offset = 0, signal } = {}) {
  return post("/api/v1/query", { adql, limit, offset }, { signal });
}

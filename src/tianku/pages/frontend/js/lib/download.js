import { ApiError, csrfHeader } from "./api.js";
import { listParts } from "./twins.js";
import { el, save } from "./dom.js";

const LONGEST_ADDRESS = 6000;
const TAP_SYNC = "/vo/tap/sync";

/** Formats of a whole result: the TAP FORMAT and what people call it. */
export const FORMATS = [
  ["votable", "VOTable"],
  ["fits", "FITS"],
  ["csv", "CSV"],
  ["parquet", "Parquet"],
  ["json", "JSON"],
];

/**
 * Download the whole answer from the TAP service. The browser streams it to disk; only a long query of somebody
 * who is logged in, whose POST must carry a header, is fetched by the script.
 */
export async function download(adql, format, maxrec) {
  const fields = { LANG: "ADQL", FORMAT: format, QUERY: adql, ...(maxrec ? { MAXREC: String(maxrec) } : {}) };
  const address = `${TAP_SYNC}?${new URLSearchParams(fields)}`;
  const headers = csrfHeader();
  if (address.length < LONGEST_ADDRESS) submit("get", fields);
  else if (!Object.keys(headers).length) submit("post", fields);
  else {
    const reply = await fetch(TAP_SYNC, { method: "POST", headers, body: new URLSearchParams(fields) });
    save(await reply.blob(), `result.${format}`);
  }
}

/** Download the whole answer for a list of positions from the service at `address`. */
export async function downloadList(address, asked) {
  const body = new FormData();
  for (const [name, value] of listParts(asked)) body.append(name, value);
  body.append("file", new Blob([asked.positions], { type: "text/plain" }), "positions.txt");
  const reply = await fetch(address, { method: "POST", credentials: "same-origin", headers: csrfHeader(), body });
  if (!reply.ok) throw new ApiError(reply.status, (await reply.json()).error);
  save(await reply.blob(), `positions.${asked.format}`);
}

function submit(method, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => el("input", { type: "hidden", name, value }));
  const form = el("form", { method, action: TAP_SYNC, target: "_blank", hidden: true }, inputs);
  document.body.append(form);
  form.submit();
  form.remove();
}

/** The same query for a shell and for Python, so that a form's choice can go into a script. */

/** A word of a POSIX shell. */
export function shellWord(value) {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** A Python string literal, with triple quotes when it has several lines. */
export function pythonString(value) {
  const escaped = value.replaceAll("\\", "\\\\");
  if (!value.includes("\n")) return `"${escaped.replaceAll('"', '\\"')}"`;
  return `"""${escaped.replaceAll('"""', '\\"\\"\\"').replace(/"$/, '\\"')}"""`;
}

/** A curl command for the synchronous TAP service at `tap`. */
export function curl(tap, adql, { format, maxrec }) {
  const fields = ["LANG=ADQL", `FORMAT=${format}`, maxrec ? `MAXREC=${maxrec}` : null].filter(Boolean);
  const plain = fields.map((field) => `  --data-urlencode ${shellWord(field)} \\\n`).join("");
  return `curl -sS ${shellWord(`${tap}/sync`)} \\\n${plain}  --data-urlencode ${shellWord(`QUERY=${adql}`)}`;
}

/** A pyVO script for the TAP service at `tap`. */
export function pyvo(tap, adql, { maxrec }) {
  const limit = maxrec ? `, maxrec=${maxrec}` : "";
  return [
    "import pyvo",
    "",
    `service = pyvo.dal.TAPService(${pythonString(tap)})`,
    `result = service.search(${pythonString(adql)}${limit})`,
    "table = result.to_table()",
    "print(table)",
  ].join("\n");
}

/** A curl command that sends the list in `positions.txt` to the service at `address`; `asked` is as of the API. */
export function curlList(address, asked) {
  const fields = listParts(asked).map(([name, value]) => `  -F ${shellWord(`${name}=${value}`)} \\\n`);
  return `curl -sS ${shellWord(address)} \\\n${fields.join("")}  -F file=@positions.txt -o result`;
}

/** A Python script that sends the list in `positions.txt` to the service at `address` and reads the table. */
export function pythonList(address, asked) {
  const { positions: _, ...others } = asked;
  const literal = JSON.stringify({ ...others, format: "votable" }).replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  return [
    "import io, json, pathlib, urllib.request",
    "from astropy.table import Table",
    "",
    `asked = json.loads('${literal}')`,
    'asked["positions"] = pathlib.Path("positions.txt").read_text()',
    `request = urllib.request.Request(${pythonString(address)}, json.dumps(asked).encode(), {"Content-Type": "application/json"})`,
    "table = Table.read(io.BytesIO(urllib.request.urlopen(request).read()), format=\"votable\")",
    "print(table)",
  ].join("\n");
}

/** The fields of a form that asks for `asked`, all but the list itself. */
export function listParts({ positions: _, columns, where, ...single }) {
  const plain = Object.entries(single).map(([name, value]) => [name, String(value)]);
  return [...plain, ...(columns ?? []).map((name) => ["columns", name]), ...(where.length ? [["where", JSON.stringify(where)]] : [])];
}

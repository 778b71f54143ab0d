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

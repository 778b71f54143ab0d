import { SQLDialect } from "@codemirror/lang-sql";

const KEYWORDS =
  "all and any as asc between by case cast coalesce cross desc distinct else end except exists from full group having ilike in " +
  "inner intersect is join left like natural not null offset on or order outer right select some then top union unique using " +
  "when where with true false";
const FUNCTIONS =
  "abs acos asin atan atan2 avg bitwise_and bitwise_not bitwise_or bitwise_xor ceiling cos cot count degrees exp floor " +
  "in_unit log log10 lower max min mod pi power radians rand round sign sin sqrt sum tan truncate upper " +
  "area box centroid circle contains coord1 coord2 coordsys distance intersects moc point polygon " +
  "ivo_hashlist_has ivo_hasword ivo_nocasematch ivo_healpix_index ivo_healpix_center ivo_interval_overlaps ivo_string_agg";
const TYPES = "bigint char double integer precision real smallint timestamp varchar";

/** ADQL 2.1 for the editor: its reserved words, functions and geometry. */
export const ADQL = SQLDialect.define({
  keywords: KEYWORDS,
  builtin: FUNCTIONS,
  types: TYPES,
  charSetCasts: false,
  doubleQuotedStrings: false,
  identifierQuotes: '"',
  operatorChars: "*+-/<>=|%",
});

/** How a reserved word is offered; functions come with their bracket. */
export function keywordCompletion(label, type) {
  const called = type === "variable";
  return { label, type: called ? "function" : type, apply: called ? `${label}(` : label, boost: -1 };
}

/** The schema reply `{tables: [{name, description, columns}]}` as the editor's completions, by table name. */
export function completions(tables, describe) {
  const schema = {};
  for (const { name, columns = [], description } of tables) {
    schema[name] = {
      self: { label: name.split(".").at(-1), type: "type", detail: describe(description).slice(0, 60) },
      children: columns.map((column) => columnCompletion(typeof column === "string" ? { name: column } : column)),
    };
  }
  return schema;
}

function columnCompletion({ name, unit, ucd }) {
  return { label: name, type: "property", detail: unit || undefined, info: ucd || undefined };
}

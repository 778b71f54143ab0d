/** ADQL 2.1 text from the choices of a form: identifiers and literals are always quoted where they must be. */

const RESERVED = new Set(
  (
    "ABS ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AREA AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN BETWEEN BIT BOTH " +
    "BOX BY CASCADE CASE CAST CATALOG CENTROID CHAR CHECK CIRCLE CLOSE COLLATE COLUMN COMMIT CONNECT CONSTRAINT CONTAINS " +
    "CONTINUE CONVERT COORD1 COORD2 COORDSYS COS COT COUNT CREATE CROSS CURRENT CURSOR DATE DAY DEC DECIMAL DECLARE DEFAULT " +
    "DELETE DESC DISTANCE DISTINCT DOMAIN DOUBLE DROP ELSE END ESCAPE EXCEPT EXEC EXISTS EXP EXTERNAL EXTRACT FALSE FETCH " +
    "FIRST FLOAT FLOOR FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GRANT GROUP HAVING HOUR IDENTITY ILIKE IN INDICATOR INNER " +
    "INPUT INSERT INT INTEGER INTERSECT INTERSECTS INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE " +
    "LOCAL LOG LOWER MATCH MAX MIN MINUTE MOD MODULE MONTH NAMES NATIONAL NATURAL NEXT NO NOT NULL NULLIF NUMERIC OF OFFSET ON " +
    "ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD PARTIAL PI POINT POLYGON POSITION POWER PRECISION PREPARE PRIMARY " +
    "PRIOR PRIVILEGES PROCEDURE PUBLIC RADIANS RAND READ REAL REFERENCES REGION RELATIVE RESTRICT REVOKE RIGHT ROLLBACK ROUND " +
    "ROWS SCHEMA SCROLL SECOND SECTION SELECT SESSION SET SIGN SIN SIZE SMALLINT SOME SPACE SQL SQRT SUBSTRING SUM SYSTEM " +
    "TABLE TAN TEMPORARY THEN TIME TIMESTAMP TO TOP TRAILING TRANSACTION TRIM TRUE TRUNCATE UNION UNIQUE UNKNOWN UPDATE UPPER " +
    "USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW WHEN WHENEVER WHERE WITH WORK WRITE YEAR ZONE"
  ).split(" "),
);
const NUMERIC = /^(?:short|int|long|float|double|unsigned|real|bigint|smallint|integer|decimal|byte|u?int\d+|float\d+)/i;

/** A column or table name: as it is where ADQL allows it, else delimited. */
export function identifier(name) {
  const regular = /^[A-Za-z]\w*$/.test(name) && !RESERVED.has(name.toUpperCase());
  return regular ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A table's name, `schema.table`, with every part an identifier. */
export function tableName(name) {
  return name.includes('"') ? name : name.split(".").map(identifier).join(".");
}

/** A string literal. */
export function text(value) {
  return `'${String(value).replaceAll("'", "''")}'`;
}

/** Whether values of `type` are written as numbers. */
export function isNumeric(type) {
  return NUMERIC.test(type ?? "");
}

/** A literal for a column of `type`; throws a RangeError when a number is asked for and `value` is none. */
export function literal(value, type) {
  if (!isNumeric(type)) return text(value);
  const trimmed = String(value).trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) throw new RangeError(value);
  return trimmed.replace(/^\+/, "");
}

/** One condition `{column, type, operator, value, value2}` as ADQL. */
export function condition({ column, type, operator, value, value2 }) {
  const name = identifier(column);
  if (operator === "null") return `${name} IS NULL`;
  if (operator === "notnull") return `${name} IS NOT NULL`;
  if (operator === "between") return `${name} BETWEEN ${literal(value, type)} AND ${literal(value2, type)}`;
  if (operator === "in" || operator === "notin") {
    const entries = value.split(",").map((each) => literal(each.trim(), type));
    return `${name} ${operator === "in" ? "IN" : "NOT IN"} (${entries.join(", ")})`;
  }
  if (operator === "like" || operator === "ilike") return `${name} ${operator.toUpperCase()} ${text(value)}`;
  return `${name} ${operator} ${literal(value, type)}`;
}

/**
 * A whole query.
 * @param {{table, columns, cone, rectangle, conditions, order, limit}} choice `cone` is `{ra, dec, radius}` and `rectangle`
 *   `{west, east, south, north}` in degrees with `raColumn` and `decColumn`; no columns means all; `order` is
 *   `{column, descending}`
 */
export function select({ table, columns, order, limit, ...area }) {
  const shown = columns.length ? columns.map(identifier).join(", ") : "*";
  const lines = [`SELECT${limit ? ` TOP ${limit}` : ""} ${shown}`, ...from(table, area)];
  if (order?.column) lines.push(`ORDER BY ${identifier(order.column)}${order.descending ? " DESC" : ""}`);
  return lines.join("\n");
}

/** How many rows a query has: `choice` as of `select`. */
export function count({ table, ...area }) {
  return ["SELECT COUNT(*) AS n", ...from(table, area)].join("\n");
}

function from(table, { cone, rectangle, conditions }) {
  const where = conditions.map(condition);
  if (cone) {
    const point = `POINT(${identifier(cone.raColumn)}, ${identifier(cone.decColumn)})`;
    where.unshift(`1 = CONTAINS(${point}, CIRCLE(${cone.ra}, ${cone.dec}, ${cone.radius}))`);
  }
  if (rectangle) where.unshift(...sides(rectangle));
  return [`FROM ${tableName(table)}`, ...(where.length ? [`WHERE ${where.join("\n  AND ")}`] : [])];
}

function sides({ west, east, south, north, raColumn, decColumn }) {
  const ra = identifier(raColumn);
  const wraps = Number(west) > Number(east);
  return [
    wraps ? `(${ra} >= ${west} OR ${ra} <= ${east})` : within(ra, west, east),
    within(identifier(decColumn), south, north),
  ].filter(Boolean);
}

function within(name, low, high) {
  if (low !== undefined && high !== undefined) return `${name} BETWEEN ${low} AND ${high}`;
  if (low !== undefined) return `${name} >= ${low}`;
  return high === undefined ? null : `${name} <= ${high}`;
}

const OPERATORS = {
  "=": "equal", "<>": "notequal", "<": "less", "<=": "lessequal", ">": "greater", ">=": "greaterequal",
  null: "isnull", notnull: "notnull",
};

/** A condition as the API takes it: `{column, operator, values}`. */
export function test({ column, type, operator, value, value2 }) {
  const texts = operator === "in" || operator === "notin" ? value.split(",").map((each) => each.trim()) : [value, value2];
  const given = texts.filter((each) => each !== undefined);
  // An integer beyond 2⁵³ would be rounded.
  const number = (each) => (Number.isInteger(Number(each)) && !Number.isSafeInteger(Number(each)) ? each : Number(each));
  return { column, operator: OPERATORS[operator] ?? operator, values: isNumeric(type) ? given.map(number) : given };
}

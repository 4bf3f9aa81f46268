import type { Column } from "./introspect.ts";

/** A type for what is read, and for what may be written when that is more. */
interface ValueType {
  readonly read: string;
  readonly write?: string;
}

const number: ValueType = { read: "number" };
const instant: ValueType = { read: "Date", write: "Date | string" };
// Written as text: the driver would take an array for an array of PostgreSQL.
const json: ValueType = { read: "unknown", write: "string" };

/** What the driver makes of PostgreSQL's types (`type-parsers.ts`); everything else comes as its text. */
const valueTypes: Readonly<Record<string, ValueType>> = {
  bool: { read: "boolean" },
  int2: number,
  int4: number,
  int8: { read: "number", write: "number | bigint | string" },
  float4: number,
  float8: number,
  oid: number,
  numeric: { read: "string", write: "string | number" },
  timestamp: instant,
  timestamptz: instant,
  json,
  jsonb: json,
  bytea: { read: "Buffer" },
  point: { read: "{ x: number; y: number }", write: "string" },
};

/** Arrays that the driver takes apart; of others it gives the text. */
const arrays = new Set(
  "bool int2 int4 int8 float4 float8 oid numeric timestamp timestamptz json jsonb bytea text varchar bpchar uuid date time timetz interval inet macaddr money".split(
    " ",
  ),
);

/** The type of a column as Kysely reads it. */
export function columnType(column: Column, enumNames: ReadonlyMap<string, string>): string {
  const value = valueType(column, enumNames);
  const orNull = column.nullable ? " | null" : "";
  const read = value.read === "unknown" ? "unknown" : `${value.read}${orNull}`;
  if (column.generated) return `ColumnType<${read}, never, never>`;
  if (value.write === undefined) return column.hasDefault ? `Generated<${read}>` : read;
  const write = `${value.write}${orNull}`;
  return `ColumnType<${read}, ${write}${column.hasDefault ? " | undefined" : ""}, ${write}>`;
}

function valueType(column: Column, enumNames: ReadonlyMap<string, string>): ValueType {
  if (!column.array)
    return column.enum ? { read: enumNames.get(column.type) ?? "string" } : scalar(column.type);
  if (column.enum || !arrays.has(column.type)) return { read: "string" };
  const { read, write } = scalar(column.type);
  const listOf = (type: string): string => (type.includes(" ") ? `(${type})[]` : `${type}[]`);
  return write === undefined
    ? { read: listOf(read) }
    : { read: listOf(read), write: listOf(write) };
}

function scalar(type: string): ValueType {
  return valueTypes[type] ?? { read: "string" };
}

/** A name in TypeScript's manner: `order_items` → `OrderItems`. */
export function nameOfType(name: string): string {
  const parts = name.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  const joined = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
  return /^[A-Za-z]/.test(joined) ? joined : `T${joined}`;
}

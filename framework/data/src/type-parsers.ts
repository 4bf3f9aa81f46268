import { createRequire } from "node:module";
import type { CustomTypesConfig } from "pg";
import { KerfError } from "@kerf/kernel";

const require = createRequire(import.meta.url);

type Parse = (text: string) => unknown;

const oid = {
  int8: 20,
  date: 1082,
  interval: 1186,
  int8Array: 1016,
  dateArray: 1182,
  intervalArray: 1187,
  numericArray: 1231,
} as const;

/** int8 as a number; amounts and counters fit, and what does not is an error instead of a wrong digit. */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new KerfError("invalid_output", {
      message: `The integer ${text} does not fit a JavaScript number.`,
      why: "bigint columns are read as numbers, which are exact up to 2^53 − 1.",
      fix: "Select it as text (column::text), or store it as numeric, which is read as a string.",
    });
  }
  return value;
}

/** The driver's own, which its types do not tell of. */
interface ArrayParser {
  create(text: string, parse: Parse): { parse(): unknown[] };
}

const same: Parse = (text) => text;

let own: ReadonlyMap<number, Parse> | undefined;

function parsers(): ReadonlyMap<number, Parse> {
  if (own !== undefined) return own;
  const { types } = require("pg") as { types: { arrayParser: ArrayParser } };
  const listOf = (text: string, parse: Parse): unknown =>
    types.arrayParser.create(text, parse).parse();
  own = new Map<number, Parse>([
    [oid.int8, parseInt8],
    // A date has no time zone: as a Date it would shift with the machine's.
    [oid.date, same],
    [oid.interval, same],
    [oid.int8Array, (text) => listOf(text, parseInt8 as Parse)],
    [oid.numericArray, (text) => listOf(text, same)],
    [oid.dateArray, (text) => listOf(text, same)],
    [oid.intervalArray, (text) => listOf(text, same)],
  ]);
  return own;
}

let types: typeof import("pg").types | undefined;

/** Asked for every column of every answer, and finding a module costs more than reading most columns. */
function driverTypes(): typeof import("pg").types {
  types ??= (require("pg") as typeof import("pg")).types;
  return types;
}

/** How columns become values: int8 → number (checked), numeric, date and interval → string; the rest as the driver does. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser: ((typeId: number, format?: "text" | "binary") => {
    const parse = format === "binary" ? undefined : parsers().get(typeId);
    if (parse !== undefined) return parse;
    return driverTypes().getTypeParser(typeId, format as "text") as unknown;
  }) as CustomTypesConfig["getTypeParser"],
};

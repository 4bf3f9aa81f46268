import { z } from "zod";
import type { Contract } from "../../../contract.ts";
import { jsonSchema } from "../../../json-schema.ts";
import { command } from "../../../operation.ts";
import type { Schema } from "../../../schema.ts";
import {
  between,
  type ContractCase,
  type Expected,
  no,
  shopWith,
  unclear,
  yes,
} from "./contract-case.ts";
import { card, cash, done, invoice, line, sku } from "./values.ts";

function input(before: Schema, after: Schema, ...expected: Expected): ContractCase {
  const with_ = (schema: Schema): Contract => shopWith(command({ input: schema, output: done }));
  return between("input", with_(before), with_(after), expected);
}

/** What a call gives. */
export const inputCases: readonly ContractCase[] = [
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string().optional() }),
    "an optional field is added",
    yes,
    yes,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string().default("") }),
    "a field with a default is added",
    yes,
    yes,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku }),
    z.object({ sku, note: z.string() }),
    "a required field is added",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.object({ sku }),
    "a field is dropped",
    yes,
    no,
    "note: orders calls stock.reserve, input note: orders sends it, stock does not read it",
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.strictObject({ sku }),
    "a field is dropped, further ones are refused (`strictObject`)",
    no,
    no,
    "incompatible: orders calls stock.reserve, input note: orders sends it, stock refuses it",
    "incompatible: orders calls stock.reserve, input note: orders does not send it, stock needs it",
  ),
  input(
    z.object({ sku, note: z.string() }),
    z.object({ sku, note: z.string().optional() }),
    "a required field becomes optional",
    yes,
    no,
    "incompatible: orders calls stock.reserve, input note: orders may leave it out, stock needs it",
  ),
  input(
    line(z.int()),
    line(z.string()),
    "the type of a field changes",
    no,
    no,
    "incompatible: orders calls stock.reserve, input quantity: orders sends integer, stock takes string",
    "incompatible: orders calls stock.reserve, input quantity: orders sends string, stock takes integer",
  ),
  input(
    line(z.int()),
    line(z.number()),
    "a field takes fractions as well",
    yes,
    no,
    "incompatible: orders calls stock.reserve, input quantity: orders sends number, stock takes integer",
  ),
  input(
    line(z.int().max(20)),
    line(z.int().max(10)),
    "a limit gets tighter",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input quantity: orders sends numbers up to 20, stock takes at most 10",
  ),
  input(
    z.object({ lines: z.array(line(z.int())).max(50) }),
    z.object({ lines: z.array(line(z.int())).max(20) }),
    "fewer items are taken",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input lines: orders sends up to 50 items, stock takes at most 20",
  ),
  input(
    z.object({ sku }),
    z.object({ sku: z.string().max(64) }),
    "text gets a longest length",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input sku: orders sends any number of characters, stock takes at most 64",
  ),
  input(
    z.object({ sku }),
    z.object({ sku: z.string().regex(/^[A-Z]+$/) }),
    "text gets a pattern",
    no,
    yes,
    'incompatible: orders calls stock.reserve, input sku: orders sends any string, stock takes only what fits "^[A-Z]+$"',
  ),
  input(
    z.object({ sku: z.string().regex(/^[A-Z]+$/) }),
    z.object({ sku: z.string().regex(/^[A-Z]{2,}$/) }),
    "a pattern changes",
    unclear,
    unclear,
    'unknown: orders calls stock.reserve, input sku: whether what orders sends fits "^[A-Z]{2,}$", which stock wants, is not known',
    'unknown: orders calls stock.reserve, input sku: whether what orders sends fits "^[A-Z]+$", which stock wants, is not known',
  ),
  input(
    z.object({ size: z.enum(["s", "m"]) }),
    z.object({ size: z.enum(["s", "m", "l"]) }),
    "a value is added to an enumeration",
    yes,
    no,
    'incompatible: orders calls stock.reserve, input size: orders sends "l", stock takes only "s" or "m"',
  ),
  input(
    z.object({ pay: z.discriminatedUnion("method", [card, invoice]) }),
    z.object({ pay: z.discriminatedUnion("method", [card, invoice, cash]) }),
    "an alternative is added",
    yes,
    no,
    'incompatible: orders calls stock.reserve, input pay: orders sends an object with method "cash", which is none of the alternatives of stock',
  ),
  input(
    z.object({ note: z.string().nullable() }),
    z.object({ note: z.string() }),
    "`null` is no longer taken",
    no,
    yes,
    "incompatible: orders calls stock.reserve, input note: orders sends null, stock takes string",
  ),
  input(
    jsonSchema({ type: "object", properties: { a: { type: "string" } } }),
    jsonSchema({
      type: "object",
      properties: { a: { type: "string" } },
      patternProperties: { "^x": { type: "string" } },
    }),
    "a keyword comes that is not understood",
    unclear,
    unclear,
    "unknown: orders calls stock.reserve, input: the keyword patternProperties, which stock's schema has here, cannot be compared",
    "unknown: orders calls stock.reserve, input: the keyword patternProperties, which orders's schema has here, cannot be compared",
  ),
];

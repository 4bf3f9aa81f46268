import { z } from "zod";
import type { Contract } from "../../../contract.ts";
import { query } from "../../../operation.ts";
import type { Schema } from "../../../schema.ts";
import { between, type ContractCase, type Expected, no, shopWith, yes } from "./contract-case.ts";
import { card, cash, done, invoice, line, sku } from "./values.ts";

function output(before: Schema, after: Schema, ...expected: Expected): ContractCase {
  const with_ = (schema: Schema): Contract => shopWith(query({ input: done, output: schema }));
  return between("answer", with_(before), with_(after), expected);
}

/** What a call is answered with. */
export const outputCases: readonly ContractCase[] = [
  output(
    z.object({ sku }),
    z.object({ sku, name: z.string() }),
    "a field is added",
    yes,
    no,
    "incompatible: orders calls stock.reserve, output name: stock does not send it, orders needs it",
  ),
  output(
    z.object({ sku, name: z.string() }),
    z.object({ sku, name: z.string().optional() }),
    "a field may be left out",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock may leave it out, orders needs it",
  ),
  output(
    z.object({ sku, name: z.string() }),
    z.object({ sku }),
    "a field is dropped",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock does not send it, orders needs it",
  ),
  output(
    line(z.int()),
    line(z.number()),
    "a field may be a fraction",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output quantity: stock sends number, orders takes integer",
  ),
  output(
    line(z.int()),
    line(z.string()),
    "the type of a field changes",
    no,
    no,
    "incompatible: orders calls stock.reserve, output quantity: stock sends string, orders takes integer",
    "incompatible: orders calls stock.reserve, output quantity: stock sends integer, orders takes string",
  ),
  output(
    line(z.int().max(10)),
    line(z.int().max(20)),
    "a limit gets wider",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output quantity: stock sends numbers up to 20, orders takes at most 10",
  ),
  output(
    z.object({ size: z.enum(["s", "m"]) }),
    z.object({ size: z.enum(["s", "m", "l"]) }),
    "a value is added to an enumeration",
    no,
    yes,
    'incompatible: orders calls stock.reserve, output size: stock sends "l", orders takes only "s" or "m"',
  ),
  output(
    z.object({ paid: z.discriminatedUnion("method", [card, invoice]) }),
    z.object({ paid: z.discriminatedUnion("method", [card, invoice, cash]) }),
    "an alternative is added",
    no,
    yes,
    'incompatible: orders calls stock.reserve, output paid: stock sends an object with method "cash", which is none of the alternatives of orders',
  ),
  output(
    z.object({ name: z.string() }),
    z.object({ name: z.string().nullable() }),
    "a field may be `null`",
    no,
    yes,
    "incompatible: orders calls stock.reserve, output name: stock sends null, orders takes string",
  ),
];

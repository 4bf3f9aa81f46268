import { z } from "zod";
import { contract, type Contract } from "../../../contract.ts";
import { event } from "../../../event.ts";
import { between, type ContractCase, type Expected, no, unclear, yes } from "./contract-case.ts";
import { sku } from "./values.ts";

const moved = z.object({ sku, at: z.string() });
const timed = z.object({
  sku,
  at: z.coerce
    .date()
    .transform((at) => at.toISOString())
    .pipe(z.string()),
});

function events(
  before: Contract["events"][string] | undefined,
  after: Contract["events"][string] | undefined,
  ...expected: Expected
): ContractCase {
  const with_ = (declared: Contract["events"][string] | undefined): Contract =>
    contract("stock", {
      version: "1.0.0",
      operations: {},
      events: (declared === undefined ? {} : { moved: declared }) as Contract["events"],
    });
  return between("event", with_(before), with_(after), expected);
}

/** What is published. */
export const eventCases: readonly ContractCase[] = [
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: moved.extend({ to: z.string() }), key: "sku" }),
    "a field is added",
    yes,
    no,
    "incompatible: orders follows stock.moved, to: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: z.strictObject(moved.shape), key: "sku" }),
    event({ schema: z.strictObject({ ...moved.shape, to: z.string() }), key: "sku" }),
    "a field is added, further ones are refused (`strictObject`)",
    no,
    no,
    "incompatible: orders follows stock.moved, to: stock sends it, orders refuses it",
    "incompatible: orders follows stock.moved, to: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: z.object({ sku }), key: "sku" }),
    "a field is dropped",
    no,
    yes,
    "incompatible: orders follows stock.moved, at: stock does not send it, orders needs it",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: moved, key: "at" }),
    "its key changes",
    no,
    no,
    "incompatible: orders follows stock.moved: stock orders it by at, orders expects the order of sku",
    "incompatible: orders follows stock.moved: stock orders it by sku, orders expects the order of at",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({
      schema: moved.extend({ to: z.string() }),
      key: "sku",
      version: 2,
      upcast: { 1: (old) => ({ ...old, to: "" }) },
    }),
    "a field is added in version 2, with an upcast",
    yes,
    unclear,
    "unknown: orders follows stock.moved: stock writes version 1, which orders makes into version 2 by an upcast; what code does cannot be compared",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    event({ schema: timed, key: "sku" }),
    "a field is read by code (`z.coerce.date()`)",
    yes,
    unclear,
    "unknown: orders follows stock.moved: what orders takes is made by code, which cannot be compared",
  ),
  events(
    event({ schema: moved, key: "sku" }),
    undefined,
    "an event is dropped",
    no,
    yes,
    "incompatible: orders follows stock.moved: stock does not publish it",
  ),
];

import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { KerfError } from "@kerf/kernel";
import type { Client } from "./client.ts";
import { contract } from "./contract.ts";
import { only } from "./only.ts";
import { command, query } from "./operation.ts";
import { optional } from "./optional.ts";

const schema = z.object({ id: z.string() });
const stock = contract("stock", {
  version: "1.0.0",
  operations: {
    get: query({ access: "public", input: schema, output: schema }),
    reserve: command({ access: "service", input: schema, output: schema }),
    release: command({ access: "service", input: schema, output: schema }),
  },
});

test("a contract that is used in part has those operations and no others, in its types as well", () => {
  const part = only(stock, "reserve", "release");
  assert.deepEqual(Object.keys(part.operations), ["reserve", "release"]);
  assert.deepEqual(part.only, ["release", "reserve"]);
  assert.equal(part.name, "stock");
  assert.equal(optional(part).contract, part);
  const names: Record<keyof Client<typeof part>, true> = { reserve: true, release: true };
  // @ts-expect-error its client has no such operation
  void names.get;
  assert.equal(stock.only, undefined);
});

test("an operation that the contract does not have is refused", () => {
  // @ts-expect-error there is no such operation
  const burn = () => only(stock, "burn");
  assert.throws(burn, (error: KerfError) => {
    assert.equal(error.code, "invalid_contract");
    assert.match(error.message, /stock has no operation burn/);
    return true;
  });
});

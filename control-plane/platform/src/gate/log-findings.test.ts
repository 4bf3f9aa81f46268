import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, describeContract, event, type EventDeclaration } from "@kerf/contract";
import type { BuildDescriptor } from "@kerf/service/builds";
import * as z from "zod";
import { logFindings } from "./log-findings.ts";

const order = z.object({ id: z.string() });
const dearer = z.object({ id: z.string(), total: z.int() });

/** All that is looked at of a build. */
function build(events: Readonly<Record<string, EventDeclaration<any>>>): BuildDescriptor {
  const described = describeContract(
    contract("orders", { version: "1.0.0", operations: {}, events }),
  );
  return { service: { name: "orders", contract: described } } as unknown as BuildDescriptor;
}

const before = build({ placed: event({ schema: order, key: "id" }) });

test("a field that old events lack speaks against a build, even if nobody follows", () => {
  const [found, ...more] = logFindings(
    before,
    build({ placed: event({ schema: dearer, key: "id" }) }),
  );
  assert.deepEqual(more, []);
  assert.deepEqual(found, {
    verdict: "incompatible",
    about: "contract",
    service: "orders",
    consumer: "old events",
    operation: "orders.placed",
    path: "total",
    message:
      "incompatible: old events orders.placed, total: its log does not send it, its new schema needs it",
  });
});

test("a new version alone does not help; an upcast from the old one does", () => {
  const verdicts = (upcast: Record<number, (payload: any) => unknown>): string[] =>
    logFindings(
      before,
      build({ placed: event({ schema: dearer, key: "id", version: 2, upcast }) }),
    ).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts({}), ["incompatible"]);
  assert.deepEqual(verdicts({ 1: (payload) => ({ ...payload, total: 0 }) }), ["compatible"]);
});

test("what stays, what is new and what may be absent is nothing to speak of", () => {
  const coming = build({
    placed: event({ schema: order.extend({ total: z.int().optional() }), key: "id" }),
    ended: event({ schema: dearer, key: "id" }),
  });
  assert.deepEqual(logFindings(before, coming), []);
  assert.deepEqual(logFindings(before, before), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compareContracts,
  compareHttp,
  compareSchemas,
  type Contract,
  type ContractDescription,
  describeContract,
  findingText,
  type JsonSchema,
} from "@kerf/contract";
import { catalog } from "shop/catalog/contract";
import { inventory } from "shop/inventory/contract";
import { mobile } from "shop/mobile/contract";
import { notifications } from "shop/notifications/contract";
import { orders } from "shop/orders/contract";
import { payments } from "shop/payments/contract";
import { recommendations } from "shop/recommendations/contract";
import { search } from "shop/search/contract";
import { users } from "shop/users/contract";
import { web } from "shop/web/contract";

const contracts: readonly Contract[] = [
  catalog,
  inventory,
  mobile,
  notifications,
  orders,
  payments,
  recommendations,
  search,
  users,
  web,
];

type Json = Record<string, unknown>;

/** A copy, with a word in it that means nothing, so that nothing is taken for the same without being compared. */
function copyOf(description: ContractDescription): ContractDescription {
  return withTitles(structuredClone(description)) as ContractDescription;
}

function withTitles(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withTitles);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(([name, value]) => [name, withTitles(value)] as const);
  return { ...Object.fromEntries(entries), ...("type" in part ? { title: "a copy" } : {}) };
}

for (const contract of contracts) {
  test(`${contract.name} goes together with itself, inside and at the edge`, () => {
    const description = describeContract(contract);
    const copy = copyOf(description);
    const found = compareContracts({ consumer: copy, provider: description });
    const atTheEdge = compareHttp(description, copy);
    assert.deepEqual([...found, ...atTheEdge].map(findingText), []);
  });
}

/** Every place of a schema with a keyword, and how to change that place in a copy. */
function* places(schema: JsonSchema): Generator<{ path: string[]; node: Json }> {
  const walk = function* (
    node: unknown,
    path: string[],
  ): Generator<{ path: string[]; node: Json }> {
    if (typeof node !== "object" || node === null) return;
    if (!Array.isArray(node)) yield { path, node: node as Json };
    for (const [name, value] of Object.entries(node)) yield* walk(value, [...path, name]);
  };
  yield* walk(schema, []);
}

function changedAt(
  schema: JsonSchema,
  path: readonly string[],
  change: (node: Json) => void,
): JsonSchema {
  const copy = structuredClone(schema) as Json;
  change(path.reduce<Json>((at, name) => at[name] as Json, copy));
  return copy;
}

type Change = readonly [what: string, change: (node: Json) => void];

/** Changes of one place after which it lets through what it did not. */
function* widenings(node: Json): Generator<Change> {
  const { required, type } = node;
  const values = node["enum"];
  if (Array.isArray(required))
    for (const name of required as string[])
      yield [
        `${name} may be left out`,
        (at) => (at["required"] = required.filter((other) => other !== name)),
      ];
  if (Array.isArray(values))
    yield ["a value more", (at) => (at["enum"] = [...(values as unknown[]), "one more"])];
  if (typeof type === "string" && values === undefined && !("const" in node)) {
    yield ["another type", (at) => (at["type"] = type === "boolean" ? "string" : "boolean")];
    yield [
      "null as well",
      (at) => (at["type"] = type === "null" ? ["null", "string"] : [type, "null"]),
    ];
  }
  for (const keyword of [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
  ])
    if (keyword in node) yield [`no ${keyword}`, (at) => delete at[keyword]];
}

const schemas = contracts.flatMap((contract) => {
  const { name, operations, events } = describeContract(contract);
  return [
    ...Object.entries(operations).flatMap(([operation, { input, output }]) => [
      { name: `${name}.${operation} input`, schema: input },
      { name: `${name}.${operation} output`, schema: output },
    ]),
    ...Object.entries(events).map(([event, { schema }]) => ({ name: `${name}.${event}`, schema })),
  ];
});

test("no change that lets more through is called compatible, wherever in the shop's contracts it is made", () => {
  const missed: string[] = [];
  let tried = 0;
  for (const { name, schema } of schemas) {
    for (const { path, node } of places(schema)) {
      // Places in `properties` are names, not schemas.
      if (path.at(-1) === "properties" || path.at(-1) === "$defs") continue;
      for (const [what, change] of widenings(node)) {
        tried += 1;
        const wider = changedAt(schema, path, change);
        for (const undescribed of ["refused", "passed over"] as const) {
          const { verdict } = compareSchemas(wider, schema, { undescribed });
          if (verdict === "compatible") missed.push(`${name} ${path.join("/")}: ${what}`);
        }
      }
    }
  }
  assert.deepEqual(missed, []);
  assert.ok(tried > 500, `${tried} changes`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "@kerf/contract";
import { jsonSchema } from "@kerf/contract/json-schema";
import fc from "fast-check";
import { z } from "zod";
import { localCrossing } from "./crossing.ts";

/** A schema library that checks without copying, as some do. */
const handsThrough: Schema = {
  "~standard": { version: 1, vendor: "hands-through", validate: (value) => ({ value }) },
};

const open: Record<string, Schema> = {
  unknown: z.unknown(),
  any: z.any(),
  "an object with an unknown member": z.object({ a: z.unknown() }),
  "a loose object": z.looseObject({}),
  "an object with a catch-all": z.object({}).catchall(z.unknown()),
  "a record of unknown": z.record(z.string(), z.unknown()),
  "an array of any": z.array(z.any()),
  "a tuple with an open rest": z.tuple([z.string()]).rest(z.unknown()),
  "a union with an open side": z.union([z.number(), z.object({ a: z.any() })]),
  "an optional, nullable unknown": z.object({ a: z.unknown().nullable().optional() }),
  "a default that is any": z.any().default({}),
  "an intersection with an open member": z.object({ a: z.string() }).and(z.object({ b: z.any() })),
  "something lazy": z.lazy(() => z.unknown()),
  "any JSON": z.json(),
  "a JSON Schema": jsonSchema({}),
  "a library that hands values through": handsThrough,
};

function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  for (const member of Object.values(value)) objectsIn(member, found);
  return found;
}

for (const [name, schema] of Object.entries(open)) {
  for (const side of ["input", "output"] as const) {
    test(`${name} shares no object, as ${side}`, () => {
      const cross = localCrossing(schema, side, "shelf.get");
      const inner = fc.jsonValue({ maxDepth: 3 });
      fc.assert(
        fc.property(
          fc.oneof(
            inner,
            fc.record({ a: inner, b: inner }),
            fc.array(inner),
            fc.tuple(fc.string(), inner),
          ),
          (value) => {
            let crossed: unknown;
            try {
              crossed = cross(value);
            } catch {
              return;
            }
            const before = objectsIn(value);
            for (const object of objectsIn(crossed)) assert.ok(!before.has(object));
          },
        ),
      );
    });
  }
}

test("a transform of the input gives the handler whatever it likes, from a value that nobody shares", () => {
  const schema = z.object({
    at: z.iso.datetime().transform((text) => new Date(text)),
    rest: z.unknown(),
  });
  const rest = { n: 1 };
  const crossed = localCrossing(
    schema,
    "input",
    "shelf.get",
  )({ at: "2026-01-01T00:00:00Z", rest }) as { at: Date; rest: unknown };
  assert.ok(crossed.at instanceof Date);
  assert.deepEqual(crossed.rest, rest);
  assert.notEqual(crossed.rest, rest);
});

test("a schema that says what everything is costs no second copy", () => {
  const closed = z.object({
    items: z.array(z.object({ sku: z.string(), n: z.number().optional() })),
    state: z.enum(["a", "b"]),
  });
  let reads = 0;
  const value = {
    get items() {
      reads++;
      return [{ sku: "x" }];
    },
    state: "a",
  };
  localCrossing(closed, "output", "shelf.get")(value);
  assert.equal(reads, 1);
});

test("an asynchronous schema crosses as a promise", async () => {
  const schema = z.object({ id: z.string().refine(async (id) => id !== "bad") });
  const cross = localCrossing(schema, "input", "shelf.get");
  assert.deepEqual(await cross({ id: "good", more: 1 }), { id: "good" });
  await assert.rejects(async () => cross({ id: "bad" }), { code: "invalid_input" });
});

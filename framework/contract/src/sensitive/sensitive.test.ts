import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { compareSchemas } from "../compatibility/index.ts";
import { contract } from "../contract.ts";
import { event } from "../event.ts";
import { jsonSchema } from "../json-schema.ts";
import { command } from "../operation.ts";
import { toJsonSchema } from "../schema.ts";
import { validate } from "../validate.ts";
import { sensitive, sensitiveFields, sensitiveNames } from "./index.ts";

const card = z.object({
  number: sensitive(z.string()).optional(),
  cvc: sensitive(z.int()),
  network: z.string(),
});
const input = z.object({
  card,
  others: z.array(z.union([card, z.object({ iban: sensitive(z.string()) })])),
  address: sensitive(z.object({ street: z.string(), floor: z.int() })),
  by: z.record(z.string(), sensitive(z.string())),
  note: z.string(),
});
const value = {
  card: { number: "4111 1111", cvc: 987, network: "visa" },
  others: [{ iban: "DE02 1203" }, { number: "5500 0000", cvc: 123, network: "mc" }],
  address: { street: "Elm Street 7", floor: 12345 },
  by: { ann: "ann@example.com" },
  note: "leave it",
};

test("what a schema marks is found in it and in its values, in lists, unions, maps and below what is marked as a whole", () => {
  const fields = sensitiveFields(input, "input");
  assert.deepEqual([...(fields?.names ?? [])].sort(), ["address", "by", "cvc", "iban", "number"]);
  assert.deepEqual(
    [...(fields?.valuesIn(value) ?? [])].sort(),
    [
      "123",
      "12345",
      "4111 1111",
      "5500 0000",
      "987",
      "DE02 1203",
      "Elm Street 7",
      "ann@example.com",
    ].sort(),
  );
  assert.ok(fields?.covers(["others", 1, "cvc"]));
  assert.ok(fields?.covers(["address", "street"]));
  assert.ok(!fields?.covers(["card", "network"]));
  assert.equal(sensitiveFields(z.object({ a: z.string() }), "input"), undefined);
});

test("a JSON Schema says it by a keyword, and may hold itself in every alternative", () => {
  const tree = jsonSchema<object>({
    $defs: {
      node: {
        anyOf: ["left", "right", "next"].map((side) => ({
          type: "object",
          properties: {
            secret: { type: "string", "x-kerf-sensitive": true },
            [side]: { $ref: "#/$defs/node" },
            child: { $ref: "#/$defs/node" },
          },
        })),
      },
    },
    $ref: "#/$defs/node",
  });
  let deep: Record<string, unknown> = { secret: "deepest" };
  for (let level = 0; level < 60; level++) deep = { child: deep };
  const fields = sensitiveFields(tree, "input");
  assert.deepEqual(fields?.valuesIn(deep), ["deepest"]);
  assert.ok(fields?.covers([...Array.from({ length: 60 }, () => "child"), "secret"]));
  assert.deepEqual([...fields.names], ["secret"]);
});

test("a schema of any library is marked as a whole", () => {
  const whole = sensitive(jsonSchema<string>({ type: "string" }));
  assert.deepEqual(toJsonSchema(whole, "input"), { type: "string", "x-kerf-sensitive": true });
  assert.deepEqual(sensitiveFields(whole, "input")?.valuesIn("all of it"), ["all of it"]);
});

test("a refusal quotes nothing of a sensitive field, whoever wrote its message", () => {
  const strict = z
    .object({
      number: sensitive(
        z
          .string()
          .refine(() => false, { error: ({ input: given }) => `${String(given)} is stolen` }),
      ),
      kind: z.string(),
    })
    .refine(() => false, {
      error: ({ input: given }) => `no ${(given as { number: string }).number} here`,
      when: () => true,
    });
  assert.throws(
    () => validate(strict, { number: "4111 1111", kind: "visa" }, "invalid_input", "pay.charge"),
    (thrown: KerfError) => {
      assert.equal(JSON.stringify(thrown.toShape()).includes("4111"), false);
      assert.match(thrown.message, /number: is not valid; no \[redacted\] here/);
      return true;
    },
  );
});

test("marking a field breaks nothing and is told; a key of an event cannot be marked", () => {
  const marked = toJsonSchema(card, "output") ?? {};
  const plain = toJsonSchema(z.object({ ...card.shape, cvc: z.int() }), "output") ?? {};
  for (const [writer, reader] of [
    [marked, plain],
    [plain, marked],
  ] as const) {
    const { findings, verdict } = compareSchemas(writer, reader);
    assert.equal(verdict, "compatible");
    assert.deepEqual(
      findings.map(({ code, path }) => [code, path]),
      [["sensitive", "cvc"]],
    );
  }
  assert.deepEqual(compareSchemas(marked, marked).findings, []);

  const charge = command({ input: card, output: z.object({ iban: sensitive(z.string()) }) });
  const pay = (key: string) =>
    contract("pay", {
      version: "1.0.0",
      operations: { charge },
      events: {
        paid: event({ schema: z.object({ id: z.string(), who: sensitive(z.string()) }), key }),
      },
    });
  assert.deepEqual([...sensitiveNames(pay("id"))].sort(), ["cvc", "iban", "number", "who"]);
  assert.throws(() => pay("who"), /key "who" is sensitive/);
});

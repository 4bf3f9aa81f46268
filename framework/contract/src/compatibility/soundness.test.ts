import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { JsonSchema } from "../schema.ts";
import type { Undescribed } from "./comparison.ts";
import { compareSchemas } from "./schemas.ts";
import {
  closed,
  onlyDescribed,
  passingOver,
  schemaPairs,
  valuesNear,
} from "./testing/arbitrary-schemas.ts";

/** Some 2 s; a hunt takes more: `KERF_SOUNDNESS_RUNS=20000`. */
const runs = Number(process.env["KERF_SOUNDNESS_RUNS"] ?? 120);

const ajv = new Ajv2020({ strict: false, validateFormats: false });

function validator(schema: JsonSchema): ValidateFunction {
  return ajv.compile(schema as object);
}

/** The reader as it validates: one that does not validate refuses nothing for being more than it describes. */
const readers: Readonly<Record<Undescribed, (reader: JsonSchema) => JsonSchema>> = {
  refused: (reader) => reader,
  "passed over": passingOver,
};

test("what is called compatible takes every value that is sent", () => {
  const counts = { compatible: 0, incompatible: 0, unknown: 0, sent: 0, refuted: 0 };
  fc.assert(
    fc.property(schemaPairs(), ({ writer, reader }) => {
      const writes = validator(writer);
      const describes = validator(closed(writer));
      const travelling = fc
        .sample(valuesNear(writer, reader), { numRuns: 40, seed: 7 })
        .map((value) => onlyDescribed(value, writer))
        .filter((value) => writes(value) && describes(value));
      for (const [undescribed, asRead] of Object.entries(readers)) {
        const { verdict } = compareSchemas(writer, reader, {
          undescribed: undescribed as Undescribed,
        });
        counts[verdict] += 1;
        const reads = validator(asRead(reader));
        const stuck = travelling.filter((value) => !reads(value));
        if (verdict === "incompatible" && stuck.length > 0) counts.refuted += 1;
        if (verdict !== "compatible") continue;
        counts.sent += travelling.length;
        assert.deepEqual(stuck, [], `called compatible, and refused (undescribed: ${undescribed})`);
      }
      ajv.removeSchema();
    }),
    { numRuns: runs, seed: 20_261_121 },
  );
  // So that the property is about something: many pairs are compatible, with values that travel, and many are not for a reason.
  const said = JSON.stringify(counts);
  assert.ok(counts.compatible > runs / 2 && counts.sent > 2 * runs, said);
  assert.ok(counts.refuted > counts.incompatible / 3, said);
});

test("a schema is compatible with itself", () => {
  fc.assert(
    fc.property(schemaPairs(), ({ writer }) => {
      // A copy, so that it is not recognised as the same object.
      const copy = JSON.parse(JSON.stringify({ ...writer, description: "a copy" })) as JsonSchema;
      const { findings } = compareSchemas(writer, copy);
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict === "incompatible"),
        [],
      );
    }),
    { numRuns: 300, seed: 3 },
  );
});

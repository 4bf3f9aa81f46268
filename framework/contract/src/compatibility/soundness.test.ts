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

/** A few seconds; a hunt takes more: `KERF_SOUNDNESS_RUNS=20000`. */
const runs = Number(process.env["KERF_SOUNDNESS_RUNS"] ?? 300);

const ajv = new Ajv2020({ strict: false, validateFormats: false });

function validator(schema: JsonSchema): ValidateFunction {
  return ajv.compile(schema as object);
}

for (const undescribed of ["refused", "passed over"] as const satisfies readonly Undescribed[]) {
  test(`what is called compatible takes every value that is sent; undescribed properties are ${undescribed}`, () => {
    let [compatible, sent, incompatible, refuted] = [0, 0, 0, 0];
    fc.assert(
      fc.property(schemaPairs(), ({ writer, reader }) => {
        const { verdict } = compareSchemas(writer, reader, { undescribed });
        const writes = validator(writer);
        const describes = validator(closed(writer));
        const reads = validator(undescribed === "refused" ? reader : passingOver(reader));
        const values = fc.sample(valuesNear(writer, reader), { numRuns: 30, seed: 7 });
        const travelling = values
          .map((value) => onlyDescribed(value, writer))
          .filter((value) => writes(value) && describes(value));
        const stuck = travelling.filter((value) => !reads(value));
        if (verdict === "compatible") {
          compatible += 1;
          sent += travelling.length;
          assert.deepEqual(stuck, [], "called compatible, and refused");
        } else if (verdict === "incompatible") {
          incompatible += 1;
          if (stuck.length > 0) refuted += 1;
        }
      }),
      { numRuns: runs, seed: 20_261_121 },
    );
    // So that the property is about something: many pairs are compatible, with values that travel, and many are not for a reason.
    assert.ok(compatible > runs / 10 && sent > runs, `${compatible} compatible, ${sent} values`);
    assert.ok(refuted > incompatible / 3, `${refuted} of ${incompatible} shown by a value`);
  });
}

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
    { numRuns: 1_000, seed: 3 },
  );
});

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { Client } from "pg";
import { startTemporaryServer, type TemporaryServer } from "./embedded/index.ts";
import { inlineValues } from "./inline-values.ts";

let temporary: TemporaryServer;
let client: Client;
before(async () => {
  temporary = await startTemporaryServer();
  client = new Client(temporary.server.database.admin());
  await client.connect();
});
after(async () => {
  await client.end();
  await temporary.stop();
});

test("whatever a value holds, the server reads it back as it was given, and nothing else", async () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc
      .array(fc.constantFrom("'", "\\", '"', "$1", "$$", ";", "--", "/*", "\n", "E'", "é", "😀"), {
        maxLength: 12,
      })
      .map((parts) => parts.join("")),
  );
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(text, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      async (one, list, n) => {
        fc.pre(![one, ...list].some((each) => each.includes("\0") || !each.isWellFormed()));
        const statement = {
          text: "select $1::text as one, $2::text[] as list, $3::int as n, $4::text as none",
          values: [one, list, n, null],
        };
        const { rows } = await client.query(inlineValues(statement));
        assert.deepEqual(rows, [{ one, list, n, none: null }]);
      },
    ),
    { numRuns: 300 },
  );
});

test("a NUL is refused before it leaves", () => {
  assert.throws(() => inlineValues({ text: "select $1", values: ["a\0b"] }), {
    code: "invalid_input",
  });
});

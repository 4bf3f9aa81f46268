import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { summaryOf } from "./statement-summary.ts";

test("a statement is known by what it does, to which table, and by its text without what it was given", () => {
  const cases: readonly (readonly [string, string, string | undefined, string])[] = [
    [
      "select * from accounts where id = $1",
      "SELECT",
      "accounts",
      "select * from accounts where id = $1",
    ],
    ["SELECT 1", "SELECT", undefined, "SELECT ?"],
    [
      'insert into "a b"."t1" values ($1, 7.5e3)',
      "INSERT",
      "a b.t1",
      'insert into "a b"."t1" values ($1, ?)',
    ],
    [
      "update t set a = 'it''s' -- ada\n where b2 = E'\\'x'",
      "UPDATE",
      "t",
      "update t set a = ? where b2 = ?",
    ],
    [
      "/* ada */ delete from only t where c = $$a'b$$",
      "DELETE",
      "t",
      "delete from only t where c = ?",
    ],
    ["select $a$ x $$ y $a$, 'never closed", "SELECT", undefined, "select ?, ?"],
    ["with w as (select 1) select * from w", "WITH", "w", "with w as (select ?) select * from w"],
    ["", "SQL", undefined, ""],
  ];
  for (const [statement, operation, table, text] of cases)
    assert.deepEqual(summaryOf(statement), { operation, table, text });
});

test("no literal gets through, and no text is long", () => {
  const secret = fc.stringMatching(/^[a-z]{8,40}$/).map((word) => `zq${word}`);
  const quoted = secret.map((word) => `'${word}'`);
  fc.assert(
    fc.property(fc.array(quoted, { minLength: 1, maxLength: 300 }), (values) => {
      const { text } = summaryOf(`select * from t where a in (${values.join(", ")})`);
      assert.ok(text.length <= 1_024);
      assert.doesNotMatch(text, /zq/);
    }),
  );
});

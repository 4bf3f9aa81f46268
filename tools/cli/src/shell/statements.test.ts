import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutStatements, isBlank } from "./statements.ts";

test("cuts at the semicolons that end statements", () => {
  assert.deepEqual(cutStatements("select 1; select 2 ;\n select"), {
    statements: ["select 1", "select 2"],
    rest: "\n select",
  });
});

test("semicolons in quotes and comments end nothing", () => {
  for (const statement of [
    "select ';'",
    "select 'it''s; fine'",
    'select ";" from "a;b"',
    "select E'\\';'",
    "select $$ ; $$",
    "do $body$ begin; $$;$$ end $body$",
    "select 1 -- ; not yet\n + 1",
    "select /* ; /* ; */ ; */ 1",
    "select a$b$ from t",
  ]) {
    assert.deepEqual(
      cutStatements(`${statement};`),
      { statements: [statement], rest: "" },
      statement,
    );
  }
});

test("what is open stays", () => {
  for (const open of [
    "select 'a;",
    'select "a;',
    "select $x$ ; $y$ ;",
    "select /* ; ",
    "select E'\\';",
  ]) {
    assert.deepEqual(cutStatements(open), { statements: [], rest: open });
  }
});

test("empty statements and comments are no statements", () => {
  assert.deepEqual(cutStatements(";; -- nothing\n;").statements, []);
  assert.equal(isBlank(" -- a\n /* b */ "), true);
  assert.equal(isBlank("select"), false);
});

test("any text is cut without loss", () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    "$$",
    "$a$",
    ";",
    "--",
    "\n",
    "/*",
    "*/",
    "E'",
    "\\",
    "a",
    " ",
    "1",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const sql = pieces.join("");
      const { statements, rest } = cutStatements(sql);
      let from = 0;
      for (const statement of statements) {
        const found = sql.indexOf(statement, from);
        assert.ok(found >= 0);
        from = found + statement.length;
      }
      assert.ok(sql.endsWith(rest));
    }),
  );
});

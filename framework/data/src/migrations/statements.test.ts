import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { splitStatements } from "./statements.ts";

const texts = (sql: string): string[] => splitStatements(sql).map((statement) => statement.text);

test("semicolons end statements, and nothing else does", () => {
  assert.deepEqual(texts("select 1; select 2"), ["select 1", "select 2"]);
  assert.deepEqual(texts("select ';' as \"a;b\" -- c;d\n, 2;"), [
    "select ';' as \"a;b\" -- c;d\n, 2",
  ]);
  assert.deepEqual(texts("select E'it\\';s'; select 'a\\'; select 2"), [
    "select E'it\\';s'",
    "select 'a\\'",
    "select 2",
  ]);
  assert.deepEqual(texts("/* a; /* b; */ c; */ select 1"), ["select 1"]);
  assert.deepEqual(texts("do $x$ begin; $$ end; $x$; select $1"), [
    "do $x$ begin; $$ end; $x$",
    "select $1",
  ]);
  assert.deepEqual(texts("-- nothing\n;;\n/* here */"), []);
});

test("the body of an SQL function belongs to its statement", () => {
  const body =
    "create function f(n int) returns int begin atomic select case when n > 0 then 1 end; select 2; end";
  assert.deepEqual(texts(`${body}; select 1`), [body, "select 1"]);
});

test("whatever the text, what is found stands where it is said to stand, in order", () => {
  const piece = fc.constantFrom(
    "select 1",
    ";",
    "'",
    "''",
    '"',
    "$$",
    "$a$",
    "--",
    "\n",
    "/*",
    "*/",
    "E'\\'",
    " ",
    "begin atomic",
    "end",
    "é😀",
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const sql = pieces.join("");
      let last = 0;
      for (const { text, offset } of splitStatements(sql)) {
        assert.equal(sql.slice(offset, offset + text.length), text);
        assert.ok(offset >= last);
        last = offset + text.length;
      }
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CrashPoint } from "../points.ts";
import { StatementNames } from "./statement-names.ts";

const point = (name: string, text: string, within = name): CrashPoint => ({
  name,
  file: `framework/data/src/${within}.ts`,
  within,
  text,
  kind: "statement",
});
const names = new StatementNames([
  point("begin", "begin{}"),
  point("read", "begin read only"),
  point("bound", "set local transaction_timeout = {}"),
  point("append", "select kerf.event_append($1::smallint, $2)"),
  point("answer", "select kerf.command_answer($1, $2)"),
  point("commit", "commit"),
  point("giveBack", "rollback", "giveBack"),
  point("rollback", "rollback", "rollback"),
]);
const found = (text: string, stack = "") => names.message(text, () => stack);

test("a text is the point whose statement fits it best", () => {
  assert.deepEqual(found("begin isolation level serializable").names, ["begin"]);
  assert.deepEqual(found("begin read only").names, ["read"]);
});

test("a message of several statements is several points, values written into it or not", () => {
  assert.deepEqual(found("begin;  set local transaction_timeout = 250").names, ["begin", "bound"]);
  assert.deepEqual(found("select kerf.event_append(3::smallint, 'a; b');\ncommit").names, [
    "append",
    "commit",
  ]);
  const both =
    "select kerf.event_append(3::smallint, ', kerf.'), kerf.command_answer('a', '$1');\ncommit";
  assert.deepEqual(found(both).names, ["append", "answer", "commit"]);
});

test("who sent it tells points with the same text apart", () => {
  const stack =
    "    at async Transaction.#giveBack (file:///src/framework/data/src/giveBack.ts:1:1)";
  assert.deepEqual(found("rollback", stack).names, ["giveBack"]);
});

test("what no point stands for is the author's when it names public, and stray otherwise", () => {
  const author = found("update public.account set balance = 0");
  assert.deepEqual(author, { names: ["author: update account"], stray: undefined });
  assert.equal(found("delete from kerf.event").stray, "delete from kerf.event");
});

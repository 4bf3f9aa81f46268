import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionControl } from "./transaction-control.ts";

test("statements that are nothing but transaction control", () => {
  for (const [text, control] of [
    ["begin", "begin"],
    ["BEGIN;", "begin"],
    ["  start transaction ", "begin"],
    ["begin work", "begin"],
    ["commit", "commit"],
    ["COMMIT TRANSACTION", "commit"],
    ["end", "commit"],
    ["rollback;", "rollback"],
    ["-- a note\n/* and /one */ abort", "rollback"],
  ] as const) {
    assert.equal(transactionControl(text), control, text);
  }
});

test("control with conditions comes back as it is", () => {
  for (const text of [
    "begin isolation level serializable",
    "commit and chain",
    "prepare transaction 'x'",
    "set transaction read only",
  ]) {
    assert.equal(transactionControl(text), text);
  }
});

test("everything else is none", () => {
  for (const text of [
    "",
    "select 1",
    "update t set commit = 1",
    "ending",
    "create table t ()",
    "savepoint s",
    "release savepoint s",
    "rollback to savepoint s",
    "rollback to s",
    "-- commit",
    "beginning",
    "set local x = 1",
  ]) {
    assert.equal(transactionControl(text), undefined, text);
  }
});

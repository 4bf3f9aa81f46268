import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../output/paint.ts";
import { logLineDocument, logLineText } from "./log-line-text.ts";

const written = {
  time: "2026-01-02T03:04:05.678Z",
  level: "warn",
  message: "stock is low",
  service: "inventory",
  instance: "main-1",
  sku: "A 1",
  left: 2,
  trace_id: "0af7651916cd43dd8448eb211c80319c",
};

test("a structured line says when, who, how bad, what, its fields and its trace", () => {
  const line = {
    time: written.time,
    source: "main",
    service: "inventory",
    line: JSON.stringify(written),
  };
  const text = logLineText(line, plain);
  assert.match(
    text,
    /^\d\d:\d\d:\d\d\.678 main\/inventory warn  stock is low sku="A 1" left=2 trace=0af7/,
  );
  assert.deepEqual(logLineDocument(line), { source: "main", ...written });
});

test("a line that is no JSON stays as it was written", () => {
  const line = { time: written.time, source: "postgres:main", line: "LOG:  checkpoint" };
  assert.match(logLineText(line, plain), / postgres:main LOG: {2}checkpoint$/);
  assert.deepEqual(logLineDocument(line), {
    source: "postgres:main",
    time: written.time,
    message: "LOG:  checkpoint",
  });
});

test("an error stands below its line, in full", () => {
  const line = {
    time: written.time,
    source: "main",
    line: JSON.stringify({ ...written, error: "Error: x\n  at y" }),
  };
  assert.match(logLineText(line, plain), /\n {4}Error: x\n {6}at y$/);
});

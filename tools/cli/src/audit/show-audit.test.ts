import assert from "node:assert/strict";
import { test } from "node:test";
import { auditLine, sinceOf } from "./show-audit.ts";

const at = "2026-11-21T08:00:00.000Z";

test("a change is one line, whatever it holds", () => {
  const entry = { at, by: "ada", action: "changeConfig", service: "payments" };
  const asked = { set: { limit: 2 }, unset: [] };
  assert.equal(
    auditLine({ ...entry, asked, before: {}, after: { limit: 2 }, result: "done" }),
    `${at}  ada  changeConfig  payments  {"set":{"limit":2},"unset":[]}  from {}  to {"limit":2}`,
  );
  const failed = auditLine({
    at,
    by: "a\u001b[2J",
    action: "restart",
    unit: "main",
    result: "not_found",
    why: "x\ny",
  });
  assert.equal(failed, `${at}  a·[2J  restart  main  ✗ not_found: x↵y`);
});

test("since is a span back or a time, in UTC as entries have it", () => {
  const now = Date.parse(at);
  assert.equal(sinceOf("30m", now), "2026-11-21T07:30:00.000Z");
  assert.equal(sinceOf("2026-11-21T10:00:00+02:00", now), at);
  assert.throws(() => sinceOf("yesterday", now), { code: "usage" });
});

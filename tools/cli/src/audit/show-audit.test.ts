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

test("a change of what runs says what is placed otherwise, in words", () => {
  const line = (action: string, before: object, after: object, asked = {}): string =>
    auditLine({
      at,
      by: "ada",
      action,
      asked: asked as never,
      before: before as never,
      after: after as never,
      result: "done",
    }).slice(at.length + 7);
  const main = { services: ["orders", "search"], copies: 1, release: 2 };
  assert.equal(
    line(
      "deploy",
      { main },
      { main: { ...main, release: 3 } },
      { builds: { search: "a".repeat(64) } },
    ),
    "deploy  search aaaaaaaaaaaa  main@2 → main@3",
  );
  assert.equal(
    line(
      "cut",
      { main },
      {
        main: { services: ["orders"], copies: 1, release: 3 },
        search: { services: ["search"], copies: 1, release: 1 },
      },
    ),
    "cut  main@2 → main@3, main without search, new search@1 with search",
  );
  assert.equal(
    line("scale", { main }, { main: { ...main, copies: 3 } }, { copies: 3 }),
    'scale  {"copies":3}  main 1 → 3 copies',
  );
  assert.equal(line("restart", { main }, { main }), "restart  nothing is placed otherwise");
});

test("since is a span back or a time, in UTC as entries have it", () => {
  const now = Date.parse(at);
  assert.equal(sinceOf("30m", now), "2026-11-21T07:30:00.000Z");
  assert.equal(sinceOf("2026-11-21T10:00:00+02:00", now), at);
  assert.throws(() => sinceOf("yesterday", now), { code: "usage" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventText } from "./event-text.ts";
import { plain } from "./paint.ts";
import { underWay } from "./under-way.ts";

const stamp = { sequence: 1, time: "2026-01-01T00:00:00Z" };

test("a step is told when it is over, with its time", () => {
  const text = new EventText(plain, "/app");
  const step = { ...stamp, type: "step", id: "db", title: "start databases" } as const;
  assert.equal(text.of({ ...step, state: "started" }), undefined);
  assert.equal(text.of({ ...step, state: "done", ms: 1_234 }), "✓ start databases  1.2 s");
  assert.equal(text.of({ ...step, state: "failed", ms: 3 }), "✗ start databases  3 ms");
});

test("a problem says what, why, what to do, and shows the last lines", () => {
  const text = new EventText(plain, "/app");
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const structured = JSON.stringify({
    time: "2026-01-02T03:04:05.678Z",
    level: "error",
    message: "it could not start",
    error: "Error: no way in\n    at service.ts:1",
  });
  assert.equal(
    text.of({
      ...stamp,
      type: "problem",
      source: "orders",
      error: {
        code: "start_failed",
        message: "It ended.",
        retry: "never",
        why: "exit code 1",
        fix: "Mend it.",
      },
      log: [...lines.slice(0, -1), structured],
    }),
    [
      "✗ orders: It ended.",
      "  why  exit code 1",
      "  fix  Mend it.",
      "  its last lines:",
      ...lines.slice(-12, -1).map((line) => `  │ ${line}`),
      "  │ 03:04:05Z error it could not start: Error: no way in",
    ].join("\n"),
  );
});

test("a crash is told once, and so is the return", () => {
  const text = new EventText(plain, "/app");
  const instance = {
    ...stamp,
    type: "instance",
    unit: "orders",
    instance: "orders-1",
    pid: 1,
  } as const;
  assert.equal(text.of({ ...instance, state: "ready" }), undefined);
  assert.equal(text.of({ ...instance, state: "restarting" }), "! orders ended; starting it again");
  assert.equal(text.of({ ...instance, state: "restarting" }), undefined);
  assert.equal(text.of({ ...instance, state: "ready" }), "✓ orders is back");
  assert.equal(text.of({ ...instance, state: "ready" }), undefined);
});

test("a change names the files as seen from here, and what it restarts", () => {
  const text = new EventText(plain, "/app");
  const change = {
    ...stamp,
    type: "change" as const,
    files: ["/app/orders/service.ts"],
    units: ["orders"],
  };
  assert.equal(
    text.of({ ...change, state: "started" }),
    "↻ orders/service.ts changed: starting orders again",
  );
  assert.equal(
    text.of({ ...change, state: "done", ms: 340 }),
    "✓ orders answers again after 340 ms",
  );
  assert.match(text.of({ ...change, state: "failed" }) ?? "", /serves on/);
});

test("a step of a change says what is done while it goes on, and what came of it", () => {
  const text = new EventText(plain, "/app");
  const step = {
    ...stamp,
    type: "rollout",
    change: "c-1",
    kind: "deploy",
    title: "search",
    step: "watch",
    detail: "100 % of the calls for 10 s",
  } as const;
  assert.equal(text.of({ ...step, state: "started" }), undefined);
  assert.deepEqual(underWay({ ...step, state: "started" }), {
    id: "c-1 watch",
    text: "deploy search: comparing the new release with the old one  100 % of the calls for 10 s",
  });
  assert.deepEqual(underWay({ ...step, state: "failed", ms: 3_000 }), { id: "c-1 watch" });
  assert.equal(
    text.of({ ...step, state: "failed", ms: 3_000 }),
    "✗ deploy search: the new release is not kept  3.0 s",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import type { Change } from "./change.ts";
import { nothingChanged } from "./outcome.ts";

const change: Change = {
  version: 1,
  id: "c-1",
  by: "ada",
  at: "2026-01-01T00:00:00.000Z",
  kind: "deploy",
  title: "orders",
  units: { main: { services: ["orders"] } },
  moves: [],
};
const before = { units: { main: ["orders"] }, released: { releases: { main: 3 } } } as never;
const cause = new KerfError("start_failed", "The unit main was not ready within 30 s.");

test("a change that failed says at which step, what serves, and which migrations stay", () => {
  const said = (migrated: string[]) =>
    nothingChanged(change, before, { failedAt: "start", migrated }, cause).message;
  assert.equal(
    said([]),
    "The deploy of orders failed at the step start, main@3 serves on, and nothing was changed: The unit main was not ready within 30 s.",
  );
  assert.match(
    said(["0002_notes.sql of orders"]),
    /nothing was changed but tables \(0002_notes\.sql of orders: applied, so the file has to stay\): /,
  );
});

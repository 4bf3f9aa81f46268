import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@kerf/kernel";
import { scenarios } from "../scenarios/index.ts";
import { takeover } from "../scenarios/takeover.ts";
import { gapsOf, labelOf, plannedFrom, planOf } from "./plan.ts";

const points = [{ name: "a: commit" }, { name: "b: select" }, { name: "c: rollback" }];
const excuses = { "c: rollback": "only when the disk is full" };
const killedAt = (...names: string[]) =>
  names.flatMap((name) => [
    { phase: "before" as const, names: [name] },
    { phase: "after" as const, names: [name] },
  ]);

test("a point at which nobody was killed is a gap, before and after by themselves", () => {
  const killed = killedAt("a: commit", "b: select").slice(0, 3);
  assert.deepEqual(gapsOf(killed, points, excuses), [
    "nobody was killed after b: select: no scenario comes there",
  ]);
  assert.deepEqual(gapsOf(killedAt("a: commit", "b: select"), points, excuses), []);
});

test("an excuse that nobody needs is a gap as well", () => {
  const killed = killedAt("a: commit", "b: select", "c: rollback").slice(0, 5);
  assert.deepEqual(gapsOf(killed, points, excuses), [
    "before c: rollback was reached, and is excused in points.ts",
  ]);
});

test("a run is found again by its label alone", () => {
  const moment = { key: "before x: begin + y: select ← z", phase: "before", count: 4 } as const;
  const recorded = new Map([["right", [{ ...moment, names: ["x: begin", "y: select"] }]]]);
  const planned = planOf(takeover, recorded, seededRandom(1));
  const fates = planned.map(({ killing }) => killing.fate);
  assert.deepEqual(fates, ["kill", "kill", "pause", "pause"]);
  for (const one of planned) {
    const again = plannedFrom(labelOf(one), scenarios);
    assert.deepEqual(again, { ...one, names: [] });
  }
  assert.throws(() => plannedFrom("nowhere/left any #1", scenarios), /--list says/);
});
